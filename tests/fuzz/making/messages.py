"""Makes cases for what no request calls: workers, the custom resource, heartbeat and sign-in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infrastructure.functions import Caller, names
from tests.fuzz.cases import HOSTILE, REAL, Case
from tests.fuzz.making.hostile import BOMBS, NUMBERS, STRINGS, VALUES
from tests.fuzz.making.mutation import damaged, pick, spoiled
from tests.fuzz.tables import FAULTS, ORDERS
from tests.fuzz.tenants import OURS, tables
from tests.shared.stream_records import deletion, message, record

if TYPE_CHECKING:
    from tests.fuzz.making.mutation import Choose

_LARGEST_MESSAGE = 256 * 1024
_ITEMS = list(tables().items[ORDERS].values())
_SYNTHETIC = {**_ITEMS[0], "synthetic": True, "partnerId": "heartbeat"}
_SERVED = [
    {**_ITEMS[0], "servedBy": "bella#rest-1", "acceptBy": deadline}
    for deadline in (
        *("2020-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"),
        *("2020-01-01T00:00:00", "2020-01-01T00:00:00+02:00", "soon", "", None, 42, ["x"]),
    )
]
_NO_IDS: tuple[Any, ...] = ("42", None, [], f"{_ITEMS[0]['orderId']} ")
_DEADLINES = [
    *(json.dumps({"deadlineOf": item["orderId"]}) for item in _ITEMS[:3]),
    *(json.dumps({"deadlineOf": value}) for value in _NO_IDS),
    json.dumps({"deadlineOf": _ITEMS[0]["orderId"], "status": "REJECTED"}),
]
_ERASED = {**_ITEMS[0], "expiresAt": 2**31, "erasedAt": _ITEMS[0]["updatedAt"]}
_RECORDS = [
    *(json.dumps(record(item)) for item in (*_ITEMS, _SYNTHETIC, _ERASED, *_SERVED)),
    *(json.dumps(deletion(_ERASED)), *_DEADLINES),
]
_CHANGES = [
    json.dumps(record({**item, "status": status, "version": 2}, item))
    for item in _ITEMS
    for status in ("CONFIRMED", "PLACED")
]
_SECRET = "whsec_c2VjcmV0"
_URLS = (
    *(
        "https://a.example/\r\nX: y",
        "https://[::1/",
        "https://\u202e.example/\x00",
        "http://a.example",
    ),
    *("https://a.example:99999/", "https://u:p@a.example/", "https://a.example/#f", "//a.example"),
    *(
        "https://xn--\u00df.example/",
        "https://stra\u00dfe.example/",
        f"https://{'a' * 300}.example/",
    ),
    *("https://a.example/?q=1;b=2", "https://127.0.0.1/", "https://%41.example/", "\ud800", ""),
)
_ENDPOINTS = (
    *(json.dumps({"url": url, "secrets": [_SECRET]}) for url in _URLS),
    *(
        json.dumps({"url": "https://a.example/", "secrets": [text]})
        for text in ("", "x", "whsec_=")
    ),
    *("{", "null", "[]", '{"url":1}', '{"url":"https://a.example/","more":1}', "[" * 5_000),
)
_FLAGS = (
    '{"partner-webhooks":{"enabled":false}}',
    *("{}", '{"auto-confirm":{"enabled":true}}', '{"partner-webhooks":{"enabled":true}}'),
    *('{"auto-confirm":{"enabled":true,"percent":1e400}}', "[" * 5_000, '{"a":', "null", "\ud800"),
)
_HEADS = (
    *("HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
    *("HTTP/1.1 503 Busy\r\nRetry-After: ", "HTTP/1.1 429 Slow\r\nRetry-After: "),
    *("HTTP/1.1 302 Found\r\nLocation: ", "HTTP/1.1 100 Continue\r\n\r\n" * 200, "HTTP/1.1 999 "),
    *(
        "HTTP/1.1 200\r\nX: " + "a" * 70_000,
        "HTTP/9.9 200 OK\r\n\r\n",
        "",
        "\x00" * 100,
        "HTTP/1.1",
    ),
    *("HTTP/1.1 500 \r\n" + "A: b\r\n" * 200, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
    *(
        "ICY 200 OK\r\n\r\n",
        "HTTP/1.1 -20 OK\r\n\r\n",
        "HTTP/1.1 ٣٣ OK\r\n\r\n",
        "HTTP/1.1 503 \r\n",
    ),
)
_ENDS = (
    *("\r\n\r\n", "1\r\n\r\n", "-1\r\n\r\n", "9" * 400 + "\r\n\r\n", "\xb2\r\n\r\n", " \r\n\r\n"),
    *("Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n", "Sun, 06 Nov 9999 08:49:37 -9999\r\n\r\n"),
    *(
        "Mon, 99 Foo 99999 99:99:99 +99999999\r\n\r\n",
        "0 Jan 0 0:0:0\r\n\r\n",
        ",\r\n\r\n",
        "()\r\n",
    ),
    *(
        "1 1 1 1 1\r\n\r\n",
        "Jan\r\n\r\n",
        "Sun, 1 Jan 2027 0 GMT\r\n\r\n",
        "(((((\r\n\r\n",
        "::\r\n\r\n",
    ),
)
_AWS = (
    *([200, "{}"], [200, "["], [200, "[" * 5_000], [200, "[]"], [200, '{"Parameter":{"Value":1}}']),
    *([400, '{"__type":"ParameterNotFound"}'], [400, '{"__type":7}'], [500, "<html>"], [503, ""]),
    *([400, '{"__type":"ThrottlingException"}'], [200, '{"Parameter":{"Value":"\\ud800"}}']),
    *([200, json.dumps({"Parameter": {"Value": text}})] for text in ("", "{", "[" * 3_000)),
    [200, json.dumps({"Parameter": {"Value": '{"url":"https://a.example/\\r\\nX: y"}'}})],
    [200, json.dumps({"Parameter": {"Value": '{"url":"https://[::1/","secrets":["x"]}'}})],
    [200, json.dumps({"Parameter": {"Value": '{"url":"https://\u202e.example/\\u0000"}'}})],
)


def _answer(choose: Choose) -> str:
    text = pick(choose, _HEADS) + pick(choose, _ENDS)
    if choose(6) == 0:
        text += pick(choose, STRINGS)
    return text.encode("latin-1", "ignore").decode("latin-1")


def _body(choose: Choose) -> str:
    """Make a message's body: a stream record, a damaged one, or anything."""
    text = pick(choose, _RECORDS if choose(2) else _CHANGES)
    kind = choose(6)
    if kind in (1, 2, 3):
        document = json.loads(text)
        for _ in range(kind):
            document = spoiled(choose, document, STRINGS if choose(3) else VALUES)
        return json.dumps(document, ensure_ascii=bool(choose(2)))
    if kind == 4:
        start = choose(len(text))
        piece = pick(choose, NUMBERS if choose(2) else STRINGS)
        return text[:start] + piece + text[start + choose(9) :]
    return pick(choose, BOMBS)[:_LARGEST_MESSAGE] if kind == 5 else text


def messages(function: str, choose: Choose) -> Case:
    """Make a case for a queue's worker."""
    count = 1 + choose(3)
    tries = [pick(choose, (1, 1, 2, 5, 1_000)) for _ in range(count)]
    records = [
        message(_body(choose), number=number, receives=receives)
        for number, receives in enumerate(tries)
    ]
    event: Any = {"Records": records}
    shape = REAL
    if choose(5) == 0:
        event, shape = damaged(choose, event), HOSTILE
    return Case(
        target=function,
        event=event,
        shape=shape,
        trace=pick(choose, _TRACES),
        fault=pick(choose, tuple(FAULTS)) if choose(8) == 0 else "",
        flags=pick(choose, _FLAGS),
        endpoint=pick(choose, _ENDPOINTS) if choose(3) == 0 else "",
        aws=[pick(choose, _AWS) for _ in range(3)] if choose(4) == 0 else None,
        answers=[_answer(choose) for _ in range(2)] if choose(2) else [],
    )


_TRACES = (None, "Root=1-6562a1b2-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1", "x=")
_RESOURCE = {
    "RequestType": "Create",
    "ResponseURL": "https://cloudformation.example.com/answer?signature=x",
    "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/orders/1",
    "RequestId": "request-1",
    "ResourceType": "Custom::Parameters",
    "LogicalResourceId": "Parameters",
    "ServiceToken": "arn:aws:lambda:us-east-1:111122223333:function:f",
    "ResourceProperties": {"Flags": "/x/flags", "SigningKey": "/x/key", "KeyId": "alias/x"},
}


_VERSIONS = ("7", "8", "10", "$LATEST", "", "٣", 8)


def gates(choose: Choose) -> Case:
    """Make a case for the release gate: what CloudFormation asks, and what Lambda answers."""
    event: Any = json.loads(json.dumps(_RESOURCE))
    event["RequestType"] = pick(choose, ("Update", "Update", "Update", "Create", "Delete"))
    event["ResourceProperties"] = properties = _gate(pick(choose, _VERSIONS))
    if event["RequestType"] != "Create":
        event["PhysicalResourceId"] = "release-gate"
        event["OldResourceProperties"] = _gate(pick(choose, _VERSIONS))
    for _ in range(choose(3)):
        event["ResourceProperties"] = properties = spoiled(choose, properties, VALUES)
    shape = REAL
    if choose(3) == 0:
        event, shape = damaged(choose, event), HOSTILE
    return Case(
        target="release_gate",
        event=event,
        shape=shape,
        trace=pick(choose, _TRACES),
        aws=[pick(choose, _AWS) for _ in range(2)] if choose(4) == 0 else None,
        answers=[_run_of_a_function(choose) for _ in range(1 + choose(3))],
    )


def _gate(version: Any) -> dict[str, Any]:
    """Make the gate's properties."""
    functions = {
        name: {"Name": f"stage-{name}", "Version": version}
        for name in names(Caller.API, Caller.QUEUE)
    }
    return {
        "Functions": functions,
        "Alias": "live",
        "Rounds": "1",
        "SlowFactor": "3",
        "Gate": "check",
        "Reason": "",
        "Table": "partners-table",
        "Origin": "https://shop.example.com",
        "Quotes": "checked",
    }


def _run_of_a_function(choose: Choose) -> str:
    """Make an answer of Invoke, which CloudFormation's address then gives, too."""
    if choose(4) == 0:
        return _answer(choose)
    body = json.dumps({"type": "urn:problem-type:x", "orders": [], "detail": pick(choose, STRINGS)})
    answer = {"statusCode": pick(choose, (400, 404, 200)), "headers": {"ETag": '"1"'}, "body": body}
    payload: Any = spoiled(choose, answer, VALUES) if choose(2) else answer
    version = pick(choose, ("8", "7", "", "10"))
    return _http(200, json.dumps(payload), f"X-Amz-Executed-Version: {version}\r\n")


def resources(choose: Choose) -> Case:
    """Make a case for the custom resource that makes parameters."""
    event: Any = json.loads(json.dumps(_RESOURCE))
    event["RequestType"] = pick(choose, ("Create", "Update", "Delete"))
    if event["RequestType"] != "Create":
        event["PhysicalResourceId"] = "parameters-of-/x/flags"
    properties = event["ResourceProperties"]
    for _ in range(choose(3)):
        event["ResourceProperties"] = properties = spoiled(choose, properties, VALUES)
    shape = REAL
    if choose(3) == 0:
        event, shape = damaged(choose, event), HOSTILE
    return Case(
        target="create_parameters",
        event=event,
        shape=shape,
        trace=pick(choose, _TRACES),
        aws=[pick(choose, _AWS) for _ in range(2)] if choose(3) == 0 else None,
        answers=[_answer(choose)] if choose(3) == 0 else [],
    )


_ORDER = {
    "orderId": "01a1b2c3-0000-7000-8000-000000000000",
    "partnerId": "heartbeat",
    "status": "PLACED",
}
_PLACED = json.dumps(_ORDER)
_CANCELLED = json.dumps({**_ORDER, "status": "CANCELLED"})


def _http(status: int, text: str, headers: str = "") -> str:
    length = len(text.encode("latin-1", "ignore"))
    return f'HTTP/1.1 {status} X\r\nETag: "1"\r\nContent-Length: {length}\r\n{headers}\r\n{text}'


_ALIVE = [
    _http(201, _PLACED),
    _http(200, _PLACED),
    _http(201, _PLACED, "Idempotent-Replayed: true\r\n"),
    _http(200, _CANCELLED),
]


def _hostile_answer(choose: Choose) -> str:
    kind = choose(3)
    if kind == 0:
        return _answer(choose)
    if kind == 1:
        document = spoiled(choose, json.loads(_PLACED), VALUES if choose(2) else STRINGS)
        return _http(pick(choose, (200, 201)), json.dumps(document))
    text = pick(choose, BOMBS)[:300_000].encode("latin-1", "ignore").decode("latin-1")
    return _http(pick(choose, (200, 201)), text)


def heartbeats(choose: Choose) -> Case:
    """Make a case for the heartbeat: a schedule's event, and what the API answers."""
    event: Any = {"scheduledTime": "2026-11-21T09:05:00Z"}
    shape = REAL
    if choose(3) == 0:
        event, shape = damaged(choose, event), HOSTILE
    answers = list(_ALIVE)
    for _ in range(choose(3)):
        answers[choose(len(answers))] = _hostile_answer(choose)
    return Case(
        target="place_heartbeat",
        event=event,
        shape=shape,
        trace=pick(choose, _TRACES),
        fault=pick(choose, tuple(FAULTS)) if choose(10) == 0 else "",
        aws=[pick(choose, _AWS)] if choose(6) == 0 else None,
        answers=answers,
    )


_PERSON = {
    "version": "1",
    "triggerSource": "TokenGeneration_Authentication",
    "region": "us-east-1",
    "userPoolId": "us-east-1_Example",
    "userName": "44d8a4c8-1021-70f1-5a2b-6b1f0e9c7d11",
    "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "client"},
    "request": {
        "userAttributes": {"sub": "44d8a4c8-1021-70f1-5a2b-6b1f0e9c7d11", "email": OURS},
        "groupConfiguration": {
            "groupsToOverride": [],
            "iamRolesToOverride": [],
            "preferredRole": None,
        },
    },
    "response": {"claimsOverrideDetails": None},
}
_GROUP_NAMES = ("operators", "x,operators", "operators,", "[operators]", "testers", "\u202e", ",")
_FACTORS = (
    *([200, '{"UserMFASettingList":["SOFTWARE_TOKEN_MFA"]}'], [200, "{}"], [200, "["]),
    *([200, '{"UserMFASettingList":"SOFTWARE_TOKEN_MFA"}'], [200, '{"UserMFASettingList":[7]}']),
    *([400, '{"__type":"UserNotFoundException"}'], [400, '{"__type":7}'], [500, "<html>"]),
)


def sign_ins(choose: Choose) -> Case:
    """Make a case for what Cognito asks before it makes tokens."""
    event: Any = json.loads(json.dumps(_PERSON))
    names = [pick(choose, _GROUP_NAMES) for _ in range(choose(4))]
    event["request"]["groupConfiguration"]["groupsToOverride"] = names
    shape = REAL
    if choose(3) == 0:
        event, shape = damaged(choose, event), HOSTILE
    return Case(
        target="check_second_factor",
        event=event,
        shape=shape,
        trace=pick(choose, _TRACES),
        aws=[pick(choose, _FACTORS)],
    )
