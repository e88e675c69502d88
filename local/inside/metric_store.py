"""What the emulator's CloudWatch keeps: figures by the minute, for some hours. Runs inside it.

ministack keeps each value for two weeks as a record of its own, and writes all of them to disk
whenever something changes. Here a minute's equal values are one record with a count, which is also
the resolution in which AWS keeps what its services measure.
"""
# ruff: noqa: SLF001 - what is replaced is private to ministack

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from local.inside import ministack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MINUTE = 60
KEPT_SECONDS = 6 * 3_600
"""How long a figure is kept."""

MOST_SERIES = 2_000
"""How many metrics there may be; further ones are not kept."""

MOST_RECORDS = 20_000
"""How many different values one metric may have at a time; the oldest go."""

_SHARED = ("Unit", "Dimensions")

_writing = threading.Lock()
"""Functions run in threads of their own. Nobody who only reads takes it: a forked child could wait
for ever for a thread that it does not have."""


class Series:
    """The values of one metric, as ministack's readers want to see them: a list of points."""

    def __init__(self) -> None:
        """Begin with no values; the first one tells the unit and the dimensions."""
        self._shared: dict[str, Any] = {}
        self._counts: dict[tuple[int, float], float] = {}
        self._sets: list[dict[str, Any]] = []

    def append(self, point: Mapping[str, Any]) -> None:
        """Add a value, `Count` times, or a set of statistics that somebody has computed."""
        minute = int(point["Timestamp"] // MINUTE * MINUTE)
        with _writing:
            self._shared = self._shared or {name: point[name] for name in _SHARED}
            if "_stat" in point:
                self._sets.append({**point, "Timestamp": minute})
            else:
                key = (minute, point["Value"])
                self._counts[key] = self._counts.get(key, 0.0) + point.get("Count", 1.0)
            if len(self) > MOST_RECORDS:
                self._forget_oldest()

    def forget(self, before: float) -> None:
        """Forget what is older than a time, in seconds since the epoch."""
        with _writing:
            self._counts = {key: n for key, n in self._counts.items() if key[0] >= before}
            self._sets = [point for point in self._sets if point["Timestamp"] >= before]

    def _forget_oldest(self) -> None:
        del self._sets[: len(self._sets) // 2]
        kept = sorted(self._counts)[len(self._counts) // 2 :]
        self._counts = {key: self._counts[key] for key in kept}

    def __len__(self) -> int:
        return len(self._counts) + len(self._sets)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for (minute, value), count in list(self._counts.items()):
            yield {"Timestamp": minute, "Value": value, "Count": count, **self._shared}
        yield from list(self._sets)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return list(self)[index]

    def __deepcopy__(self, _: object) -> dict[str, Any]:
        """Give what is saved of it: ministack copies its state for saving, and for nothing else."""
        return self.to_save()

    def to_save(self) -> dict[str, Any]:
        """Give what is saved of it, as JSON has it."""
        counts = [[*key, count] for key, count in list(self._counts.items())]
        return {"shared": self._shared, "counts": counts, "sets": list(self._sets)}

    @classmethod
    def saved(cls, saved: Any) -> Series:
        """Make one of what was saved, by this class or by ministack itself."""
        series = cls()
        if isinstance(saved, list):
            for point in saved:
                series.append(point)
        else:
            series._shared, series._sets = saved["shared"], saved["sets"]
            series._counts = {(minute, value): count for minute, value, count in saved["counts"]}
        return series


def record(
    namespace: str, dimensions: dict[str, str], values: Mapping[str, float | None], unit: str
) -> None:
    """Record values of metrics of one unit now; None for one that was not measured."""
    figures = ministack.module("services.cloudwatch")
    key, now = figures._dims_key(dimensions), time.time()
    for name, value in values.items():
        if value is not None:
            point = {"Timestamp": now, "Value": value, "Unit": unit, "Dimensions": dimensions}
            figures._metric_bucket((namespace, name, key)).append(point)


def milliseconds(seconds: float) -> float:
    """Round a duration to three digits, so that a minute has few different ones."""
    return float(f"{seconds * 1_000:.3g}")
