"""Judges what became of a case: each finding is a sentence, the same for the same fault.

escapes     an exception left a handler
answer      a shape that API Gateway, SQS or CloudFormation does not take; a control character
tenant      something of somebody else's was told or written
secret      a name or a key of ours was told
personal    what people wrote stands in a log line, a metric, a trace or a webhook
log         a line is missing, is no JSON, or would do something to a terminal
unforeseen  an event that AWS can really send was answered as a bug of ours
stored      what was stored is not what was sent
slow, memory  more than any request may take
"""

from __future__ import annotations

import json
import re
import traceback
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from msgspec import ValidationError

from infrastructure.functions import Caller, names
from orders.heartbeat import Deviation
from orders.problems import PROBLEMS, TOO_MANY_REQUESTS, UNAUTHENTICATED
from orders.settings import OPERATORS
from orders.tracing import MOST_BYTES
from tests.fuzz.cases import HOSTILE, REAL
from tests.fuzz.tables import KEYS, ORDERS, PARTNERS
from tests.fuzz.targets import API, HANDLERS, SCREENS, WORKERS
from tests.fuzz.tenants import CUSTOMER, NOBODY, OURS, PARTNER, SENT, STAFF, THEIRS, is_of
from tests.fuzz.world import CREDENTIALS, INTERNALS, LONGEST_SECONDS, MOST_MEGABYTES, Hang

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.cases import Case
    from tests.fuzz.world import Outcome

_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
_UNSAFE = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_TYPES = {kind.type for kind in (*PROBLEMS, TOO_MANY_REQUESTS, UNAUTHENTICATED)}
_LARGEST_ANSWER = 6 * 1024 * 1024
_POSTED = re.compile(r"POST /[!-~]* HTTP/1\.1")
_WEBHOOK_HEADERS = {
    *("Host", "Accept-Encoding", "Content-Length", "Content-Type", "User-Agent", "Connection"),
    *("webhook-id", "webhook-timestamp", "webhook-signature", "X-Amzn-Trace-Id"),
}
_EVENT_FIELDS = {
    *("eventId", "schemaVersion", "type", "orderId", "status", "version", "occurredAt")
}
_OF_CALLERS = ("restaurantId", "items", "note", "deliveryAddress", "contactPhone", "currency")


def findings(case: Case, outcome: Outcome) -> list[str]:
    """Give what is wrong with what became of a case; nothing, as it must be."""
    return [f"{case.target}: {found}" for found in (*_costs(outcome), *_harm(case, outcome))]


def harm(case: Case, outcome: Outcome) -> list[str]:
    """Give what is wrong, whatever it cost: the tests run where other things go on as well."""
    return [f"{case.target}: {found}" for found in _harm(case, outcome)]


def _costs(outcome: Outcome) -> Iterator[str]:
    if outcome.seconds > LONGEST_SECONDS:
        yield "slow: it takes more than any request may"
    if outcome.megabytes > MOST_MEGABYTES:
        yield "memory: it takes more than any request may"


def _harm(case: Case, outcome: Outcome) -> Iterator[str]:
    if outcome.raised is not None and not _meant(case, outcome.raised):
        yield f"escapes: {_place(outcome.raised)}"
    if case.target in SCREENS:
        yield from _screen(outcome)
        return
    yield from _logs(case, outcome)
    yield from _traces(outcome)
    yield from _personal(case, outcome)
    yield from _calls(outcome)
    if outcome.raised is None:
        yield from _KINDS[case.target](case, outcome)


def _meant(case: Case, error: BaseException) -> bool:
    """Tell whether a handler fails on purpose: so that AWS counts it, or calls it again."""
    if case.target == "place_heartbeat":
        return isinstance(error, Deviation)
    if case.target in names(Caller.DEPLOYMENT) and case.answers:
        return isinstance(error, OSError | HTTPException)
    # Cognito sends no such event, and makes no tokens where its question is not answered.
    if case.target == "check_second_factor" and case.shape == HOSTILE:
        return isinstance(error, ValidationError)
    return False


def _place(error: BaseException) -> str:
    if isinstance(error, Hang):
        return "it does not end"
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/tests/" not in frame.filename]
    last = (ours or frames)[-1]
    return f"{type(error).__name__} in {last.filename.rpartition('/')[2]}, {last.name}"


# --- What is said


def _screen(outcome: Outcome) -> Iterator[str]:
    try:
        shown = outcome.shown.decode()
    except UnicodeDecodeError:
        yield "log: no UTF-8 on the screen"
        return
    if _UNSAFE.search(shown):
        yield "log: a command to a terminal on the screen"


def _logs(case: Case, outcome: Outcome) -> Iterator[str]:
    if outcome.errors:
        yield f"log: on standard error stands {outcome.errors.strip().splitlines()[0][:60]!r}"
    lines = outcome.log.decode().splitlines()
    if not lines and outcome.raised is None:
        yield "log: there is no line"
    if case.target in API and len(lines) > 1:
        yield "log: a request has several lines"
    for line in (*lines, *outcome.metrics.decode().splitlines()):
        if _UNSAFE.search(line):
            yield "log: a command to a terminal in a line"
        try:
            json.loads(line, parse_constant=_no_number)
        except ValueError:
            yield "log: a line is no JSON"


def _no_number(name: str) -> None:
    raise ValueError(name)


def _traces(outcome: Outcome) -> Iterator[str]:
    for datagram in outcome.datagrams:
        head, _, document = datagram.partition(b"\n")
        if json.loads(head) != {"format": "json", "version": 1}:
            yield "answer: a datagram without its head"
        json.loads(document, parse_constant=_no_number)
        if len(document) > MOST_BYTES:
            yield "answer: a segment document is too long"


def _personal(case: Case, outcome: Outcome) -> Iterator[str]:
    said = {
        "a log line": outcome.log,
        "a metric": outcome.metrics,
        "a trace": b"".join(outcome.datagrams),
        "standard error": outcome.errors.encode(errors="replace"),
    }
    if case.target in WORKERS:
        said["a webhook"] = b"".join(outcome.requests)
    # A client's words are in what clients send, and not in who they are.
    sent = case.target in API and case.shape == REAL
    words = (OURS, THEIRS, SENT) if sent else (OURS, THEIRS)
    for where, text in said.items():
        if any(word.encode() in text for word in words):
            yield f"personal: in {where}"
        if any(secret.encode() in text for secret in CREDENTIALS):
            yield f"secret: in {where}"


def _calls(outcome: Outcome) -> Iterator[str]:
    for operation, headers, _ in outcome.calls:
        if not all(_HEADER_VALUE.fullmatch(value) for value in headers.values()):
            yield f"answer: a control character in a header of {operation}"


# --- What requests are answered


def _api(case: Case, outcome: Outcome) -> Iterator[str]:
    answer = outcome.answer
    if flaw := _flaw_of(answer):
        yield f"answer: {flaw}"
        return
    text = answer["body"]
    for name, value in answer["headers"].items():
        if not _HEADER_VALUE.fullmatch(value) or not _HEADER_NAME.fullmatch(name):
            yield f"answer: header {name} holds what no header may"
    told = json.dumps(answer)
    if any(secret in told for secret in INTERNALS):
        yield "secret: in an answer"
    document = json.loads(text) if text else {}
    if answer["statusCode"] >= 400:
        yield from _problem(answer, document)
    yield from _tenants(case, outcome, told, document)
    yield from _unforeseen(case, outcome)
    if case.target == "create_order" and answer["statusCode"] == 201:
        yield from _stored(case, answer, document)


def _flaw_of(answer: Any) -> str:
    if not isinstance(answer, dict) or answer.keys() != {"statusCode", "headers", "body"}:
        return "it is no answer of a proxy integration"
    status, headers, text = answer["statusCode"], answer["headers"], answer["body"]
    if type(status) is not int or not 200 <= status < 600 or not isinstance(text, str):
        return "status or body are of another kind"
    if not all(isinstance(one, str) for pair in headers.items() for one in pair):
        return "a header is no text"
    try:  # as the runtime does
        size = len(json.dumps(answer, ensure_ascii=False).encode())
    except UnicodeEncodeError:
        return "it is no Unicode"
    return "it is too large" if size > _LARGEST_ANSWER else ""


def _problem(answer: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    kind = answer["headers"].get("Content-Type")
    if kind != "application/problem+json" or document.get("type") not in _TYPES:
        yield "answer: an error is no problem"
    if document.get("status") != answer["statusCode"]:
        yield "answer: a problem has another status"


def _orders_in(document: Any) -> list[dict[str, Any]]:
    if isinstance(document, dict) and "orders" in document:
        return list(document["orders"])
    return [document] if isinstance(document, dict) and "orderId" in document else []


def _tenants(case: Case, outcome: Outcome, told: str, document: Any) -> Iterator[str]:
    """Hold what was told and written against who called."""
    after, before = outcome.after.items, outcome.before.items
    if case.who == NOBODY and (OURS in told or THEIRS in told or after != before):
        yield "tenant: somebody without a name was let in"
    if case.who in (PARTNER, CUSTOMER, STAFF):
        yield from _told(case, outcome, told, document)
        yield from _written(case, outcome)


def _told(case: Case, outcome: Outcome, told: str, document: Any) -> Iterator[str]:
    if THEIRS in told:
        yield "tenant: another's words are told"
    for order in _orders_in(document):
        kept = outcome.after.items[ORDERS].get((order["orderId"], order.get("createdAt")))
        if kept is None or not is_of(case.who, kept):
            yield "tenant: another's order is told"


def _written(case: Case, outcome: Outcome) -> Iterator[str]:
    after, before = outcome.after.items, outcome.before.items
    for key, item in before[ORDERS].items():
        if not is_of(case.who, item) and after[ORDERS].get(key) is not item:
            yield "tenant: another's order was changed"
    for key, item in after[ORDERS].items():
        if key not in before[ORDERS] and not is_of(case.who, item):
            yield "tenant: an order was placed for another"
    if any(after[KEYS].get(key) is not item for key, item in before[KEYS].items()):
        yield "tenant: a key was taken again"
    if after[PARTNERS] != before[PARTNERS]:
        yield "tenant: a partner was changed"


def _unforeseen(case: Case, outcome: Outcome) -> Iterator[str]:
    if case.shape != REAL or case.fault or outcome.answer["statusCode"] < 500:
        return
    line = json.loads(outcome.log.splitlines()[0])
    where = [one for one in line.get("stack", []) if "/orders/" in one]
    yield f"unforeseen: {line.get('error')} at {where[-1].rpartition('/')[2] if where else '?'}"


def _stored(case: Case, answer: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    if "Idempotent-Replayed" in answer["headers"] or case.event.get("isBase64Encoded"):
        return
    sent = json.loads(case.event["body"])
    if sorted(_texts(_of_caller(sent))) != sorted(_texts(_of_caller(document))):
        yield "stored: another text than was sent"


def _of_caller(order: dict[str, Any]) -> list[Any]:
    return [order[name] for name in _OF_CALLERS if name in order]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _texts(member)


# --- What workers do


def _worker(case: Case, outcome: Outcome) -> Iterator[str]:
    answer = outcome.answer
    failed = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if not isinstance(failed, list) or not all(
        isinstance(one, dict) and isinstance(one.get("itemIdentifier"), str) for one in failed
    ):
        yield "answer: SQS cannot read it"
        return
    yield from _letters(case, outcome)
    yield from _webhooks(case, outcome)
    if case.shape == REAL and not case.fault and b"failed: " in outcome.log:
        errors = [json.loads(line).get("error") for line in outcome.log.splitlines()]
        yield f"unforeseen: {', '.join(str(one) for one in errors if one)}"


def _letters(case: Case, outcome: Outcome) -> Iterator[str]:
    """What is buried is buried whole, and so is handed over what waits for another try."""
    sent = [args for name, _, args in outcome.calls if name == "SendMessage"]
    for name, _, args in outcome.calls:
        sent += args["Entries"] if name == "SendMessageBatch" else []
    bodies = [args["MessageBody"] for args in sent]
    if case.shape == REAL and not {*bodies} <= {one["body"] for one in case.event["Records"]}:
        yield "stored: what is sent on is not the message"


def _webhooks(case: Case, outcome: Outcome) -> Iterator[str]:
    for request in outcome.requests:
        host, _, sent = request.partition(b"\n")
        head, _, body = sent.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        if not _POSTED.fullmatch(first) or not headers.keys() <= _WEBHOOK_HEADERS:
            yield "answer: a webhook has another head"
        event = json.loads(body)
        if event.keys() != _EVENT_FIELDS:
            yield "personal: a webhook tells more than it should"
        kept = outcome.before.items[ORDERS].values()
        owner = {item["orderId"]: item.get("partnerId") for item in kept}
        of = owner.get(event["orderId"])
        if of is not None and not case.endpoint and host.decode() != f"{of}.example.com":
            yield "tenant: a webhook goes to another"


# --- What the others do


def _deployer(case: Case, outcome: Outcome) -> Iterator[str]:
    if outcome.answer is not None:
        yield "answer: a custom resource has none"
    if case.shape != REAL:
        return
    *_, request = outcome.requests  # after those to Lambda, where it asks that
    document = json.loads(request.partition(b"\r\n\r\n")[2])
    wanted = {name: case.event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    if not wanted.items() <= document.items() or document["Status"] not in ("SUCCESS", "FAILED"):
        yield "answer: CloudFormation cannot read it"
    if any(secret in json.dumps(document) for secret in INTERNALS):
        yield "secret: in an answer"


def _heartbeat(_case: Case, outcome: Outcome) -> Iterator[str]:
    if not isinstance(outcome.answer, dict):
        yield "answer: the heartbeat tells nothing"


def _sign_in(case: Case, outcome: Outcome) -> Iterator[str]:
    """Judge the groups that Cognito would write: only who has an app is an operator."""
    if case.shape != REAL:
        return
    override = outcome.answer["response"]["claimsOverrideDetails"]
    groups = case.event["request"]["groupConfiguration"]["groupsToOverride"]
    if override is not None:
        groups = override["groupOverrideDetails"]["groupsToOverride"]
    has_app = case.aws == [[200, '{"UserMFASettingList":["SOFTWARE_TOKEN_MFA"]}']]
    if OPERATORS in ",".join(groups).split(",") and not has_app:
        yield "tenant: an operator without a second factor"


_KINDS = {
    **dict.fromkeys(API, _api),
    **dict.fromkeys(WORKERS, _worker),
    **dict.fromkeys(names(Caller.DEPLOYMENT), _deployer),
    **dict.fromkeys(names(Caller.SCHEDULE), _heartbeat),
    **dict.fromkeys(names(Caller.SIGN_IN), _sign_in),
}
assert _KINDS.keys() == HANDLERS.keys()
