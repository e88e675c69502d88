"""What calls of DynamoDB consume, by the size of their items: for calls that tell nothing.

Source: "DynamoDB item sizes and formats" and "DynamoDB read and write operations" in the developer
guide, https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
and https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
(read November 2026). Sizes of numbers are approximate there, too.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

WRITE_BYTES, READ_BYTES = 1_024, 4_096
"""What one unit writes, and reads strongly consistent."""

_COLLECTION = 3  # bytes of a list or a map, besides one for each element
_TRANSACTION = 2  # DynamoDB prepares each item, and commits it


def item_bytes(item: Mapping[str, Any]) -> int:
    """Give the size of an item, names and values, as DynamoDB counts it.

    Args:
        item: attributes as Python values: text, numbers, booleans, None, lists and dicts.
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, int | float):
        return _number_bytes(value)
    if isinstance(value, dict):
        return _COLLECTION + len(value) + item_bytes(value)
    return _COLLECTION + len(value) + sum(_value_bytes(element) for element in value)


def _number_bytes(value: float) -> int:
    """Count two digits a byte, zeros at either end left out, one byte more, one for a minus."""
    digits = format(Decimal(str(abs(value))), "f").replace(".", "").strip("0")
    return math.ceil(len(digits) / 2) + 1 + (value < 0)


def write_units(size: int) -> int:
    """Give what it takes to write an item of so many bytes to a table or to an index."""
    return max(1, math.ceil(size / WRITE_BYTES))


def transaction_units(size: int) -> int:
    """Give what it takes to write an item of so many bytes to a table in a transaction."""
    return _TRANSACTION * write_units(size)


def read_units(size: int, *, consistent: bool) -> float:
    """Give what it takes to read so many bytes, of one item or of a page.

    Args:
        size: in bytes.
        consistent: strongly; eventually takes half.
    """
    return max(1, math.ceil(size / READ_BYTES)) * (1 if consistent else 0.5)


def placing_units(order: Mapping[str, Any], key: Mapping[str, Any]) -> int:
    """Give what placing an order takes: it and its idempotency record in one transaction."""
    size = item_bytes(order)
    tables = transaction_units(size) + transaction_units(item_bytes(key))
    return tables + _indexes(order) * write_units(size)


def changing_units(order: Mapping[str, Any]) -> int:
    """Give what changing an order takes: the table's copy and the indexes', which are whole.

    Args:
        order: as it is before or after, whichever is larger.
    """
    return (1 + _indexes(order)) * write_units(item_bytes(order))


def _indexes(order: Mapping[str, Any]) -> int:
    """Count the indexes that have an order: those whose attribute it has."""
    return sum(attribute in order for attribute in ("customerId", "partnerId"))
