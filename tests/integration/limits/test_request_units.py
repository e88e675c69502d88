"""No request costs more than the table says, charged by DynamoDB's rules."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.request_units import Capacity, most_of, transaction_units, write_units
from ops.costs.units import item_bytes
from orders.handlers import list_orders
from orders.settings import BY_CUSTOMER, BY_PARTNER, BY_SERVER, MOST_LOOKED_AT, MOST_TRIES
from orders.store import Store
from tests.shared.events import event
from tests.unit.orders.handlers import test_largest_order as largest

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration

RESTAURANT = "rest-of-the-largest"
CUSTOMER = f"{'c' * 90}{uuid.uuid4().hex}"


HEAD = {**largest.head("😀"), "customerId": CUSTOMER}
del HEAD["scheduledFor"]  # it is in the past
BODIES = (
    largest.filled(HEAD, largest.long_texts, "😀"),
    largest.filled({}, largest.long_texts, "😀"),
)
"""The largest order, and the largest items to put in the place of its own."""


def place_largest(acme: Partner) -> str:
    """Place an order and make it as large as an order can be; gives its id."""
    placed = acme.post(BODIES[0])
    assert placed.status_code == 201, placed.text
    order_id = str(placed.json()["orderId"])
    headers = {"Content-Type": "application/merge-patch+json"}
    path = f"/partner/orders/{order_id}"
    changed = acme.http.patch(path, content=BODIES[1].encode(), headers=headers)
    assert changed.status_code == 200, changed.text
    return order_id


def units(answer: dict[str, Any]) -> float:
    return float(answer["ConsumedCapacity"]["CapacityUnits"])


def stored(stack: Endpoints, dynamodb: Any, key: dict[str, Any]) -> dict[str, Any]:
    """Give an order as it is stored."""
    found = dynamodb.get_item(TableName=stack.tables["orders"], Key=key, ConsistentRead=True)
    item: dict[str, Any] = found["Item"]
    return item


def key_of(acme: Partner, order_id: str) -> dict[str, Any]:
    """Give an order's key in the table."""
    created = acme.get(order_id).json()["createdAt"]
    return {"orderId": {"S": order_id}, "timestamp": {"S": created}}


def test_the_largest_orders_cost_what_the_table_says(
    acme: Partner, stack: Endpoints, dynamodb: Any
) -> None:
    """The largest order that can be placed and changed costs no more to write and to read."""
    placed = acme.post(BODIES[0])
    key = key_of(acme, placed.json()["orderId"])
    once = stored(stack, dynamodb, key)
    size = emulators_size(once)
    placing = max(transaction_units(size) + write_units(size), MOST_TRIES * transaction_units(size))
    assert placing <= most_of("create_order", Capacity("the orders", "write"))
    key = key_of(acme, place_largest(acme))
    item = stored(stack, dynamodb, key)
    options = {"TableName": stack.tables["orders"], "ReturnConsumedCapacity": "TOTAL"}
    read = units(dynamodb.get_item(Key=key, ConsistentRead=True, **options))
    assert 3 < read <= most_of("get_order", Capacity("the orders", "read"))
    changed = write_units(emulators_size(item))
    assert 12 < changed <= most_of("update_order", Capacity("the orders", "write"))


def emulators_size(item: dict[str, Any]) -> int:
    """Measure a stored order, as DynamoDB counts it."""
    return item_bytes({name: _plain(value) for name, value in item.items()})


def _plain(value: dict[str, Any]) -> Any:
    ((kind, inner),) = value.items()
    if kind == "M":
        return {name: _plain(part) for name, part in inner.items()}
    if kind == "L":
        return [_plain(part) for part in inner]
    return float(inner) if kind == "N" else inner


def served(stack: Endpoints, dynamodb: Any, key: dict[str, Any]) -> None:
    """Have acme serve an order that it has placed: only those of others are so by themselves."""
    dynamodb.update_item(
        TableName=stack.tables["orders"],
        Key=key,
        UpdateExpression="SET servedBy = :server",
        ExpressionAttributeValues={":server": {"S": f"{stack.partner_id}#{RESTAURANT}"}},
    )


def test_a_page_looks_at_few_orders(acme: Partner) -> None:
    """A page looks at a bounded number of orders, filtered or not, and has a cursor to go on."""
    customer = f"many-{uuid.uuid4().hex}"
    many = [acme.place(customerId=customer)["orderId"] for _ in range(MOST_LOOKED_AT + 2)]
    for query in ({"limit": 100}, {"limit": 100, "status": "PLACED"}):
        page = acme.page(customerId=customer, **query).json()
        assert len(page["orders"]) == MOST_LOOKED_AT
        assert page["cursor"] is not None
        found = acme.all(customerId=customer, **query)
        assert [order["orderId"] for order in found] == many[::-1]
    nothing = acme.page(customerId=customer, limit=100, status="READY").json()
    assert (nothing["orders"], nothing["cursor"] is None) == ([], False)
    assert acme.all(customerId=customer, limit=1, status="READY") == []


@pytest.mark.usefixtures("fresh_function")
@pytest.mark.parametrize("status", [None, "READY"], ids=["all", "filtered"])
def test_each_kind_of_list_costs_no_more(
    acme: Partner, stack: Endpoints, dynamodb: Any, api_key_id: str, status: str | None
) -> None:
    """By customer, by partner, by server or all: a page of the largest orders has a bound.

    As the functions themselves are told by DynamoDB.
    """
    for _ in range(MOST_LOOKED_AT + 2):
        served(stack, dynamodb, key_of(acme, place_largest(acme)))
    operator = {"token_use": "id", "sub": "me", "cognito:groups": "operators"}
    filters = {"limit": ["100"], **({"status": [status]} if status else {})}
    callers: dict[str, dict[str, Any]] = {
        BY_CUSTOMER: {"query": {**filters, "customerId": [CUSTOMER]}, "api_key_id": api_key_id},
        BY_PARTNER: {"query": filters, "api_key_id": api_key_id},
        BY_SERVER: {
            "query": filters,
            "path": "/partner/restaurants/{restaurantId}/orders",
            "restaurant_id": RESTAURANT,
            "api_key_id": api_key_id,
        },
        "the orders": {"query": filters, "path": "/orders", "claims": operator},
    }
    for part, sent in callers.items():
        before = Store.used()
        assert list_orders.handler(event("GET", **sent), None)["statusCode"] == 200
        read = Store.used(before)["readUnits"]
        assert 0 < read <= most_of("list_orders", Capacity(part, "read")), part
        assert read > 40 or part == "the orders"  # where others' orders lie as well
