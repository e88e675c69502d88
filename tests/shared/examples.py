"""Orders and requests that tests start from, and strategies that make many of them."""

from __future__ import annotations

import copy
import json
import string
from typing import Any

from hypothesis import strategies as st

from local.demo.example import ORDER
from orders.domain.iso import COUNTRIES, CURRENCIES
from orders.domain.order import MAX_AMOUNT


def order(**changes: Any) -> dict[str, Any]:
    """Copy the example order, with some fields changed."""
    return {**copy.deepcopy(ORDER), **changes}


def order_with(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """Copy the example order, with one nested field changed."""
    changed = order()
    target: Any = changed
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return changed


def order_without(path: tuple[str | int, ...]) -> dict[str, Any]:
    """Copy the example order, with one nested field left out."""
    changed = order()
    target: Any = changed
    for step in path[:-1]:
        target = target[step]
    del target[path[-1]]
    return changed


def raw(old: str, new: str) -> str:
    """Render the example order as JSON text, with one piece of the text replaced."""
    text = json.dumps(ORDER)
    assert old in text
    return text.replace(old, new, 1)


__all__ = ["ORDER", "order", "order_with", "order_without", "orders", "patches", "raw"]

lines = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=40
).filter(lambda text: bool(text.strip()))
notes = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=60)
amounts = st.integers(0, MAX_AMOUNT)
phones = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)
identifiers = st.text(string.ascii_letters + string.digits + "-_#", min_size=1, max_size=30)
references = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64)
options = st.fixed_dictionaries({"name": lines, "price": amounts})
line_items = st.fixed_dictionaries(
    {"itemId": identifiers, "name": lines, "quantity": st.integers(1, 99), "unitPrice": amounts},
    optional={"options": st.lists(options, max_size=3), "note": notes},
)
addresses = st.fixed_dictionaries(
    {
        "line1": lines,
        "city": lines,
        "postalCode": st.text(string.digits, min_size=1, max_size=10),
        "country": st.sampled_from(COUNTRIES),
    },
    optional={
        "line2": lines,
        "region": lines,
        "latitude": st.floats(-90, 90),
        "longitude": st.floats(-180, 180),
    },
)
orders = st.fixed_dictionaries(
    {
        "restaurantId": identifiers,
        "customerId": identifiers,
        "currency": st.sampled_from(CURRENCIES),
        "items": st.lists(line_items, min_size=1, max_size=4),
        "deliveryFee": amounts,
        "tip": amounts,
        "deliveryAddress": addresses,
        "contactPhone": phones,
    },
    optional={"note": notes, "reference": references},
)
"""Orders as partners may send them."""

address_patches = st.fixed_dictionaries(
    {},
    optional={
        "line1": lines,
        "city": lines,
        "line2": st.none() | lines,
        "region": st.none() | lines,
        "latitude": st.none() | st.floats(-90, 90),
    },
)
patches = st.fixed_dictionaries(
    {},
    optional={
        "items": st.lists(line_items, min_size=1, max_size=3),
        "note": st.none() | notes,
        "deliveryAddress": address_patches,
        "contactPhone": phones,
        "tip": amounts,
        "deliveryFee": amounts,
    },
)
"""Merge patches of an order's contents, as partners may send them."""
