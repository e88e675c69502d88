"""What was probably meant."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import NoCredentialsError

from cli import options, terminal
from ops.dead_letters.letters import QUEUES
from ops.partners import keys, restaurants
from ops.reach import target
from ops.reach.errors import OperatorError
from orders.domain.lifecycle import Status

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_unknown_name() -> None:
    """A misspelt name is answered with the nearest, a strange one with all."""
    assert "'pipe'" in str(options.unknown("queue", "PIPES", QUEUES))
    assert "Did you mean 'PLACED'?" in str(options.unknown("status", "PLACE", list(Status)))
    assert "processing, notifications, restaurants, pipe" in str(
        options.unknown("queue", "xyz", QUEUES)
    )


def test_what_takes_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking for a stage takes seconds: a terminal says meanwhile what is waited for."""
    said: list[str] = []

    @contextlib.contextmanager
    def waiting(what: str) -> Iterator[None]:
        said.append(what)
        yield

    monkeypatch.setattr(terminal, "waiting", waiting)
    monkeypatch.setattr(terminal, "busy", said.append)
    monkeypatch.setattr(target, "on_aws", named)
    monkeypatch.setattr(target, "on_this_machine", lambda: named("here"))
    options.find("prod", local=False)
    options.find(None, local=True)
    found = ["Finding stage prod …", "Asking prod …", "Finding the local run …", "Asking here …"]
    assert said == found


def named(name: str) -> target.Target:
    return target.Target(name, "stack", lambda _: None, {}, "")


@pytest.mark.parametrize("typed", [{"local": True}, {"stage": "prod"}, {}])
def test_ids_are_offered(typed: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    """TAB offers the ids of the deployment that I have named; without one, of the local run."""
    asked: list[str] = []

    def restaurants_of(found: target.Target) -> Any:
        asked.append(found.name)
        return SimpleNamespace(restaurants=dict.fromkeys(("rest-2", "rest-1", "other")))

    monkeypatch.setattr(target, "on_aws", named)
    monkeypatch.setattr(target, "on_this_machine", lambda: named("here"))
    monkeypatch.setattr(restaurants, "read", restaurants_of)
    monkeypatch.setattr(
        keys, "read", lambda _: [SimpleNamespace(partner_id=one) for one in ("b-2", "b-1", "c")]
    )
    monkeypatch.setattr(terminal, "waiting", shown_at_the_prompt)
    monkeypatch.setattr(terminal, "busy", shown_at_the_prompt)
    context: Any = SimpleNamespace(params=typed)
    assert options.restaurant_ids(context, "rest") == ["rest-1", "rest-2"]
    assert asked == [typed.get("stage", "here")]
    assert options.partner_ids(context, "b") == ["b-1", "b-2"]
    assert options.server_ids(context, "") == ["staff", "b-1", "b-2", "c"]


def shown_at_the_prompt(_: str) -> None:
    raise AssertionError("a spinner turns where I type")


def test_without_a_deployment_no_id_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """TAB says nothing of what is wrong: my prompt stays as it is."""

    def gone() -> None:
        raise OperatorError("the local run is not running")

    monkeypatch.setattr(target, "on_this_machine", gone)
    context: Any = SimpleNamespace(params={})
    assert options.restaurant_ids(context, "") == []
    assert options.partner_ids(context, "") == []


def unknown_to_aws(_: str) -> target.Target:
    raise NoCredentialsError


def test_without_credentials_a_local_run_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has no AWS account and forgets --local is told of it while a local run is up."""
    monkeypatch.setattr(target, "on_aws", unknown_to_aws)
    monkeypatch.setattr(target, "runs_on_this_machine", lambda: True)
    with pytest.raises(OperatorError, match=r"no AWS credentials\. .* Or say --local"):
        options.find(None, local=False)


def test_credentials_are_asked_for_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names a stage, or has nothing running here, hears of credentials alone."""
    monkeypatch.setattr(target, "on_aws", unknown_to_aws)
    for stage, running in (("prod", [True]), (None, [])):
        monkeypatch.setattr(target, "runs_on_this_machine", lambda up=running: bool(up))
        with pytest.raises(NoCredentialsError):
            options.find(stage, local=False)
