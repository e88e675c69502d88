"""What calls of DynamoDB consume, by the size of their items: for calls that tell nothing.

Source: "DynamoDB item sizes and formats" in the developer guide,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
(read November 2026). Sizes of numbers are approximate there, too. What a unit is says
infrastructure/request_units.py.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from infrastructure.request_units import transaction_units, write_units

if TYPE_CHECKING:
    from collections.abc import Mapping

_COLLECTION = 3  # bytes of a list or a map, besides one for each element


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
