"""The traces that the local X-Ray keeps: the latest ones, within bounds, also over a restart."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from project import private_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_TRACES = 2_000
"""How many traces are kept; the oldest go first, as X-Ray's do after 30 days."""

MOST_DOCUMENTS = 500
"""How many documents a trace may have; X-Ray's own limit is by size."""

MOST_BYTES = 16 * 1024 * 1024
"""How many bytes all documents may have."""

MOST_BYTES_OF_DOCUMENT = 64 * 1024
"""How large X-Ray lets one document be."""

_FORMAT = {"format": "json", "version": 1}
_TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_ID = re.compile(r"[0-9a-f]{16}")
_LONGEST_NAME = 200
_LATEST = 1e11


class Refused(ValueError):
    """What came is no segment document that X-Ray would take; the message says why."""


class Document(NamedTuple):
    """A segment, or a subsegment that was sent on its own, with all that is in it."""

    trace_id: str
    id: str
    text: str
    """As it is kept and handed out: JSON on one line."""
    content: dict[str, Any]

    def parts(self) -> Iterator[dict[str, Any]]:
        """Walk through it and the subsegments in it."""
        waiting = [self.content]
        while waiting:
            part = waiting.pop()
            yield part
            inner = part.get("subsegments")
            waiting += [item for item in _list(inner) if isinstance(item, dict)]


class Trace:
    """The documents of one trace, by their ids."""

    def __init__(self, trace_id: str) -> None:
        """Begin with none."""
        self.id = trace_id
        self.documents: dict[str, Document] = {}
        self.complete = True
        """False once it had more documents than are kept."""

    @property
    def began(self) -> int:
        """The second in which it began, as its id has it."""
        return int(self.id[2:10], 16)

    def snapshot(self) -> Trace:
        """Give a copy that stays as it is."""
        copy = Trace(self.id)
        copy.documents, copy.complete = dict(self.documents), self.complete
        return copy

    def size(self) -> int:
        """Count its bytes."""
        return sum(len(document.text) for document in self.documents.values())

    def take(self, document: Document) -> None:
        """Take a document; one that tells of work in progress never replaces the finished one."""
        known = self.documents.get(document.id)
        if known and not known.content.get("in_progress") and document.content.get("in_progress"):
            return
        if known is None and len(self.documents) >= MOST_DOCUMENTS:
            self.complete = False
            return
        self.documents[document.id] = document

    def has_annotation(self, name: str, value: str) -> bool:
        """Tell whether some part of it bears the annotation."""
        return any(
            _dict(part.get("annotations")).get(name) == value
            for document in self.documents.values()
            for part in document.parts()
        )


class Traces:
    """All traces that are kept; safe for several threads."""

    def __init__(self, path: Path) -> None:
        """Begin with what an earlier run has left, as far as it can be read.

        Args:
            path: the file that keeps them.
        """
        self._path = path
        self._traces: OrderedDict[str, Trace] = OrderedDict()
        self._bytes = 0
        self._changed = False
        self._lock = threading.Lock()
        with contextlib.suppress(OSError):
            self._load(path.read_text(errors="replace"))

    def take(self, datagram: bytes) -> None:
        """Take what a program sends to the X-Ray daemon: a line of header, then a document.

        Raises:
            Refused: when it is anything else.
        """
        header, _, body = datagram.partition(b"\n")
        if _json(header) != _FORMAT:
            raise Refused(f"The header is not {json.dumps(_FORMAT)}.")
        document = read(body)
        with self._lock:
            self._keep(document)
            self._changed = True

    def find(self, ids: list[str]) -> list[Trace]:
        """Give the traces with these ids that are there."""
        with self._lock:
            return [self._traces[each].snapshot() for each in ids if each in self._traces]

    def began_between(self, start: float, end: float) -> list[Trace]:
        """Give the traces that began in a time, oldest first."""
        with self._lock:
            kept = [trace for trace in self._traces.values() if int(start) <= trace.began <= end]
            found = [trace.snapshot() for trace in kept]
        return sorted(found, key=lambda trace: (trace.began, trace.id))

    def save(self) -> None:
        """Write what has changed since the last time; a reader finds the old or the new."""
        with self._lock:
            if not self._changed:
                return
            self._changed = False
            lines = [d.text for trace in self._traces.values() for d in trace.documents.values()]
        private_files.write(self._path, "".join(f"{line}\n" for line in lines).encode())

    def _load(self, text: str) -> None:
        for line in text.splitlines():
            with contextlib.suppress(Refused):
                self._keep(read(line.encode()))

    def _keep(self, document: Document) -> None:
        trace = self._traces.pop(document.trace_id, None) or Trace(document.trace_id)
        before = trace.size()
        trace.take(document)
        self._bytes += trace.size() - before
        self._traces[trace.id] = trace
        while len(self._traces) > MOST_TRACES or self._bytes > MOST_BYTES:
            self._bytes -= self._traces.popitem(last=False)[1].size()


def read(body: bytes) -> Document:
    """Read a segment document.

    Raises:
        Refused: when X-Ray would not take it ("X-Ray segment documents", Developer Guide).
    """
    if len(body) > MOST_BYTES_OF_DOCUMENT:
        raise Refused(f"The document has more than {MOST_BYTES_OF_DOCUMENT} bytes.")
    content = _json(body)
    if not isinstance(content, dict):
        raise Refused("The document is not a JSON object.")
    if wrong := next(_faults(content), None):
        raise Refused(f"The document's {wrong}.")
    text = json.dumps(content, separators=(",", ":"))
    return Document(content["trace_id"], content["id"], text, content)


def _faults(content: dict[str, Any]) -> Iterator[str]:
    name, start, end = (content.get(key) for key in ("name", "start_time", "end_time"))
    if not _matches(_TRACE_ID, content.get("trace_id")):
        yield "trace_id is none"
    if not _matches(_ID, content.get("id")):
        yield "id is none"
    if not (isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME):
        yield f"name has not 1 to {_LONGEST_NAME} characters"
    if not is_time(start):
        yield "start_time is no time"
    if not (content.get("in_progress") is True if end is None else is_time(end)):
        yield "end_time is no time, and it is not in progress"
    if content.get("type") == "subsegment" and not _matches(_ID, content.get("parent_id")):
        yield "parent_id is none, although it is a subsegment"


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def is_time(value: object) -> bool:
    """Tell whether a JSON value can be a time in seconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < _LATEST


def _json(text: bytes) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
