"""A table, a pipe, a topic and a queue of their own, on an emulator that is stopped and started."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from ops.reach.clients import clients
from ops.reach.layout import free_port
from tests.integration.laboratories.bare import running

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ops.reach.endpoints import Endpoints
    from tests.shared.people import Reachable

NAME = "stream-laboratory"
_IDLE = f"{NAME}-idle"
_ROLE = f"arn:aws:iam::000000000000:role/{NAME}"
_PATIENCE = 60.0


def heard_after_restart(folder: Path, *, patches: Iterable[str] | None) -> set[str]:
    """Tell which of three changes the queue gets that the pipe had not delivered at a clean stop.

    Args:
        folder: where the emulator keeps its things.
        patches: with which it runs; None for all.

    Returns:
        `before` was made before the stop, `after` and `last` after it; `last` always comes.
    """
    port = free_port()
    with running(folder, port, patches=patches) as endpoints:
        laboratory = _Laboratory(endpoints)
        laboratory.build()
        laboratory.change("delivered")
        laboratory.listen_for("delivered")
        laboratory.pipes.stop_pipe(Name=NAME)
        laboratory.change("before")
    with running(folder, port, patches=patches) as endpoints:
        laboratory = _Laboratory(endpoints)
        laboratory.change("after")
        laboratory.change("last")
        laboratory.pipes.start_pipe(Name=NAME)
        return laboratory.listen_for("last")


def used_pipe(endpoints: Endpoints) -> str:
    """Make a pipe that has carried one change; gives its name."""
    laboratory = _Laboratory(endpoints)
    laboratory.build()
    laboratory.change("carried")
    laboratory.listen_for("carried")
    return NAME


class _Laboratory:
    def __init__(self, endpoints: Reachable) -> None:
        client = clients(endpoints.aws_endpoint_url)
        self.dynamodb, self.pipes = client("dynamodb"), client("pipes")
        self.sns, self.sqs = client("sns"), client("sqs")

    @property
    def queue(self) -> str:
        """The queue's URL, which names the copy's port."""
        return str(self.sqs.get_queue_url(QueueName=NAME)["QueueUrl"])

    def build(self) -> None:
        """Make table, topic, queue and pipe."""
        table = self.dynamodb.create_table(
            TableName=NAME,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )["TableDescription"]
        topic = self.sns.create_topic(Name=NAME)["TopicArn"]
        self.sqs.create_queue(QueueName=NAME)
        self.sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=queue_arn(self.sqs, self.queue),
            Attributes={"RawMessageDelivery": "true"},
        )
        stream = table["LatestStreamArn"]
        # The second one is never stopped: ministack begins to carry only where a pipe runs.
        idle = self.sns.create_topic(Name=_IDLE)["TopicArn"]
        for name, target in ((NAME, topic), (_IDLE, idle)):
            self.pipes.create_pipe(Name=name, Source=stream, Target=target, RoleArn=_ROLE)

    def change(self, name: str) -> None:
        """Write an item."""
        self.dynamodb.put_item(TableName=NAME, Item={"id": {"S": name}})

    def listen_for(self, name: str) -> set[str]:
        """Take what comes until a change is heard of, and give all the changes."""
        heard: set[str] = set()
        deadline = time.monotonic() + _PATIENCE
        while name not in heard:
            assert time.monotonic() < deadline, f"heard only {heard}"
            heard |= {_changed(message) for message in take(self.sqs, self.queue)}
        return heard


def queue_arn(sqs: Any, url: str) -> str:
    """Look up a queue's ARN."""
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(found["Attributes"]["QueueArn"])


def take(sqs: Any, url: str) -> list[str]:
    """Take some messages; gives their bodies."""
    page = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    messages = page.get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [message["Body"] for message in messages]


def _changed(body: str) -> str:
    return str(json.loads(body)["dynamodb"]["Keys"]["id"]["S"])
