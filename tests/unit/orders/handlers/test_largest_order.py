"""The largest orders that the API takes: they fit their messages, and cost what the table says."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from infrastructure.request_units import (
    MOST_PLACED_BYTES,
    MOST_RECORD_BYTES,
    MOST_STORED_BYTES,
)
from ops.costs.units import item_bytes
from orders.body import decode
from orders.domain.changes import (
    MOST_KEYS,
    confirm,
    history_entry,
    place_for_partner,
    revise,
    settled,
)
from orders.domain.lifecycle import Role, Status
from orders.domain.order import NewPartnerOrder, OrderPatch
from orders.domain.reasons import REASONS
from orders.domain.serving.servers import BINDABLE
from orders.order_changes import parse
from orders.settings import MAX_BODY_BYTES
from tests.shared.stream_records import NOW, record

if TYPE_CHECKING:
    from collections.abc import Callable

    from orders.domain.order import Item

MOST_BYTES = 262_144
"""What SNS and SQS take as one message: 256 KB."""

PARTNER = "p" * 128
"""As long as any of a partner's other identifiers."""

TRACE = "1-5759e988-bd862e3fe1be46a994272793"

CHARACTERS = {
    "letters": "a",
    "quotes": '"',
    "backslashes": "\\",
    "newlines": "\n",
    "two bytes": "é",
    "three bytes": "猫",
    "four bytes": "😀",
}
"""What JSON writes longer than it is: a newline can stand in notes only."""

_ORDERS = msgspec.json.Decoder(NewPartnerOrder)
_PATCHES = msgspec.json.Decoder(OrderPatch)

Line = dict[str, Any]


def text_of(body: Any) -> str:
    """Write a body as short as JSON can be: the more fits into it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def size(body: Any) -> int:
    return len(text_of(body).encode())


def long_texts(character: str) -> Line:
    """A line that says as much as it may: 50 of them would exceed every limit."""
    inline = "a" if character == "\n" else character
    return {
        "itemId": inline * 128,
        "name": inline * 200,
        "quantity": 99,
        "unitPrice": 999_999_999,
        "options": [{"name": inline * 200, "price": 999_999_999}] * 20,
        "note": character * 500,
    }


def many_options(character: str) -> Line:
    """A line of as many parts as it may have, each as small as it may be."""
    inline = "a" if character == "\n" else character
    option = {"name": inline, "price": 0}
    return {"itemId": "1", "name": inline, "quantity": 1, "unitPrice": 0, "options": [option] * 20}


def many_lines(character: str) -> Line:
    """A line that is as short as it may be."""
    inline = "a" if character == "\n" else character
    return {"itemId": inline, "name": inline, "quantity": 1, "unitPrice": 0, "note": character}


SHAPES = (long_texts, many_options, many_lines)


SERVED = "r" * 64
"""The longest id of a restaurant that somebody serves."""


def head(character: str) -> dict[str, Any]:
    """All of an order but its items, each field as long as it may be."""
    inline = "a" if character == "\n" else character
    line = inline * 200
    return {
        "restaurantId": inline * 128,
        "customerId": inline * 128,
        "currency": "EUR",
        "deliveryFee": 999_999_999,
        "tip": 999_999_999,
        "deliveryAddress": {
            "line1": line,
            "line2": line,
            "city": line,
            "region": line,
            "postalCode": inline * 20,
            "country": "DE",
            "latitude": -89.1234567,
            "longitude": -179.1234567,
        },
        "contactPhone": "+123456789012345",
        "note": character * 500,
        "scheduledFor": "2026-11-20T11:06:40.123456Z",
    }


def filled(body: dict[str, Any], shape: Callable[[str], Line], character: str) -> str:
    """Put as many lines into a body as it takes, and then as much as the last one takes."""
    lines: list[Line] = []
    while len(lines) < 50 and size({**body, "items": [*lines, shape(character)]}) <= MAX_BODY_BYTES:
        lines.append(shape(character))
    if len(lines) < 50:
        lines.extend(_rest(body, lines, shape(character)))
    text = text_of({**body, "items": lines})
    assert len(text.encode()) <= MAX_BODY_BYTES
    return text


def _rest(body: dict[str, Any], lines: list[Line], last: Line) -> list[Line]:
    """Shorten one line until it fits: its options first, and then its note and name."""
    others_take = size({**body, "items": lines}) + bool(lines)  # and a comma
    while (over := others_take + size(last) - MAX_BODY_BYTES) > 0:
        if last.get("options"):
            first, *others = last["options"]
            name = first["name"]
            shorter = [{**first, "name": _cut(name, over, 1)}] if len(name) > 1 else []
            last["options"] = [*shorter, *others]
        elif last.get("note"):
            last["note"] = _cut(last["note"], over, 0)
        elif len(last["name"]) > 1:
            last["name"] = _cut(last["name"], over, 1)
        else:
            return []
    return [last]


def _cut(text: str, over: int, least: int) -> str:
    """Take so many bytes off a text of one character, or all that may be taken."""
    each = size(text[0]) - len('""')
    return text[min(math.ceil(over / each), len(text) - least) :]


def placed(text: str) -> Item:
    new = decode(_ORDERS, text)
    server = f"{PARTNER}#{new.restaurant_id}" if re.fullmatch(BINDABLE, new.restaurant_id) else None
    return place_for_partner(new, PARTNER, NOW, TRACE, server)


def patched(item: Item, text: str) -> Item:
    """Do what the store does with a patch of items."""
    change = revise(decode(_PATCHES, text), Role.PARTNER, NOW, TRACE)
    fitting = settled(change, {**item, "sums": {}})  # with each sum as a number
    assert fitting is not None
    contents = {path[0]: value for path, value in fitting.assign.items()}
    return {
        **item,
        **contents,
        "version": item["version"] + 1,
        "changedBy": change.id,
        "changeKeys": ["0123456789abcdef"] * 2 * MOST_KEYS,
    }


def ended(item: Item, character: str) -> Item:
    """Give the order at the end of the longest life, with all of its history."""
    entry = history_entry(confirm(NOW))
    steps = [Status.CONFIRMED, Status.PREPARING, Status.READY, Status.PICKED_UP, Status.FAILED]
    history = [{**entry, "status": step.value, "by": "customer"} for step in steps]
    history[-1] |= {"reason": max(REASONS, key=len), "reasonText": character * 200}
    return {
        **item,
        "status": Status.FAILED.value,
        "version": 999_999,
        "history": [*item["history"], *history],
    }


def record_bytes(new: Item, old: Item | None) -> int:
    """Measure the message as its longest writer writes it: with spaces, and all of it ASCII."""
    text = json.dumps(record(new, old))
    assert parse(text).new == new
    return len(text)


@pytest.mark.parametrize("character", CHARACTERS.values(), ids=CHARACTERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_largest_new_order_fits(shape: Callable[[str], Line], character: str) -> None:
    """Every order that the API takes reaches the workers, whatever it is made of."""
    item = placed(filled(head(character), shape, character))
    assert record_bytes(item, None) < MOST_BYTES
    final = ended(item, character)
    assert record_bytes(final, item) < MOST_BYTES
    assert record_bytes(final, final) < MOST_BYTES
    confirmed = {**item, "history": [*item["history"], history_entry(confirm(NOW))]}
    assert item_bytes(confirmed) <= MOST_PLACED_BYTES
    assert item_bytes(final) <= MOST_STORED_BYTES


@pytest.mark.parametrize("character", CHARACTERS.values(), ids=CHARACTERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_largest_changed_order_fits(shape: Callable[[str], Line], character: str) -> None:
    """An order whose items were replaced, and so can be larger than any body, fits too.

    The largest is one whose other fields came with one body and whose items came with another.
    """
    item = placed(filled(head(character), shape, character))
    once = patched(item, filled({}, shape, character))
    twice = patched(once, filled({}, shape, character))
    assert record_bytes(once, item) < MOST_BYTES
    assert record_bytes(twice, once) < MOST_BYTES
    final = ended(twice, character)
    assert record_bytes(final, final) < MOST_BYTES
    assert item_bytes(final) <= MOST_STORED_BYTES


@pytest.mark.parametrize("character", CHARACTERS.values(), ids=CHARACTERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_largest_served_order_fits(shape: Callable[[str], Line], character: str) -> None:
    """Who serves an order stands in it, too: a restaurant that is served has a short id."""
    item = placed(filled({**head(character), "restaurantId": SERVED}, shape, character))
    assert item["servedBy"].endswith(SERVED)
    final = ended(patched(item, filled({}, shape, character)), character)
    assert record_bytes(final, final) < MOST_BYTES
    confirmed = {**item, "history": [*item["history"], history_entry(confirm(NOW))]}
    assert item_bytes(confirmed) <= MOST_PLACED_BYTES
    assert item_bytes(final) <= MOST_STORED_BYTES


def test_these_orders_are_the_largest() -> None:
    """The bodies above fill what a body may be, but for some bytes of a shortened line."""
    for character in CHARACTERS.values():
        for body in ({}, head(character)):
            text = filled(body, long_texts, character)
            assert MAX_BODY_BYTES - len(text.encode()) < 100


def test_no_larger_bound_is_needed() -> None:
    """The bounds are those of orders that can be made, within two kilobytes: none is padded."""
    item = placed(filled(head("😀"), long_texts, "😀"))
    largest = ended(patched(item, filled({}, long_texts, "😀")), "😀")
    assert MOST_PLACED_BYTES - item_bytes(item) < 2_048
    assert MOST_STORED_BYTES - item_bytes(largest) < 2_048


def test_the_largest_record_of_a_key() -> None:
    """What makes a request repeatable stays below a kilobyte, however long its key and caller."""
    scope = f"{Role.PARTNER}:{PARTNER}"
    record = {
        "key": f"{scope}#{64 * '0'}",
        "requestHash": 64 * "0",
        "orderId": 36 * "0",
        "expiresAt": 2**31,
    }
    assert item_bytes(record) <= MOST_RECORD_BYTES
