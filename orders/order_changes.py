"""What DynamoDB's stream says of an order, as it arrives in a queue: parsed here and nowhere else.

DynamoDB stream ─► EventBridge Pipe ─► SNS ─► SQS (raw): one stream record as JSON ─► OrderChange
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from orders.domain.ids import timestamp_in
from orders.domain.lifecycle import Status
from orders.domain.serving.servers import ACCEPT_BY
from orders.named_tuple import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from orders.domain.order import Item

TOLD = ("INSERT", "MODIFY")
"""The writes that anybody is told of. A deletion, as by the table's time to live, is none."""

_REMOVED = "REMOVE"
_TEXTS = ("orderId", "timestamp", "customerId", "status", "updatedAt")
_NEVER = 253_402_300_800  # seconds since the Unix epoch: the year 10000

# What reading something else raises: the last two come of huge numbers and of deep nesting.
_ODD = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)


class Malformed(ValueError):
    """A message that tells of no change of an order; its text quotes nothing of the message."""


class Deleted(Exception):
    """A message that tells of an order's deletion: there is nothing to do, and nothing wrong."""


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
        Deleted: when it says that an order was deleted.
        Malformed: when it is none, or of something else than a sound order.
    """
    try:
        whole = msgspec.json.decode(body)
        record = whole["dynamodb"]
        if whole.get("eventName") == _REMOVED and "NewImage" not in record:
            raise Deleted
        new = _sound(typed_as_plain(record["NewImage"]))
        old = _sound(typed_as_plain(record["OldImage"])) if record.get("OldImage") else None
        return OrderChange(old, new, new["version"], _seconds(record))
    except Malformed:
        raise
    except _ODD as error:
        raise Malformed(f"no stream record of an order: {type(error).__name__}") from None


def _seconds(record: dict[str, Any]) -> float:
    seconds = float(record["ApproximateCreationDateTime"])
    if not 0 <= seconds < _NEVER:
        raise Malformed("the record's time is none")
    return seconds


def _sound(order: Item) -> Item:
    missing = [name for name in _TEXTS if not _is_text(order.get(name))]
    if missing:
        raise Malformed(f"the order has no {', '.join(missing)}")
    if "partnerId" in order and not _is_text(order["partnerId"]):
        raise Malformed("the order's partnerId is none")
    if ACCEPT_BY in order and not _is_moment(order[ACCEPT_BY]):
        raise Malformed("the order's acceptBy is none")
    version = order.get("version")
    if order["timestamp"] != timestamp_in(order["orderId"]) or not _is_version(version):
        raise Malformed("the order's key or version is not one of ours")
    Status(order["status"])
    return order


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_moment(value: Any) -> bool:
    """Tell whether a value is a time in UTC; what is no text, or no time, raises."""
    return datetime.fromisoformat(value).utcoffset() == timedelta(0)


def _is_version(value: Any) -> bool:
    return type(value) is int and value > 0


def typed_as_plain(image: dict[str, Any]) -> Item:
    """Read an item in DynamoDB's typed JSON.

    Raises:
        KeyError: when it holds a kind of value that no order has.
    """
    return {name: _value(value) for name, value in image.items()}


def _value(typed: dict[str, Any]) -> Any:
    ((kind, value),) = typed.items()
    form, read = _READERS[kind]
    if not isinstance(value, form):
        raise TypeError
    return read(value)


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


_READERS: dict[str, tuple[type, Callable[[Any], Any]]] = {
    "S": (str, str),
    "N": (str, _number),
    "BOOL": (bool, bool),
    "NULL": (bool, lambda _: None),
    "L": (list, lambda values: [_value(value) for value in values]),
    "M": (dict, typed_as_plain),
}
"""The types of attributes that an order has, each with its form in JSON and how that is read.

Sets and bytes are not among them.
"""
