"""The states of the template's alarms on this machine, from what the running stack has measured.

The emulator refuses most of them, and leaves dimensions out where it does not; so they are read
from the template and evaluated by cloudwatch.alarms, as they are where they are proven.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudwatch import contributor_insights
from cloudwatch.alarms import AlarmError, Recorded, State, read, states
from cloudwatch.metric_math import Call, walk
from cloudwatch.time_range import MINUTE, TimeRange
from cloudwatch.widgets import GraphLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cloudwatch.alarms import Alarm, Contributions, Metric, Minutes
    from local.console.readings import Points, Readings
    from local.copy.references import Resolver

    _Points = dict[tuple[Metric, str], Points]

_ALARM = "AWS::CloudWatch::Alarm"
_EVALUATED_MINUTES = 30
_KEPT_SECONDS = 8.0
_COUNT = "SampleCount"
_PERCENTILE = re.compile(r"p[\d.]+\Z")
_QUANTILES = [f"p{2.5 + 5 * step:g}" for step in range(20)]
"""A minute's samples come back as twenty of equal weight: a percentile of several minutes is right
to within a twentieth."""


class Definition(NamedTuple):
    """An alarm of the template."""

    name: str
    description: str
    alarm: Alarm | None
    """None for one that cannot be evaluated."""
    reason: str
    """Why it cannot."""


def definitions(template: Mapping[str, Any], resolver: Resolver) -> dict[str, Definition]:
    """Read a template's alarms, by their names."""
    found = (
        _definition(name, resolver.resolve(item["Properties"]))
        for name, item in template["Resources"].items()
        if item["Type"] == _ALARM
    )
    return {one.name: one for one in found}


def _definition(logical_id: str, properties: Mapping[str, Any]) -> Definition:
    name = str(properties.get("AlarmName", logical_id))
    description = str(properties.get("AlarmDescription", ""))
    try:
        return Definition(name, description, read(properties), "")
    except AlarmError as error:
        return Definition(name, description, None, str(error))


class AlarmStates:
    """Evaluates all alarms at once, and remembers the result for some seconds."""

    def __init__(self, readings: Readings, alarms: Mapping[str, Definition], prefix: str) -> None:
        """Take what reads figures, the alarms, and what all their names begin with."""
        self._readings = readings
        self._alarms = alarms
        self._prefix = prefix
        self._states: dict[str, list[State]] = {}
        self._evaluated = 0.0

    def of(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """Give the state of each, its description, and since when."""
        if time.monotonic() - self._evaluated > _KEPT_SECONDS:
            self._states = self._evaluate(int(time.time() // MINUTE))
            self._evaluated = time.monotonic()
        return [self._told(name) for name in names]

    def _told(self, name: str) -> dict[str, Any]:
        found = self._alarms.get(name)
        history = self._states.get(name, [])
        description = found.description if found else ""
        reason = found.reason if found else "The template has no such alarm."
        return {
            "name": name.removeprefix(self._prefix),
            "state": history[-1].value if history else "UNKNOWN",
            "description": description,
            "reason": _since(history) if history else reason,
        }

    def _evaluate(self, now: int) -> dict[str, list[State]]:
        """Evaluate them at the end of each of the last minutes."""
        alarms = {name: one.alarm for name, one in self._alarms.items() if one.alarm}
        before = max((_looks_back(alarm) for alarm in alarms.values()), default=0)
        first = now - _EVALUATED_MINUTES
        window = TimeRange((first - before) * MINUTE, now * MINUTE)
        points = self._points(alarms.values(), window)
        contributions = self._contributions(alarms.values(), window)
        return {
            name: states(alarm, Recorded(_samples(alarm, points), contributions), range(first, now))
            for name, alarm in alarms.items()
        }

    def _points(self, alarms: Iterable[Alarm], window: TimeRange) -> _Points:
        """Read by the minute whatever the alarms' statistics can be computed of."""
        used = {(one.metric, one.statistic) for alarm in alarms for one in alarm.metrics.values()}
        wanted = sorted({(metric, stat) for metric, asked in used for stat in _stats(asked)})
        lines = [_line(f"q{number}", *one) for number, one in enumerate(wanted)]
        found = self._readings.points(lines, window, MINUTE)
        return {one: found.get(line.id, {}) for line, one in zip(lines, wanted, strict=True)}

    def _contributions(
        self, alarms: Iterable[Alarm], window: TimeRange
    ) -> dict[str, Contributions]:
        rules = {
            str(node.arguments[0][0])
            for alarm in alarms
            for expression in alarm.expressions.values()
            for node in walk(expression)
            if isinstance(node, Call) and node.function == "INSIGHT_RULE_METRIC"
        }
        found = {name: self._readings.rules[name] for name in rules}
        return {
            name: contributor_insights.contributions(
                rule, self._readings.records(rule.log_groups, window)
            )
            for name, rule in found.items()
        }


def _looks_back(alarm: Alarm) -> int:
    """Say how many minutes before its end an evaluation looks at, spare periods included."""
    return (alarm.periods + 3) * alarm.minutes


def _stats(asked: str) -> list[str]:
    """Say which statistics of a minute stand for its samples, to somebody who asks for one."""
    if _PERCENTILE.match(asked):
        return [_COUNT, *_QUANTILES]
    return [_COUNT, asked if asked in ("Minimum", "Maximum") else "Average"]


def _line(name: str, metric: Metric, stat: str) -> GraphLine:
    return GraphLine(
        id=name,
        label="",
        period=MINUTE,
        namespace=metric.namespace,
        metric=metric.name,
        dimensions=dict(metric.dimensions),
        stat=stat,
    )


def _samples(alarm: Alarm, points: _Points) -> dict[Metric, Minutes]:
    """Make samples of a minute's statistics: of its mean, its extreme, or its quantiles."""
    samples: dict[Metric, Minutes] = {}
    for one in alarm.metrics.values():
        stats = [stat for stat in _stats(one.statistic) if stat != _COUNT]
        minutes = samples.setdefault(one.metric, {})
        for at, count in points[one.metric, _COUNT].items():
            histogram = minutes.setdefault(at // MINUTE, {})
            for stat in stats:
                value = points[one.metric, stat][at]
                histogram[value] = histogram.get(value, 0.0) + count / len(stats)
    return samples


def _since(history: Sequence[State]) -> str:
    """Say for how long the last state has been there."""
    state = history[-1]
    minutes = next((n for n, one in enumerate(reversed(history)) if one is not state), None)
    if minutes is None:
        return f"{state} for the last {len(history)} minutes or longer."
    return f"{state} for {minutes} min, {history[-1 - minutes]} before."
