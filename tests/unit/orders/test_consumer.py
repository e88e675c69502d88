"""What becomes of each message of a batch."""

from __future__ import annotations

import io
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from orders import consumer as module
from orders import log as logs
from orders.aws_api import Unreachable
from orders.consumer import (
    REASON,
    SERVER,
    SIDE,
    HandOver,
    Hopeless,
    Message,
    Retry,
    WorkFailed,
    consumer,
    delay,
)
from orders.metrics import PROCESSING_LATENCY, STATUS_CHANGES
from orders.settings import (
    DEAD_LETTER_QUEUE,
    MAX_RECEIVES,
    RESTAURANTS_DEAD_LETTERS,
    RESTAURANTS_QUEUE,
    RETRIES_QUEUE,
    RETRY_SECONDS,
    WEBHOOK_WAITS,
)
from orders.store import Unavailable
from tests.shared.stream_records import deletion, item, message, record

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = json.dumps(record(item()))
RETRIES = "https://sqs.us-east-1.amazonaws.com/111122223333/retries"
WAITS = (5, 300, 1_800)
DEAD_LETTERS = "https://sqs.us-east-1.amazonaws.com/111122223333/dead"
SERVING = "https://sqs.us-east-1.amazonaws.com/111122223333/serving"
SERVING_DEAD = "https://sqs.us-east-1.amazonaws.com/111122223333/serving-dead"
OTHER = message(GOOD, number=2)
MARK = "marked-personal-data"


class Aws:
    """The calls that were made, and those that fail."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.away: set[str] = set()
        self.refused: set[str] = set()
        """The ids of the entries that a batch of messages has in vain."""

    def call(self, _service: Any, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if operation in self.away:
            raise Unreachable("TimeoutError")
        self.calls.append((operation, arguments))
        return {"Failed": [{"Id": each} for each in self.refused]} if self.refused else {}

    @property
    def handed_over(self) -> list[dict[str, Any]]:
        return [
            entry
            for operation, arguments in self.calls
            if operation == "SendMessageBatch"
            for entry in arguments["Entries"]
        ]

    @property
    def letters(self) -> list[dict[str, Any]]:
        return [arguments for operation, arguments in self.calls if operation == "SendMessage"]

    @property
    def postponed(self) -> dict[str, int]:
        """The seconds that each message waits, by its receipt."""
        return {
            entry["ReceiptHandle"]: entry["VisibilityTimeout"]
            for operation, arguments in self.calls
            if operation == "ChangeMessageVisibilityBatch"
            for entry in arguments["Entries"]
        }


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    monkeypatch.setenv(DEAD_LETTER_QUEUE, DEAD_LETTERS)
    monkeypatch.setenv(RETRY_SECONDS, "30")
    monkeypatch.setenv(RETRIES_QUEUE, RETRIES)
    monkeypatch.setenv(WEBHOOK_WAITS, " ".join(map(str, WAITS)))
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    made = Aws()
    monkeypatch.setattr(module, "call", made.call)
    return made


def run(
    work: Callable[[Message], str], *messages: dict[str, Any], together: bool = False
) -> list[str]:
    """Run a batch; gives the ids of the messages that failed."""
    answer = consumer(work, together=together)({"Records": list(messages)}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def failing(*errors: Exception | None) -> Callable[[Message], str]:
    """Make work that fails so, one message after another."""
    left = list(errors)

    def work(_: Message) -> str:
        error = left.pop(0)
        if error:
            raise error
        return "done"

    return work


def test_only_what_failed_comes_back() -> None:
    """One message that fails does not make the others of its batch come again."""
    batch = [message(GOOD, number=number) for number in range(1, 4)]
    assert run(failing(None, Retry("later"), None), *batch) == ["m-2"]


@pytest.mark.parametrize("error", [Retry("later"), Unavailable("Throttled"), ValueError(MARK)])
def test_whatever_fails_is_put_off(aws: Aws, error: Exception) -> None:
    """A message whose work failed waits in its own queue, and is not deleted."""
    batch = [message(GOOD, number=2), message(GOOD, receives=2)]
    assert run(failing(None, error), *batch) == ["m-1"]
    assert 96 <= aws.postponed["r-1"] <= 144
    ((_, arguments),) = aws.calls
    assert arguments["QueueUrl"] == "https://sqs.us-east-1.amazonaws.com/111122223333/queue"


@pytest.mark.parametrize(("receives", "seconds"), [(1, 30), (2, 120), (3, 480), (4, 1_920)])
def test_each_wait_is_four_times_the_one_before(receives: int, seconds: int) -> None:
    """Retries grow rarer, and those that failed together do not come back together."""
    waits = {delay(receives) for _ in range(200)}
    assert min(waits) >= seconds * 0.8
    assert max(waits) <= seconds * 1.2
    assert len(waits) > 100


def test_a_wait_that_somebody_asked_for_is_granted_up_to_an_hour() -> None:
    """Whoever answers Retry-After is left alone for so long, within reason."""
    assert delay(1, after=600) == 600
    assert delay(1, after=1) >= 24
    assert delay(4, after=86_400) == 3_600
    assert delay(5) == 3_600


def test_a_batch_of_nothing_but_bugs_is_an_error_of_the_function(aws: Aws) -> None:
    """When no message can be worked on for bugs, Lambda is told, and with it the alarms.

    They wait for their next try as any others do; what is said quotes nothing.
    """
    batch = [message(GOOD, number=number) for number in (1, 2)]
    with pytest.raises(WorkFailed, match=r"^KeyError$") as raised:
        run(failing(KeyError(MARK), ValueError(MARK)), *batch)
    assert raised.value.__suppress_context__
    assert aws.postponed.keys() == {"r-1", "r-2"}


@pytest.mark.parametrize("other", [None, Retry("later"), Hopeless("no")])
def test_a_bug_in_some_messages_is_no_error_of_the_function(other: Exception | None) -> None:
    """One order that nobody can work on does not sound like an outage of all."""
    batch = [message(GOOD, number=number) for number in (1, 2)]
    assert "m-1" in run(failing(KeyError(MARK), other), *batch)


def test_what_dies_of_a_bug_is_not_told_twice(aws: Aws) -> None:
    """A message that was buried at its last try is not given back: it would be buried again."""
    assert run(failing(KeyError(MARK)), message(GOOD, receives=MAX_RECEIVES)) == []
    assert aws.calls


@pytest.mark.parametrize("body", ["poison", "{}", '{"dynamodb": {"NewImage": {}}}'])
def test_poison_is_buried_at_once_with_its_whole_body(aws: Aws, body: str) -> None:
    """What is no order's change rests in the dead letters, and holds up nobody."""
    worked: list[Message] = []

    def work(one: Message) -> str:
        worked.append(one)
        return "done"

    assert run(work, message(body, number=1), message(GOOD, number=2)) == []
    (letter,) = aws.letters
    assert (letter["QueueUrl"], letter["MessageBody"]) == (DEAD_LETTERS, body)
    assert letter["MessageAttributes"]["reason"]["StringValue"]
    assert len(worked) == 1


def test_what_is_hopeless_is_buried_at_once(aws: Aws) -> None:
    """Work that no repetition mends is not repeated; an operator reads why."""
    assert run(failing(Hopeless("HTTP 410")), message(GOOD)) == []
    (letter,) = aws.letters
    assert letter["MessageBody"] == GOOD
    assert letter["MessageAttributes"]["reason"] == {
        "DataType": "String",
        "StringValue": "HTTP 410",
    }


def test_the_last_try_that_fails_buries_a_message_with_the_reason(aws: Aws) -> None:
    """After five failures an operator finds the order, and why the last try failed."""
    assert run(failing(Retry("HTTP 500")), message(GOOD, receives=MAX_RECEIVES - 1)) == ["m-1"]
    assert not aws.letters
    assert run(failing(Retry("HTTP 500")), message(GOOD, receives=MAX_RECEIVES)) == []
    (letter,) = aws.letters
    assert letter["MessageAttributes"]["reason"]["StringValue"] == "HTTP 500"


def test_what_cannot_be_buried_is_not_lost(aws: Aws) -> None:
    """While the dead-letter queue cannot be reached, the message stays with SQS, which has it."""
    aws.away = {"SendMessage"}
    assert run(failing(Hopeless("HTTP 410")), message(GOOD)) == ["m-1"]
    assert run(failing(Retry("later")), message(GOOD, receives=MAX_RECEIVES)) == ["m-1"]


def test_what_cannot_be_put_off_comes_back_by_itself(aws: Aws) -> None:
    """When the wait cannot be set, the result stands and the queue's own time-out counts."""
    aws.away = {"ChangeMessageVisibilityBatch"}
    assert run(failing(Retry("later"), None), message(GOOD), message(GOOD, number=2)) == ["m-1"]


def test_once_aws_is_away_the_rest_of_a_batch_is_not_tried(aws: Aws) -> None:
    """An outage costs a function one time-out, not ten: it would be killed before the tenth."""
    batch = [message(GOOD, number=number) for number in range(1, 11)]
    assert len(run(failing(None, Unavailable("TimeoutError")), *batch)) == 9
    assert len(aws.postponed) == 9


def test_a_batch_can_be_worked_on_together() -> None:
    """Whoever waits for a slow partner does not hold up the others of the batch."""
    all_here = threading.Barrier(10)

    def work(_: Message) -> str:
        all_here.wait(30)  # nobody goes on until all ten are here
        return "done"

    batch = [message(GOOD, number=number) for number in range(10)]
    assert run(work, *batch, together=True) == []


@pytest.fixture
def text(monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    stream = io.StringIO()
    monkeypatch.setattr(logs.log, "stream", stream)
    return stream.getvalue


def test_a_message_leaves_one_line_without_content(text: Callable[[], str]) -> None:
    """The log tells which order, what became of it and why, and nothing that a customer wrote."""
    marked = json.dumps(record(item(note=MARK, contactPhone=MARK, deliveryAddress={"line1": MARK})))

    def work(one: Message) -> str:
        one.counts.append(STATUS_CHANGES)
        raise ValueError(one.change.new["note"])

    batch = [message(marked), message(f"poison {MARK}", number=2)]
    assert run(work, *batch) == ["m-1"]
    said = text()
    assert MARK not in said
    lines = [json.loads(line) for line in said.splitlines()]
    told = [line for line in lines if "_aws" not in line]
    assert [line["outcome"] for line in told] == ["retry", "dead"]
    assert told[0]["orderId"] == json.loads(marked)["dynamodb"]["NewImage"]["orderId"]["S"]
    assert told[0]["error"] == "ValueError"
    assert told[1]["reason"].startswith("no stream record of an order")


def test_a_deletion_is_no_work_and_no_dead_letter(aws: Aws, text: Callable[[], str]) -> None:
    """What DynamoDB has deleted is not kept as a dead letter, and nobody works on it."""
    gone = json.dumps(deletion(item()))
    assert run(failing(AssertionError("worked on")), message(gone)) == []
    assert aws.calls == []
    (line,) = [json.loads(line) for line in text().splitlines() if "_aws" not in line]
    assert line["outcome"] == "deleted"


def test_a_batch_s_metrics_are_written_once(text: Callable[[], str]) -> None:
    """Ten messages make one line of metrics, with ten values in it."""

    def work(one: Message) -> str:
        one.counts.append(STATUS_CHANGES)
        one.latencies[PROCESSING_LATENCY] = 12.5
        return "confirmed"

    run(work, *[message(GOOD, number=number) for number in range(10)])
    metrics = [json.loads(line) for line in text().splitlines() if "_aws" in line]
    assert len(metrics) == 1
    assert metrics[0][STATUS_CHANGES.name] == [1.0] * 10
    assert metrics[0][PROCESSING_LATENCY.name] == [12.5] * 10


# --- The queue of retries


def retried(receives: int = 1, number: int = 1) -> dict[str, Any]:
    """Make a record of the queue of retries."""
    one = message(GOOD, number=number, receives=receives)
    return {**one, "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:retries"}


def test_what_is_handed_over_is_done_with_here(aws: Aws) -> None:
    """Those that wait for somebody go to the queue of retries in one call, and fail nothing here.

    Each with whose it is, so that SQS shares that queue fairly; however often it came before.
    """
    batch = [message(GOOD, number=number, receives=number) for number in range(1, 7)]
    errors = [HandOver("slow", f"partner-{number}", number) for number in range(1, 6)]
    assert run(failing(*errors, None), *batch) == []
    ((operation, arguments),) = aws.calls
    assert (operation, arguments["QueueUrl"]) == ("SendMessageBatch", RETRIES)
    assert arguments["Entries"] == [
        {
            "Id": str(number - 1),
            "MessageBody": GOOD,
            "DelaySeconds": number,
            "MessageGroupId": f"partner-{number}",
        }
        for number in range(1, 6)
    ]


@pytest.mark.parametrize("receives", [1, 2])
def test_the_log_counts_on_among_the_retries(receives: int, text: Callable[[], str]) -> None:
    """I read which try of a webhook failed, though another queue counts anew."""
    assert run(failing(Retry("HTTP 500")), retried(receives)) == ["m-1"]
    (line,) = [json.loads(one) for one in text().splitlines() if "_aws" not in one]
    assert line["receives"] == receives + 1


def test_a_hand_over_is_delayed_as_long_as_sqs_can(aws: Aws) -> None:
    """An endpoint that asks for an hour at its first answer is left alone for a quarter of it."""
    assert run(failing(HandOver("HTTP 429", "acme", 3_600)), message(GOOD)) == []
    assert [entry["DelaySeconds"] for entry in aws.handed_over] == [900]


@pytest.mark.parametrize("receives", [1, MAX_RECEIVES, MAX_RECEIVES + 1])
def test_what_cannot_be_handed_over_comes_again(aws: Aws, receives: int) -> None:
    """While the queue of retries cannot be reached, its messages wait in their own, undead."""
    aws.away.add("SendMessageBatch")
    assert run(failing(HandOver("slow", "acme")), message(GOOD, receives=receives)) == ["m-1"]
    assert aws.postponed.keys() == {"r-1"}
    assert not aws.letters


def test_of_a_batch_that_is_handed_over_in_part_the_rest_comes_again(aws: Aws) -> None:
    """What SQS refuses of a batch is not lost: it alone comes again."""
    aws.refused = {"1"}
    batch = [message(GOOD, number=number) for number in (1, 2, 3)]
    assert run(failing(*[HandOver("slow", "acme")] * 3), *batch) == ["m-2"]


def test_large_messages_are_handed_over_in_batches_that_sqs_takes(aws: Aws) -> None:
    """The bodies of a batch have no more bytes together than one message may have."""
    large = item(note="€" * 40_000)
    bodies = [json.dumps(record(large), ensure_ascii=False)] * 7
    batch = [message(body, number=number) for number, body in enumerate(bodies)]
    assert run(failing(*[HandOver("slow", "acme")] * 7), *batch) == []
    sizes = [
        sum(len(entry["MessageBody"].encode()) for entry in arguments["Entries"])
        for operation, arguments in aws.calls
        if operation == "SendMessageBatch"
    ]
    assert len(sizes) > 1
    assert max(sizes) <= 262_144
    assert len(aws.handed_over) == 7


@pytest.mark.parametrize(("receives", "least"), [(1, WAITS[1]), (2, WAITS[2])])
def test_a_retry_waits_by_the_schedule_of_webhooks(aws: Aws, receives: int, least: int) -> None:
    """In the queue of retries each wait is the next of the schedule, or somewhat longer."""
    batch = [retried(receives, number) for number in range(50)]
    assert len(run(failing(*[Retry("HTTP 500")] * 50), *batch)) == 50
    waits = set(aws.postponed.values())
    assert least <= min(waits) < max(waits) <= round(least * 1.2)


def test_a_retry_is_dead_after_the_last_wait(aws: Aws) -> None:
    """The schedule's end is a message's, whatever other queues have as theirs."""
    assert run(failing(Retry("HTTP 500")), retried(len(WAITS) - 1)) == ["m-1"]
    assert not aws.letters
    assert run(failing(Retry("HTTP 500")), retried(len(WAITS))) == []
    assert len(aws.letters) == 1


def test_a_retry_is_not_postponed_for_longer_than_its_endpoint_may_ask(aws: Aws) -> None:
    """An hour is the most that Retry-After can add."""
    assert run(failing(Retry("HTTP 503", 86_400)), retried(1)) == ["m-1"]
    assert aws.postponed == {"r-1": 3_600}


def test_a_message_knows_whether_it_is_a_retry_and_its_last() -> None:
    """Which queue it came from decides, and how many waits the schedule has."""
    told = [(one.retried, one.last) for one in map(Message, (retried(2), retried(3)))]
    assert told == [(True, False), (True, True)]
    assert not Message(message(GOOD, receives=3)).retried
    assert Message(message(GOOD, receives=MAX_RECEIVES)).last


def to_server(**changes: Any) -> dict[str, Any]:
    """Make a message that who serves the order is to hear, as its first queue has it."""
    arn = f"arn:aws:sqs:us-east-1:111122223333:{SERVING.rpartition('/')[2]}"
    return {**message(GOOD), "eventSourceARN": arn, **changes}


SERVERS = {SIDE: {"DataType": "String", "StringValue": SERVER}}


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RESTAURANTS_QUEUE, SERVING)
    monkeypatch.setenv(RESTAURANTS_DEAD_LETTERS, SERVING_DEAD)


@pytest.mark.usefixtures("serving")
def test_what_is_handed_over_says_for_whom_it_is(aws: Aws) -> None:
    """Among the retries of both sides each message knows its own; others carry no attribute."""
    assert (
        run(failing(HandOver("slow", "bella"), HandOver("slow", "acme")), to_server(), OTHER) == []
    )
    ((_, arguments),) = aws.calls
    theirs, placer_s = arguments["Entries"]
    assert theirs["MessageAttributes"] == SERVERS
    assert "MessageAttributes" not in placer_s


@pytest.mark.usefixtures("serving")
def test_each_side_has_dead_letters_of_its_own(aws: Aws) -> None:
    """What one endpoint refuses lies with its own, from the first queue as from the retries."""
    said = {SIDE: {"stringValue": SERVER, "dataType": "String"}}
    retries = f"arn:aws:sqs:us-east-1:111122223333:{RETRIES.rpartition('/')[2]}"
    retried = to_server(eventSourceARN=retries, messageAttributes=said)
    for one, queue in ((to_server(), SERVING_DEAD), (retried, SERVING_DEAD), (OTHER, DEAD_LETTERS)):
        aws.calls.clear()
        assert run(failing(Hopeless("HTTP 410")), one) == []
        (letter,) = aws.letters
        assert letter["QueueUrl"] == queue
        reason = {REASON: {"DataType": "String", "StringValue": "HTTP 410"}}
        theirs = SERVERS if queue == SERVING_DEAD else {}
        assert letter["MessageAttributes"] == {**reason, **theirs}
