"""Draws the way of an order as text: names as a tree, bars on a time line, and what is known.

API POST /v1/partner/orders   ████████          58.3 ms  201
  DynamoDB TransactWriteItems   ███              9.1 ms  200 food-delivery-orders-dev-Orders
stream and pipe                   ┄┄┄┄┄┄┄┄     640.0 ms
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from project.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ops.traces.spans import Line, Section, Span

MARKS = {"fault": "FAULT", "throttle": "THROTTLED", "error": "ERROR"}
"""What X-Ray marks, the worst first, and how it is shown."""

_NAMES, _BARS, _REST = 0.40, 0.30, 12
_LONGEST_BAR = 60
_TIME = 11
_INDENT = 2
_DEEPEST = 10
_TOLD = ("outcome", "problem", "partnerId")
# What CloudFormation makes of a name: the stack's before it, a digest of CDK's and one of its own
# behind it.
_MADE = re.compile(r"(?:[a-z0-9-]+-)?([A-Z][A-Za-z]*?)[0-9A-F]{8}(?:-?[A-Za-z0-9]+)?")


class Drawn(NamedTuple):
    """A line as text, with nothing in it that a terminal obeys."""

    name: str
    bar: str
    time: str
    detail: str
    mark: str
    """`fault`, `throttle`, `error`, `wait` or empty: decides the colour."""


class Widths(NamedTuple):
    """How wide the columns are; the last one, of details, has the rest."""

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
    bar = min(_LONGEST_BAR, max(_REST, int((total - _TIME) * _BARS)))
    return Widths(min(longest, max(_REST, int(total * _NAMES))), bar)


def draw(section: Section, width: Widths, *, blocks: bool = True) -> Iterator[Drawn]:
    """Draw the lines of a section.

    Args:
        section: what to draw.
        width: of the columns.
        blocks: False for terminals that know ASCII alone.
    """
    for line in section.lines:
        bar = _bar(line, section, width.bar)
        filled = ("█" if blocks else "#") if line.span else ("┄" if blocks else ".")
        before, length = bar
        drawn = f"{' ' * before}{filled * length}".ljust(width.bar)
        name = _shortened(_label(line), width.name)
        yield Drawn(
            name.ljust(width.name), drawn, _time(line).rjust(_TIME), _detail(line), _mark(line)
        )


def scale(section: Section, width: Widths) -> str:
    """Give the head of a section's columns: the ends of its time line."""
    end = milliseconds(section.end - section.start)
    return f"{' ' * width.name} 0{end.rjust(width.bar - 1)}"


def milliseconds(seconds: float) -> str:
    """Say a duration in milliseconds."""
    number = seconds * 1_000
    return f"{number:,.1f} ms" if number < 1_000 else f"{number:,.0f} ms"


def _bar(line: Line, section: Section, width: int) -> tuple[int, int]:
    """Tell where a line's bar begins, and how long it is: one character at least."""
    total = section.end - section.start
    if total <= 0:
        return 0, 1
    begin = max(0.0, line.start - section.start) / total * width
    end = (line.finish - section.start) / total * width
    first = min(width - 1, max(0, math.floor(begin)))
    return first, max(1, min(width, math.ceil(end)) - first)


def _time(line: Line) -> str:
    if line.end is None:
        return "goes on"
    return milliseconds(line.finish - line.start)


def _label(line: Line) -> str:
    name = _title(line.span) if line.span else f"({line.name})"
    return " " * _INDENT * min(line.depth, _DEEPEST) + plain(name)


def _title(span: Span) -> str:
    """Name a span as people call it."""
    content = span.content
    request, operation = (
        _of(content, "http", "request"),
        _text(_of(content, "aws").get("operation")),
    )
    if span.origin == "AWS::ApiGateway::Stage":
        path = urlsplit(_text(request.get("url"))).path or span.name
        return f"API {_text(request.get('method'))} {path}"
    if span.origin == "AWS::Lambda":
        return f"Lambda {_own(span.name)}"
    if span.origin.startswith("AWS::SNS"):
        return f"topic {span.name.rpartition(':')[2]}"
    if span.content.get("namespace") == "remote":
        return f"{_text(request.get('method'))} {span.name}".strip()
    return f"{_own(span.name)} {operation}".strip()


def _own(name: str) -> str:
    """Give the name that the CDK app has for what CloudFormation has named: `create_order`."""
    found = _MADE.fullmatch(name)
    if found is None:
        return name
    function = found[1].removesuffix("Function")
    return _name_of(function) if function and function != found[1] else found[1]


def _name_of(construct: str) -> str:
    """Give the name of a function by its construct's id: `create_order` of `CreateOrder`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", construct).lower()


def _mark(line: Line) -> str:
    if line.span is None:
        return "wait"
    return next((mark for mark in MARKS if line.span.content.get(mark) is True), "")


def _detail(line: Line) -> str:
    return plain(" ".join(_details(line.span))) if line.span else ""


def _details(span: Span) -> Iterator[str]:
    """Say what is known of a span, the most important first."""
    content = span.content
    yield from (shown for mark, shown in MARKS.items() if content.get(mark) is True)
    annotations = _of(content, "annotations")
    status = _of(content, "http", "response").get("status", annotations.get("status"))
    if isinstance(status, int):
        yield str(status)
    yield from _of_call(_of(content, "aws"))
    yield from (str(annotations[name]) for name in _TOLD if name in annotations)
    exceptions = _of(content, "cause").get("exceptions")
    for exception in exceptions if isinstance(exceptions, list) else ():
        if isinstance(exception, dict):
            yield _text(exception.get("type"))


def _of_call(aws: dict[str, Any]) -> Iterator[str]:
    """Say what an AWS service was asked about, and what it took."""
    if table := _text(aws.get("table_name")):
        yield _own(table)
    elif "operation" in aws and isinstance(aws.get("resource_names"), list):
        yield from (_own(str(name)) for name in aws["resource_names"])
    if queue := _text(aws.get("queue_url")):
        yield _own(queue.rpartition("/")[2])
    if parameter := _text(aws.get("parameter_name")):
        yield parameter
    for name, unit in (("consumed_rcu", "read"), ("consumed_wcu", "write")):
        if units := aws.get(name):
            yield f"{units} {unit} units"
    if retries := aws.get("retries"):
        yield f"{retries} retries"


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _of(content: dict[str, Any], *path: str) -> dict[str, Any]:
    for name in path:
        inner = content.get(name)
        content = inner if isinstance(inner, dict) else {}
    return content


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
