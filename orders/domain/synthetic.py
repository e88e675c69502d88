"""Synthetic orders: placed by the service's own heartbeat, for no restaurant and no person.

They go the way of every order and are marked from the first write on, so that nobody cooks them,
nobody is told of them and no business figure counts them. They are deleted after a week.

That an order has a time to be deleted does not make it synthetic: where the stage keeps orders for
so many days only, each has one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orders.domain.order import Item

HEARTBEAT = "heartbeat"
"""The id of the partner that the heartbeat is; no other partner gets it."""

KEPT_DAYS = 7
"""How long a synthetic order is kept, as long as the logs that name it."""

SYNTHETIC = "synthetic"
"""The attribute that marks them, and what workers say of their messages."""

EXPIRES_AT = "expiresAt"
"""The attribute that says, in seconds since the Unix epoch, when an order may be deleted: that of
the table's time to live."""

_DAY_SECONDS = 86_400


def mark(item: Item, milliseconds: int) -> None:
    """Mark a new order as synthetic.

    Args:
        item: the order as it will be stored.
        milliseconds: the time of placing, since the Unix epoch.
    """
    item[SYNTHETIC] = True
    expire(item, milliseconds, KEPT_DAYS)


def expire(item: Item, milliseconds: int, days: int) -> None:
    """Say when DynamoDB may delete a new order.

    Args:
        item: the order as it will be stored.
        milliseconds: the time of placing, since the Unix epoch.
        days: how long it is kept.
    """
    item[EXPIRES_AT] = milliseconds // 1000 + days * _DAY_SECONDS


def is_synthetic(item: Item) -> bool:
    """Tell whether a stored order is no business of anybody's."""
    return item.get(SYNTHETIC) is True
