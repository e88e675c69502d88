"""Keys: whose they are by their tags, and what they are by their mark."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite

from infrastructure.settings import stack_name, tags
from ops.partners.keys import Key, State, delete, key_name, owner_in, read
from ops.reach.target import Target

IDS = st.from_regex("[a-z0-9][a-z0-9-]{0,39}", fullmatch=True)
STAGES = st.from_regex("[a-z][a-z0-9-]{0,19}", fullmatch=True)


@composite
def named_key(draw: DrawFn) -> tuple[str, int]:
    return draw(IDS), draw(st.integers(1, 999_999))


def described(stage: str, partner_id: str, number: int) -> dict[str, Any]:
    """Describe a key as API Gateway does."""
    name = key_name(stage, partner_id, number)
    return {"id": "k1", "name": name, "tags": {**tags(stage), "partner": partner_id}}


@given(named_key(), named_key())
@example(("acme", 1), ("acme-1", 1))
def test_a_key_tells_its_owner(one: tuple[str, int], other: tuple[str, int]) -> None:
    """No partner's key can be taken for another's, however their ids begin or end."""
    assert owner_in("dev", described("dev", *one)) == one
    assert (key_name("dev", *one) == key_name("dev", *other)) == (one == other)


@given(STAGES, STAGES, named_key())
@example("dev", "dev-eu", ("acme", 1))
@example("dev-eu", "dev", ("eu-acme", 1))
def test_a_stage_s_keys_are_no_other_s(stage: str, other: str, key: tuple[str, int]) -> None:
    """Whatever two stages are called, neither takes the other's keys for its own."""
    assert (owner_in(other, described(stage, *key)) is None) == (stage != other)


@pytest.mark.parametrize(
    "change",
    [
        {"tags": {}},
        {"tags": None},
        {"tags": tags("dev")},
        {"tags": {**tags("prod"), "partner": "acme"}},
        {"tags": {"service": "another", "stage": "dev", "partner": "acme"}},
    ],
)
def test_other_keys_are_left_alone(change: dict[str, Any]) -> None:
    """Keys of another stage, of somebody else's API, or without tags, are none of ours."""
    assert owner_in("dev", {**described("dev", "acme", 1), **change}) is None


def test_a_key_that_somebody_renamed_is_still_its_partner_s() -> None:
    """The name is for people: it says the number, and nothing depends on it."""
    assert owner_in("dev", {**described("dev", "acme", 3), "name": "for acme"}) == ("acme", 0)


class Aws:
    """API Gateway with some keys, and a stage's table with some entries."""

    def __init__(self, keys: list[dict[str, Any]], entries: list[tuple[str, str]]) -> None:
        self.keys = {key["id"]: key for key in keys}
        self.entries = entries
        self.deleted: list[str] = []

    def target(self, stage: str) -> Target:
        outputs = {"PartnersTable": "partners"}
        return Target(f"stage {stage}", stack_name(stage), lambda _: self, outputs, "")

    def get_paginator(self, operation: str) -> Aws:
        self.operation = operation
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        if self.operation == "scan":
            named = [{"apiKeyId": {"S": key}, "partnerId": {"S": of}} for key, of in self.entries]
            return [{"Items": named}]
        return [{"items": [*self.keys.values()]}]

    def get_api_key(self, *, apiKey: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - AWS's own
        return self.keys[apiKey]

    def delete_api_key(self, *, apiKey: str) -> None:  # noqa: N803 - AWS's own
        self.deleted.append(apiKey)

    def delete_item(self, **_: Any) -> None:
        self.entries.clear()


def key_of(stage: str | None) -> dict[str, Any]:
    """Describe a key that is on, of a stage or without tags."""
    return {**described(stage or "dev", "acme", 1), "enabled": True} | (
        {} if stage else {"tags": {}}
    )


def test_a_key_without_tags_is_the_stage_s_that_has_its_entry() -> None:
    """Whoever took a key's tags away did not take the key from its partner."""
    aws = Aws([key_of(None)], [("k1", "acme")])
    (found,) = read(aws.target("dev"))
    assert (found.partner_id, found.state) == ("acme", State.ON)
    assert read(Aws([key_of(None)], []).target("dev")) == []


def test_another_stage_s_key_is_not_touched_by_an_entry() -> None:
    """An entry for it, whoever made that, is removed; the key itself stays as it is."""
    aws = Aws([key_of("dev-eu")], [("k1", "acme")])
    (found,) = read(aws.target("dev"))
    assert found.state is State.GONE
    delete(aws.target("dev"), found)
    assert (aws.deleted, aws.entries) == ([], [])


@pytest.mark.parametrize(
    ("mark", "enabled", "state"),
    [
        (None, False, State.NEW),
        (State.NEW, False, State.NEW),
        (State.NEW, True, State.ON),
        (State.ON, True, State.ON),
        (State.ON, False, State.OFF),
        (State.DISABLED, False, State.DISABLED),
        (State.DISABLED, True, State.ON),
        (State.EXPIRED, False, State.EXPIRED),
        (State.EXPIRED, True, State.ON),
        (State.ON, None, State.GONE),
    ],
)
def test_state(mark: State | None, enabled: bool | None, state: State) -> None:  # noqa: FBT001
    """A key that lets its owner in is shown as on, whatever our own notes say."""
    assert Key("k", "acme", 1, enabled=enabled, mark=mark).state is state
