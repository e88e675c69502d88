"""What one request can cost, in DynamoDB's units: one table, made from the API's own bounds.

    largest body ─► largest order ─► units of a write or a read ─► MOST, of each function
    most orders that a page looks at ───────────────────────────┘

tests/unit/orders/handlers/test_largest_order.py builds the largest orders there are, and
tests/integration/limits/test_request_units.py has their requests charged by DynamoDB's rules.

Source: "DynamoDB read and write operations" in the developer guide,
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
(read November 2026).
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from orders.settings import (
    BY_CUSTOMER,
    BY_PARTNER,
    BY_SERVER,
    MAX_BODY_BYTES,
    MOST_LOOKED_AT,
    MOST_TRIES,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

WRITE_BYTES, READ_BYTES = 1_024, 4_096
"""What one unit writes, and reads strongly consistent."""

_TRANSACTION = 2  # DynamoDB prepares each item, and commits it

MOST_PLACED_BYTES = MAX_BODY_BYTES + 1_024
"""A new order in DynamoDB: what the body says, and what the service adds."""

MOST_STORED_BYTES = MAX_BODY_BYTES + 8 * 1_024 + 768
"""An order at the end: its items came with one body, its texts with another, and it was moved as
often as an order can be."""

MOST_RECORD_BYTES = 1_024
"""An idempotency record: two hashes, two ids."""


class Capacity(NamedTuple):
    """What has a ceiling of its own: the reads or the writes of a table, or of an index."""

    part: str
    verb: str

    def __str__(self) -> str:
        """Say it in words."""
        return f"the {self.verb}s of {self.part}"


_ORDERS, _RECORDS = "the orders", "the idempotency records"
_INDEXES = (BY_CUSTOMER, BY_PARTNER, BY_SERVER)


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


def _writes(in_table: float, in_indexes: float) -> dict[Capacity, float]:
    """Give the units of one write of an order; each index holds a whole copy of it."""
    copies = {Capacity(index, "write"): in_indexes for index in _INDEXES}
    return {Capacity(_ORDERS, "write"): in_table, **copies}


_READ = read_units(MOST_STORED_BYTES, consistent=True)
_PAGE = read_units((MOST_LOOKED_AT + 1) * MOST_STORED_BYTES, consistent=False)
_CHANGED = write_units(MOST_STORED_BYTES)
_TRIED, _CONFIRMED = transaction_units(MOST_PLACED_BYTES), write_units(MOST_PLACED_BYTES)
_LOOKS = 5  # of a request that finds its key held by another one: orders/store.py

MOST: Mapping[str, Mapping[Capacity, float]] = MappingProxyType(
    {
        # A try that places nothing costs the table's units as well. What process_order does with
        # a new order, where orders are confirmed at once, is one more write of it.
        "create_order": {
            **_writes(max(MOST_TRIES * _TRIED, _TRIED + _CONFIRMED), 2 * _CONFIRMED),
            Capacity(_ORDERS, "read"): _READ,
            Capacity(_RECORDS, "write"): MOST_TRIES * transaction_units(MOST_RECORD_BYTES),
            Capacity(_RECORDS, "read"): _LOOKS * read_units(MOST_RECORD_BYTES, consistent=True),
        },
        "get_order": {Capacity(_ORDERS, "read"): _READ},
        "list_orders": {Capacity(part, "read"): _PAGE for part in (_ORDERS, *_INDEXES)},
        # DynamoDB charges a write that it refuses, too, and then an order may be tried once more.
        "update_order": _writes(MOST_TRIES * _CHANGED, _CHANGED),
    }
)
"""The most units of each table and index that one request to a function can cost.

A list reads one of them: operators read the table; customers, partners and who serves an index.
"""


def most_of(function: str, capacity: Capacity) -> float:
    """Give the most units that one request to a function can cost somewhere."""
    return MOST[function].get(capacity, 0)


CAPACITIES = tuple(dict.fromkeys(capacity for costs in MOST.values() for capacity in costs))
"""Everything that has a ceiling."""
