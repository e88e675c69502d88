"""A line of a log, as Logs Insights sees it: its fields, discovered in JSON and REPORT lines."""

from __future__ import annotations

import re
from typing import Any

from project.json_object import json_object

Record = dict[str, Any]
"""A log event: its members by path, and @timestamp in milliseconds."""


_REPORT = re.compile(
    r"(Billed Duration|Init Duration|Duration|Max Memory Used|Memory Size): ([\d.]+)"
)


def record_of(event: dict[str, Any]) -> Record:
    """Make a record of an event of FilterLogEvents, with the fields that Insights discovers."""
    message = event["message"]
    record: Record = {"@timestamp": event["timestamp"], "@message": message}
    record |= {"@logStream": event.get("logStreamName", ""), "@log": event.get("log", "")}
    if message.startswith("REPORT "):
        record["@type"] = "REPORT"
        for name, number in _REPORT.findall(message):
            words = name.title().replace(" ", "")
            record[f"@{words[0].lower()}{words[1:]}"] = float(number)
    _flatten(json_object(message) or {}, "", record)
    return record


def _flatten(members: dict[str, Any], prefix: str, record: Record) -> None:
    for name, value in members.items():
        if isinstance(value, dict):
            _flatten(value, f"{prefix}{name}.", record)
        elif isinstance(value, list):
            _flatten(
                {str(place): one for place, one in enumerate(value)}, f"{prefix}{name}.", record
            )
        else:
            record[prefix + name] = value
