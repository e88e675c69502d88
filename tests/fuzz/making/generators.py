"""Makes cases: sound events in the form that AWS sends, and from them hostile ones.

Two kinds of damage: what a client can do to a request (its headers, query, path and body, in any
bytes), and what nobody can do but to whom the function itself is open (the event's own structure).
Bodies are sound orders with hostile values, texts that are cut and spliced, and bombs.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from documents.quote_vectors import DOCUMENT
from infrastructure.functions import GATE, Caller, names
from orders.domain.lifecycle import Status
from orders.routes import ROUTES, Route
from tests.fuzz.cases import HOSTILE, REAL, Case
from tests.fuzz.making.hostile import BOMBS, NUMBERS, STRINGS, VALUES
from tests.fuzz.making.messages import gates, heartbeats, messages, resources, sign_ins
from tests.fuzz.making.mutation import damaged, pick, spoiled
from tests.fuzz.making.screens import SHOWN
from tests.fuzz.tables import FAULTS
from tests.fuzz.targets import API, WORKERS
from tests.fuzz.tenants import (
    CONTEXTS,
    CUSTOMER,
    NOBODY,
    OPERATOR,
    OWN_IDS,
    PARTNER,
    SENT,
    SERVED,
    SERVED_IDS,
    STAFF,
    THEIR_IDS,
    USED_KEY,
    body,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fuzz.making.mutation import Choose

_BODIES = {
    partners: msgspec.json.encode(body(SENT, partners=partners)) for partners in (False, True)
}
_SOON = datetime.now(UTC) + timedelta(days=1)
_SCHEDULES = [
    *(f"{_SOON:%Y-%m-%dT%H:%M:%S}Z", f"{_SOON:%Y-%m-%dT%H:%M:%S}+02:00", "2020-01-01T00:00:00Z"),
    *("9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00+23:59", "2026-11-24T10:00:60Z", ""),
]
_PATCHES = [
    *({"status": status.value} for status in Status),
    {"note": f"changed {SENT}"},
    {"note": None},
    {"deliveryAddress": {"line1": f"elsewhere {SENT}", "line2": None}},
    {"items": body(SENT, partners=True)["items"], "status": "CONFIRMED"},
    {"tip": 5, "contactPhone": "+14155550199", "scheduledFor": None},
    {"deliveryFee": 5, "tip": 6, "items": body(SENT, partners=True)["items"]},
    {"status": "CANCELLED", "reason": {"code": "customer-request", "text": f"why {SENT}"}},
    {"status": "REJECTED", "reason": {"code": "too-busy", "text": f"why {SENT}"}},
    *({"status": "CONFIRMED", "readyAt": moment} for moment in _SCHEDULES),
    *({"readyAt": moment} for moment in _SCHEDULES),
]
_TRACE = "Root=1-6562a1b2-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1"
_TRACES = [
    *(None, _TRACE, f"{_TRACE};Lineage=a:0", f"Self=1;{_TRACE}", "", ";;=;", "Root=1-\x9b2J-\r\n"),
    *(
        "Root=1-6562a1b2-0123456789abcdef01234567;Parent=x;Sampled=1",
        "Root=\udcff",
        "Sampled=1",
        "=" * 300,
        f"{_TRACE}\r\nX: y",
        "a=" * 20_000,
    ),
]
_HEADERS = (
    *("Idempotency-Key", "If-Match", "If-None-Match", "Origin", "Content-Type", "X-Api-Key"),
    *("Authorization", "Accept", "X-Forwarded-For", "X-Amzn-Trace-Id", "Host", "Cookie", "x"),
)
_TYPES = ("application/json", "application/merge-patch+json; charset=utf-16", "text/plain", "a/b;c")
_ORIGINS = ("https://shop.example.com", "https://shop.example.com\r\nX: y", "null", "*")
_TAGS = (
    '"1"',
    '"7"',
    '"1", "2"',
    "*",
    'W/"1"',
    '"99999999999999999"',
    '"',
    ", ".join(['"1"'] * 300),
)
_QUERY = (
    *("status", "limit", "cursor", "customerId", "partnerId"),
    *("reference", "restaurantId", "createdFrom", "createdTo"),
)
_MOMENTS = [
    *(
        "2026-11-18T11:06:40.123Z",
        "2026-11-18T12:06:40.1234+01:00",
        "9999-12-31T23:59:59.9999-23:59",
    ),
    *("0001-01-01T00:00:00+23:59", "2026-11-18T11:06:60Z", f"2026-11-18T11:06:40.{'9' * 6_000}Z"),
]
_QUERIES = {
    "status": [status.value for status in Status],
    "limit": ["1", "2", "100"],
    "cursor": [*OWN_IDS[PARTNER][:2], *OWN_IDS[CUSTOMER][:2], *THEIR_IDS],
    "customerId": [f"cust {SENT}", "cust", "customer-b", "bella#cust", "acme#cust", "#"],
    "partnerId": ["acme", "bella", "heartbeat"],
    "reference": ["#4711", "x"],
    "restaurantId": ["rest-1", "rest-42"],
    "createdFrom": _MOMENTS,
    "createdTo": _MOMENTS,
}
_FLAGS = ("{}", "{}", '{"order-edits":{"enabled":false}}', "[]", "{", '{"order-edits":1}', "")
_DEEP = 300
QUOTES = [one["quote"] for one in json.loads(DOCUMENT.read_text())["vectors"]]
"""The published quotes, whose key the functions know; they are of another stage and time."""

_FAULTS = tuple(FAULTS)


def _route(choose: Choose, function: str) -> Route:
    return pick(choose, [route for route in ROUTES if route.function == function])


def _sound(choose: Choose, route: Route, who: str) -> dict[str, Any]:
    """Make the event of a request that is as it should be, as API Gateway has them."""
    order_id = None
    if "{orderId}" in route.path:
        own = (SERVED_IDS if route.serves else OWN_IDS).get(who, THEIR_IDS)
        order_id = pick(choose, own if choose(3) else THEIR_IDS)
    places = {} if order_id is None else {"orderId": order_id}
    if route.serves:
        places["restaurantId"] = _restaurant(choose, who)
    path = route.path
    for name, value in places.items():
        path = path.replace(f"{{{name}}}", value)
    headers = {"Host": "api.example.com", "Content-Type": "application/json", "Accept": "*/*"}
    if route.method == "POST" or (route.method == "PATCH" and choose(2)):
        headers["Idempotency-Key"] = pick(choose, (USED_KEY, "new-key"))
    query = {}
    if route.query and choose(2):
        name = pick(choose, _QUERY)
        query = {name: pick(choose, _QUERIES[name])}
    return {
        "resource": route.path,
        "path": path,
        "httpMethod": route.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} or None,
        "pathParameters": places or None,
        "stageVariables": None,
        "requestContext": {
            "resourceId": "abc123",
            "resourcePath": route.path,
            "httpMethod": route.method,
            "path": f"/v1{path}",
            "protocol": "HTTP/1.1",
            "stage": "v1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "requestTimeEpoch": 1_795_000_000_123,
            "apiId": "1234567890",
            **CONTEXTS[who],
        },
        "body": _body(choose, route),
        "isBase64Encoded": False,
    }


def _restaurant(choose: Choose, who: str) -> str:
    """Name the restaurant that a caller serves, or another one."""
    own, _ = SERVED.get(who, ("rest-1", ""))
    return own if choose(3) else pick(choose, ("rest-1", "rest-2", "rest-7", "rest-9", "#rest-2"))


def _body(choose: Choose, route: Route) -> str | None:
    if route.body is None:
        return None
    if route.method == "PATCH":
        return json.dumps(pick(choose, _PATCHES))
    return _BODIES[route.path.startswith("/partner")].decode()


# --- What a client can do


def _headers(choose: Choose, event: dict[str, Any]) -> None:
    name = pick(choose, _HEADERS)
    fitting = {"If-Match": _TAGS, "If-None-Match": _TAGS, "Content-Type": _TYPES}
    among = {**fitting, "Origin": _ORIGINS}.get(name, STRINGS)
    value = pick(choose, among if choose(2) else STRINGS)
    if choose(4) == 0:
        name = pick(choose, (name.lower(), name.upper(), pick(choose, STRINGS)))
    event["headers"][name] = value
    event["multiValueHeaders"][name] = [value, value]


def _query(choose: Choose, event: dict[str, Any]) -> None:
    given = event["multiValueQueryStringParameters"] or {}
    name = pick(choose, _QUERY) if choose(4) else pick(choose, STRINGS)
    value = pick(choose, STRINGS) if choose(3) else pick(choose, _QUERIES.get(name, STRINGS))
    given[name] = [value] * (1 if choose(5) else 2)
    event["multiValueQueryStringParameters"] = given
    event["queryStringParameters"] = {name: values[-1] for name, values in given.items()}


def _path(choose: Choose, event: dict[str, Any]) -> None:
    text = pick(choose, STRINGS)
    if event["pathParameters"]:
        event["pathParameters"] |= {
            "orderId": pick(choose, (text, text.upper(), THEIR_IDS[0] + text))
        }
    event["path"] = event["requestContext"]["path"] = f"/v1/orders/{text}"


def _values(choose: Choose, event: dict[str, Any]) -> None:
    """Put hostile values into a sound body."""
    if event["body"] is None:
        event["body"] = pick(choose, BOMBS)
    if event["body"].count("[") > _DEEP or event["body"].count("{") > _DEEP:
        return  # a bomb already, too deep for ourselves
    try:
        document = json.loads(event["body"])
    except (ValueError, RecursionError):
        return  # it has been damaged before
    for _ in range(1 + choose(3)):
        document = spoiled(choose, document, STRINGS if choose(2) else VALUES)
    if choose(5) == 0 and isinstance(document, dict):
        document["scheduledFor"] = pick(choose, _SCHEDULES)
    event["body"] = json.dumps(document, ensure_ascii=bool(choose(3)))


def _text(choose: Choose, event: dict[str, Any]) -> None:
    """Cut and splice the body's text."""
    text = event["body"] or "{}"
    piece = pick(choose, NUMBERS if choose(2) else STRINGS)
    start = choose(len(text))
    end = min(len(text), start + choose(40))
    kind = choose(4)
    if kind == 0:  # a member twice, or one whose name is hostile
        name = pick(choose, ("note", "name", "tip", "city", json.dumps(piece)[1:-1]))
        objects = [place for place, c in enumerate(text) if c == "{"] or [0]
        inside = pick(choose, objects) + 1
        value = pick(choose, ('"a"', "1")) if choose(2) else pick(choose, NUMBERS)
        event["body"] = f'{text[:inside]}"{name}": {value}, {text[inside:]}'
    else:
        event["body"] = text[:start] + piece + text[end if kind == 1 else start :]


def _quote(choose: Choose, event: dict[str, Any]) -> None:
    """Send a price quote, good or forged, or two that are spliced, or no text of one."""
    try:
        document = json.loads(event["body"] or "{}")
    except (ValueError, RecursionError):
        return  # it has been damaged before
    if isinstance(document, dict):
        text, other = pick(choose, QUOTES), pick(choose, QUOTES)
        cut = choose(len(text))
        texts = (text, text, text[:cut] + other[cut:], text[:cut], pick(choose, STRINGS))
        document["quote"] = pick(choose, texts)
        event["body"] = json.dumps(document)


def _bomb(choose: Choose, event: dict[str, Any]) -> None:
    event["body"] = pick(choose, BOMBS)


def _anything(choose: Choose, event: dict[str, Any]) -> None:
    document = _document(choose, 3)
    event["body"] = json.dumps(document, ensure_ascii=bool(choose(2)))


def _bytes(choose: Choose, event: dict[str, Any]) -> None:
    """Send what API Gateway holds for no text."""
    kind = choose(4)
    text = (event["body"] or pick(choose, STRINGS)).encode(errors="surrogatepass")
    raw = (text, text.decode("utf-8", "ignore").encode("utf-16"), b"\xff\xfe" + text)
    event["isBase64Encoded"] = True
    if kind == 3:
        event["body"] = pick(choose, STRINGS)
    else:
        event["body"] = base64.b64encode(raw[kind]).decode()


def _document(choose: Choose, depth: int) -> Any:
    """Make any JSON document, of any values."""
    kind = choose(4 if depth else 2)
    if kind == 2:
        return [_document(choose, depth - 1) for _ in range(choose(4))]
    if kind == 3:
        return {pick(choose, STRINGS): _document(choose, depth - 1) for _ in range(choose(4))}
    return pick(choose, STRINGS if kind else VALUES)


_CLIENT: tuple[Callable[[Choose, dict[str, Any]], None], ...] = (
    *(_headers, _query, _path, _values, _values, _values, _text, _text, _bomb, _anything, _bytes),
    *(_quote, _quote),
)


def requests(function: str, choose: Choose) -> Case:
    """Make a case for one of the API's functions."""
    route = _route(choose, function)
    own = PARTNER if route.by_key else STAFF if route.serves else CUSTOMER
    who = own if choose(4) else pick(choose, (NOBODY, own if own == PARTNER else OPERATOR))
    event = _sound(choose, route, who)
    for _ in range(choose(4)):
        pick(choose, _CLIENT)(choose, event)
    shape = REAL
    if choose(4) == 0:
        event, shape, who = damaged(choose, event), HOSTILE, ""
    return Case(
        target=function,
        event=event,
        shape=shape,
        who=who,
        trace=pick(choose, _TRACES) if choose(3) == 0 else _TRACE,
        fault=pick(choose, _FAULTS) if choose(12) == 0 else "",
        flags=pick(choose, _FLAGS),
    )


GENERATORS: dict[str, Callable[[Choose], Case]] = {
    **{name: partial(requests, name) for name in API},
    **{name: partial(messages, name) for name in WORKERS},
    "create_parameters": resources,
    GATE: gates,
    **dict.fromkeys(names(Caller.SCHEDULE), heartbeats),
    **dict.fromkeys(names(Caller.SIGN_IN), sign_ins),
    **SHOWN,
}
"""What makes cases for each target out of choices."""
