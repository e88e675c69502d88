"""Orders and requests that tests start from, and strategies that make many of them."""

from __future__ import annotations

import copy
import json
import string
from typing import Any

from hypothesis import strategies as st

from local.demo.example import ORDER
from orders.domain.characters import prints
from orders.domain.iso import COUNTRIES, CURRENCIES, WITHOUT_POSTAL_CODES
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

NONCHARACTERS = [
    *map(chr, range(0xFDD0, 0xFDF0)),
    *(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF)),
]
"""What neither I-JSON nor a queue carries."""

_characters = st.characters(
    exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters=NONCHARACTERS
)
lines = st.text(_characters, min_size=1, max_size=40).filter(prints)
notes = st.text(_characters, max_size=60)
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
        "country": st.sampled_from(COUNTRIES),
    },
    optional={
        "line2": lines,
        "region": lines,
        "postalCode": st.text(string.digits, min_size=1, max_size=10),
        "latitude": st.floats(-90, 90),
        "longitude": st.floats(-180, 180),
    },
)
"""The fields of addresses; `whole` makes an address of them."""


def whole(address: dict[str, Any]) -> dict[str, Any]:
    """Add what an address must have by its other fields, and take half a point away."""
    if len({"latitude", "longitude"} & set(address)) == 1:
        address = {name: part for name, part in address.items() if not name.endswith("itude")}
    if address.get("country") in {None, *WITHOUT_POSTAL_CODES}:
        return address
    return {"postalCode": "1", **address}


orders = st.fixed_dictionaries(
    {
        "restaurantId": identifiers,
        "customerId": identifiers,
        "currency": st.sampled_from(CURRENCIES),
        "items": st.lists(line_items, min_size=1, max_size=4),
        "deliveryFee": amounts,
        "tip": amounts,
        "deliveryAddress": addresses.map(whole),
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
).map(lambda patch: {**patch, "longitude": patch["latitude"]} if "latitude" in patch else patch)
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
