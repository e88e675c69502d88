"""What the emulator does sooner is the same as before."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.inside.pace import copied

simple = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    simple | st.binary(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


def containers(value: Any) -> set[int]:
    """Give the identities of all lists and dictionaries in a value."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return {id(value)}.union(*(containers(one) for one in inner))
    return set()


@given(values)
def test_a_copy_is_equal_and_shares_nothing(value: Any) -> None:
    """Whoever changes a copied item leaves the stored one as it was."""
    made = copied(value)
    assert made == value
    assert containers(made) & containers(value) == set()


@pytest.mark.parametrize("value", [Decimal("1.50"), defaultdict(list, {"a": [Decimal(1)]})])
def test_what_is_of_another_kind_is_copied_as_such(value: Any) -> None:
    """A table's items by key, and whatever ministack will come to keep."""
    made = copied({"a": [value]})
    assert made == {"a": [value]}
    assert type(made["a"][0]) is type(value)
    assert containers(made) & containers({"a": [value]}) == set()
