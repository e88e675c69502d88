"""Money: whole minor units (cents) of one currency, so that no sum is ever rounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orders.domain.order import LineItem


def price_of(item: LineItem) -> int:
    """Price a line item in minor units: an option's price counts once for each unit."""
    return item.quantity * (item.unit_price + sum(option.price for option in item.options))


def subtotal_of(items: Iterable[LineItem]) -> int:
    """Price all line items of an order, in minor units."""
    return sum(price_of(item) for item in items)
