"""A time in whole minutes, as CloudWatch counts."""

from __future__ import annotations

import time
from typing import NamedTuple

MINUTE = 60


class TimeRange(NamedTuple):
    """The time that is asked about, in whole minutes, in seconds since the epoch."""

    start: int
    end: int

    @property
    def seconds(self) -> int:
        """How long it is."""
        return self.end - self.start


def latest(minutes: int) -> TimeRange:
    """Give the last minutes, the one that is not over included."""
    end = int(time.time() // MINUTE + 1) * MINUTE
    return TimeRange(end - minutes * MINUTE, end)
