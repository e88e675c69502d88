"""What the workers understand of a message, and that nothing else gets past."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.order_changes import Malformed, parse
from tests.records import PLACED_AT, item, record, typed

MARK = "marked-personal-data"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(10**12), 10**12) | st.decimals(
    min_value=-1000, max_value=1000, places=7
).map(float)
VALUES = st.recursive(
    TEXT | NUMBERS | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)
JSON = st.recursive(
    TEXT | st.integers() | st.floats() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
)


@given(st.dictionaries(st.text("abcdefgh", min_size=1), VALUES))
def test_an_order_comes_out_as_it_was_stored(fields: dict[str, Any]) -> None:
    """Whatever an order holds, the worker sees exactly what the table holds."""
    new, old = item(extra=fields, version=2), item(extra=fields)
    change = parse(json.dumps(record(new, old)))
    assert (change.new, change.old, change.version) == (new, old, 2)
    assert (change.order_id, change.placed_at) == (new["orderId"], PLACED_AT / 1000)


def test_a_new_order_has_no_old_image() -> None:
    """A placed order is told apart from a changed one."""
    assert parse(json.dumps(record(item()))).old is None


@given(st.text() | JSON.map(json.dumps) | st.integers(1, 100_000).map(lambda n: "[" * n))
def test_anything_else_is_malformed(body: str) -> None:
    """No message whatever stops a worker: what is no order's change is called that."""
    with pytest.raises(Malformed):
        parse(body)


BROKEN: list[dict[str, Any]] = [
    {"orderId": {"S": MARK}},
    {"timestamp": {"S": "2026-01-01T00:00:00.000Z"}},
    {"status": {"S": MARK}},
    {"status": {"N": "1"}},
    {"version": {"S": MARK}},
    {"version": {"N": "1.5"}},
    {"version": {"N": MARK}},
    {"customerId": {"S": ""}},
    {"note": {"B": MARK}},
    {"note": {"S": MARK, "N": "1"}},
    {"note": MARK},
    {"note": {"L": MARK}},
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_order_is_malformed_and_not_quoted(broken: dict[str, Any]) -> None:
    """The reason that a dead letter shows quotes nothing of what a customer wrote."""
    whole = record(item())
    whole["dynamodb"]["NewImage"] |= broken
    with pytest.raises(Malformed) as caught:
        parse(json.dumps(whole))
    assert MARK not in str(caught.value)


@pytest.mark.parametrize("name", ["orderId", "timestamp", "customerId", "status", "version"])
def test_an_order_without_its_essentials_is_malformed(name: str) -> None:
    """An order that lacks what the workers need is no order."""
    image = typed(item())
    del image[name]
    whole = record(item())
    whole["dynamodb"]["NewImage"] = image
    with pytest.raises(Malformed):
        parse(json.dumps(whole))
