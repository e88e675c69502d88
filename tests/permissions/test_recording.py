"""What a recording holds is what the client sent, whichever client it was."""

from __future__ import annotations

import contextlib
import io
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from local.inside.aws_calls import Call, Context, attributes_of, calls_of
from local.inside.recording import Recorder
from ops.reach.clients import clients
from orders import aws_api
from orders.aws.signing import endpoint
from orders.domain.changes import Change, Owner
from orders.domain.ids import new_order_id
from orders.domain.lifecycle import Role, Status
from orders.domain.listing import Filters
from orders.dynamodb import DynamoDBError, connect
from orders.release_gate.invoking import Lambda, Late, Unanswered
from orders.store import Claim, Refused, Store, Unavailable
from tests.permissions.deployed import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = "arn:aws:iam::000000000000:role/worker"
KEY = "arn:aws:kms:us-east-1:000000000000:key/0a1b"
TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table"
PARAMETER = "arn:aws:ssm:us-east-1:000000000000:parameter/stage/partners/acme/webhook"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:dead"
NOW = 1_780_000_000_000


class Account:
    """An account with a few tables and one secret parameter."""

    account = "000000000000"
    region = "us-east-1"

    def partition_key(self, table: str) -> str:
        return {"keys": "key", "partners": "apiKeyId"}.get(table, "orderId")

    def key_of(self, parameter: str) -> str:
        return KEY if "webhook" in parameter else ""


class _Handler(BaseHTTPRequestHandler):
    seen: list[Call]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen += calls_of(("POST", self.path), headers, body, Account())
        self.send_response(400)  # whatever it was, once is enough
        refusal = b'{"__type":"com.amazonaws#AccessDeniedException"}'
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(refusal)))
        self.end_headers()
        self.wfile.write(refusal)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Call]]:
    """Stand between the clients and AWS; gives what passes by, as it is recorded."""
    calls: list[Call] = []
    handler = type("Handler", (_Handler,), {"seen": calls})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        yield calls
        server.shutdown()


@pytest.fixture
def store(seen: list[Call], monkeypatch: pytest.MonkeyPatch) -> Store:
    """Open the store of the functions, as our client talks for it."""
    assert not seen
    for name, value in {
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "ASIA0123456789",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "ORDERS_TABLE": "orders",
        "IDEMPOTENCY_TABLE": "keys",
        "PARTNERS_TABLE": "partners",
        "IDEMPOTENCY_HOURS": "24",
    }.items():
        monkeypatch.setenv(name, value)
    return Store(connect())


def refused() -> contextlib.AbstractContextManager[Any]:
    return contextlib.suppress(DynamoDBError, Unavailable, Refused, aws_api.ApiError)


def test_a_transaction_is_recorded_as_its_parts(store: Store, seen: list[Call]) -> None:
    """Placing an order needs PutItem on two tables, each inside of a transaction."""
    item = {"orderId": "o-1", "timestamp": "t", "status": "PLACED"}
    with refused():
        store.create(item, Claim("acme#1", "hash"))
    inside = {"dynamodb:enclosingoperation": ["TransactWriteItems"]}
    assert [(call.action, call.resource) for call in seen[:2]] == [
        ("dynamodb:PutItem", f"{TABLE}/keys"),
        ("dynamodb:PutItem", f"{TABLE}/orders"),
    ]
    assert all(inside.items() <= call.context.items() for call in seen)
    assert [call.context["dynamodb:leadingkeys"] for call in seen[:2]] == [["acme#1"], ["o-1"]]


def test_a_list_is_recorded_on_its_index(store: Store, seen: list[Call]) -> None:
    """A query of an index needs the permission for the index, and is led by the caller's id."""
    with refused():
        store.page(
            Owner("customerId", "ada"), filters=Filters(statuses=("PLACED",)), limit=5, cursor=None
        )
    (call,) = seen
    assert (call.action, call.resource) == (
        "dynamodb:Query",
        f"{TABLE}/orders/index/by-customer",
    )
    assert call.context["dynamodb:leadingkeys"] == ["ada"]
    assert call.context["dynamodb:attributes"] == ["customerId", "status"]


def test_a_change_is_recorded_with_every_attribute_that_it_names(
    store: Store, seen: list[Call]
) -> None:
    """What is set, what is removed, what is a condition and what is the key: all are told."""
    change = Change(
        assign={("deliveryAddress", "city"): "Bath"},
        remove=(("note",),),
        to=None,
        only_from=frozenset({Status.PLACED}),
        at="2026-11-23T12:00:00.000Z",
        by=Role.CUSTOMER,
        id="c-1",
    )
    with refused():
        store.update(new_order_id(NOW), change, Owner("customerId", "ada"), None)
    wanted = "changedBy customerId deliveryAddress note orderId status timestamp traceId updatedAt"
    assert seen[0].context["dynamodb:attributes"] == [*wanted.split(), "version"]
    assert seen[0].context["dynamodb:returnvalues"] == "ALL_NEW"


@pytest.mark.usefixtures("store")
def test_a_secret_parameter_is_recorded_with_its_key(seen: list[Call]) -> None:
    """Reading a SecureString decrypts with its key, through Parameter Store, for that parameter."""
    with refused():
        name = "/stage/partners/acme/webhook"
        aws_api.call(aws_api.SSM, "GetParameter", {"Name": name, "WithDecryption": True})
    reading, decrypting = seen
    assert (reading.action, reading.resource) == ("ssm:GetParameter", PARAMETER)
    assert decrypting == Call(
        "kms:Decrypt",
        KEY,
        {
            "kms:viaservice": "ssm.us-east-1.amazonaws.com",
            "kms:encryptioncontext:parameter_arn": PARAMETER,
        },
    )


@pytest.mark.usefixtures("store")
def test_a_batch_is_recorded_as_what_it_is_a_batch_of(seen: list[Call]) -> None:
    """IAM knows no ChangeMessageVisibilityBatch."""
    url = "http://127.0.0.1/000000000000/dead"
    with refused():
        body = {"QueueUrl": url, "Entries": []}
        aws_api.call(aws_api.SQS, "ChangeMessageVisibilityBatch", body)
    assert seen == [Call("sqs:ChangeMessageVisibility", QUEUE, {})]


def test_clients_are_recorded_alike(store: Store, seen: list[Call]) -> None:
    """The store, our other calls and botocore leave the same record of the same calls."""
    order_id = new_order_id(NOW)
    with refused():
        store.get(order_id)
    with refused():
        aws_api.call(aws_api.SSM, "GetParameter", {"Name": "/stage/flags"})
    ours = list(seen)
    seen.clear()
    key = {"orderId": {"S": order_id}, "timestamp": {"S": "2026-05-28T20:26:40.000Z"}}
    client = clients(endpoint("dynamodb").url)
    dynamodb, ssm = client("dynamodb"), client("ssm")
    with contextlib.suppress(dynamodb.exceptions.ClientError):
        dynamodb.get_item(TableName="orders", Key=key, ConsistentRead=True)
    with contextlib.suppress(ssm.exceptions.ClientError):
        ssm.get_parameter(Name="/stage/flags")
    assert seen == ours


def test_a_request_of_an_unknown_kind_is_not_overlooked() -> None:
    """What the recorder does not know is recorded as a call on everything, which nobody grants."""
    credential = "Credential=ASIA/20261123/us-east-1/s3/aws4_request"
    headers = {"authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host"}
    line = ("GET", "/apikeys/a1")
    assert calls_of(line, headers, b"", Account()) == [Call("s3:Unknown", "*", {})]
    assert calls_of(line, {}, b"", Account()) == []


def test_api_gateway_is_permitted_by_method_and_path() -> None:
    """Its actions are named for HTTP's methods, and its resources for paths."""
    credential = "Credential=ASIA/20261123/us-east-1/apigateway/aws4_request"
    headers = {"authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host"}
    (call,) = calls_of(("GET", "/apikeys/a1"), headers, b"", Account())
    key = "arn:aws:apigateway:us-east-1::/apikeys/a1"
    assert (call.action, call.resource) == ("apigateway:GET", key)


def test_a_schedule_is_permitted_in_its_group_and_its_role_is_passed() -> None:
    """Whoever makes a schedule gives it a role to work as, which IAM asks about, too."""
    credential = "Credential=ASIA/20261123/us-east-1/scheduler/aws4_request"
    headers = {"authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host"}
    body = json.dumps({"GroupName": "ours", "Target": {"RoleArn": ROLE}}).encode()
    making, passing = calls_of(("POST", "/schedules/mine"), headers, body, Account())
    schedule = "arn:aws:scheduler:us-east-1:000000000000:schedule/ours/mine"
    assert (making.action, making.resource) == ("scheduler:CreateSchedule", schedule)
    to_scheduler: Context = {"iam:passedtoservice": "scheduler.amazonaws.com"}
    assert passing == Call("iam:PassRole", ROLE, to_scheduler)
    (other,) = calls_of(("DELETE", "/schedules/mine"), headers, b"", Account())
    assert (other.action, other.resource) == ("scheduler:Unknown", "*")


def test_words_of_an_expression_are_no_attributes() -> None:
    """Functions, operators, placeholders of values and nested names are not attributes."""
    body = {
        "UpdateExpression": "SET #a.#b = list_append(#a.#b, :v0), total = total + :v1 REMOVE note",
        "ConditionExpression": "attribute_not_exists(orderId) OR #s IN (:v2) AND NOT #s <> :v3",
        "ExpressionAttributeNames": {"#a": "history", "#b": "inner", "#s": "status"},
    }
    assert attributes_of(body) == ["history", "note", "orderId", "status", "total"]


def test_each_kind_of_call_is_written_once() -> None:
    """A recording stays small: equal calls once, and at most twenty that differ in their item."""
    file = io.StringIO()
    recorder = Recorder(file)
    for number in range(100):
        keys: dict[str, str | list[str]] = {"dynamodb:leadingkeys": [f"o-{number}"]}
        recorder.note(ROLE, Call("dynamodb:GetItem", f"{TABLE}/orders", keys))
        recorder.note(ROLE, Call("dynamodb:Scan", f"{TABLE}/orders", {}))
    written = recorded(file.getvalue())
    assert [call.action for call in written].count("dynamodb:GetItem") == 20
    assert [call.action for call in written].count("dynamodb:Scan") == 1
    assert json.loads(json.dumps(written[0].context)) == {"dynamodb:leadingkeys": ["o-0"]}


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("qualifier", ["8", "live"])
def test_a_version_is_recorded_by_its_name(seen: list[Call], qualifier: str) -> None:
    """Calling a version or an alias needs the permission for that, and not for what is newest."""
    with contextlib.suppress(Unanswered, Late):
        Lambda(time.monotonic() + 1).invoke("create-order", qualifier, {})
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:create-order:{qualifier}"
    assert seen[0] == Call("lambda:InvokeFunction", arn, {})
