"""What X-Ray is told of our own work: one datagram for each finished subsegment, and no waiting.

_X_AMZN_TRACE_ID ─► Header ─► subsegment(…) ─► JSON ─► UDP to AWS_XRAY_DAEMON_ADDRESS
                    not sampled, no daemon, not in Lambda: nothing is made and nothing is sent;
                    at log level DEBUG each call is a line of the log as well

The X-Ray SDK and OpenTelemetry cost more start-up than all that the functions import
(docs/decisions/0012). A subsegment holds ids, names, numbers and types of exceptions; their
messages, which may quote what a customer wrote, it never holds.

Formats: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
and https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

import _socket  # loaded anyway; `socket` adds classes that one datagram does not need
import json
import math
import os
import re
import time
from contextlib import suppress
from contextvars import ContextVar
from functools import cache, lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

from orders.domain.ids import shape_of
from orders.log import DEBUG, log
from orders.named_tuple import NamedTuple
from orders.settings import in_lambda

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

TRACE_HEADER = "X-Amzn-Trace-Id"
"""The HTTP header that carries a trace on to whoever is called."""

_TRACE = "_X_AMZN_TRACE_ID"
_DAEMON = "AWS_XRAY_DAEMON_ADDRESS"
_PREAMBLE = b'{"format": "json", "version": 1}\n'

MOST_BYTES = 64 * 1024
"""What X-Ray takes as one document."""

_LONGEST_DATAGRAM = 65_507  # of UDP over IPv4; with the preamble it is a little above the above
_LONGEST_NAME = 200
_LONGEST_TEXT = 250
_LONGEST_ANNOTATION = 1_000
_MOST_NAMES = 25
_DISPENSABLE = ("http", "aws", "cause", "annotations")  # in this order, should it be too long
_MARKS = {"error", "throttle", "fault"}
_NOT_IN_NAMES = r"[^A-Za-z0-9_ .:/%&#=+@-]"  # compiled by the first trace that is recorded
_ROOT = f"0-{'0' * 8}-{'0' * 24}"
_PARENT = "0" * 16

Value: TypeAlias = str | int | float | bool | None


class Header(NamedTuple):
    """The trace that an invocation belongs to, the segment that our work is part of."""

    root: str
    parent: str
    sampled: bool

    def render(self) -> str:
        """Write it as the header for whoever is called."""
        parts = [f"Root={self.root}"]
        if self.parent:
            parts.append(f"Parent={self.parent}")
        return ";".join([*parts, f"Sampled={int(self.sampled)}"])


@lru_cache(maxsize=2)
def parse(text: str) -> Header | None:
    """Read a trace header: None without a sound root; never sampled without a sound parent.

    Other fields, such as `Lineage`, are passed over.
    """
    fields = dict(part.strip().split("=", 1) for part in text.split(";") if "=" in part)
    root, parent = fields.get("Root", ""), fields.get("Parent", "")
    if not root.startswith("1-") or shape_of(root) != _ROOT:
        return None
    if shape_of(parent) != _PARENT:
        parent = ""
    return Header(root, parent, bool(parent) and fields.get("Sampled") == "1")


def _of_invocation() -> Header | None:
    """Read the header of this invocation: Lambda sets it anew for each."""
    text = os.environ.get(_TRACE)
    return parse(text) if text else None


def trace_id() -> str | None:
    """Give the id of this invocation's trace, recorded or not; None where there is none."""
    header = _of_invocation()
    return None if header is None else header.root


class Subsegment:
    """A piece of work; this one is not recorded, and so costs nothing."""

    __slots__ = ()

    @property
    def header(self) -> str | None:
        """The trace header for what is called in the course of this work; None without a trace."""
        header = _of_invocation()
        return None if header is None else header.render()

    def annotate(self, **values: Value) -> None:
        """Add what X-Ray can search by: ids and names, not what people wrote; None is left out."""

    def aws(self, **fields: Any) -> None:
        """Add what is known of a call to AWS; None is left out."""

    def requests(self, method: str, url: str) -> None:
        """Add an HTTP request that was sent; the URL must be without query and credentials."""

    def answered(self, status: int) -> None:
        """Add the HTTP status of an answer that was received, and judge by it."""

    def judge(self, status: int) -> None:
        """Mark by a status, as X-Ray does: 4XX error, 429 throttle as well, 5XX fault.

        The last status counts: of a call that was repeated, how it ended.
        """

    def throttled(self) -> None:
        """Mark as refused because there were too many calls."""

    def failed(self, error: BaseException) -> None:
        """Add an exception's type; it is a fault, unless something has been marked before."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End; an exception is noted and goes on."""


_UNRECORDED = Subsegment()
_NO_TRACE = Header("", "", sampled=False)


class _Recorded(Subsegment):
    """A piece of work that X-Ray is told of when it ends."""

    __slots__ = ("_document", "_sent", "_token", "trace")

    def __init__(self, name: str, namespace: str | None, within: Header, *, sent: bool) -> None:
        identity = os.urandom(8).hex()
        self._sent = sent
        self.trace = within._replace(parent=identity) if sent else within
        self._document: dict[str, Any] = {
            "name": re.sub(_NOT_IN_NAMES, "_", name)[:_LONGEST_NAME] or "_",
            "id": identity,
            "trace_id": within.root,
            "parent_id": within.parent,
            "type": "subsegment",
            "start_time": time.time(),
        }
        if namespace:
            self._document["namespace"] = namespace

    @property
    def header(self) -> str | None:
        return self.trace.render() if self.trace.root else None

    def annotate(self, **values: Value) -> None:
        self._add("annotations", values, _LONGEST_ANNOTATION)

    def aws(self, **fields: Any) -> None:
        self._add("aws", fields, _LONGEST_TEXT)

    def requests(self, method: str, url: str) -> None:
        request = {"method": method[:_LONGEST_TEXT], "url": url[:_LONGEST_TEXT]}
        self._document.setdefault("http", {})["request"] = request

    def answered(self, status: int) -> None:
        self._document.setdefault("http", {})["response"] = {"status": status}
        self.judge(status)

    def judge(self, status: int) -> None:
        for mark in _MARKS:
            self._document.pop(mark, None)
        if status == 429:
            self.throttled()
        elif 400 <= status < 500:
            self._document["error"] = True
        elif status >= 500:
            self._document["fault"] = True

    def throttled(self) -> None:
        self._document.update(error=True, throttle=True)

    def failed(self, error: BaseException) -> None:
        if not self._document.keys() & _MARKS:
            self._document["fault"] = True
        exception = {"id": os.urandom(8).hex(), "type": type(error).__name__[:_LONGEST_TEXT]}
        self._document["cause"] = {"exceptions": [exception]}

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _current.reset(self._token)
        if error is not None:
            self.failed(error)
        self._document["end_time"] = time.time()
        if self._sent:
            _send(self._document)
        if "namespace" in self._document:
            log.write(DEBUG, "call", _line(self._document))

    def _add(self, block: str, values: dict[str, Any], longest: int) -> None:
        kept = {name: _short(value, longest) for name, value in values.items() if _told(value)}
        if kept:
            self._document.setdefault(block, {}).update(kept)


_current: ContextVar[_Recorded | None] = ContextVar("subsegment", default=None)
"""The innermost work that is under way; a new thread starts with none, so below the function's."""


def subsegment(name: str, *, namespace: str | None = None) -> Subsegment:
    """Make a subsegment of the work under way, to be used in a `with` statement.

    Args:
        name: what is called, or what is done.
        namespace: `aws` for a call of AWS, `remote` for another; None for work of our own.
    """
    above = _current.get()
    within = _of_invocation() if above is None else above.trace
    sent = within is not None and within.sampled and _DAEMON in os.environ and in_lambda()
    if not sent and not log.writes(DEBUG):
        return _UNRECORDED
    return _Recorded(name, namespace, within or _NO_TRACE, sent=sent)


def _line(document: dict[str, Any]) -> dict[str, Any]:
    """Give what a line of the log tells of a call, at level DEBUG."""
    took = document["end_time"] - document["start_time"]
    marks = {mark: True for mark in sorted(_MARKS) if document.get(mark)}
    exceptions = [one["type"] for one in document.get("cause", {}).get("exceptions", ())]
    return {
        "call": document["name"],
        **document.get("aws", {}),
        "milliseconds": round(took * 1000, 2),
        **marks,
        **({"exception": exceptions[0]} if exceptions else {}),
    }


def _told(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _short(value: Any, longest: int) -> Any:
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [str(one)[:longest] for one in value[:_MOST_NAMES]]
    return str(value)[:longest]


def _send(document: dict[str, Any]) -> None:
    """Send a document; what cannot be sent at once is lost, and nobody is disturbed by it."""
    with suppress(OSError, ValueError, OverflowError):
        target, datagram = _target(os.environ[_DAEMON]), _PREAMBLE + fit(document)
        with _opening:
            opened = _socket_of_process()
        opened.sendto(datagram, target)


def fit(document: dict[str, Any]) -> bytes:
    """Write a document as JSON; what makes it longer than X-Ray takes is left out."""
    limit = min(MOST_BYTES, _LONGEST_DATAGRAM - len(_PREAMBLE))
    text = _written(document)
    for block in _DISPENSABLE:
        if len(text) <= limit:
            break
        document = {name: value for name, value in document.items() if name != block}
        text = _written(document)
    return text


def _written(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()


_opening = Lock()  # `cache` lets two threads in, and one of two sockets would be lost


@cache
def _socket_of_process() -> _socket.socket:
    """Open the socket, once; with a full buffer it gives up at once."""
    opened = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    opened.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    return opened


@lru_cache(maxsize=2)
def _target(address: str) -> tuple[str, int]:
    """Read the daemon's address: `host:port`, or `tcp:host:port udp:host:port`.

    Raises:
        OSError: when the host is no IPv4 address, whose look-up could take time.
        ValueError: when it is no address at all.
    """
    chosen = next((part for part in address.split() if part.startswith("udp:")), address)
    host, _, port = chosen.removeprefix("udp:").rpartition(":")
    _socket.inet_pton(_socket.AF_INET, host)
    return host, int(port)
