"""Two tenants of each kind, an operator, and the orders that they have or serve."""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from orders.callers import Caller
from orders.domain.changes import place, place_for_partner
from orders.domain.ids import timestamp_of
from orders.domain.lifecycle import Role
from orders.domain.order import Item, NewOrder, NewPartnerOrder, OrderContents
from orders.domain.serving.servers import Bound
from orders.handlers.create_order import _claim
from orders.partners import packed
from tests.fuzz.tables import KEYS, ORDERS, PARTNERS, Tables
from tests.shared.examples import order

OURS, THEIRS, SENT = "Aq7ours", "Bz9theirs", "Sx5sent"
"""Words in every text of orders: of the callers' own, of others', of those in a request."""

NOBODY, PARTNER, CUSTOMER, OPERATOR = "nobody", "partner", "customer", "operator"
STAFF = "staff"
"""Who calls: a partner and a customer whose own orders hold `OURS`; an operator sees all. So do the
orders that the partner serves, and those of a restaurant's staff."""

SERVED = {STAFF: ("rest-2", "#rest-2"), PARTNER: ("rest-1", "acme#rest-1")}
"""Which restaurant who serves, and as whom."""

KEY_IDS = {PARTNER: "key-of-acme", "other": "key-of-bella"}
USED_KEY = "used-key"
"""An Idempotency-Key that all tenants have used, with the body that the generators start from."""

_NOW = 1_795_000_000_123
_NEVER = 2**40
_STATUSES = ("PLACED", "PLACED", "CONFIRMED", "DELIVERED")
_PARTNERS = {"acme": OURS, "bella": THEIRS}
_CUSTOMERS = {"customer-a": OURS, "customer-b": THEIRS}


def body(word: str, *, partners: bool) -> dict[str, Any]:
    """Give a body whose every free text holds a word."""
    sent = order(restaurantId=f"rest {word}", note=f"note {word}", customerId=f"cust {word}")
    if not partners:
        del sent["customerId"]
    for name in ("line1", "city", "region"):
        sent["deliveryAddress"][name] = f"{name} {word}"
    for line in sent["items"]:
        line.update(itemId=f"item {word}", name=f"dish {word}", note=f"well done {word}")
        for option in line["options"]:
            option["name"] = f"extra {word}"
    return sent


def order_id(number: int) -> str:
    """Give the id of an order of a tenant."""
    time = f"{_NOW + number:012x}"
    return f"{time[:8]}-{time[8:]}-7000-8000-{number:012x}"


def _kept(item: Item, number: int) -> Item:
    status = _STATUSES[number % len(_STATUSES)]
    key = {"orderId": order_id(number), "timestamp": timestamp_of(_NOW + number)}
    return {**item, **key, "status": status}


def _caller(number: int, identity: str) -> Caller:
    return Caller(Role.PARTNER if number < len(_PARTNERS) else Role.CUSTOMER, identity)


def _made(number: int, identity: str, word: str) -> tuple[OrderContents, Item]:
    if number < len(_PARTNERS):
        new = msgspec.convert(body(word, partners=True), NewPartnerOrder)
        return new, place_for_partner(new, identity, _NOW)
    plain = msgspec.convert(body(word, partners=False), NewOrder)
    return plain, place(plain, identity, Role.CUSTOMER, _NOW)


def tables() -> Tables:
    """Make the tables with all tenants' orders, keys and entries."""
    made = Tables()
    for partner, key_id in zip(_PARTNERS, KEY_IDS.values(), strict=True):
        made.put(PARTNERS, {"apiKeyId": key_id, "partnerId": partner})
    everybody = [*_PARTNERS.items(), *_CUSTOMERS.items()]
    for number, (identity, word) in enumerate(everybody):
        _, item = _made(number, identity, word)
        for status in range(len(_STATUSES)):
            made.put(ORDERS, _kept(copy.deepcopy(item), 4 * number + status))
        claim = _claim(_caller(number, identity), USED_KEY, _made(number, identity, SENT)[0])
        record = {"requestHash": claim.request_hash, "orderId": order_id(4 * number)}
        made.put(KEYS, {"key": claim.key, **record, "expiresAt": _NEVER})
    _served(made)
    return made


def _served(made: Tables) -> None:
    """Put in orders of a third customer, which others serve, and who serves which restaurant."""
    bound = {"rest-1": Bound("acme", ("bella",)), "rest-2": Bound("")}
    made.put(PARTNERS, {"apiKeyId": "#restaurants", "restaurants": packed(bound)})
    plain = msgspec.convert(body(OURS, partners=False), NewOrder)
    for first, (restaurant, server) in zip((16, 20), SERVED.values(), strict=True):
        item = place(plain, "customer-c", Role.CUSTOMER, _NOW, None, server)
        item["restaurantId"] = restaurant
        for status in range(len(_STATUSES)):
            made.put(ORDERS, _kept(copy.deepcopy(item), first + status))


OWN_IDS = {
    PARTNER: [order_id(number) for number in range(4)],
    CUSTOMER: [order_id(number) for number in range(8, 12)],
}
"""The callers' own orders."""

SERVED_IDS = {
    STAFF: [order_id(number) for number in range(16, 20)],
    PARTNER: [order_id(number) for number in range(20, 24)],
}
"""Those that they serve."""

THEIR_IDS = [order_id(number) for number in (*range(4, 8), *range(12, 16))]
"""Others' orders."""

CONTEXTS: dict[str, dict[str, Any]] = {
    NOBODY: {"identity": {"sourceIp": "192.0.2.1"}},
    PARTNER: {"identity": {"sourceIp": "192.0.2.1", "apiKeyId": KEY_IDS[PARTNER]}},
    CUSTOMER: {
        "identity": {"sourceIp": "192.0.2.1"},
        "authorizer": {"claims": {"token_use": "id", "sub": "customer-a"}},
    },
    STAFF: {
        "identity": {"sourceIp": "192.0.2.1"},
        "authorizer": {
            "claims": {
                "token_use": "id",
                "sub": "cook-1",
                "cognito:groups": "restaurants",
                "custom:restaurants": "rest-2 rest-7",
            }
        },
    },
    OPERATOR: {
        "identity": {"sourceIp": "192.0.2.1"},
        "authorizer": {
            "claims": {"token_use": "id", "sub": "operator-1", "cognito:groups": "operators"}
        },
    },
}
"""What API Gateway says of who calls."""


def is_of(who: str, item: Item) -> bool:
    """Tell whether an order is of one of these callers."""
    if who in SERVED and item.get("servedBy") == SERVED[who][1]:
        return True
    if who == PARTNER:
        own = item["customerId"].startswith("acme#") and item.get("partnerId") == "acme"
        return bool(own)
    if who == STAFF:
        return False
    return bool(item["customerId"] == "customer-a" and "partnerId" not in item)
