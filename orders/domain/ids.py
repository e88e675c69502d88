"""Order ids: UUIDv7, whose own 48-bit time gives the rest of the table's key.

A client's one string is therefore the full key: one GetItem reads the order, one UpdateItem
changes it, and an id that is not a UUIDv7 is answered without a read.
"""

from __future__ import annotations

import os
import time

_YEAR_10000 = 253_402_300_800_000  # in milliseconds
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
    if milliseconds >= _YEAR_10000:
        raise OverflowError("the year has five digits")
    second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000))
    return f"{second}.{milliseconds % 1000:03d}Z"  # a datetime takes twice as long


def new_order_id(milliseconds: int) -> str:
    """Make a UUIDv7 (RFC 9562, section 5.7) for an order placed at this time.

    Args:
        milliseconds: since the Unix epoch; the id's first 48 bits.
    """
    moment, random = f"{milliseconds & (1 << 48) - 1:012x}", os.urandom(10).hex()
    variant = "89ab"[int(random[3], 16) & 0b11]
    return f"{moment[:8]}-{moment[8:]}-7{random[:3]}-{variant}{random[4:7]}-{random[7:19]}"


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
