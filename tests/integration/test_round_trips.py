"""What a request costs at DynamoDB, and what happens when DynamoDB does not play along."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from orders.handlers import create_order, get_order, list_orders, update_order
from orders.partners import directory
from tests.events import event
from tests.examples import ORDER, order
from tests.integration.dynamodb_proxy import Proxy, proxy_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.endpoints import Endpoints

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


def test_a_function_starts_without_dynamodb(
    stack: Endpoints, fresh_function: None, monkeypatch: pytest.MonkeyPatch, api_key_id: str
) -> None:
    """A function that cannot read the partners while it starts reads them when they are needed."""
    assert fresh_function is None
    with proxy_to(stack.aws_endpoint_url) as (url, proxy):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        proxy.failures = ["ProvisionedThroughputExceededException"] * 10
        directory().preload()
        proxy.failures = []
        proxy.take()
        assert create(api_key_id)["statusCode"] == 201
        assert proxy.take() == ["GetItem", "TransactWriteItems"]
