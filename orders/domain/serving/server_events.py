"""What a partner is told of an order that it serves and another has placed.

    a new status        order.<status>, but not of PREPARING and READY: those are its own moves
    serves it from now  order.<status> as it stands, whatever that is

Its id is that of the placing partner's event of the same version: each endpoint has its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.domain.events import event_in, fields_of
from orders.domain.serving.servers import SERVED_BY

if TYPE_CHECKING:
    from orders.domain.events import OrderEvent
    from orders.domain.order import Item

OWN_MOVES = ("PREPARING", "READY")
"""Statuses that nobody but who serves the order gives it, and so need not hear of."""


def partner_serving(order: Item) -> str | None:
    """Give the partner that serves an order; None where staff do, or nobody."""
    server = order.get(SERVED_BY)
    return (server.partition("#")[0] or None) if isinstance(server, str) else None


def event_for_server(new: Item, old: Item | None) -> OrderEvent | None:
    """Make the event that tells whoever serves an order of a write to it.

    Args:
        new: the order as it is stored now.
        old: the order as it was before; None when it was placed by this write.

    Returns:
        The event, or None when there is nothing new, or no partner of its own to hear it.
    """
    server = partner_serving(new)
    if server is None or server == new.get("partnerId"):
        return None  # who serves what it has placed hears of it as who placed it
    taken_over = old is not None and old.get(SERVED_BY) != new[SERVED_BY]
    moved = old is None or old["status"] != new["status"]
    if not taken_over and (not moved or new["status"] in OWN_MOVES):
        return None
    fields = {**fields_of(new), "restaurantId": new["restaurantId"]}
    if "acceptBy" in new:
        fields["acceptBy"] = new["acceptBy"]
    return event_in(fields)
