"""CloudWatch: figures by the minute, for some hours."""
# ruff: noqa: SLF001 - what a patch replaces is private to ministack

from __future__ import annotations

import functools
import time
from typing import Any

from local.inside import ministack
from local.inside.metric_store import (
    KEPT_SECONDS,
    MINUTE,
    MOST_SERIES,
    Series,
)


def figures_by_minute() -> None:
    """Keep a bounded number of figures, by the minute, for some hours; survive a restart with them.

    AWS keeps what its services measure at a resolution of one minute, and rounds the start of a
    question down to a whole one (CloudWatch API reference, GetMetricData, StartTime).
    """
    figures = ministack.module("services.cloudwatch")
    kept = _Kept(figures)
    ministack.replace(figures, _metric_bucket=kept.series)
    ministack.replace(figures, _evict_old_metrics=kept.forget_old)
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

    ministack.replace(figures, get_state=with_figures, load_persisted_state=from_figures)
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
