"""What DynamoDB consumes is computed as its developer guide says."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.request_units import read_units, transaction_units, write_units
from ops.costs.units import changing_units, item_bytes, placing_units

KB = 1_024
scalars = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=50)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)
items = st.dictionaries(st.text(min_size=1), values, max_size=6)


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"name": "abc"}, 7),
        ({"n": "ü€"}, 1 + 5),
        ({"a": None, "b": True}, 2 + 2),
        ({"n": 0}, 1 + 1),
        ({"n": 1234}, 1 + 3),
        ({"n": -1234}, 1 + 4),
        ({"n": 120_000}, 1 + 2),
        ({"n": 0.25}, 1 + 2),
        ({"n": 52.520008}, 1 + 5),
        ({"l": []}, 1 + 3),
        ({"l": ["ab", 1]}, 1 + 3 + 2 + 2 + 2),
        ({"m": {"k": "v"}}, 1 + 3 + 1 + 2),
    ],
)
def test_sizes_are_those_of_the_guide(item: dict[str, object], size: int) -> None:
    """Names and texts by their UTF-8, two digits a byte, three bytes and one each for lists."""
    assert item_bytes(item) == size


@given(items, st.text(min_size=1), values)
def test_an_attribute_more_makes_an_item_larger(
    item: dict[str, object], name: str, value: object
) -> None:
    """Nothing is stored for nothing."""
    if name not in item:
        assert item_bytes({**item, name: value}) > item_bytes(item)


@pytest.mark.parametrize(
    ("size", "writes", "reads"), [(1, 1, 1), (KB, 1, 1), (KB + 1, 2, 1), (4 * KB + 1, 5, 2)]
)
def test_units_begin_with_their_first_byte(size: int, writes: int, reads: int) -> None:
    """A kilobyte for a write, four for a read; transactions twice, eventual reads half."""
    assert write_units(size) == writes
    assert transaction_units(size) == 2 * writes
    assert read_units(size, consistent=True) == reads
    assert read_units(size, consistent=False) == reads / 2


@given(st.integers(1, 300))
def test_an_order_is_written_to_its_indexes_too(length: int) -> None:
    """A partner's order is in two indexes, a customer's own in one; the record is in none."""
    own = {"orderId": "o", "customerId": "c", "note": "n" * 10 * length}
    partners = {**own, "partnerId": "p"}
    key = {"key": "k"}
    once = math.ceil(item_bytes(own) / KB)
    assert placing_units(own, key) == 2 * once + 2 + once
    assert changing_units(own) == 2 * once
    assert changing_units(partners) == 3 * math.ceil(item_bytes(partners) / KB)
