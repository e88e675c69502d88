"""Order ids: UUIDv7, whose own 48-bit time gives the rest of the table's key.

A client's one string is therefore the full key: one GetItem reads the order, one UpdateItem
changes it, and an id that is not a UUIDv7 is answered without a read.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HEXADECIMAL = str.maketrans(dict.fromkeys("0123456789abcdef", "0"))
_UUID = "00000000-0000-0000-0000-000000000000"


def shape_of(text: str) -> str:
    """Give a text with `0` for each lower-case hexadecimal digit, and all else as it is."""
    return text.translate(_HEXADECIMAL)


def timestamp_of(milliseconds: int) -> str:
    """Render a time as ISO 8601 in UTC with milliseconds, such as `2026-11-22T12:30:00.123Z`.

    Args:
        milliseconds: since the Unix epoch.

    Raises:
        OverflowError: when the year would have more than four digits.
    """
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def new_order_id(milliseconds: int) -> str:
    """Make a UUIDv7 (RFC 9562, section 5.7) for an order placed at this time.

    Args:
        milliseconds: since the Unix epoch; the id's first 48 bits.
    """
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (random >> 62 & 0xFFF) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def timestamp_in(order_id: str) -> str | None:
    """Read the time that an order id carries, as the table's sort key renders it.

    Returns:
        The timestamp, or None when the string is not a lower-case UUIDv7: no such order exists.
    """
    # A pattern would have to be compiled at each cold start.
    if shape_of(order_id) != _UUID or order_id[14] != "7" or order_id[19] not in "89ab":
        return None
    try:
        return timestamp_of(int(order_id[:8] + order_id[9:13], 16))
    except OverflowError:
        return None
