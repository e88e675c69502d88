"""Finds the traces of one order in X-Ray, with GetTraceSummaries and BatchGetTraces alone."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from ops.reach.errors import OperatorError
from ops.traces.spans import ORDER, REQUEST, linked_traces, read, spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

KEPT_DAYS = 30
"""How long X-Ray keeps traces."""

_WINDOW = 6 * 3_600.0
"""Seconds that GetTraceSummaries spans at most."""

_AT_ONCE = 5
"""Traces that BatchGetTraces gives at most."""

_SKEW = 60.0
"""Seconds by which the clocks of those who write traces and order ids may differ."""

_AHEAD = 3_600.0
"""Seconds by which an order's time may be ahead of this machine's clock."""

_FRONT_DOOR = "AWS::ApiGateway::Stage"
_TRIES = 3
_PAUSE_SECONDS = 1.0
_MOST_TRACES = 500


class Found(NamedTuple):
    """A trace, and whether all of it could be read."""

    trace_id: str
    documents: list[dict[str, Any]]
    complete: bool


class Times(NamedTuple):
    """When to look for traces, in seconds since 1970."""

    placed: float
    until: float

    def windows(self) -> list[tuple[float, float]]:
        """Cut it into pieces that X-Ray searches; none when all of it is too long ago."""
        start = max(self.placed - _SKEW, time.time() - KEPT_DAYS * 86_400)
        pieces = []
        while start < self.until:
            end = min(start + _WINDOW, self.until)
            pieces.append((start, end))
            start = end
        return pieces


def front_doors(found: Iterable[Found]) -> set[str]:
    """Name the APIs, with their stages, that traces came through: one of ours is its stack's name.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-using-xray-maps.html
    """
    documents = (document for trace in found for document in trace.documents)
    return {str(each.get("name")) for each in documents if each.get("origin") == _FRONT_DOOR}


def times_of(placed_at: str, until: dt.datetime | None) -> Times:
    """Choose when to look for the traces of an order.

    Args:
        placed_at: the time of the order, which its id tells.
        until: when to stop; None for now.

    Raises:
        OperatorError: when X-Ray cannot have them any more, or as yet.
    """
    placed = dt.datetime.fromisoformat(placed_at).timestamp()
    if placed > time.time() + _AHEAD:
        raise OperatorError(f"By its id the order is placed at {placed_at}: that is yet to come.")
    times = Times(placed, until.timestamp() if until else time.time())
    if not times.windows():
        raise OperatorError(
            f"The order was placed at {placed_at}; X-Ray keeps traces for {KEPT_DAYS} days."
        )
    return times


class Search:
    """A search for the traces of an order."""

    def __init__(self, client: Any, times: Times) -> None:
        """Prepare it.

        Args:
            client: boto3's, of X-Ray.
            times: when to look.
        """
        self._client = client
        self._times = times
        self._found: dict[str, Found | None] = {}

    def run(self, order_id: str, told: Callable[[int], None]) -> list[Found]:
        """Find the traces annotated with the order, and those joined to them.

        Args:
            order_id: whose.
            told: is told how many windows have been searched.

        Raises:
            OperatorError: when X-Ray may not be read.
            ClientError: when it fails otherwise.
        """
        try:
            return self._run(order_id, told)
        except ClientError as error:
            if "AccessDenied" in error.response["Error"].get("Code", ""):
                raise OperatorError(_not_permitted(error)) from None
            raise

    def _run(self, order_id: str, told: Callable[[int], None]) -> list[Found]:
        waiting: list[str] = []
        for number, window in enumerate(self._times.windows(), start=1):
            waiting += self._with_annotation(ORDER, order_id, window)
            told(number)
        while waiting and len(self._found) < _MOST_TRACES:
            fresh = self._read(list(dict.fromkeys(waiting)))
            waiting = [each for trace in fresh for each in self._joined(trace)]
            waiting = [each for each in waiting if each not in self._found]
        return [trace for trace in self._found.values() if trace]

    def _joined(self, trace: Found) -> Iterator[str]:
        """Give the traces of the work that a trace has caused, and of the topic that told of it."""
        yield from linked_traces(spans(trace.documents))
        began = _began(trace.trace_id)
        if began is not None:
            # Work that comes later, after retries, bears the order's id and is found by that.
            window = began - _SKEW, min(began - _SKEW + _WINDOW, self._times.until)
            if window[0] < window[1]:
                yield from self._with_annotation(REQUEST, trace.trace_id, window)

    def _with_annotation(self, name: str, value: str, window: tuple[float, float]) -> list[str]:
        pages = self._client.get_paginator("get_trace_summaries").paginate(
            StartTime=_moment(window[0]),
            EndTime=_moment(window[1]),
            FilterExpression=f'annotation.{name} = "{value}"',
        )
        return [summary["Id"] for page in pages for summary in page["TraceSummaries"]]

    def _read(self, ids: list[str]) -> list[Found]:
        """Read traces that are not yet known; what X-Ray leaves unprocessed is asked for again."""
        ids = [each for each in ids if each not in self._found]
        self._found |= dict.fromkeys(ids)
        fresh = []
        for tried in range(_TRIES):
            read_now = [trace for some in _slices(ids) for trace in self._batch(some)]
            fresh += read_now
            ids = [each for each in ids if each not in {trace.trace_id for trace in fresh}]
            if not ids or tried + 1 == _TRIES:
                break
            time.sleep(_PAUSE_SECONDS)
        fresh += [Found(each, [], complete=False) for each in ids]
        self._found |= {trace.trace_id: trace for trace in fresh}
        return fresh

    def _batch(self, ids: list[str]) -> Iterator[Found]:
        documents: dict[str, list[dict[str, Any]]] = {}
        cut = set()
        for page in self._client.get_paginator("batch_get_traces").paginate(TraceIds=ids):
            for trace in page["Traces"]:
                segments = (read(segment.get("Document")) for segment in trace["Segments"])
                known = documents.setdefault(trace["Id"], [])
                known += [{"trace_id": trace["Id"], **each} for each in segments if each]
                if trace.get("LimitExceeded"):
                    cut.add(trace["Id"])
        for trace_id, each in documents.items():
            yield Found(trace_id, each, complete=trace_id not in cut)


def _slices(ids: list[str]) -> list[list[str]]:
    return [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _began(trace_id: str) -> float | None:
    """Read when a trace began, which its id tells to the second."""
    try:
        return float(int(trace_id.split("-")[1], 16))
    except (IndexError, ValueError):
        return None


def _not_permitted(error: ClientError) -> str:
    message = error.response["Error"].get("Message", "").rstrip(".")
    return (
        f"AWS does not let you read traces: {message or error.operation_name}. It takes "
        "xray:GetTraceSummaries and xray:BatchGetTraces, and nothing else. Use a role that may."
    )
