"""CloudWatch Logs: metrics of log lines, and of how much is logged."""
# ruff: noqa: SLF001 - what a patch replaces is private to ministack

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from local.inside import ministack
from local.inside.metric_store import (
    record,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


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
