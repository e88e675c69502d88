"""The log: JSON lines on standard output, from where Lambda takes them to CloudWatch.

orders.telemetry, orders.tracing ─► fields ─► one line of ASCII ─► one write

Powertools does more, and took half of a start (docs/decisions/0015-no-powertools.md).
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

import msgspec

from orders.domain.ids import timestamp_of
from orders.metrics import SERVICE
from orders.settings import LOG_LEVEL

if TYPE_CHECKING:
    from typing import TextIO

DEBUG, INFO, WARNING, ERROR = "DEBUG", "INFO", "WARNING", "ERROR"
_RANKS = {level: rank for rank, level in enumerate((DEBUG, INFO, WARNING, ERROR, "CRITICAL"))}

_encode = msgspec.json.Encoder(enc_hook=str).encode
_encode_any = json.JSONEncoder(default=str, separators=(",", ":")).encode
_DELETE = "\x7f"  # the one character of ASCII that JSON allows and terminals obey


class Log:
    """Writes lines of a level and above."""

    def __init__(self, level: str) -> None:
        """Start at a level's name; one that is none is taken for INFO."""
        self.level = level if level in _RANKS else INFO
        self.stream: TextIO | None = None
        """Where lines go; None for standard output."""

    def writes(self, level: str) -> bool:
        """Tell whether lines of this level are written."""
        return _RANKS[level] >= _RANKS[self.level]

    def write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        """Write one line, if its level is written.

        Args:
            level: how important it is.
            message: what the line is about.
            fields: what Logs Insights can query; they hold nothing that people wrote.
        """
        if self.writes(level):
            now = timestamp_of(time.time_ns() // 1_000_000)
            head = {"level": level, "message": message, "timestamp": now, "service": SERVICE}
            self.put({**head, **fields})

    def put(self, line: dict[str, Any]) -> None:
        """Write a line as it is, in one piece: other threads write, too."""
        (self.stream or sys.stdout).write(f"{rendered(line)}\n")


def rendered(line: dict[str, Any]) -> str:
    """Render a line as JSON in ASCII.

    Some characters that JSON allows are commands to a terminal, and half of a surrogate pair would
    cost the whole line.
    """
    return (_ascii(line) or _encode_any(line)).replace(_DELETE, "\\u007f")


def _ascii(line: dict[str, Any]) -> str | None:
    """Render a line that is ASCII anyhow, as nearly all are, for a fifth; None for another."""
    try:
        text = _encode(line).decode()
    except (TypeError, ValueError):
        return None
    return text if text.isascii() else None


log = Log(os.environ.get(LOG_LEVEL, INFO))
"""This process's own."""
