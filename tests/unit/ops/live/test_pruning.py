"""Old versions go; what runs, and what a stage could go back to, stays."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from infrastructure import outputs
from ops.live import history
from ops.live.aliases import Version
from ops.live.function_variables import MARK
from ops.live.pruning import prune, superfluous
from ops.reach.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable


def versions(numbers: list[int]) -> list[Version]:
    return [Version(str(number), "", "", {}) for number in sorted(numbers, reverse=True)]


@given(st.lists(st.integers(1, 30), unique=True, min_size=1), st.data(), st.integers(1, 8))
def test_what_goes(numbers: list[int], data: st.DataObject, keep: int) -> None:
    """The live version and the latest others stay, so many in all; the rest goes, oldest or not."""
    live = str(data.draw(st.sampled_from(numbers)))
    gone = superfluous(versions(numbers), live, keep)
    kept = sorted({str(n) for n in numbers} - set(gone), key=int)
    assert live in kept
    assert len(kept) == min(keep, len(numbers))
    others = sorted({n for n in numbers if str(n) != live}, reverse=True)[: keep - 1]
    assert set(kept) == {live, *map(str, others)}


def test_what_releases_name_stays() -> None:
    """However many levels were changed since, the template's version is there to go back to."""
    changed = [Version(str(n), "", "", {MARK: "{}"}) for n in (9, 8, 7, 6)]
    found = [*changed, *versions([1, 2, 3, 4, 5])]
    assert superfluous(found, "9", 3, {"2", "4"}) == ["8", "7", "6", "5", "3", "1"]
    assert superfluous(found, "9", 3) == ["8", "7", "6", "3", "2", "1"]


def test_without_an_alias_nothing_goes() -> None:
    """Where nobody says what runs, nothing is deleted."""
    assert superfluous(versions([1, 2, 3]), "", 1) == []


class Lambda:
    """A function with versions, of which one was deleted by somebody else meanwhile."""

    def __init__(self, refuse: str = "") -> None:
        self.deleted: list[str] = []
        self.refuse = refuse

    def get_alias(self, **_: str) -> dict[str, str]:
        return {"FunctionVersion": "2", "RevisionId": "r"}

    def get_paginator(self, _: str) -> Any:
        found = [
            {"Version": str(n), "CodeSha256": "", "LastModified": ""}
            for n in ("$LATEST", *range(1, 8))
        ]
        return SimpleNamespace(paginate=lambda **_: [{"Versions": found}])

    def delete_function(self, *, FunctionName: str, Qualifier: str) -> None:  # noqa: N803 - AWS's
        assert FunctionName == "f"
        if Qualifier == "1" and self.refuse:
            raise ClientError({"Error": {"Code": self.refuse, "Message": "no"}}, "DeleteFunction")
        self.deleted.append(Qualifier)


def target(client: Lambda) -> Target:
    reach: Callable[[str], Any] = lambda _: client  # noqa: E731 - as a factory of clients
    return Target("stage dev", "s", reach, {outputs.function("create_order"): "f"}, "make deploy")


@pytest.fixture(autouse=True)
def _no_releases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "entries", lambda _: [])


@pytest.mark.parametrize("refuse", ["", "ResourceNotFoundException", "ResourceConflictException"])
def test_pruning(refuse: str) -> None:
    """What was deleted meanwhile, or is pointed to by now, does not stop it."""
    client = Lambda(refuse)
    assert prune(target(client), 3) == (3 if refuse else 4)
    assert client.deleted == (["5", "4", "3"] if refuse else ["5", "4", "3", "1"])


def test_a_refusal_is_told() -> None:
    """Who may not delete hears of it."""
    with pytest.raises(ClientError, match="AccessDenied"):
        prune(target(Lambda("AccessDenied")), 3)
