from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
)
from botocore.stub import Stubber
from hypothesis import example, given
from hypothesis import strategies as st

from cli import app as cli
from cli import options, terminal
from infrastructure import outputs
from ops.dead_letters import redrive
from ops.dead_letters.letters import QUEUES, Place, Report, look, read
from ops.dead_letters.purge import duration, line
from ops.dead_letters.queues import Held
from ops.dead_letters.redrive import as_pipe
from ops.reach.aws_errors import explain
from ops.reach.errors import OperatorError
from ops.reach.interrupts import finish_first
from ops.reach.target import Target
from project.checkout import ROOT
from project.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs.type_defs import MessageTypeDef

PLACE = {
    "streamArn": "arn:stream",
    "shardId": "shard",
    "startSequenceNumber": "111",
    "endSequenceNumber": "112",
}


def message(body: Any, *, reason: str | None = None, received: int = 1) -> MessageTypeDef:
    made: dict[str, Any] = {
        "MessageId": "m-1",
        "ReceiptHandle": "r-1",
        "Body": body if isinstance(body, str) else json.dumps(body),
        "Attributes": {"ApproximateReceiveCount": str(received), "SentTimestamp": "1000500"},
    }
    if reason is not None:
        made["MessageAttributes"] = {"reason": {"DataType": "String", "StringValue": reason}}
    return cast("MessageTypeDef", made)


def change(**images: Any) -> dict[str, Any]:
    return {"eventID": "1", "eventName": "MODIFY", "dynamodb": images}


def test_worker_s_dead_letter() -> None:
    """A dead letter tells the order, its status and version after the change, and the reason."""
    image = {"orderId": {"S": "o-1"}, "version": {"N": "3"}, "status": {"S": "READY"}}
    old = {**image, "status": {"S": "PREPARING"}}
    body = change(OldImage=old, NewImage=image)
    letter = read(message(body, reason="WebhookRefused"), "processing")
    assert (letter.order_id, letter.status, letter.version) == ("o-1", "READY", "3")
    assert (letter.reason, letter.sent_at) == ("WebhookRefused", 1000.5)


def test_removed_order() -> None:
    """A removed order is told as it was before."""
    body = change(OldImage={"orderId": {"S": "o-1"}, "status": {"S": "FAILED"}})
    assert read(message(body), "processing").status == "FAILED"


def test_reason_of_what_wore_out() -> None:
    """Without a reason it was received in vain: as often as its queue says, if that is known."""
    letter = read(message("{}", received=4), "processing")
    assert letter.reason == "received 4 times without success"
    letter = read(message("{}", received=4), "processing", tried=1)
    assert letter.reason == "received 1 time without success"


def test_pipe_s_dead_letter() -> None:
    """A dead letter of the pipe tells where in the stream its records are, and why."""
    body = {"context": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": PLACE}
    letter = read(message(body), "pipe")
    assert letter.place == Place("arn:stream", "shard", "111", "112")
    assert (letter.reason, letter.order_id) == ("RetryAttemptsExhausted", None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                ["dynamodb", "NewImage", "orderId", "S", "N", "context", "DDBStreamBatchInfo"]
            )
            | st.sampled_from(list(PLACE))
            | st.text(),
            inner,
        )
    ),
)


@given(st.text() | JSON.map(json.dumps))
@example("[" * 200_000)
@example("9" * 5_000)
@example('{"dynamodb": {"NewImage": {"orderId": "o-1", "status": {"S": 1}}}}')
@example(json.dumps({"DDBStreamBatchInfo": {**PLACE, "endSequenceNumber": "²"}}))
def test_any_body(body: str) -> None:
    """Whatever a dead letter holds, it can be read, and shown without a code for the terminal."""
    letter = read(message(body), "processing")
    assert letter.body == body
    assert all(c.isprintable() for c in plain(body))
    assert json.loads(line(message(body), "processing"))["body"] == body


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45s", 45), ("30m", 1800), ("12h", 43_200), ("7d", 604_800), ("2w", 1_209_600)],
)
def test_duration(text: str, seconds: int) -> None:
    """Time spans are written as people write them."""
    assert duration(text) == seconds


@given(st.text())
@example("7")
@example("-7d")
@example("7 d")
@example("\u0667d")
@example("99999999999d")
def test_no_duration(text: str) -> None:
    """What is no time span is refused, and never taken for another."""
    if re.fullmatch("[0-9]{1,9}[smhdw]", text.strip()):
        assert 0 <= duration(text) <= 999_999_999 * 604_800
        return
    with pytest.raises(ValueError, match="is no time span"):
        duration(text)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"),
        (0.4, "0 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (273_601, "3 d 4 h"),
    ],
)
def test_age(seconds: float | None, said: str) -> None:
    """Ages are said in at most two units."""
    assert terminal.age(seconds) == said


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Into a file a row is one line, uncut and plain, however long and whatever is in it."""
    terminal.table(
        ("Order", "Reason"), [("o" * 100, "[bold]x[/bold] \x1b[31m:smile: " + "y" * 200)]
    )
    said = capsys.readouterr().out
    assert f"{'o' * 100}  [bold]x[/bold] \\x1b[31m:smile: {'y' * 200}" in said
    assert "\x1b" not in said


def test_agree(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Who cannot be asked has not agreed; the question does not stand in the way of JSON."""

    def nobody() -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    with pytest.raises(OperatorError, match="--yes"):
        terminal.agree("Really?", yes=False)
    said = capsys.readouterr()
    assert (said.out, "Really?" in said.err) == ("", True)
    terminal.agree("Really?", yes=True)


def test_finish_first() -> None:
    """^C within a step takes effect after it."""
    done = []

    def step() -> None:
        with finish_first():
            signal.raise_signal(signal.SIGINT)
            done.append(1)

    with pytest.raises(KeyboardInterrupt):
        step()
    assert done == [1]
    with finish_first():
        pass  # and is not remembered


def refused(code: str, message: str = "no", operation: str = "ReceiveMessage") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (refused("AccessDeniedException"), "Use a role that may"),
        (refused("ExpiredToken"), "aws sso login"),
        (refused("ThrottlingException"), "Wait a minute"),
        (refused("AWS.SimpleQueueService.NonExistentQueue"), "being deployed or destroyed"),
        (refused("InternalError", "oops"), "AWS refuses ReceiveMessage: oops."),
        (NoCredentialsError(), "There are no AWS credentials"),
        (ProfileNotFound(profile="p"), "set AWS_PROFILE"),
        (EndpointConnectionError(endpoint_url="https://x"), "cannot be reached"),
        (OSError(28, "No space left on device", "f"), "f: No space left on device"),
        (OperatorError("as it is"), "as it is"),
    ],
)
def test_failures(error: Exception, said: str) -> None:
    """Each failure that can be foreseen is told in a sentence, with what to do."""
    assert said in str(explain(error))


def test_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even what nobody foresaw is told without a stack trace."""

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("x")

    monkeypatch.setattr(cli, "app", broken)
    monkeypatch.setattr(cli, "listen", lambda: None)
    with pytest.raises(SystemExit, match="ORDERS_TRACEBACK"):
        cli.main([])


def test_missing_output() -> None:
    """A stack that is older than the command is to be deployed again."""
    with pytest.raises(OperatorError, match="make deploy STAGE=dev"):
        Target("stage dev", "s", cast("Any", None), {}, "make deploy STAGE=dev").output("X")


def test_unknown_name() -> None:
    """A misspelt name is answered with the nearest, a strange one with all."""
    assert "'pipe'" in str(options.unknown("queue", "PIPES", QUEUES))
    assert "processing, notifications, pipe" in str(options.unknown("queue", "xyz", QUEUES))


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

    def get_shard_iterator(self, **_: Any) -> Any:
        """Start at the first page."""
        return {"ShardIterator": "0"}

    def get_records(self, *, ShardIterator: str) -> Any:  # noqa: N803 - AWS's name
        """Give a page; after the last, empty ones without end."""
        number = int(ShardIterator)
        page = self.pages[number] if number < len(self.pages) else []
        records = [{"eventID": n, "dynamodb": {"SequenceNumber": n}} for n in page]
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


class Sampling:
    """An SQS that gives few of its messages, some again, and at times none; as AWS does."""

    def __init__(self, answers: list[list[str]], waiting: int) -> None:
        self.answers = answers
        self.waiting = waiting
        self.given_back: list[str] = []

    def get_queue_attributes(self, **_: Any) -> Any:
        """Count, as well as SQS can."""
        return {"Attributes": {"ApproximateNumberOfMessages": str(self.waiting)}}

    def receive_message(self, **_: Any) -> Any:
        """Hand out the next few."""
        names = self.answers.pop(0) if self.answers else []
        return {"Messages": [{**message("{}"), "MessageId": n, "ReceiptHandle": n} for n in names]}

    def change_message_visibility_batch(self, *, Entries: Any, **_: Any) -> None:  # noqa: N803
        """Take some back."""
        self.given_back += [entry["ReceiptHandle"] for entry in Entries]


@pytest.mark.parametrize(
    ("answers", "waiting"),
    [
        ([["a", "b"], ["c"]], 3),
        ([["a"], [], ["b", "a"], ["c"]], 3),
        ([["a"], [], ["b", "c"]], 1),  # SQS has undercounted, and an empty answer ends it
    ],
)
def test_each_message_once(answers: list[list[str]], waiting: int) -> None:
    """Whatever SQS hands out, each message is given once, given back once, and there is an end."""
    sqs = Sampling(list(answers), waiting)
    held = Held(cast("Any", sqs), "u")
    given_out = [item["MessageId"] for item in held.messages()]
    held.give_back()
    assert len(given_out) == len(set(given_out))
    assert sorted(sqs.given_back) == sorted(given_out)
    if waiting == 3:
        assert sorted(given_out) == ["a", "b", "c"]


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> tuple[Target, Stubber]:
    """An SQS as on AWS, which answers as it is told."""
    client = boto3.client("sqs", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    monkeypatch.setattr(redrive, "_POLL_SECONDS", 0)
    stubber = Stubber(client)
    found = {
        outputs.queue("process_order"): "u-queue",
        outputs.dead_letters("process_order"): "u-dead",
    }
    target = Target("stage dev", "s", lambda _: client, found, "")
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


def test_give_back_that_fails() -> None:
    """A look that ends well is not spoilt when giving back fails: SQS does it in a minute."""

    def fail(**_: Any) -> None:
        raise refused("ThrottlingException")

    sampling = Sampling([["a"]], 1)
    sampling.change_message_visibility_batch = fail  # type: ignore[method-assign]
    found = {outputs.PIPE_DEAD_LETTERS: "u"}
    target = Target("t", "s", lambda _: cast("Any", sampling), found, "")
    assert len(look(target, QUEUES["pipe"], limit=5).letters) == 1


@pytest.mark.parametrize("module", ["aws_cdk", "boto3"])
def test_help_is_quick(module: str) -> None:
    """Help and completion come at once: neither CDK nor boto3 is loaded for them."""
    program = f"import sys, cli.app; sys.exit({module!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, env=os.environ)
    assert done.returncode == 0
