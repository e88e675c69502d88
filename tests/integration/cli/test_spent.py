"""What orders take on the emulator is what the rule, the model and the emulator itself say."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from cloudwatch.time_range import TimeRange
from ops.costs import readings
from ops.costs.consumption import key_record
from ops.costs.traffic import Traffic
from ops.costs.units import changing_units, item_bytes, placing_units
from ops.reach.target import Target
from orders.domain.ids import timestamp_in
from tests.integration.conftest import Partner
from tests.shared.examples import order
from tests.shared.people import aws, make_partner, usage_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.costs.spending import Spending
    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

ORDERS = 6
TOLERANCE = 0.02
"""Of units for each order, as a share: sizes of numbers are approximate."""


@pytest.fixture(scope="module")
def target(stack: Endpoints) -> Target:
    described = aws(stack, "cloudformation").describe_stacks(StackName=stack.stack_name)
    outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Stacks"][0]["Outputs"]}
    return Target("the local run", stack.stack_name, lambda name: aws(stack, name), outputs, "")


@pytest.fixture(scope="module")
def partner(stack: Endpoints) -> Iterator[Partner]:
    made = make_partner(stack, plan=usage_plan(stack, "premium"))
    client = Partner(stack.api_url, made.key)
    with client.http:
        yield client


@pytest.fixture(scope="module")
def seen(target: Target, partner: Partner) -> Spending:
    """Some orders of a partner, one of them placed twice, read and changed."""
    time.sleep(1)  # so that what came before is in another second
    began = int(time.time())
    key = uuid.uuid4().hex
    _, placed = (partner.post(order(), key=key).json() for _ in range(2))
    for _ in range(ORDERS - 1):
        partner.place()
    assert partner.patch(placed["orderId"], {"status": "CONFIRMED"}).status_code == 200
    assert partner.get(placed["orderId"]).status_code == 200
    return _logged(target, TimeRange(began, began + 120))


def _logged(target: Target, window: TimeRange) -> Spending:
    """Wait until the log has it all: lines come to light a moment after the answers."""
    deadline = time.monotonic() + 20
    while True:
        found = readings.consumption(target, window)
        if (found.orders, found.changed, found.asked["get_order"]) == (ORDERS, 1, 1):
            return readings.spending(target, window)
        assert time.monotonic() < deadline, found
        time.sleep(0.3)


def test_orders_are_found_in_the_log(seen: Spending) -> None:
    """Each order is counted once, its repetition apart, and each request has a call."""
    consumed = seen.consumed
    assert (consumed.orders, consumed.partner_orders, consumed.replays) == (ORDERS, ORDERS, 1)
    assert consumed.calls["create_order"] == consumed.asked["create_order"] == ORDERS + 1
    assert consumed.requests >= ORDERS + 3
    assert consumed.gigabyte_seconds["create_order"] > 0
    assert seen.carried.published >= ORDERS


def test_an_order_takes_what_the_model_says(seen: Spending) -> None:
    """Given the orders' real size, the model's write units for an order are those consumed."""
    consumed = seen.consumed
    traffic = replace(
        Traffic(orders_per_day=100),
        changes=consumed.asked["update_order"] / ORDERS,
        partners=1,
        served=0,
        order_bytes=round(seen.units.order_bytes),
        auto_confirmed=consumed.confirmed / ORDERS,
    )
    uses = [*traffic.tables().values(), *traffic.indexes().values()]
    modelled = sum(use.writes for use in uses) / traffic.orders
    by_the_model = seen.write_units() - consumed.replays * seen.units.replaying
    assert by_the_model / ORDERS == pytest.approx(modelled, rel=TOLERANCE)


def test_the_emulator_counts_a_transaction_as_the_rule_does(seen: Spending, target: Target) -> None:
    """Placed anew by boto3, which is told its capacity, an order takes what we computed for it."""
    placed = _stored(target, seen.consumed.placed[0])
    record = key_record(placed)
    placed["orderId"] = placed["orderId"][:-12] + uuid.uuid4().hex[:12]
    record["key"] = record["key"][:-32] + uuid.uuid4().hex
    puts = [
        {"Put": {"TableName": target.output(table), "Item": _dynamodb(item)}}
        for table, item in (("IdempotencyTable", record), ("OrdersTable", placed))
    ]
    answer = target.client("dynamodb").transact_write_items(
        TransactItems=puts, ReturnConsumedCapacity="TOTAL"
    )
    told = sum(one["CapacityUnits"] for one in answer["ConsumedCapacity"])
    assert told == placing_units(placed, record)


def test_the_log_tells_of_a_change_what_the_rule_says(seen: Spending, target: Target) -> None:
    """The units in the line of a change are those of the order's size, in table and indexes."""
    stored = _stored(target, seen.consumed.placed[0])
    assert item_bytes(stored) < 1_024
    assert seen.consumed.told_writes["update_order"] == changing_units(stored)


def _stored(target: Target, order_id: str) -> dict[str, Any]:
    key = {"orderId": {"S": order_id}, "timestamp": {"S": timestamp_in(order_id)}}
    found = target.client("dynamodb").get_item(TableName=target.output("OrdersTable"), Key=key)
    read = TypeDeserializer().deserialize
    return {name: readings._plain(read(value)) for name, value in found["Item"].items()}


def _dynamodb(item: dict[str, Any]) -> dict[str, Any]:
    write = TypeSerializer().serialize
    return {name: write(value) for name, value in item.items()}
