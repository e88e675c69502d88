"""Synthetic orders: placed by the service's own heartbeat, for no restaurant and no person.

They go the way of every order and are marked from the first write on, so that nobody cooks them,
nobody is told of them and no business figure counts them. They are deleted after a week.
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
"""The attribute that says, in seconds since the Unix epoch, when an order may be deleted."""

_DAY_SECONDS = 86_400


def mark(item: Item, milliseconds: int) -> None:
    """Mark a new order as synthetic.

    Args:
        item: the order as it will be stored.
        milliseconds: the time of placing, since the Unix epoch.
    """
    item[SYNTHETIC] = True
    item[EXPIRES_AT] = milliseconds // 1000 + KEPT_DAYS * _DAY_SECONDS


def is_synthetic(item: Item) -> bool:
    """Tell whether a stored order is no business of anybody's."""
    return item.get(SYNTHETIC) is True
