"""Redriving: dead letters go back to where they came from.

a worker's, the whole queue ─► SQS moves them by itself (StartMessageMoveTask)
… one order's, or where SQS cannot ─► receive, send, delete
the pipe's ─► read the records from the stream, publish them as the pipe does, delete
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import json
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infrastructure import outputs
from ops.dead_letters.letters import Errand, read, take_out
from ops.dead_letters.queues import arn
from ops.reach.errors import OperatorError
from ops.reach.interrupts import finish_first
from orders.order_changes import TOLD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import ListMessageMoveTasksResultEntryTypeDef, MessageTypeDef

    from ops.dead_letters.letters import DeadLetterQueue, Place, Report, Wanted
    from ops.reach.target import Target

_POLL_SECONDS = 1.0
_NO_OPERATION = ("InvalidAction", "UnknownOperation", "NotImplemented")
_NOT_IMPLEMENTED = 501
_GONE = ("TrimmedDataAccessException", "ResourceNotFoundException")
_EMPTY_PAGES = 100  # a stream gives empty pages between records, and without end after the last


def redrive(
    target: Target,
    queue: DeadLetterQueue,
    report: Report,
    told: Callable[[int], None],
    *,
    wanted: Wanted | None = None,
) -> None:
    """Send dead letters back.

    Args:
        target: whose they are.
        queue: where they are.
        report: is kept up to date.
        told: is told how many were tried so far.
        wanted: which of them; None for all.

    Raises:
        OperatorError: when they cannot be sent back at all.
    """
    every = queue.source and wanted is None
    if not (every and _moved_by_sqs(target, queue, report, told)):
        deliver = _sender(target, queue.source) if queue.source else _publisher(target, queue)
        errand = Errand(queue=queue, wanted=wanted, deliver=deliver, most=report.found)
        take_out(target, errand, report, told)
    report.close()


def _moved_by_sqs(
    target: Target, queue: DeadLetterQueue, report: Report, told: Callable[[int], None]
) -> bool:
    """Have SQS move the messages; False when it does not know how."""
    sqs: SQSClient = target.client("sqs")
    source = arn(sqs, target.output(queue.letters))
    destination = arn(sqs, target.output(queue.source or ""))
    task = ""
    try:
        with finish_first():
            before = _last_start(sqs, source)
            task = _start(sqs, source, destination)
        if task:
            _watch(sqs, source, before, report, told)
    except KeyboardInterrupt:
        if task:
            _cancel(sqs, task, report)
        raise
    return bool(task)


def _start(sqs: SQSClient, source: str, destination: str) -> str:
    """Start a task; gives its handle, or an empty one when there is no such operation."""
    try:
        # Without a destination SQS stops at the first message that a worker itself has sent there.
        task = sqs.start_message_move_task(SourceArn=source, DestinationArn=destination)
    except ClientError as error:
        if _unknown(error):
            return ""
        raise
    return task["TaskHandle"]


def _cancel(sqs: SQSClient, task: str, report: Report) -> None:
    with finish_first(), contextlib.suppress(ClientError):  # it may have come to its end
        answer = sqs.cancel_message_move_task(TaskHandle=task)
        report.done = answer["ApproximateNumberOfMessagesMoved"]


def _unknown(error: ClientError) -> bool:
    """Tell whether the other side does not have the operation, as emulators do not."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    code = error.response.get("Error", {}).get("Code", "")
    return status == _NOT_IMPLEMENTED or any(sign in code for sign in _NO_OPERATION)


def _newest_task(sqs: SQSClient, source: str) -> ListMessageMoveTasksResultEntryTypeDef:
    found = sqs.list_message_move_tasks(SourceArn=source, MaxResults=1).get("Results")
    return found[0] if found else {}


def _last_start(sqs: SQSClient, source: str) -> int:
    """Tell when the last task began; 0 when there was none, or is no such operation."""
    try:
        return _newest_task(sqs, source).get("StartedTimestamp", 0)
    except ClientError as error:
        if _unknown(error):
            return 0
        raise


def _watch(
    sqs: SQSClient, source: str, before: int, report: Report, told: Callable[[int], None]
) -> None:
    """Follow the task that began after `before`, the start of the one that was the last then."""
    task: ListMessageMoveTasksResultEntryTypeDef = {"Status": "RUNNING"}
    while task.get("Status") in ("RUNNING", "CANCELLING"):
        newest = _newest_task(sqs, source)
        # A task that has just begun may not be listed yet, and the last one before it may be.
        if newest.get("StartedTimestamp", 0) > before:
            task = newest
            report.done = task.get("ApproximateNumberOfMessagesMoved", 0)
            told(report.done)
        time.sleep(_POLL_SECONDS)
    if task.get("Status") != "COMPLETED":
        _stopped(task, report)


def _stopped(task: ListMessageMoveTasksResultEntryTypeDef, report: Report) -> None:
    left = task.get("ApproximateNumberOfMessagesToMove", report.found) - report.done
    why = task.get("FailureReason") or "somebody cancelled it"
    report.fail(f"SQS stopped moving messages: {why}.", max(left, 1))


def _sender(target: Target, source: str) -> Callable[[MessageTypeDef], None]:
    """Send a message to the queue that it came from, with all that came with it."""
    sqs, url = target.client("sqs"), target.output(source)

    def send(message: MessageTypeDef) -> None:
        sqs.send_message(QueueUrl=url, MessageBody=message["Body"], **_attributes(message))

    return send


def _attributes(message: MessageTypeDef) -> dict[str, Any]:
    trace = message.get("Attributes", {}).get("AWSTraceHeader")
    system = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}} if trace else {}
    given = {
        "MessageAttributes": message.get("MessageAttributes"),
        "MessageSystemAttributes": system,
    }
    return {name: value for name, value in given.items() if value}


def _publisher(target: Target, queue: DeadLetterQueue) -> Callable[[MessageTypeDef], None]:
    """Publish the records that a dead letter of the pipe points at, one record a message."""
    streams, sns = target.client("dynamodbstreams"), target.client("sns")
    topic = target.output(outputs.ORDER_CHANGES_TOPIC)

    def publish(message: MessageTypeDef) -> None:
        place = read(message, queue.name).place
        if place is None:
            raise OperatorError("It does not say where in the stream its records are.")
        for record in list(_records(streams, place)):  # all are there, or none is published
            if record["eventName"] not in TOLD:
                continue
            sns.publish(TopicArn=topic, Message=as_pipe(record, place.stream))

    return publish


def _records(streams: DynamoDBStreamsClient, place: Place) -> Iterator[dict[str, Any]]:
    """Read the records from the first to the last."""
    try:
        pages = _pages(streams, place)
        records = (record for page in pages for record in page)
        expected = place.first
        for record in records:
            number = record["dynamodb"]["SequenceNumber"]
            if (expected and number != expected) or int(number) > int(place.last):
                break  # the first or the last is no longer there
            expected = ""
            yield record
            if number == place.last:
                return
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in _GONE:
            raise
    raise OperatorError(
        "Its records are gone from the stream, which keeps them for 24 hours. The orders are in "
        "the table: `orders dlq purge pipe` once you have dealt with them."
    )


def _pages(streams: DynamoDBStreamsClient, place: Place) -> Iterator[list[dict[str, Any]]]:
    start = streams.get_shard_iterator(
        StreamArn=place.stream,
        ShardId=place.shard,
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=place.first,
    )
    iterator, empty = start.get("ShardIterator"), 0
    while iterator and empty < _EMPTY_PAGES:
        page: Any = streams.get_records(ShardIterator=iterator)
        yield page["Records"]
        empty = 0 if page["Records"] else empty + 1
        iterator = page.get("NextShardIterator")


def as_pipe(record: dict[str, Any], stream: str) -> str:
    """Write a record of the stream's API as the pipe writes it.

    The pipe adds the stream's ARN and writes times as seconds since 1970, binary values in base64,
    and the identity's names in small letters (EventBridge user guide, "DynamoDB stream as a
    source").
    """
    identity = record.get("userIdentity")
    written = {**record, "eventSourceARN": stream}
    if identity:
        written["userIdentity"] = {name[0].lower() + name[1:]: v for name, v in identity.items()}
    return json.dumps(written, default=_plain)


def _plain(value: object) -> Any:
    if isinstance(value, dt.datetime):
        seconds = value.timestamp()
        return int(seconds) if seconds.is_integer() else seconds
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value).__name__)
