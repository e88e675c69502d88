"""Keys: whose they are by their name, and what they are by their mark."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite

from ops.partners.keys import Key, State, key_name, owner_in

IDS = st.from_regex("[a-z0-9][a-z0-9-]{0,39}", fullmatch=True)


@composite
def named_key(draw: DrawFn) -> tuple[str, int]:
    return draw(IDS), draw(st.integers(1, 999_999))


@given(named_key(), named_key())
@example(("acme", 1), ("acme-1", 1))
def test_a_key_s_name_tells_its_owner(one: tuple[str, int], other: tuple[str, int]) -> None:
    """No partner's key can be taken for another's, however their ids begin or end."""
    assert owner_in("dev", key_name("dev", *one)) == one
    assert (key_name("dev", *one) == key_name("dev", *other)) == (one == other)


@pytest.mark.parametrize(
    "name", ["", "food-delivery-prod-acme-1", "food-delivery-dev-acme", "demo-acme-1", "x"]
)
def test_other_keys_are_left_alone(name: str) -> None:
    """Keys of another stage, or of somebody else's API, are none of ours."""
    assert owner_in("dev", name) is None


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
