"""Dead letters go back to where they came from: by SQS itself, one by one, or as records."""

from __future__ import annotations

import datetime as dt
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from ops.dead_letters import redrive
from ops.dead_letters.letters import QUEUES, Place, Report
from ops.dead_letters.redrive import as_pipe
from ops.reach.errors import OperatorError
from ops.reach.target import Target
from tests.shared.dead_letters import message

if TYPE_CHECKING:
    from collections.abc import Callable


def test_record_in_the_pipe_s_form() -> None:
    """A record read from the stream is written as the pipe writes it."""
    record = {
        "eventID": "1",
        "userIdentity": {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"},
        "dynamodb": {
            "ApproximateCreationDateTime": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            "NewImage": {"b": {"B": b"\x00\xff"}},
        },
    }
    assert json.loads(as_pipe(record, "arn:stream")) == {
        "eventID": "1",
        "eventSourceARN": "arn:stream",
        "userIdentity": {"principalId": "dynamodb.amazonaws.com", "type": "Service"},
        "dynamodb": {
            "ApproximateCreationDateTime": 1_767_225_600,
            "NewImage": {"b": {"B": "AP8="}},
        },
    }


class Stream:
    """A stream that gives the records of its pages, after an empty one."""

    def __init__(self, *pages: list[str]) -> None:
        self.pages: list[list[str]] = [[], *pages]
        self.kinds: dict[str, str] = {}

    def get_shard_iterator(self, **_: Any) -> Any:
        """Start at the first page."""
        return {"ShardIterator": "0"}

    def get_records(self, *, ShardIterator: str) -> Any:  # noqa: N803 - AWS's name
        """Give a page; after the last, empty ones without end."""
        number = int(ShardIterator)
        page = self.pages[number] if number < len(self.pages) else []
        records = [
            {"eventID": n, "eventName": self.kinds.get(n), "dynamodb": {"SequenceNumber": n}}
            for n in page
        ]
        return {"Records": records, "NextShardIterator": str(number + 1)}


@pytest.mark.parametrize(
    ("pages", "found"),
    [
        ([["111", "112", "113"]], ["111", "112"]),
        ([["111"], ["112"]], ["111", "112"]),
        ([["111"], [], ["113"]], None),
        ([["112"]], None),
        ([["111"]], None),
        ([], None),
    ],
)
def test_records_of_a_place(pages: list[list[str]], found: list[str] | None) -> None:
    """All records of a dead letter of the pipe are found, over empty pages; or none is sent."""
    place = Place("arn:stream", "shard", "111", "112")
    records = redrive._records(cast("Any", Stream(*pages)), place)
    if found is None:
        with pytest.raises(OperatorError, match="24 hours"):
            list(records)
    else:
        assert [record["eventID"] for record in records] == found


def test_a_deletion_in_between_is_not_published() -> None:
    """Between two changes DynamoDB deleted an order: the pipe leaves it out, and so does this."""
    published: list[str] = []
    stream = Stream(["1", "2", "3"])
    stream.kinds = {"1": "INSERT", "2": "REMOVE", "3": "MODIFY"}

    def publish(*, Message: str, **_: Any) -> None:  # noqa: N803 - AWS's names
        published.append(json.loads(Message)["eventID"])

    clients: dict[str, Any] = {"dynamodbstreams": stream, "sns": SimpleNamespace(publish=publish)}
    target = Target("stage dev", "s", clients.__getitem__, {"OrderChangesTopic": "topic"}, "")
    where = {"streamArn": "arn:stream", "shardId": "shard"}
    where |= {"startSequenceNumber": "1", "endSequenceNumber": "3"}
    redrive._publisher(target, QUEUES["pipe"])(message({"DDBStreamBatchInfo": where}))
    assert published == ["1", "3"]


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> tuple[Target, Stubber]:
    """An SQS as on AWS, which answers as it is told."""
    client = boto3.client("sqs", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    monkeypatch.setattr(redrive, "_POLL_SECONDS", 0)
    stubber = Stubber(client)
    outputs = {"OrderProcessingQueue": "u-queue", "OrderProcessingDeadLetters": "u-dead"}
    target = Target("stage dev", "s", lambda _: client, outputs, "")
    for name in ("dead", "queue"):
        asked = {"QueueUrl": f"u-{name}", "AttributeNames": ["QueueArn"]}
        stubber.add_response(
            "get_queue_attributes", {"Attributes": {"QueueArn": f"arn:{name}"}}, asked
        )
    return target, stubber


START = {"SourceArn": "arn:dead", "DestinationArn": "arn:queue"}


NO_TASK: dict[str, Any] = {"Results": []}


def task(status: str, moved: int, started: int = 2, **more: Any) -> dict[str, Any]:
    counted = {"ApproximateNumberOfMessagesMoved": moved, "ApproximateNumberOfMessagesToMove": 12}
    return {"Results": [{"Status": status, "StartedTimestamp": started, **counted, **more}]}


def listed(stubber: Stubber, answer: dict[str, Any]) -> None:
    asked = {"SourceArn": "arn:dead", "MaxResults": 1}
    stubber.add_response("list_message_move_tasks", answer, asked)


def started(stubber: Stubber, *answers: dict[str, Any], before: dict[str, Any] = NO_TASK) -> None:
    listed(stubber, before)
    stubber.add_response("start_message_move_task", {"TaskHandle": "t"}, START)
    for answer in answers:
        listed(stubber, answer)


def run_redrive(target: Target, told: Callable[[int], None]) -> Report:
    report = Report("processing", 12)
    redrive.redrive(target, QUEUES["processing"], report, told)
    return report


def test_sqs_moves_messages(sqs: tuple[Target, Stubber]) -> None:
    """On AWS a queue is moved by SQS itself, to a named destination, and I see how far it is.

    StartMessageMoveTask is not in the emulator, so botocore's Stubber answers in its place.
    """
    target, stubber = sqs
    started(stubber, {"Results": []}, task("RUNNING", 5), task("COMPLETED", 12))
    seen: list[int] = []
    with stubber:
        report = run_redrive(target, seen.append)
    stubber.assert_no_pending_responses()
    assert (report.done, report.failed, seen) == (12, 0, [5, 12])


def test_another_day_s_move_is_not_this_one(sqs: tuple[Target, Stubber]) -> None:
    """What SQS still tells of an earlier move is not taken for the end of this one.

    Botocore's Stubber answers, as above.
    """
    target, stubber = sqs
    old = task("COMPLETED", 7, started=1)
    started(stubber, old, task("RUNNING", 3), task("COMPLETED", 12), before=old)
    with stubber:
        report = run_redrive(target, lambda _: None)
    stubber.assert_no_pending_responses()
    assert (report.done, report.failed) == (12, 0)


def test_sqs_stops_moving(sqs: tuple[Target, Stubber]) -> None:
    """A move that SQS gives up is a failure of what is left.

    Botocore's Stubber answers, as above.
    """
    target, stubber = sqs
    started(stubber, task("FAILED", 5, FailureReason="AccessDenied"))
    with stubber:
        report = run_redrive(target, lambda _: None)
    assert (report.done, report.failed) == (5, 7)
    assert list(report.reasons) == ["SQS stopped moving messages: AccessDenied."]


def test_sqs_move_interrupted(sqs: tuple[Target, Stubber]) -> None:
    """^C cancels the move at SQS, and the report has what was moved.

    Botocore's Stubber answers, as above.
    """
    target, stubber = sqs
    started(stubber, task("RUNNING", 5))
    cancelled = {"ApproximateNumberOfMessagesMoved": 6}
    stubber.add_response("cancel_message_move_task", cancelled, {"TaskHandle": "t"})
    report = Report("processing", 12)

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    with stubber, pytest.raises(KeyboardInterrupt):
        redrive.redrive(target, QUEUES["processing"], report, interrupted)
    stubber.assert_no_pending_responses()
    assert report.done == 6


def test_sqs_may_not_move(sqs: tuple[Target, Stubber]) -> None:
    """A refusal is told, not worked around.

    Botocore's Stubber answers, as above.
    """
    target, stubber = sqs
    listed(stubber, NO_TASK)
    stubber.add_client_error("start_message_move_task", "AccessDenied", http_status_code=403)
    with stubber, pytest.raises(ClientError):
        run_redrive(target, lambda _: None)


@pytest.mark.parametrize(("code", "status"), [("InvalidAction", 400), ("Whatever", 501)])
def test_sqs_cannot_move(sqs: tuple[Target, Stubber], code: str, status: int) -> None:
    """Where there is no such operation, as in emulators, messages are moved one by one."""
    target, stubber = sqs
    for operation in ("list_message_move_tasks", "start_message_move_task"):
        stubber.add_client_error(operation, code, http_status_code=status)
    stubber.add_response("get_queue_attributes", {"Attributes": {}})
    for _ in range(2):
        stubber.add_response("receive_message", {"Messages": []})
    with stubber:
        assert run_redrive(target, lambda _: None).done == 0
