"""What a request costs at DynamoDB, and what happens when DynamoDB does not play along."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from orders.handlers import create_order, get_order, list_orders, update_order
from orders.partners import directory
from tests.integration.laboratories.dynamodb_proxy import Proxy, proxy_to
from tests.shared.events import event
from tests.shared.examples import ORDER, order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration


@pytest.fixture
def proxy(
    stack: Endpoints, fresh_function: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Proxy]:
    """Put a counting proxy between the handlers and DynamoDB, and start the function."""
    assert fresh_function is None
    with proxy_to(stack.aws_endpoint_url) as (url, proxy):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        directory().preload()
        assert proxy.take() == ["Scan"]
        yield proxy


def create(api_key_id: str, body: Any = ORDER, key: str | None = None) -> dict[str, Any]:
    """Place an order by calling the handler; gives the proxy integration's answer."""
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    sent = event("POST", body=body, headers=headers, api_key_id=api_key_id)
    result: dict[str, Any] = create_order.handler(sent, None)
    return result


def test_each_request_is_one_round_trip(proxy: Proxy, api_key_id: str) -> None:
    """Placing, reading, listing and changing an order call DynamoDB once each."""
    made = json.loads(create(api_key_id)["body"])
    assert proxy.take() == ["TransactWriteItems"]
    one = {"order_id": made["orderId"], "api_key_id": api_key_id}
    assert get_order.handler(event("GET", **one), None)["statusCode"] == 200
    assert proxy.take() == ["GetItem"]
    listed = list_orders.handler(event("GET", api_key_id=api_key_id), None)
    assert listed["statusCode"] == 200
    assert proxy.take() == ["Query"]
    query = {"status": ["PLACED"], "customerId": ["cust-1"], "limit": ["100"]}
    listed = list_orders.handler(event("GET", api_key_id=api_key_id, query=query), None)
    assert listed["statusCode"] == 200
    assert proxy.take() == ["Query"]
    moved = update_order.handler(event("PATCH", body={"status": "CONFIRMED"}, **one), None)
    assert moved["statusCode"] == 200
    assert proxy.take() == ["UpdateItem"]


def test_an_edit_by_a_customer_asks_for_the_flags_once_a_minute(proxy: Proxy) -> None:
    """My edit is one write as well; whether edits are on is asked before the first, and kept."""
    claims, path = {"token_use": "id", "sub": f"me-{uuid.uuid4().hex}"}, "/orders"
    body = {name: value for name, value in ORDER.items() if name != "customerId"}
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    made = create_order.handler(event("POST", path, body=body, headers=headers, claims=claims), {})
    one = {"order_id": json.loads(made["body"])["orderId"], "claims": claims}
    proxy.take()
    for change, calls in (
        ({"note": "first"}, ["GetParameter", "UpdateItem"]),
        ({"note": "second"}, ["UpdateItem"]),
        ({"status": "CANCELLED"}, ["UpdateItem"]),
    ):
        assert (
            update_order.handler(event("PATCH", path, body=change, **one), {})["statusCode"] == 200
        )
        assert proxy.take() == calls


def test_a_refused_change_is_one_round_trip_too(proxy: Proxy, api_key_id: str) -> None:
    """Why a change is refused is known from the same answer: nothing is read again."""
    made = json.loads(create(api_key_id)["body"])
    proxy.take()
    one = {"order_id": made["orderId"], "api_key_id": api_key_id}
    for body, headers, status in (
        ({"status": "DELIVERED"}, {}, 409),
        ({"status": "CONFIRMED"}, {"If-Match": '"7"'}, 412),
    ):
        sent = event("PATCH", body=body, headers=headers, **one)
        assert update_order.handler(sent, None)["statusCode"] == status
        assert proxy.take() == ["UpdateItem"]


def test_a_replay_reads_and_writes_nothing(proxy: Proxy, api_key_id: str) -> None:
    """A repeated POST tries once, then reads the record and the order."""
    first = create(api_key_id, key="again-" + uuid.uuid4().hex)
    key = "replay-" + uuid.uuid4().hex
    assert create(api_key_id, key=key)["statusCode"] == first["statusCode"] == 201
    proxy.take()
    assert create(api_key_id, key=key)["headers"]["Idempotent-Replayed"] == "true"
    assert proxy.take() == ["TransactWriteItems", "GetItem", "GetItem"]


def test_what_cannot_be_costs_nothing(proxy: Proxy, api_key_id: str) -> None:
    """Bad bodies and ids that cannot be never reach DynamoDB."""
    assert create(api_key_id, body=order(items=[]))["statusCode"] == 400
    missing = event("GET", order_id="42", api_key_id=api_key_id)
    assert get_order.handler(missing, None)["statusCode"] == 404
    assert proxy.take() == []


def test_a_conflicting_transaction_is_tried_again(proxy: Proxy, api_key_id: str) -> None:
    """When DynamoDB cancels a transaction for a conflict, the order is placed all the same."""
    proxy.failures = ["TransactionCanceledException"]
    result = create(api_key_id)
    assert result["statusCode"] == 201
    assert "Idempotent-Replayed" not in result["headers"]
    calls = proxy.take()
    assert calls == ["TransactWriteItems", "GetItem", "TransactWriteItems"]


@pytest.mark.parametrize("error", ["ProvisionedThroughputExceededException", "InternalServerError"])
def test_while_dynamodb_fails_callers_are_told_to_come_back(
    proxy: Proxy, api_key_id: str, error: str
) -> None:
    """Throttling and failures of DynamoDB become 503 with Retry-After, after a few tries."""
    proxy.failures = [error] * 10
    result = create(api_key_id)
    proxy.failures = []
    assert (result["statusCode"], result["headers"]["Retry-After"]) == (503, "1")
    assert 1 <= len(proxy.take()) <= 4
    assert create(api_key_id)["statusCode"] == 201


def test_a_change_whose_answer_is_lost_is_made_once(proxy: Proxy, api_key_id: str) -> None:
    """When DynamoDB's answer to a change is lost, the client's repetition tells what happened."""
    one = {"order_id": json.loads(create(api_key_id)["body"])["orderId"], "api_key_id": api_key_id}
    for version, (body, headers) in enumerate(
        [
            ({"note": "edited"}, {}),
            ({"status": "CONFIRMED"}, {"If-Match": '"2"'}),
            ({"status": "PREPARING"}, {}),
        ],
        start=2,
    ):
        proxy.losses = 1
        changed = update_order.handler(event("PATCH", body=body, headers=headers, **one), None)
        assert changed["statusCode"] == 200
        assert changed["headers"]["ETag"] == f'"{version}"'
    history = json.loads(changed["body"])["history"]
    assert [entry["status"] for entry in history] == ["PLACED", "CONFIRMED", "PREPARING"]


def test_an_order_whose_answer_is_lost_is_placed_once(proxy: Proxy, api_key_id: str) -> None:
    """When DynamoDB's answer to a placing is lost, there is one order, and it is no replay."""
    customer = f"lost-{uuid.uuid4().hex}"
    proxy.losses = 1
    placed = create(api_key_id, body=order(customerId=customer))
    assert placed["statusCode"] == 201
    query = {"customerId": [customer]}
    listed = list_orders.handler(event("GET", api_key_id=api_key_id, query=query), None)
    found = [shown["orderId"] for shown in json.loads(listed["body"])["orders"]]
    assert found == [json.loads(placed["body"])["orderId"]]


def test_conflicts_without_end_are_worth_another_try(proxy: Proxy, api_key_id: str) -> None:
    """When transactions keep conflicting, the caller gets 503 and no order; later it works.

    The order is tried twice, for each try costs as much as a placing; then it is only looked for.
    """
    key = uuid.uuid4().hex
    proxy.conflicts = 2
    result = create(api_key_id, key=key)
    tries = ["TransactWriteItems", "GetItem"] * 2
    assert proxy.take() == [*tries, *["GetItem"] * 3]
    assert (result["statusCode"], result["headers"]["Retry-After"]) == (503, "1")
    again = create(api_key_id, key=key)
    assert again["statusCode"] == 201
    assert "Idempotent-Replayed" not in again["headers"]


def test_a_missing_permission_is_our_fault_and_not_worth_another_try(
    proxy: Proxy, api_key_id: str
) -> None:
    """What no repetition mends answers 500, so that it is noticed as an error."""
    proxy.failures = ["AccessDeniedException"]
    assert create(api_key_id)["statusCode"] == 500


def test_an_expired_key_is_a_new_key(
    proxy: Proxy, api_key_id: str, dynamodb: Any, stack: Endpoints
) -> None:
    """A record that is past its time counts no more, even while DynamoDB still keeps it."""
    assert proxy.take() == []
    key = uuid.uuid4().hex
    first = json.loads(create(api_key_id, key=key)["body"])["orderId"]
    table = stack.tables["idempotency_keys"]
    records = dynamodb.scan(TableName=table)["Items"]
    (record,) = (item for item in records if item["orderId"]["S"] == first)
    dynamodb.put_item(TableName=table, Item={**record, "expiresAt": {"N": "1"}})
    again = create(api_key_id, body=order(tip=1), key=key)
    assert again["statusCode"] == 201
    assert json.loads(again["body"])["orderId"] != first


def test_a_late_repetition_of_a_scheduled_order_is_a_replay(
    proxy: Proxy, api_key_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repetition that comes after the scheduled time still answers the order, not a fault."""
    assert proxy.take() == []
    soon = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    key = uuid.uuid4().hex
    first = create(api_key_id, body=order(scheduledFor=soon), key=key)
    later = time.time_ns() + 2 * 3600 * 10**9
    monkeypatch.setattr("orders.handlers.create_order.time.time_ns", lambda: later)
    again = create(api_key_id, body=order(scheduledFor=soon), key=key)
    assert again["body"] == first["body"]
    assert again["headers"]["Idempotent-Replayed"] == "true"
    assert create(api_key_id, body=order(scheduledFor=soon))["statusCode"] == 400


def test_a_key_whose_order_is_gone_is_told_so(
    proxy: Proxy, api_key_id: str, dynamodb: Any, stack: Endpoints
) -> None:
    """After a restore without that order, its key answers 422 and not an endless 503."""
    assert proxy.take() == []
    key = uuid.uuid4().hex
    placed = json.loads(create(api_key_id, key=key)["body"])
    gone = {"orderId": {"S": placed["orderId"]}, "timestamp": {"S": placed["createdAt"]}}
    dynamodb.delete_item(TableName=stack.tables["orders"], Key=gone)
    assert create(api_key_id, key=key)["statusCode"] == 422


def test_a_function_starts_without_dynamodb(
    stack: Endpoints, fresh_function: None, monkeypatch: pytest.MonkeyPatch, api_key_id: str
) -> None:
    """A function that cannot read the partners while it starts reads them when they are needed.

    The first order reads its partner, and who serves restaurants; the second one reads neither.
    """
    assert fresh_function is None
    with proxy_to(stack.aws_endpoint_url) as (url, proxy):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        proxy.failures = ["ProvisionedThroughputExceededException"] * 10
        directory().preload()
        proxy.failures = []
        proxy.take()
        assert create(api_key_id)["statusCode"] == 201
        assert proxy.take() == ["GetItem", "GetItem", "TransactWriteItems"]
        assert create(api_key_id)["statusCode"] == 201
        assert proxy.take() == ["TransactWriteItems"]
