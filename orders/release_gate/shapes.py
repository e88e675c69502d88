"""Five orders, and a change for each; what they cost is added up here, by nobody else's code."""

from __future__ import annotations

import time
from typing import Any

from orders.named_tuple import NamedTuple

_DAY = 86_400
_RESTAURANT = "heartbeat"  # of which nobody cooks


class Shape(NamedTuple):
    """One order as it is placed, and what a change leaves of it."""

    name: str
    body: dict[str, Any]
    patch: dict[str, Any]

    @property
    def changed(self) -> dict[str, Any]:
        """What the order consists of after the change (RFC 7396)."""
        return merged(self.body, self.patch)


def merged(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Apply a JSON Merge Patch."""
    result = dict(target)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            known = result.get(name)
            result[name] = merged(known if isinstance(known, dict) else {}, value)
        else:
            result[name] = value
    return result


def subtotal_of(order: dict[str, Any]) -> int:
    """Add up the items, each with its options, in minor units."""
    return sum(
        line["quantity"]
        * (line["unitPrice"] + sum(option["price"] for option in line.get("options", ())))
        for line in order["items"]
    )


def total_of(order: dict[str, Any]) -> int:
    """Add up all that is to be paid, in minor units."""
    return int(subtotal_of(order) + order["deliveryFee"] + order["tip"])


def _item(number: int, quantity: int, price: int, **more: Any) -> dict[str, Any]:
    name = f"Nothing {number}"
    return {"itemId": f"g{number}", "name": name, "quantity": quantity, "unitPrice": price, **more}


def _options(*prices: int) -> list[dict[str, Any]]:
    return [{"name": f"Extra {number}", "price": price} for number, price in enumerate(prices)]


def shapes(customer: str) -> tuple[Shape, ...]:
    """Make the five orders of a customer.

    Args:
        customer: whose id they have; the gate lists them by it.
    """
    plain = _plain(customer)
    chosen = [_item(3, 3, 1000, options=_options(150, 0, 75)), _item(4, 1, 1)]
    other = [_item(6, 99, 12, options=_options(3))]
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2 * _DAY))
    soon = {"scheduledFor": None, "deliveryFee": 0}
    many = [
        _item(number, number % 9 + 1, 100 + number, options=_options(7, 8)) for number in range(50)
    ]
    return (
        Shape("tip", {**plain, "tip": 345}, {"tip": 1}),
        Shape("options", {**plain, "items": chosen}, {"items": other}),
        _noted(plain),
        Shape("scheduled", {**plain, "scheduledFor": later}, soon),
        Shape(
            "largest", {**plain, "items": many, "tip": 999_999_999}, {"items": many[:7], "tip": 0}
        ),
    )


def _plain(customer: str) -> dict[str, Any]:
    return {
        "restaurantId": _RESTAURANT,
        "customerId": customer,
        "currency": "USD",
        "items": [_item(1, 2, 1250), _item(2, 1, 399)],
        "deliveryFee": 199,
        "tip": 0,
        "deliveryAddress": {"line1": "-", "city": "-", "postalCode": "00000", "country": "US"},
        "contactPhone": "+12025550100",  # of the numbers that belong to nobody
    }


def _noted(plain: dict[str, Any]) -> Shape:
    """Make the one with texts, one of which is not ASCII."""
    noted = {
        "items": [_item(5, 1, 777, note="Without\nanything")],
        "note": "Synthetic: f\u00fcr niemanden",
        "reference": "gate-1",
    }
    address = {"line2": "-"}
    changes = {"note": "Still not", "deliveryAddress": address, "contactPhone": "+12025550101"}
    return Shape("notes", {**plain, **noted}, changes)
