"""The examples of the OpenAPI document: one order, as it is sent and read, and each problem."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from orders import problems
from orders.domain.changes import place, place_for_partner, view
from orders.domain.lifecycle import Role
from orders.domain.order import Item, NewOrder, NewPartnerOrder
from orders.problems import Kind, Problem
from orders.routes import IDEMPOTENCY_KEY as KEY_HEADER
from orders.settings import MAX_BODY_BYTES
from project.checkout import ROOT

if TYPE_CHECKING:
    from orders.routes import Route

_ORDER = ROOT / "docs/api/order.json"

ORDER_ID = "019ea65b-8cae-7809-986e-66c157b96611"
"""The example order's id; its first twelve digits are the time at which it was placed."""

IDEMPOTENCY_KEY = "5e0c8a3e-6d0f-4f0e-8d5c-2b1f1f1e6a77"
"""The key with which it was placed."""

PLACED_AT = int(ORDER_ID.replace("-", "")[:12], 16)
"""When it was placed, in milliseconds since the Unix epoch."""

_CUSTOMER = "74a8f4d8-3061-70f2-9b1e-0d8a5f6c2e11"
_REQUEST_ID = "0b7c2f3e-5d0f-4a6e-9d0c-0a7f0a0d1c11"

_FAULTS = {
    problems.MALFORMED_JSON: ("Expecting value at line 1, column 9", "#"),
    problems.INVALID_BODY: ("Expected `int` <= 99", "#/items/0/quantity"),
    problems.INVALID_PARAMETER: ("Must be a whole number from 1 to 100", "limit"),
    problems.UNKNOWN_CALLER: ("This API key belongs to no partner", None),
    problems.NOT_YOUR_RESTAURANT: (
        "Your token does not name this restaurant; ask an operator, then sign in anew",
        None,
    ),
    problems.EDITS_DISABLED: (
        "Send the status alone; contents cannot be changed at the moment",
        None,
    ),
    problems.ORDER_NOT_FOUND: ("No order of yours has this id", None),
    problems.MOVE_NOT_ALLOWED: ("The order is READY; you can move it to PICKED_UP", None),
    problems.STALE_VERSION: ("The order is at version 3; read it again", None),
    problems.PRECONDITION_FAILED: (
        'If-Match takes strong tags alone: send "3", without W/',
        "If-Match",
    ),
    problems.PRECONDITION_REQUIRED: (
        "To accept the order, send If-Match with the ETag of the order that you have read",
        "If-Match",
    ),
    problems.BODY_TOO_LARGE: (f"The body has 300000 bytes; {MAX_BODY_BYTES} are allowed", None),
    problems.UNSUPPORTED_MEDIA_TYPE: ("Send application/json", None),
    problems.KEY_REUSED: (
        "This key was used for an order with another body; use a new key",
        KEY_HEADER,
    ),
    problems.INTERNAL_ERROR: ("Report the request id if it happens again", None),
    problems.UNAVAILABLE: ("Try again in a moment", None),
}
"""What a function says of each of its problems, and the field or parameter that it names."""


def order_as_sent(caller: Role) -> dict[str, Any]:
    """Give the example order as a caller sends it: customers are known by their token."""
    order: dict[str, Any] = json.loads(_ORDER.read_text())
    if caller is not Role.PARTNER:
        del order["customerId"]
    return order


def order_as_stored(caller: Role) -> Item:
    """Give the example order as it is stored once it is placed."""
    sent = order_as_sent(caller)
    if caller is Role.PARTNER:
        item = place_for_partner(msgspec.convert(sent, NewPartnerOrder), "acme", PLACED_AT)
    else:
        item = place(msgspec.convert(sent, NewOrder), _CUSTOMER, caller, PLACED_AT)
    return {**item, "orderId": ORDER_ID}


def order_as_read(route: Route) -> dict[str, Any]:
    """Give the example order as a route answers with it."""
    placer = Role.CUSTOMER if route.serves else route.caller
    return view(order_as_stored(placer), route.caller, serving=route.serves)


def patches(route: Route) -> dict[str, Any]:
    """Give examples of changes, by their names."""
    move = "CONFIRMED" if route.by_key or route.serves else "CANCELLED"
    if route.serves:
        return {
            "move": {
                "summary": "Accept the order",
                "value": {"status": move, "readyAt": "2026-11-22T12:50:00Z"},
            },
            "delay": {
                "summary": "Say that it takes longer",
                "value": {"readyAt": "2026-11-22T13:05:00Z"},
            },
            "end": {
                "summary": "Reject it, and say why",
                "value": {
                    "status": "REJECTED",
                    "reason": {"code": "too-busy", "text": "Two ovens are broken"},
                },
            },
        }
    return {
        "move": {"summary": "Move the order to another status", "value": {"status": move}},
        "end": {
            "summary": "End it, and say why",
            "value": {"status": "CANCELLED", "reason": {"code": "customer-request"}},
        },
        "change": {
            "summary": "Change a part of the address, take the note away",
            "value": {"deliveryAddress": {"line2": "Flat 7"}, "note": None},
        },
    }


def problem(kind: Kind) -> dict[str, Any]:
    """Give an example of a problem."""
    detail, pointer = _FAULTS.get(kind, ("", None))
    body = Problem(kind, detail, pointer=pointer).body(_REQUEST_ID)
    if not detail:
        del body["detail"]  # API Gateway's own answers mostly have none
    return body
