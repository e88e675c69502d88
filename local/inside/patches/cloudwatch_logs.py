"""CloudWatch Logs: log lines by the page, metrics of them, and of how much is logged."""
# ruff: noqa: SLF001 - what a patch replaces is private to ministack

from __future__ import annotations

import functools
import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from local.inside import ministack
from local.inside.metric_store import (
    record,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


_PAGE = 10_000
"""The most events of one answer (CloudWatch Logs API reference, "FilterLogEvents")."""


def log_pages() -> None:
    """Let FilterLogEvents say that there is more, and where it goes on.

    AWS gives a token with each page but the last (CloudWatch Logs API reference,
    "FilterLogEvents"). Ministack gives the oldest 10,000 events as if these were all.
    """
    logs = ministack.module("services.cloudwatch_logs")
    find = logs._filter_log_events

    @functools.wraps(find)
    def by_page(data: dict[str, Any]) -> Any:
        limit, page = min(data.get("limit", _PAGE), _PAGE), _Page.of(data.get("nextToken"))
        if page is None:
            text = "The specified nextToken is invalid."
            return logs.error_response_json("InvalidParameterException", text, 400)
        begin = max(page.begin, data.get("startTime") or 0)
        status, headers, body = find({**data, "startTime": begin, "limit": _PAGE})
        if status != HTTPStatus.OK:
            return status, headers, body
        found = json.loads(body)["events"]
        events = found[page.given :][:limit]
        answer: dict[str, Any] = {"events": events, "searchedLogStreams": []}
        if events and (len(found) == _PAGE or len(found) > page.given + limit):
            answer["nextToken"] = page.after(events).token()
        return logs.json_response(answer)

    ministack.replace(logs, _filter_log_events=by_page)


class _Page(NamedTuple):
    """Where a page begins: at a time, after so many events of that very millisecond."""

    begin: int = 0
    given: int = 0

    @classmethod
    def of(cls, token: str | None) -> _Page | None:
        """Read what `token` wrote; None for anything else."""
        if token is None:
            return cls()
        match = re.fullmatch(r"(\d+)-(\d+)", token)
        return cls(*map(int, match.groups())) if match else None

    def after(self, events: list[dict[str, Any]]) -> _Page:
        """Give the page that follows these events."""
        last: int = events[-1]["timestamp"]
        same = sum(event["timestamp"] == last for event in events)
        return _Page(last, same + (self.given if last == self.begin else 0))

    def token(self) -> str:
        """Write it for the one who asks for the next page."""
        return f"{self.begin}-{self.given}"


def log_figures() -> None:
    """Make metrics of the lines in the embedded metric format, and tell how much is logged.

    AWS: AWS/Logs by LogGroupName (CloudWatch Logs user guide, "Monitoring with CloudWatch
    metrics"; CloudWatch user guide, "Specification: Embedded metric format").
    """
    logs, figures = (
        ministack.module("services.cloudwatch_logs"),
        ministack.module("services.cloudwatch"),
    )
    # Whoever stores events calls this next.
    forward = logs._fanout_to_subscription_filters

    @functools.wraps(forward)
    def telling(group: str, stream: str, events: list[dict[str, Any]]) -> None:
        forward(group, stream, events)
        written = sum(len(event["message"].encode()) for event in events)
        dimensions = {"LogGroupName": group}
        record("AWS/Logs", dimensions, {"IncomingBytes": written}, "Bytes")
        record("AWS/Logs", dimensions, {"IncomingLogEvents": len(events)}, "Count")
        for event in events:
            if '"_aws"' in event["message"]:
                for name, datum in embedded_metrics(event["message"], event["timestamp"]):
                    figures._store_datum(*name, *datum)

    ministack.replace(logs, _fanout_to_subscription_filters=telling)


_Name = tuple[str, str, dict[str, str]]


_Datum = tuple[float, str, float | None, list[float] | None, None, None]


def embedded_metrics(line: str, timestamp: int) -> Iterator[tuple[_Name, _Datum]]:
    """Read the metrics of a log line, once for each of their sets of dimensions.

    Args:
        line: what was logged; nothing comes of one that does not keep to the format.
        timestamp: when, in milliseconds, unless the line says it itself.
    """
    try:
        members = json.loads(line)
        at = members["_aws"].get("Timestamp", timestamp) / 1_000
        for directive in members["_aws"]["CloudWatchMetrics"]:
            for names in directive.get("Dimensions") or [[]]:
                dimensions = {name: str(members[name]) for name in names}
                for metric in directive["Metrics"]:
                    name = (directive["Namespace"], metric["Name"], dimensions)
                    yield name, _datum(at, metric.get("Unit", "None"), members[metric["Name"]])
    except (ValueError, KeyError, TypeError, AttributeError):
        return


def _datum(at: float, unit: str, given: Any) -> _Datum:
    if isinstance(given, list):
        return at, unit, None, [float(value) for value in given], None, None
    return at, unit, float(given), None, None, None
