"""What each handler refuses before it asks DynamoDB anything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orders.handlers import create_order, get_order, list_orders, update_order
from tests.events import event
from tests.examples import ORDER

pytestmark = pytest.mark.usefixtures("no_store")

NOT_IDS = ["", "42", "0" * 36, "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "x" * 5000, "🍕"]


def refused(module: Any, sent: dict[str, Any]) -> tuple[int, str]:
    """Send an event that must be refused; give the status and what the problem points to."""
    result = module.handler(sent, None)
    problem = json.loads(result["body"])
    return result["statusCode"], problem.get("errors", [{"pointer": ""}])[0]["pointer"]


@pytest.mark.parametrize("key", [None, "", " ", "a b", "k" * 256, "schlüssel", "a\tb"])
def test_an_order_needs_an_idempotency_key(key: str | None) -> None:
    """Without a key of visible ASCII characters no order is placed, and the problem says so."""
    headers = {} if key is None else {"Idempotency-Key": key}
    sent = event("POST", body=ORDER, headers=headers)
    assert refused(create_order, sent) == (400, "Idempotency-Key")


@pytest.mark.parametrize("order_id", NOT_IDS)
def test_an_id_that_cannot_be_is_not_found_without_a_read(order_id: str) -> None:
    """What is no UUIDv7 is answered 404 like any missing order, and costs no read."""
    assert refused(get_order, event("GET", order_id=order_id))[0] == 404
    change = event("PATCH", order_id=order_id, body={"status": "CONFIRMED"})
    assert refused(update_order, change)[0] == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("limit", "1.5"),
        ("limit", "٣"),
        ("limit", ""),
        ("status", "placed"),
        ("status", "LOST"),
        ("cursor", "abc"),
        ("cursor", ""),
        ("cursor", "6ba7b810-9dad-41d1-80b4-00c04fd430c8"),
        ("customerId", ""),
        ("customerId", "c" * 301),
        ("customerId", "a\x00"),
        ("restaurantId", "rest-42"),
    ],
)
def test_a_list_refuses_a_bad_parameter_by_name(name: str, value: str) -> None:
    """Each query parameter that cannot be is named in the problem."""
    assert refused(list_orders, event("GET", query={name: [value]})) == (400, name)


@pytest.mark.parametrize("tag", ["1", "1,2", '"1', "W/1", '"1" "2"', ""])
def test_an_if_match_that_is_no_etag_is_named(tag: str) -> None:
    """A version without its quotes is a mistake that the caller hears of, not a stale order."""
    order_id = "01a2055b-8cae-7809-986e-66c157b96611"
    sent = event("PATCH", order_id=order_id, body={"note": "x"}, headers={"If-Match": tag})
    assert refused(update_order, sent) == (400, "If-Match")


def test_an_empty_patch_is_told_what_it_could_change() -> None:
    """A PATCH that changes nothing is refused before any write."""
    order_id = "01a2055b-8cae-7809-986e-66c157b96611"
    assert refused(update_order, event("PATCH", order_id=order_id, body={})) == (400, "#")
