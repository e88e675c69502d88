"""HTTP as API Gateway's proxy integration speaks it: an event in, an answer out, errors included.

event ─► Request (who calls, headers, query, body) ─► a handler's answer ─► Response ─► dict
         an event of another form                     Problem ───────────► problem+json
"""

from __future__ import annotations

import binascii
import time
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec

from orders.callers import Caller, caller_of
from orders.cors import cors_headers
from orders.domain.ids import timestamp_in
from orders.domain.lifecycle import Role
from orders.named_tuple import NamedTuple
from orders.partners import directory
from orders.person_rates import admit
from orders.problems import (
    CONTENT_TYPE,
    INTERNAL_ERROR,
    INVALID_PARAMETER,
    MALFORMED_JSON,
    NO_SNIFFING,
    UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
    Problem,
    faulty,
)
from orders.proxy_event import ProxyEvent
from orders.routes import ACCEPT_PATCH, JSON, PATCH, REPEATABLE, route_of
from orders.settings import in_lambda
from orders.starting import ready
from orders.store import Store, Unavailable
from orders.telemetry import log_event, log_request
from orders.tracing import subsegment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orders.domain.order import Item

    Event = dict[str, Any]
    Handler = Callable[[Event, Any], dict[str, Any]]
    Readers = dict[str, Callable[..., Any]]

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()


class Request:
    """One request. Header names are in lower case; one on several lines is one list."""

    def __init__(self, event: Event) -> None:
        """Read a proxy event (payload version 1.0) of API Gateway.

        Raises:
            ValueError: when it is none.
            KeyError: when it is of no route of ours.
        """
        self._event = msgspec.convert(event, ProxyEvent)
        told = self._event.request_context
        self.context: Event = event["requestContext"]
        self.route = route_of(told.http_method, told.resource_path)
        self.request_id = told.request_id
        self.headers = _headers(self._event)
        places = self._event.path_parameters or {}
        self.order_id = places.get("orderId", "").lower()
        self.restaurant_id = places.get("restaurantId", "")
        self.path = told.path
        self.notes: dict[str, Any] = {}
        self._caller: Caller | None = None

    @property
    def caller(self) -> Caller:
        """Who calls.

        Raises:
            Problem: when that is nobody whom the route is for.
        """
        if self._caller is None:
            self._caller = caller_of(self.context, self.route, self.restaurant_id)
        return self._caller

    def query(
        self,
        readers: Readers,
        faults_between: Callable[[dict[str, Any]], Iterable[tuple[str, str]]],
    ) -> dict[str, Any]:
        """Read the query parameters that are given.

        Args:
            readers: makes a value of a parameter's text, or of its texts where it may be repeated;
                raises ValueError, which says what is wrong. Others than these are unknown.
            faults_between: lists what is wrong between values that are right by themselves.

        Raises:
            Problem: `invalid-parameter`, which names all faults. One is a parameter that is
                unknown: to ignore a misspelt filter would answer with more than was asked for.
        """
        values: dict[str, Any] = {}
        faults: list[tuple[str, str]] = []
        given = self._event.multi_value_query_string_parameters or {}
        for name, texts in given.items():
            try:
                values[name] = _parameter(name, texts, readers)
            except ValueError as fault:
                # A name can be text that no answer can be made of: half of a surrogate pair.
                faults.append((name.encode(errors="replace").decode(), str(fault)))
        faults += faults_between(values)
        if faults:
            raise faulty(INVALID_PARAMETER, faults)
        return values

    @property
    def _patches(self) -> bool:
        return self.route.method == PATCH

    def body(self) -> str | None:
        """Give the body's text, if it is of a content type that the route takes.

        Raises:
            Problem: `unsupported-media-type`, or `malformed-json` when it is not UTF-8.
        """
        declared = self.headers.get("content-type", JSON).partition(";")[0].strip().lower()
        if declared not in self.route.content_types:
            taken = " or ".join(self.route.content_types)
            listed = ", ".join(self.route.content_types)
            headers = {"Accept": listed} | ({ACCEPT_PATCH: listed} if self._patches else {})
            raise Problem(UNSUPPORTED_MEDIA_TYPE, f"Send {taken}", headers=headers)
        text = self._event.body
        if text and self._event.is_base64_encoded:
            try:
                return binascii.a2b_base64(text, strict_mode=True).decode()
            except ValueError:  # of the one as of the other
                raise Problem(MALFORMED_JSON, "The body is not UTF-8 text") from None
        return text


def _parameter(name: str, texts: list[str], readers: Readers) -> Any:
    if name not in readers:
        raise ValueError(f"Unknown parameter; known: {', '.join(readers)}")
    if len(texts) > 1 and name not in REPEATABLE:
        raise ValueError("Given more than once")
    return readers[name](*texts)


def _headers(event: ProxyEvent) -> dict[str, str]:
    """Join each header's lines, whatever case its name has on them (RFC 9110, 5.3).

    Lines that are equal are one: who repeats a header says nothing new.
    """
    several = event.multi_value_headers or {}
    lines: dict[str, list[str]] = {}
    for given, values in several.items():
        name = given.lower()
        lines[name] = lines[name] + values if name in lines else values
    alone = {
        name.lower(): text for name, text in (event.headers or {}).items() if name not in several
    }
    return alone | {
        name: values[0] if len(values) == 1 else ", ".join(dict.fromkeys(values))
        for name, values in lines.items()
    }


class Response(NamedTuple):
    """An answer; `body` is what goes out as JSON, None for no body."""

    status: int
    body: Any
    headers: dict[str, str]

    def render(self, request: Request) -> dict[str, Any]:
        """Put the answer to a request into the form that API Gateway takes."""
        headers = {
            "Content-Type": JSON,
            "Cache-Control": "private, no-cache",
            **NO_SNIFFING,
            "X-Request-Id": request.request_id,
            **cors_headers(request.headers.get("origin")),
            **self.headers,
        }
        text = "" if self.body is None else msgspec.json.encode(self.body).decode()
        return {"statusCode": self.status, "headers": headers, "body": text}


def etag(version: int) -> str:
    """Render an order's version as its entity tag."""
    return f'"{version}"'


def validators(item: Item) -> dict[str, str]:
    """Give the headers by which an answer's order is known again: its version and last change."""
    return {"ETag": etag(item["version"]), "Last-Modified": _http_date(item["updatedAt"])}


def _http_date(timestamp: str) -> str:
    """Write a timestamp of an order as HTTP does; `strftime` takes thrice as long."""
    day = date.fromisoformat(timestamp[:10])
    weekday, month = _DAYS[day.weekday()], MONTHS[day.month - 1]
    return f"{weekday}, {timestamp[8:10]} {month} {timestamp[:4]} {timestamp[11:19]} GMT"


def endpoint(answer: Callable[[Request], Response]) -> Handler:
    """Make a Lambda handler of a function that answers requests.

    What the function raises becomes a problem: nothing escapes, and nothing internal is told.
    """
    first = True
    if in_lambda():
        directory().preload()  # while starting, Lambda gives a whole CPU

    def handler(event: Event, _context: Any) -> dict[str, Any]:
        nonlocal first
        started, before = time.perf_counter(), Store.used()
        try:
            request = Request(event)
        except (KeyError, ValueError) as refused:
            return _no_request(refused)
        response, error = _traced(answer, request)
        fields = {
            "route": f"{request.route.method} {request.route.path}",
            "status": response.status,
            "requestId": request.request_id,
            "milliseconds": round((time.perf_counter() - started) * 1000, 2),
            **Store.used(before),
            "coldStart": first,
            **request.notes,
        }
        first = False
        log_request(fields, error)
        return response.render(request)

    ready()
    return handler


def _no_request(error: Exception) -> dict[str, Any]:
    """Answer what API Gateway cannot have sent: somebody calls the function itself."""
    log_event({"status": INTERNAL_ERROR.status}, error)
    problem = Problem(INTERNAL_ERROR, "This is no request of the API").body("")
    text = msgspec.json.encode(problem).decode()
    headers = {"Content-Type": CONTENT_TYPE, **NO_SNIFFING}
    return {"statusCode": INTERNAL_ERROR.status, "headers": headers, "body": text}


def _traced(
    answer: Callable[[Request], Response], request: Request
) -> tuple[Response, Exception | None]:
    """Answer within a subsegment of its own: a function cannot annotate Lambda's segment."""
    with subsegment(request.route.operation) as work:
        response, error = _answer(answer, request)
        notes, path_id = request.notes, request.order_id
        work.annotate(
            route=f"{request.route.method} {request.route.path}",
            status=response.status,
            orderId=notes.get("orderId") or (path_id if timestamp_in(path_id) else None),
            caller=notes.get("caller"),
            partnerId=notes["callerId"] if notes.get("caller") == Role.PARTNER else None,
            problem=notes.get("problem"),
        )
        work.judge(response.status)
        if error is not None:
            work.failed(error)
    return response, error


def _answer(
    answer: Callable[[Request], Response], request: Request
) -> tuple[Response, Exception | None]:
    try:
        caller = request.caller
        request.notes.update(caller=caller.role.value, callerId=caller.identity)
        admit(caller)
        return answer(request), None
    except Problem as problem:
        return _refusal(problem, request), None
    except Unavailable as error:
        request.notes["cause"] = str(error)
        later = Problem(UNAVAILABLE, "Try again in a moment", headers={"Retry-After": "1"})
        return _refusal(later, request), None
    except Exception as error:  # noqa: BLE001 - the last line of defence: the caller gets a problem
        bug = Problem(INTERNAL_ERROR, "Report the request id if it happens again")
        return _refusal(bug, request), error


def _refusal(problem: Problem, request: Request) -> Response:
    request.notes["problem"] = problem.kind.name  # and not where: names can be personal, too
    headers = {**problem.headers, "Content-Type": CONTENT_TYPE}
    return Response(problem.kind.status, problem.body(request.request_id), headers)
