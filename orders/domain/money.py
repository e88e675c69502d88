"""Money: whole minor units (cents) of one currency, so that no sum is ever rounded.

An order's total is made without reading the order. DynamoDB adds two numbers in an update, not
three. So the order keeps what its parts add up to, two by two and so on: whichever of them change,
the others already are one number.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orders.domain.order import Item, LineItem

Path = tuple[str, ...]
"""An attribute's names, from the item down."""

Addition = tuple[Path, Path, int]
"""What becomes the sum of something stored and a number."""

CHARGES = ("deliveryFee", "tip")
"""What an order costs besides its items."""

PARTS = ("subtotal", *CHARGES)
"""What a total adds up."""

TOTAL_OF_SUMS = ("sums", "total")
"""The total that the sums belong to. A release that does not know them leaves them behind."""

_SUMMED = tuple(
    parts for number in range(2, len(PARTS) + 1) for parts in combinations(PARTS, number)
)
"""The parts whose sums are kept."""


def price_of(item: LineItem) -> int:
    """Price a line item in minor units: an option's price counts once for each unit."""
    return item.quantity * (item.unit_price + sum(option.price for option in item.options))


def subtotal_of(items: Iterable[LineItem]) -> int:
    """Price all line items of an order, in minor units."""
    return sum(price_of(item) for item in items)


def new_sums(new: dict[str, int]) -> tuple[dict[Path, Any], tuple[Addition, ...]]:
    """Say what each sum becomes by new parts: a number, or a stored sum and a number."""
    assign: dict[Path, Any] = {}
    add: list[Addition] = []
    for parts in _SUMMED:
        more = [new[part] for part in parts if part in new]
        rest = tuple(part for part in parts if part not in new)
        for path in _paths_of(parts) if more else ():
            if rest:
                add.append((path, _paths_of(rest)[0], sum(more)))
            else:
                assign[path] = sum(more)
    return assign, tuple(add)


def sums_of(order: Item) -> Item:
    """Give an order's total and all sums, as they are stored."""
    made: Item = {"sums": {}}
    for parts, paths in _stored():
        amount = sum([order[part] for part in parts])
        for path in paths:
            target = made if len(path) == 1 else made[path[0]]
            target[path[-1]] = amount
    return made


@cache
def _stored() -> list[tuple[tuple[str, ...], tuple[Path, ...]]]:
    """List the parts whose sums are kept, each with the places of their sum."""
    return [(parts, _paths_of(parts)) for parts in _SUMMED]


def _paths_of(parts: tuple[str, ...]) -> tuple[Path, ...]:
    """Name where the sum of some parts stands."""
    if parts == PARTS:
        return ("total",), TOTAL_OF_SUMS
    if parts == CHARGES:
        return (("charges",),)  # where the releases before had it alone
    return (parts,) if len(parts) == 1 else (("sums", "_".join(parts)),)
