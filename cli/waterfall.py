"""Draws the way of an order as text: names as a tree, bars on a time line, and what is known.

API POST /v1/partner/orders   ████████          58.3 ms  201
  DynamoDB TransactWriteItems   ███              9.1 ms  200 food-delivery-orders-dev-Orders
stream and pipe                   ┄┄┄┄┄┄┄┄     640.0 ms

rich lays the columns out. The bars are our own: rich's have neither a wait's dashes, nor signs for
a terminal that knows ASCII alone, nor a least length by which a short call can be seen.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from rich.table import Table
from rich.text import Text

from ops.traces import labels
from project.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ops.traces.spans import Line, Section

INK = "█┄…"
"""What it is drawn with, where a terminal can show that."""

_STYLES = {"fault": "bold red", "throttle": "magenta", "error": "yellow", "": "cyan"}
_WAIT = "dim"
_NAMES, _BARS, _REST = 0.40, 0.30, 12
_LONGEST_BAR = 60
_TIME = 10
_INDENT = 2
_DEEPEST = 10


class Widths(NamedTuple):
    """How wide the columns are that all sections share; the last one, of details, has the rest."""

    name: int
    bar: int


def widths(sections: Iterable[Section], total: int | None) -> Widths:
    """Share the columns of a terminal out.

    Args:
        sections: what will be drawn.
        total: how many columns there are; None for as many as need be.
    """
    longest = max((len(_label(line)) for each in sections for line in each.lines), default=0)
    if total is None:
        return Widths(longest, _LONGEST_BAR)
    bar = min(_LONGEST_BAR, max(_REST, int((total - _TIME - 1) * _BARS)))
    return Widths(min(longest, max(_REST, int(total * _NAMES))), bar)


def draw(section: Section, width: Widths, *, blocks: bool = True) -> Table:
    """Draw a section, below a scale with the ends of its time line.

    Args:
        section: what to draw.
        width: of the columns.
        blocks: False for terminals that know ASCII alone.
    """
    drawn = Table.grid(padding=(0, 1, 0, 0))
    drawn.add_column(width=width.name, no_wrap=True)
    drawn.add_column(width=width.bar, no_wrap=True)
    drawn.add_column(min_width=_TIME, justify="right", no_wrap=True)
    drawn.add_column()
    drawn.add_row("", f"0{milliseconds(section.end - section.start).rjust(width.bar - 1)}")
    for line in section.lines:
        mark = labels.mark(line.span) if line.span else ""
        style = _STYLES[mark] if line.span else _WAIT
        bar = Text(_bar(line, section, width.bar, blocks=blocks), style)
        # What went wrong is told whole, on as many lines as it takes; the rest fits in one.
        loud = style if mark else ""
        known = Text(
            _details(line), loud, no_wrap=not mark, overflow="fold" if mark else "ellipsis"
        )
        drawn.add_row(Text(_label(line), loud), bar, Text(_time(line), loud), known)
    return drawn


def milliseconds(seconds: float) -> str:
    """Say a duration in milliseconds."""
    number = seconds * 1_000
    return f"{number:,.1f} ms" if number < 1_000 else f"{number:,.0f} ms"


def _bar(line: Line, section: Section, width: int, *, blocks: bool) -> str:
    """Draw from a line's begin to its end, one sign at least."""
    total = section.end - section.start or 1
    begin = math.floor((line.start - section.start) / total * width)
    end = math.ceil((line.finish - section.start) / total * width)
    first = min(width - 1, max(0, begin))
    sign = ("█" if blocks else "#") if line.span else ("┄" if blocks else ".")
    return " " * first + sign * max(1, min(width, end) - first)


def _time(line: Line) -> str:
    if line.end is None:
        return "goes on"
    return milliseconds(line.finish - line.start)


def _label(line: Line) -> str:
    name = labels.title(line.span) if line.span else f"({line.name})"
    return " " * _INDENT * min(line.depth, _DEEPEST) + plain(name)


def _details(line: Line) -> str:
    return " " + plain(" ".join(labels.details(line.span))) if line.span else ""
