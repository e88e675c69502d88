"""The heartbeat on the running stack: in by the front door, and no business of anybody's."""

from __future__ import annotations

import io
import json
import time
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from orders import log as logs
from orders.domain.synthetic import HEARTBEAT, KEPT_DAYS
from orders.handlers import place_heartbeat
from orders.heartbeat import Deviation
from tests.integration.workers.test_processing import renew_workers, wait_until
from tests.shared.fresh import forget
from tests.shared.people import aws, enable, usage_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

BUSINESS = {
    "OrdersCreated",
    "OrdersReplayed",
    "OrdersRefused",
    "StatusChanges",
    "ProcessingLatency",
    "StreamLatency",
}
WEEK = KEPT_DAYS * 86_400


class Heart(NamedTuple):
    """The heartbeat's function, run in this process, and what it is known by."""

    stack: Endpoints
    key_id: str
    key: str
    since: int

    def beat(self, moment: str | None = None) -> dict[str, Any]:
        """Run it for a moment; without one, for a new one."""
        event = {"scheduledTime": moment or f"2026-11-21T09:05:00Z-{uuid.uuid4().hex}"}
        return place_heartbeat.handler(event, None)

    def stored(self, order_id: str) -> dict[str, Any]:
        """Read an order as it is stored."""
        found = aws(self.stack, "dynamodb").query(
            TableName=self.stack.tables["orders"],
            KeyConditionExpression="orderId = :id",
            ExpressionAttributeValues={":id": {"S": order_id}},
        )
        (item,) = found["Items"]
        return dict(item)

    def placed(self) -> int:
        """Count the orders of the heartbeat."""
        found = aws(self.stack, "dynamodb").query(
            TableName=self.stack.tables["orders"],
            IndexName="by-partner",
            KeyConditionExpression="partnerId = :id",
            ExpressionAttributeValues={":id": {"S": HEARTBEAT}},
        )
        return int(found["Count"])

    def entry(self) -> dict[str, Any] | None:
        """Read what the table of partners says of the key."""
        found = aws(self.stack, "dynamodb").get_item(
            TableName=self.stack.tables["partners"], Key={"apiKeyId": {"S": self.key_id}}
        )
        item: dict[str, Any] | None = found.get("Item")
        return item

    def lines(self, function: str) -> list[dict[str, Any]]:
        """Read what a function of the stack has logged since the heart is there."""
        logs, asked = aws(self.stack, "logs"), {"logGroupName": self.stack.log_groups[function]}
        pages = logs.get_paginator("filter_log_events").paginate(**asked, startTime=self.since)
        messages = [event["message"] for page in pages for event in page["events"]]
        return [json.loads(message) for message in messages if message.startswith("{")]

    def told(self, function: str, order_id: str) -> list[dict[str, Any]]:
        """Give the lines of a function about an order."""
        return [line for line in self.lines(function) if line.get("orderId") == order_id]

    def buried(self) -> int:
        """Count the messages that the workers have given up."""
        lines = (*self.lines("process_order"), *self.lines("notify_partner"))
        return len([line for line in lines if line.get("outcome") == "dead"])

    def business(self) -> dict[str, float]:
        """Add up the business figures of all functions."""
        sums: dict[str, float] = dict.fromkeys(BUSINESS, 0.0)
        for function in ("create_order", "update_order", "process_order"):
            for line in self.lines(function):
                for name in BUSINESS & set(line) if "_aws" in line else ():
                    value = line[name]
                    sums[name] += sum(value) if isinstance(value, list) else value
        return sums


@pytest.fixture
def heart(stack: Endpoints, fresh_function: None, monkeypatch: pytest.MonkeyPatch) -> Heart:
    """The function, as it has just started, with a key that nobody has entered yet."""
    del fresh_function
    gateway = aws(stack, "apigateway")
    key = gateway.create_api_key(name=f"heartbeat-{uuid.uuid4().hex[:8]}", enabled=True)
    plan = usage_plan(stack, "standard")
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    monkeypatch.setenv("API_URL", stack.api_url)
    monkeypatch.setenv("HEARTBEAT_KEY_ID", key["id"])
    monkeypatch.delenv("ORDERS_TABLE")  # it has none, and needs none
    place_heartbeat.forget()
    return Heart(stack, key["id"], key["value"], int(time.time() * 1_000))


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    place_heartbeat.forget()
    forget()


def test_an_order_goes_the_whole_way(heart: Heart, monkeypatch: pytest.MonkeyPatch) -> None:
    """Placed, read, placed again and cancelled; its one line says how long each step took."""
    log = io.StringIO()
    monkeypatch.setattr(logs.log, "stream", log)
    assert heart.entry() is None
    told = heart.beat()
    assert heart.entry() == {
        "apiKeyId": {"S": heart.key_id},
        "partnerId": {"S": HEARTBEAT},
    }
    (line,) = (json.loads(text) for text in log.getvalue().splitlines())
    assert line["outcome"] == told["outcome"] == "alive"
    assert line["orderId"] == told["orderId"]
    assert set(line["stepMilliseconds"]) == {
        *("key", "admission", "place", "read", "repeat", "cancel")
    }
    assert heart.key not in json.dumps(line)
    item = heart.stored(told["orderId"])
    assert (item["status"], item["version"]) == ({"S": "CANCELLED"}, {"N": "2"})
    assert item["synthetic"] == {"BOOL": True}
    assert abs(int(item["expiresAt"]["N"]) - time.time() - WEEK) < 600


def test_the_same_moment_again_is_the_same_order(heart: Heart) -> None:
    """A call that the schedule makes twice places nothing more, and is no alarm."""
    first = heart.beat("2026-11-21T09:10:00Z")
    placed = heart.placed()
    again = heart.beat("2026-11-21T09:10:00Z")
    assert again["orderId"] == first["orderId"]
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert heart.placed() == placed
    assert heart.stored(first["orderId"])["version"] == {"N": "2"}
    other = heart.beat("2026-11-21T09:15:00Z")
    assert other["orderId"] != first["orderId"]


def test_no_restaurant_no_partner_and_no_figure_hears_of_it(heart: Heart) -> None:
    """Were its orders to be confirmed, it is seen by the first worker only, and not counted."""
    ssm, name = aws(heart.stack, "ssm"), heart.stack.parameters["flags"]
    mine = {"enabled": True, "percent": 0, "allow": [f"{HEARTBEAT}#{HEARTBEAT}"]}
    ssm.put_parameter(
        Name=name, Value=json.dumps({"auto-confirm": mine}), Type="String", Overwrite=True
    )
    renew_workers(heart.stack)
    before = heart.business()
    try:
        order_id = heart.beat()["orderId"]
        wait_until(lambda: bool(heart.told("process_order", order_id)), "it never arrived")
        wait_until(lambda: len(heart.told("create_order", order_id)) == 2, "no line of placing")
        wait_until(lambda: bool(heart.told("update_order", order_id)), "no line of cancelling")
    finally:
        ssm.put_parameter(Name=name, Value="{}", Type="String", Overwrite=True)
    (seen,) = heart.told("process_order", order_id)
    assert seen["outcome"] == "synthetic"
    assert seen["processingLatency"] >= 0
    assert seen["streamLatency"] >= 0
    assert heart.stored(order_id)["version"] == {"N": "2"}
    assert not heart.told("notify_partner", order_id)
    assert heart.business() == before


def test_a_partner_s_order_is_counted_and_told(heart: Heart, acme: Any) -> None:
    """What keeps the heartbeat out keeps nobody else out."""
    before = heart.business()
    order_id = acme.place()["orderId"]
    wait_until(lambda: bool(heart.told("notify_partner", order_id)), "the partner is not told")
    wait_until(
        lambda: heart.business()["OrdersCreated"] > before["OrdersCreated"], "it is not counted"
    )


def test_a_deleted_order_is_told_to_nobody(heart: Heart) -> None:
    """When DynamoDB deletes what has expired, no worker gets a message that it cannot read."""
    sqs, dead = aws(heart.stack, "sqs"), "order_processing_dead_letters"
    before = heart.buried()  # other tests bury messages of theirs
    order_id = heart.beat()["orderId"]
    item = heart.stored(order_id)
    key = {name: item[name] for name in ("orderId", "timestamp")}
    wait_until(lambda: bool(heart.told("process_order", order_id)), "it never arrived")
    aws(heart.stack, "dynamodb").delete_item(TableName=heart.stack.tables["orders"], Key=key)
    after = heart.beat()["orderId"]  # the stream's order is kept: this one comes after it
    wait_until(lambda: bool(heart.told("process_order", after)), "nothing came after it")
    assert len(heart.told("process_order", order_id)) == 1
    for name in (dead, "partner_notifications_dead_letters"):
        found = sqs.receive_message(QueueUrl=heart.stack.queues[name], VisibilityTimeout=0)
        letters = [letter["Body"] for letter in found.get("Messages", [])]
        assert not [body for body in letters if f'"{order_id}"' in body]
    assert heart.buried() == before


def test_a_key_that_is_refused_is_read_anew(heart: Heart) -> None:
    """A run that was let in by nobody says so; once the door is open the next one is alive."""
    heart.beat()
    enable(heart.stack, heart.key_id, enabled=False)
    with pytest.raises(Deviation, match="place: HTTP 403"):
        heart.beat()
    enable(heart.stack, heart.key_id, enabled=True)
    aws(heart.stack, "dynamodb").delete_item(
        TableName=heart.stack.tables["partners"], Key={"apiKeyId": {"S": heart.key_id}}
    )
    assert heart.beat()["outcome"] == "alive"
    assert heart.entry() is not None


def test_a_key_that_is_gone_is_named(heart: Heart, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever deletes the key by hand reads so in the log."""
    monkeypatch.setenv("HEARTBEAT_KEY_ID", "nosuchkey0")
    with pytest.raises(Deviation) as caught:
        heart.beat()
    assert caught.value.step == "key"
    assert "NotFound" in caught.value.reason
