"""The way of one order, put together from the traces that tell of it. Pure: no AWS, no terminal.

    request's trace ─ stream and pipe ─► topic's trace ─ queue ─► workers' traces
                    └───── stream, pipe, topic, queue ──────────┘  where the topic's is missing

X-Ray knows these as traces of their own: DynamoDB's stream drops the trace of a request, and Lambda
begins one for each batch of a queue. A worker names in the annotation requestTraceId the trace that
made the change, and X-Ray links the worker's trace to those of the batch's messages.

Whatever the documents hold, each of their segments is on one line, none is lost, and nothing fails.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ops.traces.reasons import REASON, in_words
from orders.settings import RETRY
from project.json_object import json_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ORDER, REQUEST, SIDE = "orderId", "requestTraceId", "side"
"""The annotations that say which order a trace is about, which trace made the change, and whether
who serves the order is to hear of it."""

_PIPE, _QUEUE, _ALL = "stream and pipe", "queue", "stream, pipe, topic, queue"
_TOPIC, _TABLE = "AWS::SNS", "DynamoDB"
_LAMBDA = "AWS::Lambda"
_REMOTE = "remote"


_DEFAULT_NAME = "–"
_LONG = 60.0
"""Seconds; beside so long a wait, what took milliseconds could not be seen."""


@dataclass(frozen=True)
class Span:
    """A segment or a subsegment, with what is of interest here."""

    trace_id: str
    id: str
    parent_id: str | None
    start: float
    end: float | None
    """Seconds since 1970; None while it goes on."""
    content: dict[str, Any] = field(hash=False)

    @property
    def name(self) -> str:
        """What it is called."""
        return _text(self.content.get("name")) or _DEFAULT_NAME

    @property
    def origin(self) -> str:
        """The AWS resource that told it, such as `AWS::Lambda::Function`."""
        return _text(self.content.get("origin"))

    @property
    def finish(self) -> float:
        """When it ended; its start, while it goes on."""
        return self.start if self.end is None else max(self.start, self.end)

    @property
    def is_inferred(self) -> bool:
        """Tell whether X-Ray has made it out of the call that leads there."""
        return self.content.get("inferred") is True

    def annotation(self, name: str) -> str:
        """Give an annotation's text; empty when there is none."""
        return _text(_dict(self.content.get("annotations")).get(name))

    def links(self) -> list[str]:
        """Give the ids of the traces that it is linked to."""
        links = self.content.get("links")
        ids = [_text(_dict(link).get("trace_id")) for link in _list(links)]
        return [each for each in ids if each]


class Line(NamedTuple):
    """A line of the waterfall: a span, or the wait between two traces."""

    depth: int
    name: str
    start: float
    end: float | None
    span: Span | None
    """None for a wait."""

    @property
    def finish(self) -> float:
        """When it ended; its start, while it goes on."""
        return self.start if self.end is None else max(self.start, self.end)


class Section(NamedTuple):
    """Lines on one time line, in the order in which they are drawn."""

    lines: list[Line]
    start: float
    end: float


class Waterfall(NamedTuple):
    """All that happened to an order."""

    sections: list[Section]
    """Usually one; what begins after nothing happened for long has a time line of its own."""
    traces: int
    """Of how many traces it is made."""
    others: int
    """How many messages about other orders, in the same batches, are left out."""


def read(document: object) -> dict[str, Any] | None:
    """Read a segment document, as BatchGetTraces gives it; None when it is none."""
    return json_object(document) if isinstance(document, str) else None


def spans(documents: Iterable[dict[str, Any]]) -> list[Span]:
    """Take documents apart into their segments and subsegments, each once.

    Of two with one id, one that has ended counts more than one that goes on, and the later one more
    than the earlier. What has neither id nor time cannot be drawn and is passed over.
    """
    found: dict[tuple[str, str], Span] = {}
    for document in documents:
        for span in _parts(document):
            known = found.get((span.trace_id, span.id))
            if known is None or _worth(known) < _worth(span):
                found[span.trace_id, span.id] = span
    return list(found.values())


def _parts(document: dict[str, Any]) -> Iterator[Span]:
    trace_id = _text(document.get("trace_id"))
    waiting: list[tuple[dict[str, Any], str | None]] = [
        (document, _text(document.get("parent_id")) or None)
    ]
    while waiting:
        content, parent_id = waiting.pop()
        span_id, start = _text(content.get("id")), _number(content.get("start_time"))
        inner = [part for part in _list(content.get("subsegments")) if isinstance(part, dict)]
        if span_id and start is not None:
            own = {name: value for name, value in content.items() if name != "subsegments"}
            end = _number(content.get("end_time"))
            yield Span(trace_id, span_id, parent_id, start, end, own)
        waiting += [(part, span_id or parent_id) for part in inner]


def waterfall(documents: Iterable[dict[str, Any]], order_id: str) -> Waterfall:
    """Draw up the way of an order.

    Args:
        documents: of all traces that tell of it, in any order.
        order_id: whose; the work for other orders in the same batches is left out.
    """
    trees = [_Tree(group) for group in _by_trace(spans(documents)).values()]
    others = sum(tree.leave_out_others(order_id) for tree in trees)
    sections: list[Section] = []
    tries: dict[tuple[str, str, str], _Tree] = {}
    for tree, above, depth in _in_time(_arranged(trees, order_id)):
        wait = [] if above is None else _wait(above, tree, depth)
        if above is not None and (work := tree.work):
            keys = [(above.trace_id, work, side) for side in tree.sides(order_id)]
            earlier = next((tries[key] for key in keys if key in tries), None)
            wait = wait if earlier is None else _retry(earlier, tree, depth, order_id) or wait
            tries |= dict.fromkeys(keys, tree)
        _place_lines(sections, [*wait, *tree.lines(depth)])
    return Waterfall(sections, len(trees), others)


def _place_lines(sections: list[Section], lines: list[Line]) -> None:
    """Put a trace's lines on the time line that is drawn, or begin another."""
    start = min(line.start for line in lines if line.span)
    end = max(line.finish for line in lines)
    if sections and sections[-1].start - _LONG < start <= sections[-1].end + _LONG:
        known = sections.pop()
        lines, start, end = [*known.lines, *lines], min(known.start, start), max(known.end, end)
    sections.append(Section(lines, start, end))


class _Tree:
    """The spans of one trace, beneath each other."""

    def __init__(self, members: list[Span]) -> None:
        self.trace_id = members[0].trace_id
        self.spans = {span.id: span for span in sorted(members, key=_place)}
        self.start = min(span.start for span in members)
        self.finish = max(span.finish for span in members)

    @property
    def is_of_topic(self) -> bool:
        return any(span.origin.startswith(_TOPIC) for span in self.spans.values())

    @property
    def work(self) -> str:
        """Name the function that a queue's batch went to; empty where there is none."""
        origins = ((span.origin, span.name) for span in self.spans.values())
        return next((name for origin, name in origins if origin.startswith(_LAMBDA)), "")

    def trouble(self, order_id: str) -> str:
        """Say what went wrong there for an order: a status, an exception, or an outcome."""
        found = [_trouble_of(span) for span in self.spans.values() if _is_marked(span)]
        said = next((each for each in reversed(found) if each), "")
        return said or (RETRY if RETRY in self.named("outcome", order_id) else "")

    def sides(self, order_id: str) -> list[str]:
        """Say who is to hear of an order there: "server" for who serves it, and else nothing."""
        about = [span for span in self.spans.values() if span.annotation(ORDER) == order_id]
        return sorted({span.annotation(SIDE) for span in about}) or [""]

    def leave_out_others(self, order_id: str) -> int:
        """Leave out what was done for other orders, with all beneath it; gives how many pieces."""
        roots = [
            span.id for span in self.spans.values() if span.annotation(ORDER) not in ("", order_id)
        ]
        children, waiting = self._children(), list(roots)
        gone: set[str] = set()
        while waiting:
            span_id = waiting.pop()
            if span_id not in gone:
                gone.add(span_id)
                waiting += [child.id for child in children.get(span_id, ())]
        if len(gone) == len(self.spans):
            return 0
        self.spans = {span_id: span for span_id, span in self.spans.items() if span_id not in gone}
        return len(roots)

    def lines(self, depth: int) -> list[Line]:
        """Give the spans in the order of a tree, each once, also where parents go in circles."""
        children, drawn = self._children(), set[str]()
        lines: list[Line] = []
        tops = [span for span in self.spans.values() if span.parent_id not in self.spans]
        for top in (*tops, *self.spans.values()):  # the latter: whatever hangs in a circle
            waiting = [(top, depth)]
            while waiting:
                span, level = waiting.pop()
                if span.id in drawn:
                    continue
                drawn.add(span.id)
                if not self._is_echo(span):
                    lines.append(Line(level, span.name, span.start, span.end, span))
                waiting += [(child, level + 1) for child in reversed(children.get(span.id, ()))]
        return lines

    def _children(self) -> dict[str, list[Span]]:
        children: dict[str, list[Span]] = {}
        for span in self.spans.values():
            if span.parent_id in self.spans:
                children.setdefault(span.parent_id or "", []).append(span)
        return children

    def _is_echo(self, span: Span) -> bool:
        """Tell what X-Ray has made of a call by itself, to have something at its other end."""
        parent = self.spans.get(span.parent_id or "")
        return parent is not None and span.is_inferred and not parent.is_inferred

    def named(self, annotation: str, order_id: str) -> list[str]:
        """Give an annotation's values where it is about the order, earliest first."""
        about = [span for span in self.spans.values() if span.annotation(ORDER) in ("", order_id)]
        return [value for span in about if (value := span.annotation(annotation))]

    def linked(self) -> list[str]:
        return list(dict.fromkeys(link for span in self.spans.values() for link in span.links()))


def _is_marked(span: Span) -> bool:
    return any(span.content.get(mark) is True for mark in ("fault", "throttle", "error"))


def _trouble_of(span: Span) -> str:
    status = _dict(_dict(span.content.get("http")).get("response")).get("status")
    if isinstance(status, int) and not isinstance(status, bool):
        return f"{status} of {span.name}"
    if reason := span.annotation(REASON):
        return f"{reason}, {span.name}" if span.content.get("namespace") == _REMOTE else reason
    exceptions = _list(_dict(span.content.get("cause")).get("exceptions"))
    kinds = (_text(_dict(each).get("type")) for each in exceptions)
    return next((in_words(kind) for kind in kinds if kind), "")


def linked_traces(found: Iterable[Span]) -> list[str]:
    """Give the traces that spans are linked to, where it is certain for which message.

    A batch's trace is linked to those of all its messages, and does not say which is whose.
    """
    trees = [_Tree(group) for group in _by_trace(list(found)).values()]
    return [links[0] for tree in trees if len(links := tree.linked()) == 1]


def _by_trace(found: list[Span]) -> dict[str, list[Span]]:
    groups: dict[str, list[Span]] = {}
    for span in found:
        groups.setdefault(span.trace_id, []).append(span)
    return groups


def _arranged(trees: list[_Tree], order_id: str) -> Iterator[tuple[_Tree, _Tree | None, int]]:
    """Give the traces as a tree of their own, each once: with the one above, and how deep."""
    by_id = {tree.trace_id: tree for tree in sorted(trees, key=lambda t: (t.start, t.trace_id))}
    above = {tree.trace_id: _above(tree, by_id, order_id) for tree in by_id.values()}
    children: dict[str | None, list[_Tree]] = {}
    for tree in by_id.values():
        children.setdefault(above[tree.trace_id], []).append(tree)
    drawn: set[str] = set()
    for top in (*children.get(None, ()), *by_id.values()):  # the latter: circles
        waiting: list[tuple[_Tree, _Tree | None, int]] = [(top, None, 0)]
        while waiting:
            tree, parent, depth = waiting.pop()
            if tree.trace_id not in drawn:
                drawn.add(tree.trace_id)
                yield tree, parent, depth
                below = reversed(children.get(tree.trace_id, ()))
                waiting += [(child, tree, depth + 1) for child in below]


def _in_time(
    arranged: Iterable[tuple[_Tree, _Tree | None, int]],
) -> list[tuple[_Tree, _Tree | None, int]]:
    """Put traces in the order of time; none stands before the one that caused it."""
    begins: dict[str, float] = {}
    found = list(arranged)
    for tree, above, _ in found:
        least = tree.start if above is None else begins[above.trace_id]
        begins[tree.trace_id] = max(tree.start, least)
    return sorted(found, key=lambda each: begins[each[0].trace_id])


def _above(tree: _Tree, by_id: dict[str, _Tree], order_id: str) -> str | None:
    """Name the trace that caused this one: the topic's, or else that of the change."""
    if tree.is_of_topic:
        followers = [t for t in by_id.values() if t.linked() == [tree.trace_id]]
        causes = [cause for t in followers for cause in t.named(REQUEST, order_id)]
    else:
        linked = tree.linked()
        causes = [*(linked if len(linked) == 1 else ()), *tree.named(REQUEST, order_id)]
    return next((cause for cause in causes if cause in by_id and cause != tree.trace_id), None)


def _wait(above: _Tree, tree: _Tree, depth: int) -> list[Line]:
    """Give the time between two traces: none where their clocks disagree about what came first."""
    writes = [span.finish for span in above.spans.values() if span.name == _TABLE]
    before = [end for end in (*writes, above.finish) if end <= tree.start]
    if not before:
        return []
    name = _QUEUE if above.is_of_topic else _PIPE if tree.is_of_topic else _ALL
    begin = max(set(before) & set(writes), default=before[0])
    return [Line(depth, name, begin, tree.start, None)]


def _retry(earlier: _Tree, tree: _Tree, depth: int, order_id: str) -> list[Line]:
    """Give the wait of a further try of the same work, and why there is one; none without a why."""
    why = earlier.trouble(order_id)
    if not why or tree.start < earlier.finish:
        return []
    return [Line(depth, f"tried again after {why}", earlier.finish, tree.start, None)]


def _worth(span: Span) -> tuple[bool, float, float, str]:
    text = json.dumps([span.parent_id, span.content], sort_keys=True)
    return span.end is not None, span.finish, span.start, text


def _place(span: Span) -> tuple[float, float, str]:
    return span.start, -span.finish, span.id


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and abs(number) < 1e11 else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
