"""The largest order, and the messages that its changes make."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from orders.body import decode
from orders.domain.changes import place_for_partner
from orders.domain.lifecycle import Status
from orders.domain.order import NewPartnerOrder
from orders.settings import MAX_BODY_BYTES
from tests.examples import ORDER, order
from tests.records import record

LARGEST_MESSAGE = 256 * 1024
"""What SNS takes; https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html"""

DECODER = msgspec.json.Decoder(NewPartnerOrder)
OPTION = {"name": "a", "price": 0}
WORST = {
    "many short options": lambda: order(items=[line("b", [OPTION] * 20)] * 50),
    "two-byte letters": lambda: filled("é"),
    "three-byte letters": lambda: filled("日"),
    "emojis": lambda: filled("🍕"),
    "quotes": lambda: filled('"'),
    "backslashes": lambda: filled("\\"),
}


def line(name: str, options: list[dict[str, Any]]) -> dict[str, Any]:
    return {**ORDER["items"][0], "name": name, "options": options}


def filled(letter: str) -> dict[str, Any]:
    """Fill an order with a letter until the body has no room for one more line."""
    lines: list[dict[str, Any]] = []
    while True:
        long = line(letter * 200, [{"name": letter * 200, "price": 1}] * 2)
        more = [*lines, {**long, "note": letter * 500}]
        full = order(items=more, note=letter * 500)
        if len(more) > 50 or size(full) > MAX_BODY_BYTES:
            return order(items=lines, note=letter * 500)
        lines = more


def size(body: dict[str, Any]) -> int:
    return len(json.dumps(body, ensure_ascii=False).encode())


@pytest.mark.parametrize("kind", WORST)
def test_each_change_of_the_largest_order_fits_into_a_message(kind: str) -> None:
    """However large an order is and whatever it is made of, its changes reach the workers."""
    body = WORST[kind]()
    text = json.dumps(body, ensure_ascii=False)
    assert size(body) > MAX_BODY_BYTES * 0.8 or len(body["items"]) == 50
    stored = place_for_partner(decode(DECODER, text), "acme", 1_795_000_000_000)
    entry = {"status": "PICKED_UP", "at": stored["timestamp"], "by": "operator"}
    stored["history"] = [entry] * len(Status)
    # With every letter beyond ASCII escaped, which is the longest way to write it.
    assert len(json.dumps(record(stored, stored), ensure_ascii=True)) < LARGEST_MESSAGE
