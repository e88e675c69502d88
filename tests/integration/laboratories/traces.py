"""What the local X-Ray has heard, and a topic with a queue to see what a message carries."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from ops.reach.clients import clients
from tests.integration.laboratories.streams import queue_arn

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.reach.endpoints import Endpoints

HEADER = "X-Amzn-Trace-Id"
SETTLED = 1.5
"""Seconds after which whatever is told has been told, where nothing is expected."""

_PATIENCE = 60.0


class Root(NamedTuple):
    """A trace that somebody else has begun."""

    id: str
    parent: str

    @property
    def header(self) -> str:
        """Render it as the tracing header."""
        return f"Root={self.id};Parent={self.parent};Sampled=1"


def begin() -> Root:
    """Begin a trace."""
    return Root(f"1-{int(time.time()):08x}-{secrets.token_hex(12)}", secrets.token_hex(8))


def documents(endpoints: Endpoints, trace_id: str) -> list[dict[str, Any]]:
    """Give the documents of a trace, as X-Ray gives them."""
    xray = clients(endpoints.traces_url)("xray")
    traces = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
    return [json.loads(each["Document"]) for trace in traces for each in trace["Segments"]]


def wait_for(endpoints: Endpoints, trace_id: str, *origins: str) -> dict[str, dict[str, Any]]:
    """Wait until a trace has segments of these origins, and give them by origin."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        found = {each.get("origin", ""): each for each in documents(endpoints, trace_id)}
        if set(origins) <= set(found):
            return found
        assert time.monotonic() < deadline, f"only {sorted(found)}"
        time.sleep(0.1)


class Topic:
    """A topic with active tracing, and a queue that hears it."""

    def __init__(self, endpoints: Endpoints) -> None:
        """Make them."""
        client, name = clients(endpoints.aws_endpoint_url), f"traced-{uuid.uuid4().hex[:8]}"
        self._sns, self._sqs = client("sns"), client("sqs")
        self._arn = self._sns.create_topic(Name=name)["TopicArn"]
        self._sns.set_topic_attributes(
            TopicArn=self._arn, AttributeName="TracingConfig", AttributeValue="Active"
        )
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        self.queue_arn = queue_arn(self._sqs, self._queue)
        self._sns.subscribe(TopicArn=self._arn, Protocol="sqs", Endpoint=self.queue_arn)

    def publish(self, root: Root | None) -> None:
        """Publish a message in a trace, or in none."""
        _send(
            self._sns, "Publish", root, lambda: self._sns.publish(TopicArn=self._arn, Message="x")
        )

    def send(self, root: Root | None) -> None:
        """Send the queue a message in a trace, or in none."""
        send = self._sqs.send_message
        _send(
            *(self._sqs, "SendMessage", root),
            lambda: send(QueueUrl=self._queue, MessageBody="x"),
        )

    def carried(self) -> str | None:
        """Take a message; give the tracing header that it carries."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            taken = self._sqs.receive_message(
                QueueUrl=self._queue, MessageSystemAttributeNames=["All"], WaitTimeSeconds=1
            )
            for message in taken.get("Messages", []):
                self._sqs.delete_message(
                    QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"]
                )
                header: str | None = message["Attributes"].get("AWSTraceHeader")
                return header
        raise AssertionError("no message comes")


def _send(client: Any, operation: str, root: Root | None, call: Callable[[], Any]) -> None:
    def add(request: Any, **_: Any) -> None:
        if root:
            request.headers[HEADER] = root.header

    event = f"before-sign.{client.meta.service_model.service_id.hyphenize()}.{operation}"
    client.meta.events.register(event, add)
    try:
        call()
    finally:
        client.meta.events.unregister(event, add)
