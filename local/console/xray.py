"""X-Ray on this machine: takes what the functions tell, and answers what `orders trace` asks.

Over UDP it is the X-Ray daemon, whose address functions find in AWS_XRAY_DAEMON_ADDRESS. Over TCP,
on the same port, it is as much of X-Ray's API as reads traces by an annotation:

POST /TraceSummaries    GetTraceSummaries, FilterExpression: annotation.NAME = "VALUE"
POST /Traces            BatchGetTraces
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from local.console.kept_traces import Refused, Traces, is_time
from local.serving import LOOK_SECONDS, Handler, Server
from ops.reach.errors import LocalError
from project.json_object import json_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from local.console.kept_traces import Trace

ANNOTATIONS = ("orderId", "requestTraceId")
"""The annotations that can be searched for: those that `orders trace` searches for."""

LONGEST_SEARCH = 6 * 3_600
"""Seconds that one GetTraceSummaries may span; X-Ray's own limit."""

MOST_AT_ONCE = 5
"""Traces that one BatchGetTraces gives; X-Ray's own limit."""

PAGE = 100
"""Traces on a page of GetTraceSummaries."""

_SAVING_SECONDS = 2.0
_TRIES = 20
_LARGEST_DATAGRAM = 65_536
_LARGEST_REQUEST = 64 * 1024
_SECONDS = 30
_QUOTED = r'"(?P<value>(?:[^"\\]|\\.)*)"'
_FILTER = re.compile(rf"\s*annotation\.(?P<name>\w+)\s*=\s*{_QUOTED}\s*")


class InvalidRequest(ValueError):
    """X-Ray would answer InvalidRequestException; the message says why."""


class Collector(NamedTuple):
    """A running X-Ray."""

    port: int
    traces: Traces

    @property
    def url(self) -> str:
        """The address of the API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def function_environment(self) -> dict[str, str]:
        """The variables by which functions find the daemon, as Lambda sets them."""
        return {
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{self.port}",
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        }


@contextlib.contextmanager
def collector(port: int, path: Path) -> Iterator[Collector]:
    """Collect traces for as long as the context lasts.

    Args:
        port: where to listen on 127.0.0.1, over UDP and TCP; any other when it is taken, or 0.
        path: the file that keeps the traces.

    Raises:
        LocalError: when no port is free for both.
    """
    traces = Traces(path)
    server, datagrams = _listen(port, type("Handler", (_Handler,), {"traces": traces}))
    ended = threading.Event()
    threads = [
        threading.Thread(target=server.serve_forever, args=(LOOK_SECONDS,), daemon=True),
        threading.Thread(target=_take, args=(datagrams, traces, ended), daemon=True),
        threading.Thread(target=_save, args=(traces, ended), daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield Collector(server.server_port, traces)
    finally:
        ended.set()
        server.shutdown()
        for thread in threads:
            thread.join()
        server.server_close()
        datagrams.close()
        traces.save()


def _listen(port: int, handler: type[Handler]) -> tuple[Server, socket.socket]:
    for wanted in (port, *[0] * _TRIES):
        try:
            server = Server(("127.0.0.1", wanted), handler)
        except OSError:
            continue
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            datagrams.bind(("127.0.0.1", server.server_port))
        except OSError:
            datagrams.close()
            server.server_close()
        else:
            datagrams.settimeout(LOOK_SECONDS)
            return server, datagrams
    raise LocalError("No port is free, over UDP and TCP alike, for the local X-Ray.")


def _take(datagrams: socket.socket, traces: Traces, ended: threading.Event) -> None:
    """Take what comes; as the daemon does, say nothing to who sends what is none."""
    with contextlib.suppress(OSError):
        datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
    while not ended.is_set():
        try:
            datagram = datagrams.recv(_LARGEST_DATAGRAM)
        except TimeoutError:
            continue
        with contextlib.suppress(Refused):
            traces.take(datagram)


def _save(traces: Traces, ended: threading.Event) -> None:
    while not ended.wait(_SAVING_SECONDS):
        with contextlib.suppress(OSError):  # a full disk; the traces are still to be had
            traces.save()


def summaries(traces: Traces, request: dict[str, Any]) -> dict[str, Any]:
    """Answer GetTraceSummaries.

    Raises:
        InvalidRequest: for what X-Ray refuses, and for filters of another form.
    """
    start, end = (_time(request, name) for name in ("StartTime", "EndTime"))
    if not 0 < end - start <= LONGEST_SEARCH:
        raise InvalidRequest("The time range must be positive and no longer than 6 hours.")
    name, value = _filter(request.get("FilterExpression"))
    between = traces.began_between(start, end)
    found = [trace for trace in between if trace.has_annotation(name, value)]
    first = _token(request.get("NextToken"))
    answer = {
        "TraceSummaries": [_summary(trace) for trace in found[first : first + PAGE]],
        "ApproximateTime": end,
        "TracesProcessedCount": len(between),
    }
    more = {"NextToken": str(first + PAGE)} if len(found) > first + PAGE else {}
    return {**answer, **more}


def batch(traces: Traces, request: dict[str, Any]) -> dict[str, Any]:
    """Answer BatchGetTraces.

    Raises:
        InvalidRequest: for what X-Ray refuses.
    """
    ids = request.get("TraceIds")
    if not (isinstance(ids, list) and all(isinstance(each, str) for each in ids)):
        raise InvalidRequest("TraceIds must be a list of trace ids.")
    if not 0 < len(ids) <= MOST_AT_ONCE:
        raise InvalidRequest(f"TraceIds must have 1 to {MOST_AT_ONCE} members.")
    found = traces.find(list(dict.fromkeys(ids)))
    missing = [each for each in ids if each not in {trace.id for trace in found}]
    return {"Traces": [_whole(trace) for trace in found], "UnprocessedTraceIds": missing}


_OPERATIONS: dict[str, Callable[[Traces, dict[str, Any]], dict[str, Any]]] = {
    "/TraceSummaries": summaries,
    "/Traces": batch,
}


def _object(body: bytes) -> dict[str, Any]:
    request = json_object(body)
    if request is None:
        raise InvalidRequest("The request is not a JSON object.")
    return request


def _time(request: dict[str, Any], name: str) -> float:
    value = request.get(name)
    if value is None or not is_time(value):
        raise InvalidRequest(f"{name} must be a time, in seconds since 1970.")
    return float(value)


def _filter(expression: object) -> tuple[str, str]:
    match = _FILTER.fullmatch(expression) if isinstance(expression, str) else None
    if match is None or match["name"] not in ANNOTATIONS:
        forms = " or ".join(f'annotation.{name} = "…"' for name in ANNOTATIONS)
        raise InvalidRequest(f"The local X-Ray knows only the filters {forms}.")
    return match["name"], re.sub(r"\\(.)", r"\1", match["value"])


def _token(token: object) -> int:
    if token is None:
        return 0
    if not (isinstance(token, str) and token.isascii() and token.isdigit() and len(token) < 10):
        raise InvalidRequest("NextToken is none of ours.")
    return int(token)


def _summary(trace: Trace) -> dict[str, Any]:
    contents = [document.content for document in trace.documents.values()]
    parts = [part for document in trace.documents.values() for part in document.parts()]
    root = min(contents, key=lambda content: ("parent_id" in content, content["start_time"]))
    start, end = _span(contents)
    return {
        "Id": trace.id,
        "StartTime": start,
        "Duration": end - start,
        "ResponseTime": (root.get("end_time") or end) - root["start_time"],
        **{
            f"Has{name.capitalize()}": any(part.get(name) is True for part in parts)
            for name in ("fault", "error", "throttle")
        },
        "IsPartial": any(content.get("in_progress") is True for content in contents),
        "Annotations": _annotations(parts),
    }


def _annotations(parts: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    values: dict[str, list[Any]] = {}
    for part in parts:
        annotations = part.get("annotations")
        for name, value in annotations.items() if isinstance(annotations, dict) else ():
            known = values.setdefault(name, [])
            if isinstance(value, str | int | float) and value not in known:
                known.append(value)
    return {
        name: [{"AnnotationValue": _typed(value), "ServiceIds": []} for value in each]
        for name, each in values.items()
    }


def _typed(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BooleanValue": value}
    return {"NumberValue" if isinstance(value, int | float) else "StringValue": value}


def _whole(trace: Trace) -> dict[str, Any]:
    start, end = _span([document.content for document in trace.documents.values()])
    return {
        "Id": trace.id,
        "Duration": end - start,
        "LimitExceeded": not trace.complete,
        "Segments": [{"Id": d.id, "Document": d.text} for d in trace.documents.values()],
    }


def _span(contents: list[dict[str, Any]]) -> tuple[float, float]:
    start = min(content["start_time"] for content in contents)
    return start, max(content.get("end_time") or content["start_time"] for content in contents)


class _Handler(Handler):
    """Answers one connection, in the protocol of X-Ray's API (rest-json)."""

    traces: Traces
    timeout = _SECONDS

    def _respond(self) -> None:
        operation = _OPERATIONS.get(urlsplit(self.path).path)
        length = self.headers.get("Content-Length", "")
        if operation is None:
            self._refuse(404, "UnknownOperationException", "The local X-Ray only reads traces.")
        elif not (length.isascii() and length.isdigit() and int(length) <= _LARGEST_REQUEST):
            self._refuse(413, "InvalidRequestException", "The request is too large.")
        else:
            self._run(operation, self.rfile.read(int(length)))

    do_POST = _respond  # noqa: N815 - the base class's name

    def _run(
        self, operation: Callable[[Traces, dict[str, Any]], dict[str, Any]], body: bytes
    ) -> None:
        try:
            answer = operation(self.traces, _object(body))
        except InvalidRequest as error:
            self._refuse(400, "InvalidRequestException", str(error))
        else:
            self._send(200, answer)

    def _refuse(self, status: int, kind: str, message: str) -> None:
        self.close_connection = True  # what is left of the request is not read
        self._send(status, {"Message": message}, {"x-amzn-ErrorType": kind})

    def _send(self, status: int, document: Any, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(document).encode()
        self.send(status, {"Content-Type": "application/json", **(headers or {})}, body)
