"""What DynamoDB's stream says of an order, as it arrives in a queue: parsed here and nowhere else.

DynamoDB stream ─► EventBridge Pipe ─► SNS ─► SQS (raw): one stream record as JSON ─► OrderChange
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from orders.domain.ids import timestamp_in
from orders.domain.lifecycle import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from orders.domain.changes import Item

_FAULTS = (
    msgspec.DecodeError,
    AttributeError,
    KeyError,
    OverflowError,
    RecursionError,  # of a body that is all brackets
    TypeError,
    ValueError,
)
_NEEDED = ("orderId", "timestamp", "customerId", "status", "version", "updatedAt")


class Malformed(ValueError):
    """A message that tells of no change of an order; its text quotes nothing of the message."""


class OrderChange(NamedTuple):
    """One change of one order: how it was, how it is now, and which version that made."""

    old: Item | None
    new: Item
    version: int
    recorded_at: float
    """When the stream recorded it, in seconds since the Unix epoch, to the second."""

    @property
    def order_id(self) -> str:
        """Which order."""
        return str(self.new["orderId"])

    @property
    def placed_at(self) -> float:
        """When the order was placed, in seconds since the Unix epoch."""
        return datetime.fromisoformat(self.new["timestamp"]).astimezone(UTC).timestamp()


def parse(body: str) -> OrderChange:
    """Parse a stream record.

    Raises:
        Malformed: when it is none, or of something else than a sound order.
    """
    try:
        record = msgspec.json.decode(body)["dynamodb"]
        new = _image(record["NewImage"])
        old = _image(record["OldImage"]) if record.get("OldImage") else None
        return OrderChange(old, _sound(new), new["version"], _seconds(record))
    except Malformed:
        raise
    except _FAULTS as error:
        raise Malformed(f"no stream record of an order: {type(error).__name__}") from None


def _seconds(record: dict[str, Any]) -> float:
    return float(record["ApproximateCreationDateTime"])


def _sound(order: Item) -> Item:
    missing = [name for name in _NEEDED if not order.get(name)]
    if missing:
        raise Malformed(f"the order has no {', '.join(missing)}")
    if order["timestamp"] != timestamp_in(order["orderId"]) or type(order["version"]) is not int:
        raise Malformed("the order's key or version is not one of ours")
    Status(order["status"])
    return order


def _image(image: dict[str, Any]) -> Item:
    return {name: _value(value) for name, value in image.items()}


def _value(typed: dict[str, Any]) -> Any:
    ((kind, value),) = typed.items()
    return _READERS[kind](value)


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


_READERS: dict[str, Callable[[Any], Any]] = {
    "S": str,
    "N": _number,
    "BOOL": bool,
    "NULL": lambda _: None,
    "L": lambda values: [_value(value) for value in values],
    "M": _image,
}
"""The types of attributes that an order has; sets and bytes are not among them."""
