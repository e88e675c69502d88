"""Whether a price quote is for this order, or for this change of one.

A change is made without reading the order. So what the quote says of the order goes into the
condition of the change (`Change.where`), and only an order that refuses it is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from orders.aws.digests import sha256
from orders.domain.changes import BASKET
from orders.domain.money import PARTS, new_sums, subtotal_of
from orders.domain.order import Address
from orders.pricing.jws import encoded
from orders.problems import QUOTE_MISMATCH, faulty

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orders.domain.changes import Change
    from orders.domain.money import Path
    from orders.domain.order import (
        AddressPatch,
        ContentsPatch,
        Item,
        LineItem,
        OrderContents,
    )
    from orders.pricing.quotes import Quote
    from orders.problems import Problem

_RESTAURANT, _CURRENCY, _SUBTOTAL = ("restaurantId",), ("currency",), ("subtotal",)
_COUNTRY, _POSTAL_CODE = ("deliveryAddress", "country"), ("deliveryAddress", "postalCode")

_FAULTS: dict[Path, tuple[str, str]] = {
    _RESTAURANT: ("#/restaurantId", "The quote is of another restaurant"),
    _CURRENCY: ("#/currency", "The quote is in another currency"),
    BASKET: ("#/items", "The quote is of other items, quantities or prices"),
    _SUBTOTAL: ("#/items", "The quote is of other items, quantities or prices"),
    ("deliveryFee",): ("#/deliveryFee", "The quote is of another delivery fee"),
    _COUNTRY: ("#/deliveryAddress", "The quote is for another country or postal code"),
    _POSTAL_CODE: ("#/deliveryAddress", "The quote is for another country or postal code"),
}
"""Where each fault is, and what it is: two of a place are one."""


def digest_of(items: Iterable[LineItem]) -> str:
    """Digest a basket: what is bought and for how much, and not the notes to it.

    The JSON is that of RFC 8785: members by name, whole numbers, and texts as they are. No text of
    an order's lines has a control character, and no member's name is beyond ASCII: where that would
    change, so would this.
    """
    lines = [
        {
            "itemId": line.item_id,
            "name": line.name,
            "options": [{"name": one.name, "price": one.price} for one in line.options],
            "quantity": line.quantity,
            "unitPrice": line.unit_price,
        }
        for line in items
    ]
    return _digest(lines)


def _digest_of_stored(items: Iterable[Item]) -> str:
    """Digest the basket of a stored order: whatever the rules of texts were when it was placed."""
    lines = [
        {
            "itemId": line["itemId"],
            "name": line["name"],
            "options": [
                {"name": one["name"], "price": one["price"]} for one in line.get("options", ())
            ],
            "quantity": line["quantity"],
            "unitPrice": line["unitPrice"],
        }
        for line in items
    ]
    return _digest(lines)


def _digest(lines: list[dict[str, Any]]) -> str:
    return encoded(sha256(msgspec.json.encode(lines)).digest())


def check_order(order: OrderContents, quote: Quote) -> str:
    """Check that a quote is for this order; gives the digest of its items.

    Raises:
        Problem: `quote-mismatch`, which names each place.
    """
    basket = digest_of(order.items)
    ours: dict[Path, Any] = {
        _RESTAURANT: order.restaurant_id,
        _CURRENCY: order.currency,
        BASKET: basket,
        _SUBTOTAL: subtotal_of(order.items),
        ("deliveryFee",): order.delivery_fee,
        **_area(order.delivery_address),
    }
    theirs = {**_order_of(quote), BASKET: quote.items, ("deliveryFee",): quote.delivery_fee}
    if wrong := [path for path, value in theirs.items() if ours[path] != value]:
        raise _mismatch(wrong)
    return basket


def priced(change: Change, patch: ContentsPatch, quote: Quote) -> Change:
    """Let a quote decide the delivery fee of a changed order, on all that the quote says of it.

    Raises:
        Problem: `quote-mismatch`, where the change itself is not what the quote is for.
    """
    new: dict[Path, Any] = {}
    if patch.items is not UNSET:
        new |= {BASKET: digest_of(patch.items), _SUBTOTAL: subtotal_of(patch.items)}
    if patch.delivery_address is not UNSET:
        new |= _area(patch.delivery_address)
    theirs = {**_order_of(quote), BASKET: quote.items}
    if wrong := [path for path in theirs if path in new and new[path] != theirs[path]]:
        raise _mismatch(wrong)
    where = tuple((path, value) for path, value in theirs.items() if path not in new)
    assign = {**change.assign, BASKET: quote.items, ("deliveryFee",): quote.delivery_fee}
    sums, add = new_sums({part: assign[part,] for part in PARTS if (part,) in assign})
    return change._replace(assign={**assign, **sums}, add=add, where=where)


def mismatch(change: Change, item: Item) -> Problem | None:
    """Say where an order is not what the quote of a change is for, or None."""
    found = {path: _found(item, path) for path, _ in change.where}
    if BASKET in found:  # it may be older than quotes, or its digest
        found[BASKET] = _digest_of_stored(item["items"])
    wrong = [path for path, value in change.where if found[path] != value]
    return _mismatch(wrong) if wrong else None


def _order_of(quote: Quote) -> dict[Path, Any]:
    """Give what an order is to be, but for its items, by the paths of its attributes."""
    known: dict[Path, Any] = {
        _RESTAURANT: quote.restaurant_id,
        _CURRENCY: quote.currency,
        _SUBTOTAL: quote.subtotal,
    }
    if quote.area is not None:
        country, _, postal_code = quote.area.partition(" ")
        known |= {_COUNTRY: country, _POSTAL_CODE: postal_code or None}
    return known


def _area(address: Address | AddressPatch) -> dict[Path, Any]:
    """Give what an address says of its area; of a change only what changes."""
    whole = {_COUNTRY: address.country, _POSTAL_CODE: address.postal_code}
    if isinstance(address, Address):
        whole = {path: None if value is UNSET else value for path, value in whole.items()}
    return {path: value for path, value in whole.items() if value is not UNSET}


def _found(item: Item, path: Path) -> Any:
    value: Any = item
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _mismatch(wrong: Iterable[Path]) -> Problem:
    return faulty(QUOTE_MISMATCH, list(dict.fromkeys(_FAULTS[path] for path in wrong)))
