"""Which orders a list holds: its filters, its range of time, and the cursors that go with them.

A range is half-open: `createdFrom` is within it, `createdTo` is not, so that ranges which touch
hold each order once. The table's sort key counts milliseconds; a bound between two of them is
rounded up, which leaves the same orders on the same side of it.
"""

from __future__ import annotations

import re
from binascii import crc32
from datetime import UTC, datetime, timedelta

import msgspec

from orders.domain.ids import timestamp_in, timestamp_of
from orders.named_tuple import NamedTuple

EVER = 253_402_300_800_000
"""Milliseconds from the Unix epoch to the year 10000: no order is placed so late."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = (  # compiled by the first request that has one
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt](?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]+))?(?P<zone>[Zz]|[+-][0-9]{2}:[0-5][0-9])"
)


class Filters(NamedTuple):
    """What the orders of a list have in common; as made here, nothing."""

    statuses: tuple[str, ...] = ()
    """Those that they may have; none for any. Sorted, each once."""
    reference: str | None = None
    start: int = 0
    """In milliseconds since the Unix epoch: the first moment of the range."""
    end: int = EVER
    """The first moment after it."""
    restaurant: str | None = None

    @property
    def nothing(self) -> bool:
        """Whether the range has no moment in it."""
        return self.start >= self.end

    @property
    def ranged(self) -> bool:
        """Whether there is a range at all."""
        return (self.start, self.end) != (0, EVER)

    @property
    def bounds(self) -> tuple[str, str]:
        """The first and the last value of the sort key that are within the range."""
        return timestamp_of(self.start), timestamp_of(self.end - 1)

    def cursor(self, order_id: str, whose: dict[str, str]) -> str:
        """Make the cursor after an order in this list, which no other list takes.

        Args:
            order_id: the last order of the page.
            whose: whose orders the caller has named, by parameter.
        """
        return order_id + self._mark(whose)

    def after(self, cursor: str, whose: dict[str, str]) -> str | None:
        """Give the order that a cursor of this list stands after; None when it is of no such list.

        A cursor needs no signature: whose orders are listed is never taken from it.
        """
        order_id, mark = cursor[:36], cursor[36:]
        placed = timestamp_in(order_id)
        return order_id if placed is not None and mark == self._mark(whose) else None

    def holds(self, order_id: str) -> bool:
        """Tell whether an order was placed within the range."""
        first, last = self.bounds
        return first <= (timestamp_in(order_id) or "") <= last

    def _mark(self, whose: dict[str, str]) -> str:
        """Tell this query from others, in a few characters; the list without filters has none."""
        if self == Filters() and not whose:
            return ""
        return f".{crc32(msgspec.json.encode((self, sorted(whose.items())))):08x}"


def milliseconds_of(moment: str) -> int:
    """Read an RFC 3339 date and time, rounded up to a millisecond, since the Unix epoch.

    What is before 1970 or after the year 9999 is moved to there: no order is that old or new.

    Raises:
        ValueError: when it is none.
    """
    match = re.fullmatch(_MOMENT, moment)
    if match is None:
        raise ValueError("not RFC 3339")
    fraction = match["fraction"] or ""
    more = int(fraction[:3].ljust(3, "0")) + (fraction[3:].strip("0") != "")
    zone = "+00:00" if match["zone"] in "Zz" else match["zone"]
    local = datetime.fromisoformat(f"{match['date']}T{match['time']}{zone}")
    seconds = (local - _EPOCH) // timedelta(seconds=1)
    return min(max(seconds * 1000 + more, 0), EVER)
