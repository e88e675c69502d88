"""Follows the functions' logs in CloudWatch Logs, one short line for each request."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from project.json_object import json_object
from project.text import plain_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PLATFORM = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_START")
_OVERLAP_MILLISECONDS = 2_000  # events may come to light a little after their time


class Follower:
    """Gives each log event once, oldest first within a round."""

    def __init__(
        self,
        client: Callable[[str], Any],
        log_groups: Mapping[str, str],
        *,
        seconds: float = 0,
        rendered: Callable[[int, str, str], str | None] | None = None,
    ) -> None:
        """Follow log groups, by the names of their functions.

        Args:
            client: gives a client of an AWS service.
            log_groups: by the functions' names.
            seconds: how far to begin before now.
            rendered: makes a line of an event, or nothing; for people, unless it is given.
        """
        self._logs = client("logs")
        self._groups = log_groups
        self._render = rendered or render
        self._since = int((time.time() - seconds) * 1000)
        self._seen: dict[str, int] = {}

    def new_lines(self) -> Iterator[str]:
        """Render what has been logged since the last round."""
        start = self._since
        found = [
            (event["timestamp"], function, event["message"])
            for function, group in self._groups.items()
            for event in self._events(group, start)
        ]
        self._since = max([start, *(at - _OVERLAP_MILLISECONDS for at, _, _ in found)])
        self._seen = {key: at for key, at in self._seen.items() if at >= self._since}
        for at, function, message in sorted(found):
            if line := self._render(at, function, message):
                yield line

    def _events(self, group: str, start: int) -> Iterator[dict[str, Any]]:
        pages = self._logs.get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=group, startTime=start):
            for event in page["events"]:
                key = f"{event.get('eventId')} {event['timestamp']} {event['message']}"
                if key not in self._seen:
                    self._seen[key] = event["timestamp"]
                    yield event


def render(timestamp: int, function: str, message: str) -> str | None:
    """Render one event as a line for people; None for those that tell nothing.

    Args:
        timestamp: milliseconds since the Unix epoch.
        function: the function's name.
        message: one line as the function wrote it; of other text than ours, what a terminal
            would obey is shown as an escape, and the rest as it is.
    """
    if not message.strip() or message.startswith(_PLATFORM):
        return None
    at = datetime.fromtimestamp(timestamp / 1000, UTC).strftime("%H:%M:%S")
    entry = json_object(message)
    if entry is not None and "_aws" in entry:  # metrics: they tell the same again
        return None
    try:
        text = message.rstrip() if entry is None else _summary(entry)
    except (KeyError, TypeError, ValueError, OverflowError):  # some other program's line
        text = message.rstrip()
    return f"{at}  {function:<14} {plain_lines(text)}"


def _summary(entry: dict[str, Any]) -> str:
    if "outcome" in entry:
        return _of_message(entry)
    if "route" not in entry:
        return f"{entry.get('level', '')} {entry.get('message', '')}".strip()
    parts = [f"{entry['route']:<32} {entry['status']} {entry['milliseconds']:7.1f} ms"]
    parts += [str(entry[name]) for name in ("orderId", "problem", "cause") if entry.get(name)]
    if entry.get("replayed"):
        parts.append("replayed")
    if entry.get("coldStart"):
        parts.append("cold start")
    if "exception" in entry:
        parts.append("\n" + str(entry["exception"]))
    return "  ".join(parts)


def _of_message(entry: dict[str, Any]) -> str:
    parts = [f"{entry.get('orderId', entry.get('messageId', '')):<36}", entry["outcome"]]
    if entry.get("receives", 1) > 1:
        parts.append(f"try {entry['receives']}")
    if entry.get("partnerId"):
        parts.append(f"to {entry['partnerId']}")
    if entry.get("side"):
        parts.append(f"as {entry['side']}")
    parts += [str(entry[name]) for name in ("step", "reason", "error") if entry.get(name)]
    return "  ".join(parts)
