"""What X-Ray is told of the functions' work, as its daemon gets it."""

from __future__ import annotations

import json
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.reach.layout import free_port
from orders import aws_api, partners, tracing, webhooks
from orders import log as logs
from orders.aws import calls
from orders.aws.connection import Answer
from orders.consumer import consumer
from orders.domain.changes import confirm, revise, view
from orders.domain.events import OrderEvent
from orders.domain.lifecycle import Role, Status
from orders.domain.order import OrderPatch
from orders.dynamodb import (
    ConditionFailed,
    DynamoDBError,
    Throttled,
    TransactionCancelled,
    Used,
)
from orders.flags import Decision
from orders.handlers import create_order, get_order, list_orders, process_order, update_order
from orders.store import Claim, Refused, Store, Unavailable
from orders.telemetry import log_event
from orders.tracing import Header, fit, parse, subsegment, trace_id
from tests.lazily import Lazily
from tests.shared.events import event
from tests.shared.examples import order
from tests.shared.stream_records import NOW, body_of, item, message
from tests.shared.tracing.xray_schema import SUBSEGMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orders import dynamodb
    from orders.consumer import Message

jsonschema = Lazily("jsonschema")

ROOT = "1-67891233-abcdef012345678912345678"
PARENT = "53995c3f42cd8ad8"
SOUND_ROOT, SOUND_PARENT = "1-[0-9a-f]{8}-[0-9a-f]{24}", "[0-9a-f]{16}"
SAMPLED = f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=1:c3e4b99a:0"
UNSAMPLED = f"Root={ROOT};Parent={PARENT};Sampled=0"
SECRET = "Erika Mustermann"
"""Stands wherever a customer writes: no document may hold it."""


@cache
def valid() -> Any:
    """Give the validator of what X-Ray documents."""
    return jsonschema.Draft202012Validator(SUBSEGMENT)


TABLES = {name: f"{name.lower()}-table" for name in ("ORDERS", "IDEMPOTENCY", "PARTNERS")}

Document = dict[str, Any]


class Daemon:
    """X-Ray's daemon: takes datagrams, and refuses what is not what X-Ray documents."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()

    def got(self) -> list[Document]:
        """Give the documents since the last time; on this machine nothing is on its way longer."""
        documents: list[Document] = []
        while True:
            try:
                datagram = self._socket.recv(65_536)
            except BlockingIOError:
                return documents
            head, _, text = datagram.partition(b"\n")
            assert json.loads(head) == {"format": "json", "version": 1}
            assert len(text) <= 64 * 1024
            document = json.loads(text)
            valid().validate(document)
            assert SECRET not in text.decode()
            documents.append(document)

    def one(self) -> Document:
        """Give the only document."""
        (document,) = self.got()
        return document


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    """A sampled invocation of a function, and the daemon beside it."""
    made = Daemon()
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", made.address)
    monkeypatch.setenv("_X_AMZN_TRACE_ID", SAMPLED)
    yield made
    made.close()
    tracing._socket_of_process().close()
    tracing._socket_of_process.cache_clear()


# --- The trace header


def test_a_header_of_lambda() -> None:
    """Root, parent and decision are read; what else stands there is passed over."""
    assert parse(SAMPLED) == Header(ROOT, PARENT, sampled=True)
    assert parse(UNSAMPLED) == Header(ROOT, PARENT, sampled=False)
    assert parse(f"Self=1-2-3; Sampled=1 ;Parent={PARENT};Root={ROOT}") == parse(SAMPLED)


@pytest.mark.parametrize("text", [f"Root={ROOT}", f"Root={ROOT};Parent=x;Sampled=1"])
def test_a_header_without_a_parent(text: str) -> None:
    """A trace whose segment is unknown has an id, and nothing is recorded of it."""
    assert parse(text) == Header(ROOT, "", sampled=False)


@given(st.text())
def test_no_text_breaks_the_parser(text: str) -> None:
    """Whatever stands in the variable, there is a sound header or none."""
    for given_text in (text, f"Root={text};Parent={text};Sampled=1", f"{SAMPLED};{text}"):
        header = parse(given_text)
        if header is not None:
            assert re.fullmatch(SOUND_ROOT, header.root)
            assert re.fullmatch(f"({SOUND_PARENT})?", header.parent)


@pytest.mark.parametrize("wrong", ["2", "A", "g", "-", " ", "\u0660", ""])
@pytest.mark.parametrize("place", [*range(len(ROOT))])
def test_a_root_with_one_wrong_character(place: int, wrong: str) -> None:
    """A root is taken as AWS writes it and no other way; so no log line names a trace of nobody."""
    root = ROOT[:place] + wrong + ROOT[place + 1 :]
    sound = re.fullmatch(SOUND_ROOT, root) is not None
    assert (parse(f"Root={root};Parent={PARENT};Sampled=1") is not None) == sound


@pytest.mark.parametrize("wrong", [PARENT.upper(), PARENT[1:], f"{PARENT}0", f"{PARENT[1:]}\uff11"])
def test_a_parent_that_is_none(wrong: str) -> None:
    """A segment's id has sixteen lower-case digits; with another nothing is recorded."""
    assert parse(f"Root={ROOT};Parent={wrong};Sampled=1") == Header(ROOT, "", sampled=False)


roots = st.from_regex(SOUND_ROOT, fullmatch=True)
parents = st.from_regex(SOUND_PARENT, fullmatch=True)


@given(root=roots, parent=parents, sampled=st.booleans())
def test_what_is_handed_on_is_what_came(root: str, parent: str, *, sampled: bool) -> None:
    """A header that is written can be read again, by us and by every service of AWS."""
    header = Header(root, parent, sampled)
    assert parse(header.render()) == header


# --- What is sent


def test_a_subsegment_is_part_of_the_functions_segment(daemon: Daemon) -> None:
    """It names the trace and the segment of the invocation, and its own begin and end."""
    with subsegment("work") as work:
        work.annotate(orderId="o-1", partnerId=None)
    document = daemon.one()
    assert (document["trace_id"], document["parent_id"]) == (ROOT, PARENT)
    assert document["annotations"] == {"orderId": "o-1"}
    assert document["start_time"] <= document["end_time"]


def test_each_invocation_has_its_own_trace(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """A warm function's next subsegment belongs to its next trace."""
    other = ROOT.replace("abc", "def")
    with subsegment("first"):
        pass
    monkeypatch.setenv("_X_AMZN_TRACE_ID", SAMPLED.replace(ROOT, other))
    with subsegment("second"):
        pass
    assert [document["trace_id"] for document in daemon.got()] == [ROOT, other]


def test_work_within_work(daemon: Daemon) -> None:
    """What is called in the course of something stands below it, and what follows beside it."""
    with subsegment("outer"):
        with subsegment("inner"):
            pass
        with subsegment("next"):
            pass
    inner, following, outer = daemon.got()
    assert inner["parent_id"] == following["parent_id"] == outer["id"]
    assert outer["parent_id"] == PARENT
    assert len({inner["id"], following["id"], outer["id"]}) == 3


UNRECORDED = [
    {"_X_AMZN_TRACE_ID": UNSAMPLED},
    {"_X_AMZN_TRACE_ID": ""},
    {"_X_AMZN_TRACE_ID": None},
    {"_X_AMZN_TRACE_ID": "Root=1-2-3;Sampled=1"},
    {"AWS_XRAY_DAEMON_ADDRESS": None},
    {"AWS_LAMBDA_FUNCTION_NAME": None},
]


@pytest.mark.parametrize("changed", UNRECORDED, ids=str)
def test_nothing_is_sent_that_nobody_asked_for(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, changed: dict[str, str | None]
) -> None:
    """Not sampled, no trace, no daemon or not in Lambda: nothing is sent, and the work is done."""
    for name, value in changed.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    with subsegment("outer"), subsegment("inner", namespace="aws") as work:
        work.annotate(a=1)
        work.aws(operation="X")
        work.requests("POST", "https://a/")
        work.answered(500)
        work.throttled()
        work.failed(ValueError())
    assert daemon.got() == []


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:{closed}", "", "nonsense", "localhost:2000", "127.0.0.1:x", "127.0.0.1:99999999"],
)
def test_a_daemon_that_is_not_there_changes_nothing(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Whatever the daemon's address is, no work fails for it."""
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", address.format(closed=free_port()))
    for _ in range(3):
        with subsegment("work"):
            pass
    assert daemon.got() == []


def test_the_daemons_address_in_two_parts(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """The form with a TCP and a UDP address, which the SDKs take, is understood."""
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"tcp:127.0.0.1:1 udp:{daemon.address}")
    with subsegment("work"):
        pass
    assert daemon.one()["name"] == "work"


hostile = st.text() | st.sampled_from([SECRET[:0], "\ud800", "\x00\n", "é" * 5_000, '"}{\\'])
values = hostile | st.integers() | st.floats() | st.booleans() | st.none()


@given(name=hostile, given_values=st.lists(values, max_size=9), texts=st.lists(hostile))
def test_documents_of_hostile_values(name: str, given_values: list[Any], texts: list[str]) -> None:
    """Whatever its values are, a document is what X-Ray takes, and fits."""
    work = tracing._Recorded(name, "aws", Header(ROOT, PARENT, sampled=True), sent=True)
    work.annotate(**{f"a{number}": value for number, value in enumerate(given_values)})
    work.aws(operation=name, resource_names=texts)
    work.requests(name, name)
    work.answered(503)
    text = fit({**work._document, "end_time": work._document["start_time"]})
    assert len(text) <= tracing.MOST_BYTES
    valid().validate(json.loads(text))


def test_a_document_that_is_too_long_is_cut(daemon: Daemon) -> None:
    """What does not fit into a datagram goes without its details rather than not at all."""
    with subsegment("work") as work:
        work.aws(operation="X")
        work.annotate(**{f"a{number}": "é" * 1_000 for number in range(50)})
    document = daemon.one()
    assert document["name"] == "work"
    assert "annotations" not in document


# --- Errors, faults and throttles


@pytest.mark.parametrize(
    ("status", "marks"),
    [
        (204, set()),
        (304, set()),
        (404, {"error"}),
        (429, {"error", "throttle"}),
        (500, {"fault"}),
        (503, {"fault"}),
    ],
)
def test_marks(daemon: Daemon, status: int, marks: set[str]) -> None:
    """A status is an error, a throttle or a fault as X-Ray's documentation says."""
    with subsegment("x") as work:
        work.answered(status)
    document = daemon.one()
    assert document.keys() & {"error", "throttle", "fault"} == marks
    assert document["http"] == {"response": {"status": status}}


def test_a_call_that_succeeds_at_last_is_no_fault(daemon: Daemon) -> None:
    """Of a call that was repeated counts how it ended."""
    with subsegment("x") as work:
        work.answered(503)
        work.answered(200)
    assert "fault" not in daemon.one()


def test_an_exception_is_known_by_its_type_only(daemon: Daemon) -> None:
    """A bug is a fault, its type is told and its message is not."""
    with pytest.raises(ValueError, match=SECRET), subsegment("x"):
        raise ValueError(SECRET)
    document = daemon.one()
    assert document["fault"] is True
    assert document["cause"]["exceptions"][0]["type"] == "ValueError"


# --- Threads


def test_threads_do_not_mix_parents(daemon: Daemon) -> None:
    """Messages that are worked on at the same time have each their own calls below them."""
    together = threading.Barrier(4)

    def work(name: str) -> None:
        with subsegment(name):
            together.wait()
            with subsegment(f"call of {name}"):
                together.wait()

    names = [f"message {number}" for number in range(8)]
    with subsegment("elsewhere"), ThreadPoolExecutor(4) as pool:
        list(pool.map(work, names))
    documents = {document["name"]: document for document in daemon.got()}
    for name in names:
        assert documents[f"call of {name}"]["parent_id"] == documents[name]["id"]
        assert documents[name]["parent_id"] == PARENT


# --- DynamoDB


class Client:
    """A DynamoDB client that gives what it is told to, or raises it."""

    def __init__(self) -> None:
        self.fails: Exception | None = None
        self.stored: dict[str, Any] | None = item(note=SECRET)
        self.placed: dict[str, Any] = {}

    def _answer(self, found: Any, used: Used) -> Any:
        if self.fails:
            raise self.fails
        return (*found, used)

    def get_item(self, table: str, _key: Any, *, consistent_read: bool) -> Any:
        assert consistent_read
        stored = self.stored if table == TABLES["ORDERS"] else self._record()
        return self._answer((stored,), Used("request-9", consumed_rcu=1.0))

    def scan_page(self, _table: str, **_: Any) -> Any:
        return self._answer(([], None), Used("request-9", consumed_rcu=0.5))

    def query_page(self, _table: str, _key: str, **_: Any) -> Any:
        return self._answer(([self.stored], None), Used("request-9", consumed_rcu=0.5))

    def update_item(self, _table: str, _key: Any, **_: Any) -> Any:
        return self._answer((self.stored,), Used("request-9", consumed_wcu=2.0))

    def transact_write(self, puts: Any) -> Any:
        self.placed = puts[-1]["item"]
        if self.fails:
            failure, self.fails = self.fails, None
            raise failure
        return None, Used("request-9")

    def _record(self) -> dict[str, Any]:
        assert self.stored
        order_id = self.stored["orderId"]
        return {"expiresAt": 99_999_999_999, "orderId": order_id, "requestHash": "h"}


def store_of(client: Client) -> Store:
    return Store(cast("dynamodb.Client", client))


@pytest.fixture
def client(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The client of the store that all handlers use."""
    del daemon  # the functions run in a traced invocation
    made = Client()
    for name, table in TABLES.items():
        monkeypatch.setenv(f"{name}_TABLE", table)
    monkeypatch.setenv("IDEMPOTENCY_HOURS", "24")
    monkeypatch.setenv("FLAGS_PARAMETER", "/flags")
    made_store = store_of(made)
    handlers = (create_order, get_order, list_orders, update_order, process_order)
    for module in (partners, *handlers):
        monkeypatch.setattr(module, "store", lambda: made_store)
    partners.directory.cache_clear()
    monkeypatch.setattr(partners.Directory, "partner_of", lambda *_: "acme")
    monkeypatch.setattr(partners.Directory, "server_of", lambda *_: None)
    return made


def test_a_read_tells_table_units_and_status(daemon: Daemon, client: Client) -> None:
    """A call of DynamoDB says which operation, on which table, with what status and units."""
    assert client.stored
    store_of(client).get(client.stored["orderId"])
    document = daemon.one()
    assert (document["name"], document["namespace"]) == ("DynamoDB", "aws")
    assert document["http"]["response"]["status"] == 200
    assert document["aws"] == {
        "operation": "GetItem",
        "table_name": "orders-table",
        "request_id": "request-9",
        "consumed_rcu": 1.0,
        "retries": 0,
    }


REFUSALS = [
    (ConditionFailed("no"), {"error"}, Refused),
    (Throttled("slow"), {"error", "throttle"}, Unavailable),
    (DynamoDBError("gone"), {"fault"}, Unavailable),
]


@pytest.mark.parametrize(("failure", "marks", "raised"), REFUSALS)
def test_how_a_write_can_fail(
    daemon: Daemon, client: Client, failure: Exception, marks: set[str], raised: type[Exception]
) -> None:
    """An unmet condition is no fault, too many calls are a throttle, silence is a fault."""
    assert client.stored
    client.fails = failure
    with pytest.raises(raised):
        store_of(client).update(client.stored["orderId"], confirm(NOW), None, None)
    document = daemon.one()
    assert document.keys() & {"error", "throttle", "fault"} == marks
    assert document["cause"]["exceptions"][0]["type"] == type(failure).__name__


@pytest.mark.parametrize("reason", ["ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_throttled_transaction_is_a_throttle(daemon: Daemon, client: Client, reason: str) -> None:
    """An order that the tables have no capacity for is tried once, and told as what it is."""
    client.fails = TransactionCancelled(f"Transaction cancelled: [None, {reason}]")
    with pytest.raises(Unavailable, match="TransactionThrottled"):
        store_of(client).create({"orderId": "o"}, Claim("key", "hash"))
    document = daemon.one()
    assert document.keys() & {"error", "throttle", "fault"} == {"error", "throttle"}


def test_a_key_that_is_taken_is_no_throttle(daemon: Daemon, client: Client) -> None:
    """Where the key's condition failed as well, the record is asked for: it may be a repetition."""
    reasons = "[ConditionalCheckFailed, ThrottlingError]"
    client.fails = TransactionCancelled(f"Transaction cancelled: {reasons}")
    with pytest.raises(Exception, match="ConditionalCheckFailed"):
        store_of(client).replay(Claim("key", "hash"))
    assert daemon.one().keys() & {"error", "throttle", "fault"} == {"error"}


# --- What each request and message consists of


def kinds(documents: list[Document]) -> list[str]:
    """Give the names of documents, and the operations of AWS's."""
    return [
        f"{document['name']} {document['aws']['operation']}"
        if "aws" in document
        else document["name"]
        for document in documents
    ]


ORDER_ID = item()["orderId"]
REQUESTS: dict[str, tuple[Any, dict[str, Any], list[str]]] = {
    "create": (
        create_order,
        event("POST", body=order(), headers={"Idempotency-Key": "k"}),
        ["DynamoDB TransactWriteItems", "partner_create_order"],
    ),
    "get": (
        get_order,
        event("GET", order_id=ORDER_ID),
        ["DynamoDB GetItem", "partner_get_order"],
    ),
    "list": (list_orders, event("GET"), ["DynamoDB Query", "partner_list_orders"]),
    "move": (
        update_order,
        event("PATCH", order_id=ORDER_ID, body={"status": "CONFIRMED"}),
        ["DynamoDB UpdateItem", "partner_update_order"],
    ),
    "refused": (
        create_order,
        event("POST", body=f'{{"note": "{SECRET}"}}', headers={"Idempotency-Key": SECRET}),
        ["partner_create_order"],
    ),
}


@pytest.mark.parametrize("kind", REQUESTS)
@pytest.mark.usefixtures("client")
def test_the_subsegments_of_each_request(daemon: Daemon, kind: str) -> None:
    """A request is one subsegment, with one below it for each call, and no more."""
    module, sent, expected = REQUESTS[kind]
    module.handler(sent, None)
    documents = daemon.got()
    assert kinds(documents) == expected
    assert all(document["parent_id"] == documents[-1]["id"] for document in documents[:-1])
    annotations = documents[-1]["annotations"]
    assert annotations["partnerId"] == "acme"
    assert annotations["caller"] == "partner"
    assert annotations["route"].startswith(f"{sent['httpMethod']} /partner/orders")
    assert ("problem" in annotations) == (kind == "refused")


def test_a_replay_has_three_calls(daemon: Daemon, client: Client) -> None:
    """A repeated request shows the transaction that was refused, and two reads."""
    client.fails = TransactionCancelled("taken")
    create_order.handler(event("POST", body=order(), headers={"Idempotency-Key": "k"}), None)
    write, *reads, request = daemon.got()
    assert kinds([write, *reads]) == [
        "DynamoDB TransactWriteItems",
        "DynamoDB GetItem",
        "DynamoDB GetItem",
    ]
    assert write["aws"]["resource_names"] == ["idempotency-table", "orders-table"]
    assert write["error"] is True
    assert request["annotations"]["status"] == 422


def test_a_request_is_annotated(daemon: Daemon, client: Client) -> None:
    """A trace is found by order, caller, route and status, whether it went well or not."""
    person = {"token_use": "id", "sub": "c-1"}
    sent = event("GET", "/orders", order_id=ORDER_ID, claims=person)
    client.stored = None
    get_order.handler(sent, None)
    request = daemon.got()[-1]
    assert request["annotations"] == {
        "route": "GET /orders/{orderId}",
        "status": 404,
        "orderId": ORDER_ID,
        "caller": "customer",
        "problem": "order-not-found",
    }
    assert request["error"] is True


def test_an_id_that_is_none_is_not_annotated(daemon: Daemon, client: Client) -> None:
    """What a caller wrote in place of an id stays out of the trace."""
    del client
    get_order.handler(event("GET", order_id=SECRET), None)
    assert "orderId" not in daemon.one()["annotations"]


def test_a_message_names_the_trace_of_the_request(
    daemon: Daemon, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker's trace and the request's are joined by an annotation and by the order's id."""
    requests = ROOT.replace("abc", "fff")
    monkeypatch.setattr(process_order, "flags", On)
    client.stored = item(traceId=requests, note=SECRET)
    body = body_of(client.stored)
    process_order.handler({"Records": [message(body)]}, None)
    call, done = daemon.got()
    assert kinds([call, done]) == ["DynamoDB UpdateItem", "message"]
    assert call["parent_id"] == done["id"]
    assert done["annotations"] == {
        "orderId": client.stored["orderId"],
        "partnerId": "acme",
        "requestTraceId": requests,
        "outcome": "confirmed",
    }


class On:
    """Flags that are on for everybody."""

    def decide(self, _flag: Any, _subject: str) -> Decision:
        return Decision(on=True, why="set")


def test_messages_of_one_batch(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message of a batch has its own outcome; what was not done is a fault."""
    monkeypatch.setenv("DEAD_LETTER_QUEUE", "https://sqs.example/dead")
    monkeypatch.setenv("RETRY_SECONDS", "1")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setattr("orders.consumer.call", lambda *_: {})
    steps: list[Callable[[Message], str]] = [lambda _: "done", _broken]
    handler = consumer(lambda message: steps[message.change.version - 1](message), together=True)
    records = [message(body_of(item(version=n, note=SECRET)), number=n) for n in (1, 2)]
    handler({"Records": [*records, message("{}", number=3)]}, None)
    outcomes = {document["annotations"]["outcome"]: document for document in daemon.got()}
    assert outcomes["retry"]["annotations"]["reason"] == "failed: KeyError"
    assert "reason" in outcomes["dead"]["annotations"]
    assert set(outcomes) == {"done", "retry", "dead"}
    assert "fault" not in outcomes["done"]
    assert outcomes["retry"]["cause"]["exceptions"][0]["type"] == "KeyError"
    assert outcomes["dead"]["fault"] is True


def _broken(_: Message) -> NoReturn:
    raise KeyError(SECRET)


# --- SSM, SQS and partners


def test_a_call_of_sqs(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call says which operation on which queue, its last status and how often it was repeated."""
    answers = [Answer(500, {}, b"{}"), Answer(200, {}, b"{}")]
    _credentials(monkeypatch)
    monkeypatch.setattr(calls.Api, "_exchange", lambda *_: answers.pop(0))
    monkeypatch.setattr(calls, "_FIRST_PAUSE", 0)
    aws_api.call(aws_api.SQS, "SendMessage", {"QueueUrl": "https://q", "MessageBody": SECRET})
    document = daemon.one()
    assert (document["name"], document["namespace"]) == ("SQS", "aws")
    assert document["aws"] == {"operation": "SendMessage", "queue_url": "https://q", "retries": 1}
    assert document["http"]["response"]["status"] == 200
    assert "fault" not in document


def test_a_throttled_call_of_ssm(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """A parameter is told by its name and never by its value; a throttle is marked."""
    _credentials(monkeypatch)
    refusal = json.dumps({"__type": "ThrottlingException", "message": SECRET}).encode()
    monkeypatch.setattr(calls.Api, "_exchange", lambda *_: Answer(400, {}, refusal))
    monkeypatch.setattr(calls, "_FIRST_PAUSE", 0)
    with pytest.raises(aws_api.Unreachable):
        aws_api.call(aws_api.SSM, "GetParameter", {"Name": "/flags", "WithDecryption": True})
    document = daemon.one()
    assert document["aws"]["parameter_name"] == "/flags"
    assert document["throttle"] is True


def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")


HOOK = webhooks.Endpoint(f"https://pos.example/{SECRET.replace(' ', '')}?t=x", ("whsec_a2V5a2V5",))


class Exchange:
    """Takes the place of the connection to a partner."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.headers: dict[str, str] = {}

    def __call__(self, _target: Any, headers: dict[str, str], *_: Any) -> Any:
        self.headers = headers
        return webhooks._Answer(self.status, None)


@pytest.mark.parametrize(
    ("status", "marks"), [(204, set()), (410, {"error"}), (429, {"error", "throttle"})]
)
def test_a_webhook(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, status: int, marks: set[str]
) -> None:
    """A delivery tells the partner's host and status; the address's path, a secret, it hides."""
    exchange = Exchange(status)
    monkeypatch.setattr(webhooks, "_exchange", exchange)
    try:
        webhooks.deliver(HOOK, OrderEvent("e-1", b"{}"))
    except webhooks.Undelivered:
        assert marks
    document = daemon.one()
    assert (document["name"], document["namespace"]) == ("pos.example", "remote")
    assert document["http"] == {
        "request": {"method": "POST", "url": "https://pos.example/"},
        "response": {"status": status},
    }
    assert document.keys() & {"error", "throttle", "fault"} == marks
    assert exchange.headers["X-Amzn-Trace-Id"] == (f"Root={ROOT};Parent={document['id']};Sampled=1")


def test_a_webhook_without_an_answer(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace tells why a partner's server did not take an event, as the log does."""

    def refuse(*_: Any) -> NoReturn:
        raise ConnectionRefusedError(SECRET)

    monkeypatch.setattr(webhooks, "_exchange", refuse)
    with pytest.raises(webhooks.Deferred) as deferred:
        webhooks.deliver(HOOK, OrderEvent("e-1", b"{}"))
    document = daemon.one()
    assert document["annotations"] == {"reason": deferred.value.reason}
    assert document["fault"] is True


@pytest.mark.parametrize("header", [UNSAMPLED, None])
def test_a_webhook_of_a_trace_that_is_not_recorded(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, header: str | None
) -> None:
    """The partner gets the trace and that it is not recorded; without a trace, no header."""
    exchange = Exchange(204)
    monkeypatch.setattr(webhooks, "_exchange", exchange)
    if header is None:
        monkeypatch.delenv("_X_AMZN_TRACE_ID")
    else:
        monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    webhooks.deliver(HOOK, OrderEvent("e-1", b"{}"))
    assert exchange.headers.get("X-Amzn-Trace-Id") == header
    assert daemon.got() == []


# --- The trace in orders and log lines


@pytest.mark.parametrize("header", [SAMPLED, UNSAMPLED, ""])
def test_an_order_keeps_the_trace_of_its_placing(
    client: Client, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    """The stored order names the trace, if there is one; its owner never sees it."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    sent = event("POST", body=order(), headers={"Idempotency-Key": "k"})
    answer = create_order.handler(sent, None)
    assert client.placed.get("traceId") == (ROOT if header else None)
    assert "traceId" not in view(client.placed)
    assert ROOT not in answer["body"]


def test_a_change_names_its_trace(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each write replaces the trace by its own, or takes it away when it has none."""
    written: list[dict[str, Any]] = []

    def update(_table: str, _key: Any, **options: Any) -> Any:
        written.append(options)
        return client.stored, Used("request-9")

    monkeypatch.setattr(client, "update_item", update)
    for trace in (ROOT, None):
        change = revise(OrderPatch(status=Status.READY), Role.PARTNER, NOW, trace)
        store_of(client).update(ORDER_ID, change, None, None)
    first, second = written
    assert ROOT in first["expression_attribute_values"].values()
    assert "REMOVE" not in first["update_expression"]
    assert second["update_expression"].endswith("REMOVE #traceId")


_TOLD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 10**9).map(lambda hundredths: hundredths / 100)
    | st.text(st.characters(exclude_categories=()), max_size=20)
)


@given(st.dictionaries(st.text(max_size=9), _TOLD | st.lists(_TOLD, max_size=3)))
def test_a_line_is_json_in_ascii(line: dict[str, Any]) -> None:
    """Whatever a line tells, readers of the log find it in one form, and terminals obey nothing."""
    told = logs.rendered(line)
    assert told == json.dumps(line, separators=(",", ":")).replace("\x7f", "\\u007f")
    assert told.isprintable()


def test_a_line_names_its_trace(
    monkeypatch: pytest.MonkeyPatch, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """Log lines and traces are joined by the trace's id; without one there is no such field."""
    for header in (UNSAMPLED, None, "Root=nonsense"):
        if header is None:
            monkeypatch.delenv("_X_AMZN_TRACE_ID")
        else:
            monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
        log_event({"a": 1}, None)
    assert [line.get("traceId") for line in log_lines()] == [ROOT, None, None]
    assert not any("xray_trace_id" in line for line in log_lines())
    assert trace_id() is None


@pytest.mark.parametrize("header", [SAMPLED, UNSAMPLED, ""])
def test_each_call_is_a_line_at_level_debug(
    client: Client,
    log_lines: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    header: str,
) -> None:
    """With more logging asked for, a call tells what it was and how long it took, traced or not."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    monkeypatch.setattr(logs.log, "level", logs.INFO)
    store_of(client).get(item()["orderId"])
    assert not log_lines()
    monkeypatch.setattr(logs.log, "level", logs.DEBUG)
    store_of(client).get(item()["orderId"])
    (line,) = log_lines()
    assert (line["level"], line["call"], line["operation"]) == ("DEBUG", "DynamoDB", "GetItem")
    assert line["table_name"] == TABLES["ORDERS"]
    assert line["milliseconds"] >= 0
