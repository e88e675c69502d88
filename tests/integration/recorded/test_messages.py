"""Queues, topics and functions behind queues, as LocalStack recorded them.

The recordings: test_sns.snapshot.json, test_sqs_move_task.snapshot.json and
test_lambda_integration_sqs.snapshot.json.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.laboratories import queues
from tests.integration.recorded.conftest import answered, unique
from tests.shared.people import aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.reach.endpoints import Endpoints
    from tests.integration.laboratories.queues import Queue

    MakeQueue = Callable[..., Queue]

pytestmark = pytest.mark.integration

NO_MOVE_TASKS = pytest.mark.xfail(
    reason="the emulator knows no message move tasks", raises=(AssertionError, ClientError)
)
TRACE = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1"


@pytest.fixture
def topic(stack: Endpoints) -> tuple[Any, str]:
    """A client of SNS, and a topic's ARN."""
    sns = aws(stack, "sns")
    return sns, sns.create_topic(Name=unique("recorded"))["TopicArn"]


@pytest.fixture
def subscriber(topic: tuple[Any, str], queue: MakeQueue) -> Queue:
    """A queue that gets the topic's messages raw, as the product's do."""
    (sns, arn), made = topic, queue()
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=made.arn, Attributes=raw)
    return made


def number(text: str) -> dict[str, str]:
    return {"DataType": "Number", "StringValue": text}


@pytest.mark.parametrize(
    ("attributes", "digest"),
    [
        ({"attr1": number("19.12")}, "1f07082409022a373fa2a2601f82b3cb"),
        (
            {"attr1": number("99.12"), "attr2": number("109.12")},
            "9b720b3af309c1c4b0d395c53b08c502",
        ),
    ],
)
def test_a_raw_message_is_the_message(
    topic: tuple[Any, str], subscriber: Queue, attributes: Any, digest: str
) -> None:
    """The body is what was published and nothing around it; its attributes go with it.

    Recorded: test_publish_batch_messages_from_sns_to_sqs, 24-08-2023.
    """
    sns, arn = topic
    sns.publish(TopicArn=arn, Message="Test Message", MessageAttributes=attributes)
    message = subscriber.receive()
    assert message["Body"] == "Test Message"
    assert message["MessageAttributes"] == attributes
    assert message["MD5OfMessageAttributes"] == digest
    assert set(message["Attributes"]) - {"AWSTraceHeader"} == {
        *("ApproximateFirstReceiveTimestamp", "ApproximateReceiveCount"),
        *("SenderId", "SentTimestamp"),
    }


def test_the_publishers_trace_goes_with_the_message(
    topic: tuple[Any, str], subscriber: Queue
) -> None:
    """A topic without tracing of its own hands the publisher's header on as it was.

    Recorded: test_publish_sqs_from_sns_with_xray_propagation, 24-08-2023.
    """
    sns, arn = topic

    def traced(request: Any, **_: Any) -> None:
        request.headers["X-Amzn-Trace-Id"] = TRACE

    sns.meta.events.register("before-send.sns.Publish", traced)
    try:
        sns.publish(TopicArn=arn, Message="X-Ray propagation test msg")
    finally:
        sns.meta.events.unregister("before-send.sns.Publish", traced)
    assert subscriber.receive()["Attributes"]["AWSTraceHeader"] == TRACE


@pytest.fixture
def worker(stack: Endpoints) -> Iterator[tuple[Queue, Queue]]:
    """A queue with a function that answers as it is told, and its dead letters."""
    with queues.worker(stack) as both:
        yield both


def test_only_what_is_reported_comes_again(worker: tuple[Queue, Queue]) -> None:
    """Of a batch, the message that failed is tried again and dies; the others are done with.

    Recorded: test_report_batch_item_failures, 07-12-2023, and
    test_redrive_policy_with_failing_lambda, 27-02-2023: the dead letter keeps its id.
    """
    source, dead = worker
    source.send("good")
    failing = source.send("bad")
    source.send("good too")
    letter = dead.receive()
    assert (letter["MessageId"], letter["Body"]) == (failing, "bad")
    assert source.left() == 0


@pytest.mark.parametrize(
    "body",
    [
        "bug",
        '{"batchItemFailures": [{"foo": "notvalid"}]}',
        '{"batchItemFailures": [{"itemIdentifier": ""}]}',
    ],
)
def test_a_batch_of_which_nothing_is_known_fails_whole(
    worker: tuple[Queue, Queue], body: str
) -> None:
    """Nothing is lost where a function raises, or answers what names no message.

    Recorded: test_report_batch_item_failures_on_lambda_error and
    test_report_batch_item_failures_invalid_result_json_batch_fails, 27-02-2023. The empty name is
    the product's own answer to what is no batch: Lambda developer guide, "Handling errors for an
    SQS event source in Lambda".
    """
    source, dead = worker
    failing = source.send(body)
    letter = dead.receive()
    assert (letter["MessageId"], letter["Body"]) == (failing, body)


@pytest.mark.parametrize("body", ["{}", '{"batchItemFailures": []}'])
def test_a_batch_of_which_nothing_is_reported_is_done(
    worker: tuple[Queue, Queue], body: str
) -> None:
    """An empty answer, or an empty list, is success.

    Recorded: test_report_batch_item_failures_empty_json_batch_succeeds, 27-02-2023.
    """
    source, dead = worker
    source.send(body)
    source.emptied()
    assert dead.left() == 0


@pytest.fixture
def letters(queue: MakeQueue) -> tuple[Queue, Queue]:
    """A queue, and its dead letters, of which there are two."""
    dead = queue()
    redrive = {"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1}
    source = queue(RedrivePolicy=json.dumps(redrive))
    for body in ("one", "two"):
        dead.send(body)
    return source, dead


@NO_MOVE_TASKS
def test_dead_letters_are_moved_back(letters: tuple[Queue, Queue]) -> None:
    """A task that has moved all is told as completed, and can no longer be cancelled.

    Recorded: test_basic_move_task_workflow, 03-01-2024.
    """
    source, dead = letters
    dead.sqs.start_message_move_task(SourceArn=dead.arn, DestinationArn=source.arn)
    moved = {source.receive()["Body"], source.receive()["Body"]}
    (told,) = dead.sqs.list_message_move_tasks(SourceArn=dead.arn)["Results"]
    assert moved == {"one", "two"}
    del told["StartedTimestamp"]
    assert told == {
        "ApproximateNumberOfMessagesMoved": 2,
        "ApproximateNumberOfMessagesToMove": 2,
        "DestinationArn": source.arn,
        "SourceArn": dead.arn,
        "Status": "COMPLETED",
    }


@NO_MOVE_TASKS
def test_only_dead_letters_can_be_moved(letters: tuple[Queue, Queue]) -> None:
    """A queue that is nobody's dead letters is refused as a source.

    Recorded: test_source_needs_redrive_policy, 05-01-2024.
    """
    source, dead = letters
    refused = answered(dead.sqs.start_message_move_task, SourceArn=source.arn)
    assert refused["Error"]["Code"] == "InvalidParameterValue"
    assert refused["Error"]["Message"] == "Source queue must be configured as a Dead Letter Queue."
