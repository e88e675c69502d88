"""Queues of their own on a running copy, and a function behind one that answers as it is told."""

from __future__ import annotations

import contextlib
import io
import json
import time
import uuid
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

from ops.reach.clients import clients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints

_PATIENCE = 20
_FUNCTION = """
import json

def handler(event, context):
    bodies = {record["messageId"]: record["body"] for record in event["Records"]}
    if "bug" in bodies.values():
        raise RuntimeError("a bug")
    for body in bodies.values():
        if body.startswith("{"):
            return json.loads(body)
    failed = [one for one, body in bodies.items() if body == "bad"]
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
"""
"""Fails at a bug, gives what it is told to give, and else reports what is bad."""


class Queue(NamedTuple):
    """A queue."""

    sqs: Any
    url: str
    arn: str

    def receive(self) -> dict[str, Any]:
        """Wait for one message, with all that is known of it, and keep it for a moment."""
        received = self.sqs.receive_message(
            QueueUrl=self.url,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
            WaitTimeSeconds=_PATIENCE,
        )
        (message,) = received["Messages"]
        return dict(message)

    def send(self, body: str) -> str:
        """Send a message; gives its id."""
        return str(self.sqs.send_message(QueueUrl=self.url, MessageBody=body)["MessageId"])

    def left(self) -> int:
        """Count the messages that wait or are in somebody's hands."""
        asked = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])
        counts = asked["Attributes"]
        return sum(int(counts[name]) for name in counts if name.startswith("ApproximateNumber"))

    def emptied(self) -> None:
        """Wait until no message is left."""
        deadline = time.monotonic() + _PATIENCE
        while self.left():
            assert time.monotonic() < deadline, "a message is still there"
            time.sleep(0.2)


def make(endpoints: Endpoints, **attributes: str) -> Queue:
    """Make a queue, with some attributes."""
    sqs = clients(endpoints.aws_endpoint_url)("sqs")
    name = f"queue-{uuid.uuid4().hex[:8]}"
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    known = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return Queue(sqs, url, known["Attributes"]["QueueArn"])


@contextlib.contextmanager
def worker(endpoints: Endpoints) -> Iterator[tuple[Queue, Queue]]:
    """Make a queue with the function behind it; what fails twice goes to the second queue."""
    dead = make(endpoints)
    redrive = {"deadLetterTargetArn": dead.arn, "maxReceiveCount": 2}
    source = make(endpoints, VisibilityTimeout="1", RedrivePolicy=json.dumps(redrive))
    client, name = clients(endpoints.aws_endpoint_url)("lambda"), f"worker-{uuid.uuid4().hex[:8]}"
    client.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/worker",
        Handler="function.handler",
        Code={"ZipFile": _code()},
        Timeout=1,
    )
    mapping = client.create_event_source_mapping(
        EventSourceArn=source.arn,
        FunctionName=name,
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    try:
        yield source, dead
    finally:
        client.delete_event_source_mapping(UUID=mapping["UUID"])
        client.delete_function(FunctionName=name)


def _code() -> bytes:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("function.py", _FUNCTION)
    return code.getvalue()
