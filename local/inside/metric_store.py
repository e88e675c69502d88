"""What the emulator's CloudWatch keeps: figures by the minute, for some hours. Runs inside it.

ministack keeps each value for two weeks as a record of its own, and writes all of them to disk
whenever something changes. Here a minute's equal values are one record with a count, which is also
the resolution in which AWS keeps what its services measure.
"""
# ruff: noqa: SLF001 - what is replaced is private to ministack

from __future__ import annotations

import functools
import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

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


def figures_by_minute() -> None:
    """Keep a bounded number of figures, by the minute, for some hours; survive a restart with them.

    AWS keeps what its services measure at a resolution of one minute, and rounds the start of a
    question down to a whole one (CloudWatch API reference, GetMetricData, StartTime).
    """
    figures = _module("services.cloudwatch")
    kept = _Kept(figures)
    figures._metric_bucket = kept.series
    figures._evict_old_metrics = kept.forget_old
    get_state, load_state = figures.get_state, figures.load_persisted_state

    @functools.wraps(get_state)
    def with_figures() -> dict[str, Any]:
        state = get_state()
        # Under a name of its own: ministack without this patch could make nothing of it.
        return {**state, "metrics": type(figures._metrics)(), "figures": state["metrics"]}

    @functools.wraps(load_state)
    def from_figures(data: dict[str, Any]) -> None:
        load_state(data)
        figures._metrics.update(data.get("figures", {}))
        for key, saved in list(figures._metrics._data.items()):
            figures._metrics._data[key] = Series.saved(saved)

    figures.get_state, figures.load_persisted_state = with_figures, from_figures
    for name in ("_get_metric_data", "_get_metric_statistics"):
        setattr(figures, name, _from_whole_minute(figures, getattr(figures, name)))


class _Kept:
    """The metrics there are, which come and go."""

    def __init__(self, figures: Any) -> None:
        self._figures = figures
        self._swept = 0.0

    def series(self, key: tuple[str, str, str]) -> Any:
        """Find a metric's values; one more than there may be is written to nowhere."""
        metrics = self._figures._metrics
        found = metrics.get(key)
        if found is None:
            found = Series()
            if len(metrics._data) < MOST_SERIES:
                found = metrics.setdefault(key, found)
        return found

    def forget_old(self) -> None:
        """Forget what is older than is kept, once a minute at most."""
        now = time.time()
        if now - self._swept < MINUTE:
            return
        self._swept = now
        metrics = self._figures._metrics
        for key, series in list(metrics._data.items()):
            series.forget(now - KEPT_SECONDS)
            if not len(series):
                metrics._data.pop(key, None)


def _from_whole_minute(figures: Any, handler: Any) -> Any:
    @functools.wraps(handler)
    def rounded(parameters: dict[str, Any], data: dict[str, Any], *how: Any) -> Any:
        if start := figures._parse_ts(data.get("StartTime")):
            data = {**data, "StartTime": start // MINUTE * MINUTE}
        if start := figures._parse_ts(figures._p(parameters, "StartTime")):
            parameters = {**parameters, "StartTime": str(start // MINUTE * MINUTE)}
        return handler(parameters, data, *how)

    return rounded


def record(
    namespace: str, dimensions: dict[str, str], values: Mapping[str, float | None], unit: str
) -> None:
    """Record values of metrics of one unit now; None for one that was not measured."""
    figures = _module("services.cloudwatch")
    key, now = figures._dims_key(dimensions), time.time()
    for name, value in values.items():
        if value is not None:
            point = {"Timestamp": now, "Value": value, "Unit": unit, "Dimensions": dimensions}
            figures._metric_bucket((namespace, name, key)).append(point)


def milliseconds(seconds: float) -> float:
    """Round a duration to three digits, so that a minute has few different ones."""
    return float(f"{seconds * 1_000:.3g}")


@functools.cache
def _module(name: str) -> Any:
    return import_module(f"ministack.{name}")
