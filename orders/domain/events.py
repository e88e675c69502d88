"""What partners are told: one event for each status that an order takes.

An event has ids, the status, the reason's code and the time in it, and never personal data, which
the reason's text can be: who may read the order finds the rest there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from orders.domain.reasons import REASONS
from orders.named_tuple import NamedTuple

if TYPE_CHECKING:
    from orders.domain.order import Item

SCHEMA_VERSION = "1"
"""The version of the event's fields; a field may be added to it, but none changed or removed."""


class OrderEvent(NamedTuple):
    """An event as it is sent: `event_id` is the same each time, `body` is JSON."""

    event_id: str
    body: bytes


def event_of(new: Item, old: Item | None) -> OrderEvent | None:
    """Make the event of a write to an order.

    Args:
        new: the order as it is stored now.
        old: the order as it was before; None when it was placed by this write.

    Returns:
        The event, or None when the order's status stayed what it was.
    """
    status = new["status"]
    if old is not None and old["status"] == status:
        return None
    version = int(new["version"])
    event_id = f"{new['orderId']}.{version}"
    fields: dict[str, Any] = {
        "eventId": event_id,
        "schemaVersion": SCHEMA_VERSION,
        "type": type_of(status),
        "orderId": new["orderId"],
        "status": status,
        "version": version,
        "occurredAt": new["updatedAt"],
    }
    if (reason := _reason_of(new)) is not None:
        fields["reason"] = reason
    return OrderEvent(event_id, msgspec.json.encode(fields))


def _reason_of(order: Item) -> str | None:
    """Give the code of the reason for which an order took its status, if it has one that we know.

    Whatever else stands there is told to nobody.
    """
    history = order.get("history")
    last = history[-1] if isinstance(history, list) and history else None
    code = last.get("reason") if isinstance(last, dict) else None
    return code if isinstance(code, str) and code in REASONS else None


def type_of(status: str) -> str:
    """Name the type of the event that tells of a status, such as `order.picked-up`."""
    return f"order.{status.lower().replace('_', '-')}"
