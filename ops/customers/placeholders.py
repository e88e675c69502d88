"""An order with placeholders where a person's data stood. Nothing here writes.

What is not named here is dropped: a field that nobody has decided on is taken for personal, and a
test names it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Typed = dict[str, Any]
    """A value, or an item, in DynamoDB's typed JSON."""

ERASED = "erased"
"""Stands for each line of text that an order must have."""

PHONE = "+9990000000"
"""Stands for the telephone number: no country has 999 (ITU-T E.164, list of country codes)."""

KEPT = frozenset({
    *("orderId", "timestamp", "customerId", "partnerId", "reference", "restaurantId", "servedBy"),
    *("status", "scheduledFor", "acceptBy", "readyAt", "currency", "deliveryFee", "tip"),
    *("subtotal", "total", "charges", "sums", "synthetic", "expiresAt", "expiryOnHold"),
})  # fmt: skip
"""What stays: ids, times, and money."""

OVERWRITTEN = frozenset({
    *("items", "deliveryAddress", "contactPhone", "history"),
    *("version", "updatedAt", "changedBy", "erasedAt"),
})  # fmt: skip
"""What is written anew."""

DROPPED = frozenset({"note", "traceId", "changeKeys"})
"""What goes, as all does that is named nowhere."""

_OF_A_LINE = ("itemId", "name", "quantity", "unitPrice", "options")
_OF_AN_OPTION = ("name", "price")
_OF_AN_ENTRY = ("status", "at", "by", "operator", "reason")
_OF_THE_CHANGE = ("version", "updatedAt", "changedBy")


def overwritten(order: Typed, at: str) -> Typed:
    """Make an order without a person's data, a version later; its status is what it was.

    Args:
        order: as it is stored.
        at: the time of the change, as the API writes times.
    """
    version = int(order["version"]["N"]) + 1
    return {
        **_only(KEPT, order),
        "items": _each(order["items"], _line),
        "deliveryAddress": _address(order["deliveryAddress"]),
        "contactPhone": {"S": PHONE},
        "history": _each(order["history"], lambda entry: _only(_OF_AN_ENTRY, entry)),
        "version": {"N": str(version)},
        "updatedAt": {"S": at},
        "changedBy": {"S": os.urandom(8).hex()},
        "erasedAt": order.get("erasedAt", {"S": at}),
    }


def is_overwritten(order: Typed) -> bool:
    """Tell whether there is nothing of a person left in an order."""
    if "erasedAt" not in order:
        return False
    again = overwritten(order, order["updatedAt"]["S"])
    return all(order.get(name) == again.get(name) for name in {*order, *again}.difference(
        _OF_THE_CHANGE
    ))  # fmt: skip


def _line(line: Typed) -> Typed:
    kept = _only(_OF_A_LINE, line)
    if "options" in kept:
        kept["options"] = _each(kept["options"], lambda option: _only(_OF_AN_OPTION, option))
    return kept


def _address(address: Typed) -> Typed:
    """Keep the country, and that there is a postal code where there must be one."""
    given = address["M"]
    names = ("line1", "city", *(["postalCode"] if "postalCode" in given else []))
    return {"M": {**{name: {"S": ERASED} for name in names}, "country": given["country"]}}


def _each(values: Typed, make: Any) -> Typed:
    return {"L": [{"M": make(value["M"])} for value in values["L"]]}


def _only(names: Any, fields: Typed) -> Typed:
    return {name: value for name, value in fields.items() if name in names}
