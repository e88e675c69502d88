"""Orders that the service confirms by itself, on the running stack: stream, pipe, topic, worker."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.shared.people import aws, renew

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration

PATIENCE = 120.0
KNOWN, UNKNOWN = "auto-confirmed", "not-auto-confirmed"
"""Two customers of acme's."""


class Processing(NamedTuple):
    """The way of a change, as tests see it."""

    logs: Any
    log_group: str
    pipes: Any
    pipe: str
    sns: Any
    topic: str
    since: int

    def tries(self, order_id: str) -> list[dict[str, Any]]:
        """Read what the worker has told of an order so far."""
        pages = self.logs.get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=self.log_group, startTime=self.since)
        events = (event for page in found for event in page["events"])
        lines = (event["message"] for event in events if f'"{order_id}"' in event["message"])
        return [json.loads(line) for line in lines if line.startswith("{")]

    def outcomes(self, order_id: str) -> list[str]:
        """Say what the worker did with each message of an order."""
        return [line["outcome"] for line in self.tries(order_id) if "outcome" in line]

    @contextlib.contextmanager
    def held_up(self) -> Iterator[None]:
        """Let nothing leave the stream for a while."""
        self.pipes.stop_pipe(Name=self.pipe)
        try:
            yield
        finally:
            self.pipes.start_pipe(Name=self.pipe)


def wait_until(promise: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not promise():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def renew_workers(stack: Endpoints) -> None:
    """Let new functions take over: those that run keep the flags for a minute."""
    wait_until(lambda: waiting(stack) == 0, "the queue does not become empty")
    renew(stack, "process_order")


def waiting(stack: Endpoints) -> int:
    """Count the messages that the worker has not finished."""
    counts = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    attributes = aws(stack, "sqs").get_queue_attributes(
        QueueUrl=stack.queues["order_processing"], AttributeNames=list(counts)
    )["Attributes"]
    return sum(int(attributes[name]) for name in counts)


@pytest.fixture(scope="module")
def processing(stack: Endpoints) -> Iterator[Processing]:
    """The stack, whose flag confirms the orders of one customer, in functions that know of it."""
    flag = {"enabled": True, "percent": 0, "allow": [f"{stack.partner_id}#{KNOWN}"]}
    ssm, name = aws(stack, "ssm"), stack.parameters["flags"]
    ssm.put_parameter(
        Name=name, Value=json.dumps({"auto-confirm": flag}), Type="String", Overwrite=True
    )
    renew_workers(stack)
    yield Processing(
        aws(stack, "logs"),
        stack.log_groups["process_order"],
        aws(stack, "pipes"),
        stack.pipe,
        aws(stack, "sns"),
        stack.topics["order_changes"],
        int(time.time() * 1_000),
    )
    ssm.put_parameter(Name=name, Value="{}", Type="String", Overwrite=True)


@pytest.fixture
def listener(stack: Endpoints) -> Iterator[Callable[[str], list[str]]]:
    """A queue of another team's at the topic; gives the messages of an order, as they came."""
    sqs, sns = aws(stack, "sqs"), aws(stack, "sns")
    url = sqs.create_queue(QueueName=f"listener-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    subscription = sns.subscribe(
        TopicArn=stack.topics["order_changes"],
        Protocol="sqs",
        Endpoint=arn["QueueArn"],
        Attributes={"RawMessageDelivery": "true"},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    heard: list[str] = []

    def listen(order_id: str) -> list[str]:
        taken = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in taken:
            heard.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [body for body in heard if f'"{order_id}"' in body]

    yield listen
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=url)


def confirmed(acme: Partner, placed: dict[str, Any]) -> dict[str, Any]:
    """Wait until an order is confirmed, and give it."""

    def is_confirmed() -> bool:
        return bool(acme.get(placed["orderId"]).json()["status"] == "CONFIRMED")

    wait_until(is_confirmed, "the order was not confirmed")
    order: dict[str, Any] = acme.get(placed["orderId"]).json()
    return order


def moves(order: dict[str, Any]) -> list[tuple[str, str]]:
    return [(entry["status"], entry["by"]) for entry in order["history"]]


CONFIRMED_ONCE = [("PLACED", "partner"), ("CONFIRMED", "service")]


def test_the_service_confirms(processing: Processing, acme: Partner) -> None:
    """Where the flag says so, an order is confirmed by the service, once, and nobody need ask."""
    placed = acme.place(customerId=KNOWN)
    order = confirmed(acme, placed)
    assert moves(order) == CONFIRMED_ONCE
    assert order["version"] == placed["version"] + 1
    wait_until(lambda: processing.outcomes(placed["orderId"]) == ["confirmed"], "not told")
    (line,) = processing.tries(placed["orderId"])
    # one unit each of the table and of both its indexes: the order is below a kilobyte
    assert (line["dynamodbCalls"], line["readUnits"], line["writeUnits"]) == (1, 0, 3)


def test_the_restaurant_confirms(processing: Processing, acme: Partner) -> None:
    """An order of any other customer waits for its restaurant, though the worker has seen it."""
    placed = acme.place(customerId=UNKNOWN)
    wait_until(lambda: processing.outcomes(placed["orderId"]) == ["waiting"], "not seen")
    assert acme.get(placed["orderId"]).json() == placed


def test_another_partners_customer(processing: Processing, bella: Partner) -> None:
    """A customer of the same id at another partner is somebody else, whose order waits."""
    placed = bella.place(customerId=KNOWN)
    wait_until(lambda: processing.outcomes(placed["orderId"]) == ["waiting"], "not seen")
    assert bella.get(placed["orderId"]).json() == placed


def test_an_edited_order_is_confirmed_as_it_is_now(processing: Processing, acme: Partner) -> None:
    """An edit that was quicker than the confirmation stays, and what is confirmed is the edit."""
    with processing.held_up():
        placed = acme.place(customerId=KNOWN)
        edited = acme.patch(placed["orderId"], {"note": "Ring twice"}).json()
        assert (edited["status"], edited["version"]) == ("PLACED", 2)
    order = confirmed(acme, placed)
    assert (order["note"], order["version"]) == ("Ring twice", 3)
    assert moves(order) == CONFIRMED_ONCE
    wait_until(lambda: len(processing.outcomes(placed["orderId"])) == 2, "not told")
    assert sorted(processing.outcomes(placed["orderId"])) == ["confirmed", "outdated"]


def test_a_deleted_order_is_told_to_no_worker(
    processing: Processing, acme: Partner, stack: Endpoints, dynamodb: Any
) -> None:
    """An order that DynamoDB deletes is nobody's work, and no dead letter keeps it.

    The emulator's pipe does not filter: the subscriptions hold it back, as they do on AWS.
    """
    gone = acme.place(customerId=UNKNOWN)
    wait_until(lambda: processing.outcomes(gone["orderId"]) == ["waiting"], "not told")
    key = {"orderId": {"S": gone["orderId"]}, "timestamp": {"S": gone["createdAt"]}}
    dynamodb.delete_item(TableName=stack.tables["orders"], Key=key)
    later = acme.place(customerId=UNKNOWN)  # in a stream's order it comes later
    wait_until(lambda: processing.outcomes(later["orderId"]) == ["waiting"], "not told")
    assert processing.outcomes(gone["orderId"]) == ["waiting"]
    for queue in ("order_processing", "partner_notifications"):
        url = stack.queues[f"{queue}_dead_letters"]
        letters = aws(stack, "sqs").receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        assert gone["orderId"] not in json.dumps(letters.get("Messages", []))


def test_an_old_message_changes_nothing(
    processing: Processing, acme: Partner, listener: Callable[[str], list[str]]
) -> None:
    """However often and late a change is told again, the order stays as it has become."""
    placed = acme.place(customerId=KNOWN)
    before = confirmed(acme, placed)
    wait_until(lambda: len(listener(placed["orderId"])) == 2, "another team does not hear of it")
    records = [json.loads(body) for body in listener(placed["orderId"])]
    (old,) = (r for r in records if r["dynamodb"]["NewImage"]["version"] == {"N": "1"})
    for _ in range(2):
        processing.sns.publish(TopicArn=processing.topic, Message=json.dumps(old))
    wait_until(lambda: len(processing.outcomes(placed["orderId"])) == 3, "not told")
    assert sorted(processing.outcomes(placed["orderId"])) == ["confirmed", "outdated", "outdated"]
    assert acme.get(placed["orderId"]).json() == before
