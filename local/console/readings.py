"""What a dashboard's widgets show at the moment, asked of the running stack as AWS's console asks.

Metrics come of GetMetricData, expressions of cloudwatch.metric_math, log lines of FilterLogEvents,
and answers of queries of cloudwatch.logs_insights: the emulator's own StartQuery knows no fields of
JSON lines and no statistics.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cloudwatch import contributor_insights, log_lines, logs_insights
from cloudwatch.metric_math import Call, MetricMathError, evaluate, insight_rule_metric, parse, walk
from cloudwatch.time_range import MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cloudwatch.contributor_insights import Rule
    from cloudwatch.metric_math import Array, Series
    from cloudwatch.time_range import TimeRange
    from cloudwatch.widgets import GraphLine, Widget

Points = dict[int, float]
"""Values by their time, in seconds since the epoch."""

MOST_EVENTS = 20_000
"""So many log lines one widget reads; a query over more is told to be partial."""

_MOST_QUERIES = 500
_WHOLE = 10**10
"""A period that has all of time in it."""

_RULE_METRIC = "INSIGHT_RULE_METRIC"

_PLACE = "Place an order as README's session does, or choose a longer time."
_LONGER = "A longer time may have some."
_SILENCE = {
    "AWS/ApiGateway": f"No request came in this time. {_PLACE}",
    "AWS/Lambda": f"None of these functions ran in this time. {_PLACE}",
    "AWS/DynamoDB": f"No request to these tables in this time. {_PLACE}",
    "AWS/SQS": "The queues are sampled every quarter of a minute: wait for the next time.",
    "AWS/SNS": f"Nothing was published in this time. {_PLACE}",
    "AWS/EventBridge/Pipes": f"No order changed, so the pipe carried nothing. {_PLACE}",
    "AWS/Logs": f"Nothing was logged in this time. {_PLACE}",
}
_REFUSED = re.compile(r"Throttle|SystemErrors|Conflict")


class Readings:
    """Asks the running stack."""

    def __init__(self, client: Callable[[str], Any], rules: Mapping[str, Rule]) -> None:
        """Take clients, and the rules of Contributor Insights by their names."""
        self._client = client
        self.rules = rules

    def of(self, widget: Widget, window: TimeRange) -> dict[str, Any]:
        """Give what a widget shows."""
        if widget.kind == "metric":
            return self._metrics(widget, window)
        if widget.kind == "log":
            return self._answer(widget, window)
        return {}

    def points(
        self, lines: Iterable[GraphLine], window: TimeRange, period: int | None
    ) -> dict[str, Points]:
        """Read metrics, by the ids of their lines; a period of one's own, or one for the whole."""
        queries = [line.query() for line in lines if not line.expression]
        for query in queries:
            query["MetricStat"]["Period"] = period or query["MetricStat"]["Period"]
        found: dict[str, Points] = {}
        for first in range(0, len(queries), _MOST_QUERIES):
            answer = self._client("cloudwatch").get_metric_data(
                MetricDataQueries=queries[first : first + _MOST_QUERIES],
                StartTime=datetime.fromtimestamp(window.start, UTC),
                EndTime=datetime.fromtimestamp(window.end, UTC),
            )
            for result in answer["MetricDataResults"]:
                times = (int(at.timestamp()) for at in result["Timestamps"])
                found[result["Id"]] = dict(zip(times, result["Values"], strict=True))
        return found

    def _metrics(self, widget: Widget, window: TimeRange) -> dict[str, Any]:
        whole = bool(widget.properties.get("setPeriodToTimeRange"))
        found = self.points(widget.lines, window, _WHOLE if whole else None)
        problems: list[str] = []
        try:
            found |= self._computed(widget.lines, found, None if whole else window)
        except (MetricMathError, KeyError) as error:
            problems.append(f"{error}")
        series = [_series(line, found.get(line.id, {})) for line in widget.lines if line.visible]
        empty = not any(one["points"] for one in series)
        return {
            "start": window.start,
            "end": window.end,
            "series": series,
            "problems": problems,
            "silence": _silence(widget.lines) if empty and not problems else "",
        }

    def _computed(
        self, lines: Iterable[GraphLine], found: Mapping[str, Points], window: TimeRange | None
    ) -> dict[str, Points]:
        """Evaluate the expressions of a widget, over all the periods of the time, or over one."""
        computed = [line for line in lines if line.expression]
        series: dict[str, Points] = dict(found)
        period = max((line.period for line in computed), default=MINUTE)
        if window:
            for line in computed:
                series |= self.of_rules(line.expression, line.period, window)
        grid = range(window.start // period * period, window.end, period) if window else (0,)
        results = evaluate({line.id: line.expression for line in computed}, series, grid=grid)
        return {name: dict(_first(result)) for name, result in results.items()}

    def of_rules(self, expression: str, period: int, window: TimeRange) -> dict[str, Points]:
        """Compute the metrics of rules that an expression names, by the names it knows them by."""
        found: dict[str, Points] = {}
        for node in walk(parse(expression)):
            if isinstance(node, Call) and node.function == _RULE_METRIC:
                name, metric = (str(argument[0]) for argument in node.arguments)
                rule = self.rules[name]
                records = self.records(rule.log_groups, window)
                points = contributor_insights.metric(rule, metric, records, period)
                found[insight_rule_metric(name, metric)] = points
        return found

    def _answer(self, widget: Widget, window: TimeRange) -> dict[str, Any]:
        groups, query = logs_insights.sources(str(widget.properties.get("query", "")))
        records = self.records(groups, window)
        try:
            columns, rows = logs_insights.run(query, records)
        except logs_insights.QueryError as error:
            return {"columns": [], "rows": [], "problems": [str(error)], "silence": ""}
        partial = len(records) >= MOST_EVENTS
        return {
            "columns": columns,
            "rows": [
                [_cell(name, value) for name, value in zip(columns, row, strict=True)]
                for row in rows
            ],
            "problems": [f"Only {MOST_EVENTS} lines were read."] if partial else [],
            "silence": "" if rows else _no_lines(len(records)),
        }

    def records(self, groups: Iterable[str], window: TimeRange) -> list[log_lines.Record]:
        """Read the log lines of a time; of a group that is not there, none."""
        logs = self._client("logs")
        pages = logs.get_paginator("filter_log_events")
        records: list[log_lines.Record] = []
        for group in groups:
            asked = {"logGroupName": group, "startTime": window.start * 1_000}
            asked |= {"endTime": window.end * 1_000}
            try:
                for page in pages.paginate(**asked):
                    events = ({**event, "log": group} for event in page["events"])
                    records.extend(map(log_lines.record_of, events))
                    if len(records) >= MOST_EVENTS:
                        return records[:MOST_EVENTS]
            except logs.exceptions.ResourceNotFoundException:
                continue
        return records


def _first(result: Series | Array) -> Series:
    """Take the one series that an expression of a graph comes to, or the first of several."""
    return (result[0] if result else {}) if isinstance(result, list) else result


def _series(line: GraphLine, points: Points) -> dict[str, Any]:
    ordered = sorted(points.items())
    return {
        "label": line.named(value for _, value in ordered),
        "axis": "right" if line.axis == "right" else "left",
        "color": line.color,
        "stat": line.stat,
        "period": line.period,
        "points": ordered,
    }


def _silence(lines: Iterable[GraphLine]) -> str:
    """Say why nothing is there yet."""
    measured = [line for line in lines if line.metric]
    if measured and all(_REFUSED.search(line.metric) for line in measured):
        return f"None happened in this time, as it should be. {_LONGER}"
    namespaces = {line.namespace for line in measured}
    unknown = f"Nothing of this was counted in this time. {_LONGER}"
    return _SILENCE.get(namespaces.pop(), unknown) if len(namespaces) == 1 else unknown


def _no_lines(read: int) -> str:
    if not read:
        return f"Nothing was logged in this time. {_PLACE}"
    return f"The {read:,} log lines of this time tell of none. {_LONGER}"


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "@timestamp" or name.startswith("bin("):
        return datetime.fromtimestamp(float(value) / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
