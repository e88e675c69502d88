"""Alarms as CloudWatch evaluates them: a template's properties and samples in, states out.

    samples by the minute ─► statistic over each period ─► expression ─► threshold
        ─► breaching, not breaching, missing ─► M of the last N ─► OK | ALARM | INSUFFICIENT_DATA

An alarm is evaluated every minute, over periods that end there: a period of five minutes slides,
it does not stand on the clock. What is missing is treated as the User Guide's tables say.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import itertools
import math
import operator
import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudwatch.metric_math import (
    ARRAY,
    Call,
    Name,
    Text,
    compute,
    insight_rule_metric,
    parse,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from cloudwatch.metric_math import Node, Series


class AlarmError(ValueError):
    """An alarm that CloudWatch would refuse, or whose evaluation is not described here."""


class State(StrEnum):
    """What an alarm says."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Metric(NamedTuple):
    """What tells a metric from all others; the dimensions' values as `text` gives them."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


Histogram = dict[float, float]
"""How many samples of each value there were in a minute."""

Minutes = dict[int, Histogram]
"""Samples by the minute in which they were taken: Unix time divided by 60."""

Contributions = dict[int, dict[str, float]]
"""By the minute: what each contributor of a Contributor Insights rule adds."""


@dataclass(frozen=True)
class Recorded:
    """All that was measured of a stage; nothing may come to it once an alarm has looked.

    Args:
        samples: of each metric.
        contributions: to each rule of Contributor Insights, by its name.
    """

    samples: Mapping[Metric, Minutes]
    contributions: Mapping[str, Contributions]
    _sums: dict[Metric, _RunningSums] = field(default_factory=dict, init=False, compare=False)
    _points: dict[Hashable, _Points] = field(default_factory=dict, init=False, compare=False)

    def sums(self, metric: Metric) -> _RunningSums:
        """Add up a metric's samples once for all alarms that ask for their sum."""
        if metric not in self._sums:
            self._sums[metric] = _RunningSums.of(self.samples.get(metric, {}))
        return self._sums[metric]

    def points(
        self, alarm: Alarm, starts: range, reading: Reading, hidden: int
    ) -> Sequence[float | None]:
        """Compute what an alarm compares once for all alarms that look at the same.

        Arguments are those of `values`; the value of each start is given, None where it is missing.
        """
        asked = (alarm.looks_at, reading.fills_empty, hidden)
        known = self._points.get(asked)
        if known is None or not known.serves(starts, whole=not reading.fills_empty):
            series = values(alarm, self, starts, reading, hidden)
            known = _Points(starts, [series.get(60 * start) for start in starts])
            self._points[asked] = known
        return known.values[starts.start - known.starts.start :][: len(starts)]


class _Points(NamedTuple):
    """What was computed for the periods that begin at some minutes."""

    starts: range
    values: list[float | None]

    def serves(self, starts: range, *, whole: bool) -> bool:
        """Tell whether the values of these minutes are among them, or, `whole`, are all of them.

        Where FILL leaves a series without a point alone, a value hangs on all that is looked at.
        """
        if whole:
            return starts == self.starts
        return self.starts.start <= starts.start and starts.stop <= self.starts.stop


class _RunningSums(NamedTuple):
    """What a metric's samples come to before each minute, from the first one that has any."""

    first: int
    values: Sequence[float]
    counted: Sequence[int]
    """How many minutes had samples."""

    @classmethod
    def of(cls, minutes: Minutes) -> _RunningSums:
        span = range(min(minutes), max(minutes) + 1) if minutes else range(0)
        values = (_sum(minutes[at]) if at in minutes else 0.0 for at in span)
        counted = (at in minutes for at in span)
        return cls(
            span.start,
            [*itertools.accumulate(values, initial=0.0)],
            [*itertools.accumulate(counted, initial=0)],
        )

    def of_periods(self, starts: range, seen: int) -> dict[int, float]:
        """Give the sum of so many minutes from each start on, where one of them has samples."""
        known = range(self.first - seen, self.first + len(self.values) - 1)
        some = range(max(starts.start, known.start), min(starts.stop, known.stop))
        if not some:
            return {}
        begin, end = some.start - known.start, some.stop - known.start
        values = [*[0.0] * seen, *self.values, *[self.values[-1]] * seen]
        counted = [*[0] * seen, *self.counted, *[self.counted[-1]] * seen]
        return {
            60 * start: after - before
            for start, before, after, fewer, more in zip(
                some,
                values[begin:end],
                values[begin + seen : end + seen],
                counted[begin:end],
                counted[begin + seen : end + seen],
                strict=True,
            )
            if more > fewer
        }


class Reading(NamedTuple):
    """What AWS leaves open, or does not promise.

    Args:
        spare: how many periods are looked at besides the evaluation periods, for those that
            are missing. The guide's examples have two, "depends on the length of the period".
        late: after how many minutes a minute's samples can be seen.
        fills_empty: whether FILL fills a series without any point.
    """

    spare: int = 2
    late: int = 0
    fills_empty: bool = True


class Statistic(NamedTuple):
    """A metric as an alarm looks at it: over so many minutes."""

    metric: Metric
    statistic: str
    minutes: int


@dataclass(frozen=True)
class Alarm:
    """A metric alarm, read from a template.

    Args:
        metrics: by id.
        expressions: by id.
        watched: the id of what is compared.
        minutes: the period.
        breaches: whether a value breaches.
        periods: the evaluation periods, N.
        needed: how many of them must breach, M.
        missing: how missing data is treated.
        fewest_samples: a percentile of fewer keeps the state; 0 for none.
    """

    metrics: Mapping[str, Statistic]
    expressions: Mapping[str, Node]
    watched: str
    minutes: int
    breaches: Callable[[float], bool]
    periods: int
    needed: int
    missing: str
    fewest_samples: float

    @cached_property
    def looks_at(self) -> Hashable:
        """All on which the values hang that it compares."""
        parts = tuple(self.metrics.items()), tuple(self.expressions.items())
        return (*parts, self.watched, self.minutes)


def text(value: Any) -> str:
    """Write a template's text so that the same thing is always the same text.

    What only AWS knows stands for itself: `{"Ref": "Queue"}` is `Queue`, its attribute `Arn` is
    `Queue.Arn`. A reference to the wrong attribute is therefore another text.

    Raises:
        AlarmError: for a function that no alarm needs.
    """
    if isinstance(value, str | int | float):
        return str(value)
    ((function, argument),) = value.items()
    if function == "Ref":
        return str(argument)
    if function == "Fn::GetAtt":
        return argument if isinstance(argument, str) else ".".join(argument)
    if function == "Fn::Join":
        separator, parts = argument
        return str(separator).join(text(part) for part in parts)
    if function == "Fn::Sub" and isinstance(argument, str):
        return re.sub(r"\$\{([\w.:]+)\}", r"\1", argument)
    raise AlarmError(f"{function} is not resolved here")


_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}

BREACHING, NOT_BREACHING, IGNORE, MISSING = "breaching", "notBreaching", "ignore", "missing"
"""How missing data may be treated."""

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?|100)")
_DAY = 24 * 60


def read(properties: Mapping[str, Any]) -> Alarm:
    """Read an alarm from the properties of an AWS::CloudWatch::Alarm.

    Raises:
        AlarmError: for what CloudWatch refuses, and what is not described here.
    """
    metrics, expressions, watched, minutes = _watched(properties)
    compare = _COMPARISONS.get(properties["ComparisonOperator"])
    if compare is None:
        raise AlarmError(f"{properties['ComparisonOperator']} is not evaluated here")
    threshold, periods = float(properties["Threshold"]), int(properties["EvaluationPeriods"])
    needed = int(properties.get("DatapointsToAlarm", periods))
    if not 1 <= needed <= periods:
        raise AlarmError("DatapointsToAlarm must be 1 to EvaluationPeriods")
    if periods * minutes > _DAY:
        raise AlarmError("alarms over more than a day are evaluated by the hour, not so here")
    return Alarm(
        metrics=metrics,
        expressions=expressions,
        watched=watched,
        minutes=minutes,
        breaches=lambda value: compare(value, threshold),
        periods=periods,
        needed=needed,
        missing=_treatment(properties, metrics),
        fewest_samples=_fewest_samples(properties),
    )


def _treatment(properties: Mapping[str, Any], metrics: Mapping[str, Statistic]) -> str:
    """Look up how missing data is treated.

    "Alarms that evaluate metrics in the AWS/DynamoDB namespace always ignore missing data even if
    you choose a different option" (PutMetricAlarm, TreatMissingData).
    """
    treatment = str(properties.get("TreatMissingData", MISSING))
    if treatment not in (BREACHING, NOT_BREACHING, IGNORE, MISSING):
        raise AlarmError(f"TreatMissingData {treatment}")
    of_dynamodb = any(one.metric.namespace == "AWS/DynamoDB" for one in metrics.values())
    return IGNORE if of_dynamodb else treatment


def _fewest_samples(properties: Mapping[str, Any]) -> float:
    """Tell how many samples a percentile needs in the eyes of CloudWatch.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
    """
    if properties.get("EvaluateLowSampleCountPercentile") != "ignore":
        return 0
    match = _PERCENTILE.fullmatch(properties.get("ExtendedStatistic", ""))
    if match is None:
        raise AlarmError("EvaluateLowSampleCountPercentile is for percentiles")
    share = float(match[1]) / 100
    return round(10 / (1 - share if share >= 0.5 else share), 6)


_Watched = tuple[dict[str, Statistic], dict[str, "Node"], str, int]


def _watched(properties: Mapping[str, Any]) -> _Watched:
    if "Metrics" not in properties:
        statistic = properties.get("ExtendedStatistic") or properties["Statistic"]
        one = _statistic(properties, statistic, properties["Period"])
        return {"metric": one}, {}, "metric", one.minutes
    metrics, expressions, returned, periods = {}, {}, [], set()
    for query in properties["Metrics"]:
        name = query["Id"]
        if query.get("ReturnData", True):
            returned.append(name)
        if "Expression" in query:
            expressions[name] = _expression(text(query["Expression"]))
            periods |= {_minutes(query["Period"])} if "Period" in query else set()
        else:
            stat = query["MetricStat"]
            metrics[name] = _statistic(stat["Metric"], stat["Stat"], stat["Period"])
            periods.add(metrics[name].minutes)
    if len(returned) != 1 or len(periods) != 1:
        raise AlarmError("an alarm watches one series, and all its parts have one period")
    return metrics, expressions, returned[0], periods.pop()


def _statistic(metric: Mapping[str, Any], statistic: str, period: int) -> Statistic:
    dimensions = sorted((one["Name"], text(one["Value"])) for one in metric.get("Dimensions", ()))
    found = Metric(metric["Namespace"], metric["MetricName"], tuple(dimensions))
    if statistic not in _STATISTICS and _PERCENTILE.fullmatch(statistic) is None:
        raise AlarmError(f"the statistic {statistic} is not evaluated here")
    return Statistic(found, statistic, _minutes(period))


def _minutes(period: int) -> int:
    if int(period) % 60:
        raise AlarmError("periods of less than a minute are not evaluated here")
    return int(period) // 60


_REDUCERS = ("SUM", "AVG", "MIN", "MAX")
_NEIGHBOURS = {"RATE", "DIFF", "RUNNING_SUM"}


def _expression(written: str) -> Node:
    """Read an expression, each point of which must depend on that moment only.

    CloudWatch fetches as many points as it likes, and so advises against the others in alarms.
    """
    node = parse(written)
    for part in walk(node):
        if not isinstance(part, Call):
            continue
        fills = part.function == "FILL" and part.arguments[-1] in (Name("REPEAT"), Name("LINEAR"))
        whole = part.function in _REDUCERS and not any(
            isinstance(inner, Call) and inner.function in (ARRAY, "METRICS")
            for inner in walk(part.arguments[0])
        )
        if fills or whole or part.function in _NEIGHBOURS:
            raise AlarmError(f"{written!r}: {part.function} depends on how much data is fetched")
    return node


def percentile(histogram: Histogram, percent: float) -> float:
    """Give the least value that so many percent of the samples do not exceed."""
    rank, seen = math.fsum(histogram.values()) * percent / 100, 0.0
    for value in sorted(histogram):
        seen += histogram[value]
        if seen >= rank - 1e-9:
            return value
    return math.nan


def _merged(histograms: Iterable[Histogram]) -> Histogram:
    merged: Histogram = {}
    for histogram in histograms:
        for value, count in histogram.items():
            merged[value] = merged.get(value, 0.0) + count
    return merged


def _sum(histogram: Histogram) -> float:
    return math.fsum(value * count for value, count in histogram.items())


def _count(histogram: Histogram) -> float:
    return math.fsum(histogram.values())


_STATISTICS: Mapping[str, Callable[[Histogram], float]] = {
    "Sum": _sum,
    "SampleCount": _count,
    "Average": lambda histogram: _sum(histogram) / _count(histogram),
    "Minimum": min,
    "Maximum": max,
}


def _of_periods(
    minutes: Minutes, statistic: str, length: int, starts: range, seen: int
) -> dict[int, float]:
    """Compute a statistic for the period that begins at each minute.

    Args:
        minutes: the samples.
        statistic: which.
        length: of a period.
        starts: the minutes.
        seen: how many minutes of a period can be seen already.
    """
    match = _PERCENTILE.fullmatch(statistic)
    if match is None:
        function = _STATISTICS[statistic]
    else:
        function = partial(percentile, percent=float(match[1]))
    values: dict[int, float] = {}
    for start in _with_samples(minutes, length, starts):
        merged = _merged(minutes[at] for at in range(start, start + seen) if at in minutes)
        if any(merged.values()):
            values[60 * start] = function({v: n for v, n in merged.items() if n})
    return values


def _with_samples(minutes: Mapping[int, Any], length: int, starts: range) -> list[int]:
    """Give the starts of the periods that hold any minute with samples."""
    touched = {start for at in minutes for start in range(at - length + 1, at + 1)}
    return sorted(touched.intersection(starts))


_CONTRIBUTIONS: Mapping[str, Callable[[Mapping[str, float]], float]] = {
    "MaxContributorValue": lambda totals: max(totals.values()),
    "UniqueContributors": len,
    "Sum": lambda totals: math.fsum(totals.values()),
}


def _insights(
    nodes: Iterable[Node], recorded: Recorded, length: int, starts: range, seen: int
) -> dict[str, Series]:
    """Compute the metrics of Contributor Insights that expressions ask for."""
    series: dict[str, Series] = {}
    for part in (part for node in nodes for part in walk(node)):
        if isinstance(part, Call) and part.function == "INSIGHT_RULE_METRIC":
            rule, metric = (one.value for one in part.arguments if isinstance(one, Text | Name))
            function = _CONTRIBUTIONS[metric]
            minutes = recorded.contributions.get(rule, {})
            totals = {
                start: _merged_totals(minutes, range(start, start + seen))
                for start in _with_samples(minutes, length, starts)
            }
            series[insight_rule_metric(rule, metric)] = {
                60 * start: float(function(total)) for start, total in totals.items() if total
            }
    return series


def _merged_totals(minutes: Contributions, span: range) -> dict[str, float]:
    totals: dict[str, float] = {}
    for at in span:
        for contributor, value in minutes.get(at, {}).items():
            totals[contributor] = totals.get(contributor, 0.0) + value
    return totals


def values(
    alarm: Alarm, recorded: Recorded, starts: range, reading: Reading, hidden: int = 0
) -> Series:
    """Compute what an alarm compares, for the period that begins at each of some minutes.

    Args:
        alarm: which.
        recorded: what was measured.
        starts: the minutes.
        reading: how what AWS leaves open is read.
        hidden: how many minutes at the end of the period cannot be seen yet.
    """
    seen = max(alarm.minutes - hidden, 0)
    series: dict[str, Series] = {}
    for name, one in alarm.metrics.items():
        if one.statistic == "Sum":
            series[name] = recorded.sums(one.metric).of_periods(starts, seen)
        else:
            minutes = recorded.samples.get(one.metric, {})
            series[name] = _of_periods(minutes, one.statistic, one.minutes, starts, seen)
    if alarm.watched in series:
        return series[alarm.watched]
    series |= _insights(alarm.expressions.values(), recorded, alarm.minutes, starts, seen)
    grid = [60 * start for start in starts]
    nodes = alarm.expressions
    result = compute(nodes, series, grid, fills_empty=reading.fills_empty)[alarm.watched]
    if isinstance(result, list):
        raise AlarmError("an alarm watches one series, and the expression gives several")
    return result


def states(
    alarm: Alarm, recorded: Recorded, span: range, reading: Reading | None = None
) -> list[State]:
    """Evaluate an alarm at the end of each of some minutes.

    Args:
        alarm: which; its state is INSUFFICIENT_DATA before the first minute.
        recorded: what was measured.
        span: the minutes.
        reading: how what AWS leaves open is read; None for the usual way.
    """
    reading = reading or Reading()
    fetched = alarm.periods + reading.spare
    starts = range(span.start - fetched * alarm.minutes, span.stop)
    hidden = [max(reading.late - back * alarm.minutes, 0) for back in range(fetched)]
    by_hidden = {
        some: _breaches(alarm, recorded.points(alarm, starts, reading, some))
        for some in {0, *hidden}
    }
    partly_hidden = sum(map(bool, hidden))
    counts = _low_counts(alarm, recorded, starts)
    newest_first = by_hidden[0][::-1]
    found: list[State] = []
    state, judged = State.INSUFFICIENT_DATA, None
    for minute in span:
        newest = minute + 1 - alarm.minutes - starts.start
        begin = len(newest_first) - 1 - newest
        points = newest_first[begin : begin + fetched * alarm.minutes : alarm.minutes]
        for back in range(partly_hidden):
            points[back] = by_hidden[hidden[back]][newest - back * alarm.minutes]
        if points != judged and not _are_few(counts, alarm, starts.start + newest):
            state = _verdict(tuple(points), alarm.periods, alarm.needed, alarm.missing, state)
            judged = points  # the same again would come to the same
        found.append(state)
    return found


def _are_few(counts: set[int], alarm: Alarm, newest: int) -> bool:
    """Tell whether one of the periods that are evaluated has too few samples."""
    if not counts:
        return False
    begun = range(newest, newest - alarm.periods * alarm.minutes, -alarm.minutes)
    return any(60 * start in counts for start in begun)


def _breaches(alarm: Alarm, points: Sequence[float | None]) -> list[bool | None]:
    """Say whether each point breaches; None where it is missing."""
    return [None if point is None else alarm.breaches(point) for point in points]


def _low_counts(alarm: Alarm, recorded: Recorded, starts: range) -> set[int]:
    """Give the periods with some samples, but too few for their percentile."""
    if not alarm.fewest_samples:
        return set()
    one = alarm.metrics[alarm.watched]
    minutes = recorded.samples.get(one.metric, {})
    counts = _of_periods(minutes, "SampleCount", one.minutes, starts, one.minutes)
    return {at for at, count in counts.items() if count < alarm.fewest_samples}


def verdict(
    points: Sequence[bool | None], periods: int, needed: int, missing: str, before: State
) -> State:
    """Decide on a state, by the tables of the guide's page on missing data.

    Args:
        points: whether each period breaches, the newest first; None for what is missing. There
            may be more than `periods`, for the case that some are missing.
        periods: how many are evaluated, N.
        needed: how many must breach, M.
        missing: how what is missing is treated.
        before: the state until now.
    """
    real = [point for point in points if point is not None]
    breaching = sum(real[:periods])
    lacking = max(periods - len(real), 0)
    filled = lacking if missing == BREACHING else 0
    if breaching + filled >= needed:
        return State.ALARM
    if not lacking or missing in (BREACHING, NOT_BREACHING) or not all(real):
        return State.OK
    if missing == IGNORE:
        return before
    if not real:
        return State.INSUFFICIENT_DATA
    # "Premature": nothing but breaching points, the oldest of which is old enough.
    oldest = max(back for back, point in enumerate(points, 1) if point is not None)
    return State.ALARM if oldest >= needed else State.OK


_verdict = lru_cache(maxsize=4_096)(verdict)
"""Known again: most minutes are like the one before."""
