"""What partners are told: one event for each status that an order takes, and for a new ready time.

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


READY_TIME_CHANGED = "order.ready-time-changed"
"""The type of the event that tells when an order will be ready, where its status stays."""

_READY_AT = "readyAt"


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
        The event, or None when neither the order's status nor its ready time is new.
    """
    kind = type_of(new["status"])
    ready_at = new.get(_READY_AT)
    if old is not None and old["status"] == new["status"]:
        if ready_at is None or ready_at == old.get(_READY_AT):
            return None
        kind = READY_TIME_CHANGED
    fields = fields_of(new)
    fields["type"] = kind
    if kind in _TELL_READY_TIME and isinstance(ready_at, str):
        fields[_READY_AT] = ready_at
    return event_in(fields)


def event_in(fields: dict[str, Any]) -> OrderEvent:
    """Make an event of its fields."""
    return OrderEvent(fields["eventId"], msgspec.json.encode(fields))


def fields_of(new: Item) -> dict[str, Any]:
    """Give what every event of an order tells, wherever it is sent."""
    status, version = new["status"], int(new["version"])
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
    return fields


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


_TELL_READY_TIME = (type_of("CONFIRMED"), READY_TIME_CHANGED)
