"""DynamoDB's calls as they go over the wire: what is sent, and what becomes of each answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from orders import dynamodb
from orders.domain.changes import confirm
from orders.domain.ids import new_order_id
from orders.dynamodb import (
    ConditionFailed,
    DynamoDBError,
    Mistake,
    NoAnswer,
    Throttled,
    TransactionCancelled,
    Used,
    connect,
)
from orders.store import Claim, Refused, Store, Unavailable
from tests.unit.orders.aws.speaking import CREDENTIALS, Speaker, http, speaking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ITEM = {"orderId": {"S": "o"}, "version": {"N": "3"}}
UNITS = {"ConsumedCapacity": {"TableName": "t", "CapacityUnits": 1.5}}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.aws.calls.time.sleep", lambda _: None)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("ORDERS", "IDEMPOTENCY", "PARTNERS"):
        monkeypatch.setenv(f"{name}_TABLE", name.lower())
    monkeypatch.setenv("IDEMPOTENCY_HOURS", "24")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Make a client of a server that gives these answers, each on the connection before's."""
    servers: list[Speaker] = []

    def make(*answers: tuple[int, Any], lost: int = 0) -> Any:
        said = [http(json.dumps(body).encode(), status) for status, body in answers]
        server = Speaker(*[[b""]] * lost, said)
        servers.append(server)
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url)
        made: Any = connect()
        made.sent = lambda: [
            (head.partition(b"x-amz-target: ")[2].split(b"\r\n")[0].decode(), json.loads(body))
            for head, _, body in (sent.partition(b"\r\n\r\n") for sent in server.requests)
        ]
        return made

    yield make
    for server in servers:
        server.close()


def test_a_read(client: Callable[..., Any]) -> None:
    """A read gives the item and what it has used; an item that is not there is None."""
    made = client((200, {"Item": ITEM, **UNITS}), (200, {}))
    item, used = made.get_item("t", {"orderId": "o"}, consistent_read=True)
    assert item == {"orderId": "o", "version": 3}
    assert used == Used(None, 1.5, None, 0)
    assert made.get_item("t", {"orderId": "o"}, consistent_read=True)[0] is None
    target, sent = made.sent()[0]
    assert target == "DynamoDB_20120810.GetItem"
    assert sent == {
        "TableName": "t",
        "Key": {"orderId": {"S": "o"}},
        "ConsistentRead": True,
        "ReturnConsumedCapacity": "TOTAL",
    }


def test_a_page(client: Callable[..., Any]) -> None:
    """A page gives its items and where the next begins; what was not asked for is not sent."""
    made = client((200, {"Items": [ITEM], "LastEvaluatedKey": {"orderId": {"S": "o"}}, **UNITS}))
    options = {"filter_expression": None, "limit": 3, "expression_attribute_values": {":v": 1}}
    found, last, used = made.query_page("t", "#a = :v", **options)
    assert (found, last) == ([{"orderId": "o", "version": 3}], {"orderId": "o"})
    assert used.consumed_rcu == 1.5
    assert made.sent()[0][1] == {
        "TableName": "t",
        "KeyConditionExpression": "#a = :v",
        "Limit": 3,
        "ExpressionAttributeValues": {":v": {"N": "1"}},
        "ReturnConsumedCapacity": "TOTAL",
    }


def claim_and_order(store: Store) -> Any:
    """Place an order."""
    return store.create({"orderId": "o", "timestamp": "t"}, Claim("key", "hash"))


def test_all_that_the_store_sends_is_what_dynamodb_takes(client: Callable[..., Any]) -> None:
    """Each operation's members are those of AWS's own model: their names, types and limits."""
    model = botocore.session.get_session().get_service_model("dynamodb")
    made = client((200, {}), (200, {"Item": ITEM}), (200, {"Items": []}), (200, {}))
    store = Store(made)
    claim_and_order(store)
    store.partner_of("k")
    store.partners()
    store.admit("k", "p")
    names = []
    for target, sent in made.sent():
        names.append(operation := target.rpartition(".")[2])
        shape = model.operation_model(operation).input_shape
        assert shape is not None
        assert not ParamValidator().validate(sent, shape).has_errors()
    assert names == ["TransactWriteItems", "GetItem", "Scan", "PutItem"]


def test_an_order_whose_answer_is_lost_is_placed_once(client: Callable[..., Any]) -> None:
    """A transaction is sent again with the same token, by which DynamoDB knows it."""
    made = client((200, {}), lost=2)
    assert claim_and_order(Store(made))[1] is False
    tokens = {sent["ClientRequestToken"] for _, sent in made.sent()}
    assert (len(made.sent()), len(tokens)) == (3, 1)


def test_two_orders_have_two_tokens(client: Callable[..., Any]) -> None:
    """A token belongs to one placing: another order is never taken for a repetition."""
    made = client((200, {}), (200, {}))
    for _ in range(2):
        claim_and_order(Store(made))
    assert len({sent["ClientRequestToken"] for _, sent in made.sent()}) == 2


def refused(code: str, status: int = 400, **more: Any) -> tuple[int, dict[str, Any]]:
    """Make a refusal as DynamoDB words it, with a message that nobody may read."""
    return status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "S", **more}


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (refused("AccessDeniedException"), Mistake, "AccessDeniedException"),
        (refused("ResourceNotFoundException"), Mistake, "ResourceNotFoundException"),
        (refused("ValidationException"), Mistake, "ValidationException"),
        (refused("SerializationException"), Mistake, "SerializationException"),
        (refused("ProvisionedThroughputExceededException"), Throttled, "ProvisionedThrough"),
        (refused("RequestLimitExceeded"), Throttled, "RequestLimitExceeded"),
        (refused("ThrottlingException"), Throttled, "ThrottlingException"),
        (refused("InternalServerError", 500), NoAnswer, "InternalServerError"),
        (refused("ExpiredTokenException"), NoAnswer, "ExpiredTokenException"),
        ((200, []), NoAnswer, "UnknownAnswer"),
        ((403, []), NoAnswer, "UnknownError"),
    ],
)
def test_how_dynamodb_refuses(
    client: Callable[..., Any], answer: Any, kind: type[DynamoDBError], text: str
) -> None:
    """Each refusal is an error by its kind, with AWS's name and without AWS's message."""
    made = client(answer, answer, answer)
    with pytest.raises(kind, match=text) as caught:
        made.get_item("t", {"a": "b"}, consistent_read=True)
    assert type(caught.value) is kind
    assert str(caught.value).startswith(text)
    assert caught.value.used.retries == len(made.sent()) - 1


def test_an_unmet_condition_tells_the_item(client: Callable[..., Any]) -> None:
    """A change that was refused says how the order stands, without another read."""
    made = client(
        refused("ConditionalCheckFailedException", Item=ITEM),
        refused("ConditionalCheckFailedException"),
    )
    for expected in ({"orderId": "o", "version": 3}, None):
        with pytest.raises(ConditionFailed) as caught:
            made.update_item("t", {"a": "b"}, update_expression="SET #a = :b")
        assert caught.value.item == expected


@pytest.mark.parametrize(
    ("codes", "text"),
    [
        (["ConditionalCheckFailed", "None"], "ConditionalCheckFailed, None"),
        (["None", "ThrottlingError"], "None, ThrottlingError"),
        ([], ""),
    ],
)
def test_a_cancelled_transaction_says_why(
    client: Callable[..., Any], codes: list[str], text: str
) -> None:
    """Each operation's reason is told, by which a taken key and a throttle are told apart."""
    reasons = [{"Code": code, "Message": "S"} for code in codes]
    made = client(refused("TransactionCanceledException", CancellationReasons=reasons))
    with pytest.raises(TransactionCancelled) as caught:
        made.transact_write([{"table": "t", "item": {"a": "b"}}])
    assert str(caught.value) == text


def test_a_throttled_placing_is_for_later(client: Callable[..., Any]) -> None:
    """A transaction without capacity is told as such, and the key's record is not asked."""
    reasons = [{"Code": "None"}, {"Code": "ProvisionedThroughputExceeded"}]
    made = client(refused("TransactionCanceledException", CancellationReasons=reasons))
    with pytest.raises(Unavailable, match="TransactionThrottled"):
        claim_and_order(Store(made))
    assert len(made.sent()) == 1


def test_a_change_whose_answer_is_lost_is_made_once(client: Callable[..., Any]) -> None:
    """The second try meets our own change, which the store knows by its id: it has succeeded."""
    change = confirm(1_795_000_000_123)
    mine = {**ITEM, "changedBy": {"S": change.id}}
    made = client(refused("ConditionalCheckFailedException", Item=mine), lost=1)
    order_id = new_order_id(1_795_000_000_123)
    assert Store(made).update(order_id, change, None, None)["version"] == 3
    first, second = (sent for _, sent in made.sent())
    assert first == second
    theirs = client(refused("ConditionalCheckFailedException", Item=ITEM))
    with pytest.raises(Refused):
        Store(theirs).update(order_id, change, None, None)


def test_no_address_is_asked_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client goes to its Region's DynamoDB, or where AWS_ENDPOINT_URL points to."""
    monkeypatch.delenv("AWS_ENDPOINT_URL_DYNAMODB", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    made: Any = connect()
    assert made._api._address.url == "https://dynamodb.eu-central-1.amazonaws.com"
    with speaking() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        made = connect()
        assert made._api._address.url == server.url
    assert dynamodb._LIMITS.whole < 10
