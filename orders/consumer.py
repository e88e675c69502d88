"""Queues as Lambda hands them over: a batch in, the messages that failed out.

message ─► OrderChange, or the id of an order that should have been answered
           └► a handler's work ─► done
                          Retry, Unavailable, a bug ─► the queue again, later and later ─► DLQ
                          nothing but bugs ─► WorkFailed: an error of the function, besides
                          HandOver ─► the queue of retries, later and later ─────────────► DLQ
                          Hopeless, Malformed ───────────────────────────────────────────► DLQ
                          Deleted ─► done: an order's deletion concerns nobody

A message that dies by our own hand is sent to the dead-letter queue with its whole body and the
reason; one whose function was killed gets there by the queue's own redrive policy.

Who placed an order and who serves it hear of it by queues of their own, and share that of the
retries. There an attribute says for whom a message is, and wherever it goes from there.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from orders.aws.signing import endpoint
from orders.aws_api import SQS, ApiError, call
from orders.named_tuple import NamedTuple
from orders.order_changes import Deleted, Malformed, OrderChange, parse
from orders.settings import (
    DEAD,
    DEAD_LETTER_QUEUE,
    LONGEST_DELAY,
    LONGEST_RETRY_SECONDS,
    MAX_RECEIVES,
    RESTAURANTS_DEAD_LETTERS,
    RESTAURANTS_QUEUE,
    RETRIES_QUEUE,
    RETRY,
    RETRY_GROWTH,
    RETRY_SECONDS,
    RETRY_SPREAD,
    WAIT_SPREAD,
    WEBHOOK_WAITS,
    setting,
)
from orders.starting import ready
from orders.store import Unavailable
from orders.telemetry import count, flush_metrics, log_event, log_message
from orders.tracing import subsegment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orders.metrics import Metric

    Event = dict[str, Any]
    Handler = Callable[[Event, Any], dict[str, Any]]

_WHOLE_BATCH = {"batchItemFailures": [{"itemIdentifier": ""}]}
"""What Lambda takes as the failure of all that it has handed over, so that nothing is lost should
it come from a queue (developer guide, "Handling errors for an SQS event source in Lambda")."""

REASON = "reason"
"""The message attribute that says why a message is dead."""

SIDE, SERVER = "side", "server"
"""The message attribute that says who is to hear, and its value for who serves the order; whoever
placed it needs none."""
DELETED = "deleted"
"""What becomes of a message of an order's deletion: the pipe's filter holds them back, and those of
the subscriptions; this is the last lock. As a dead letter it would keep what was deleted."""

_FAULT = 500  # what X-Ray marks as a fault
_AWAY = "AWS did not answer or throttled"
_MOST_STEPS = 10  # a queue counts on while its dead letters cannot be reached
_LONGEST_REASON = 200
_LONGEST_BATCH = 250_000  # bytes: below what one message may have, for names and numbers


class WorkFailed(Exception):
    """Not one message of a batch could be worked on, each for a bug.

    The queue has them all back, as if each had been reported; and Lambda counts an error of the
    function, which its alarms look at.
    """


class Retry(Exception):
    """The message's work could not be done now; its text says why, and quotes no content."""

    def __init__(self, reason: str, after: float = 0) -> None:
        """Ask for another try, `after` seconds at the earliest."""
        super().__init__(reason)
        self.after = after


class HandOver(Retry):
    """The message's work may take longer than others should wait: the queue of retries has it."""

    def __init__(self, reason: str, group: str, after: float = 0) -> None:
        """Ask for another try there, fairly among the groups that wait, after some seconds."""
        super().__init__(reason, after)
        self.group = group


class Hopeless(Exception):
    """The message's work can never be done as it stands; its text says why."""


class _Attributes(msgspec.Struct):
    """What SQS knows of a message."""

    ApproximateReceiveCount: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{1,9}\Z")]


class _Record(msgspec.Struct, rename="camel"):
    """A message as SQS hands it to a function, as far as it is read here."""

    message_id: str
    receipt_handle: str
    body: str
    attributes: _Attributes
    event_source_arn: Annotated[
        str, msgspec.Meta(pattern=r"\Aarn:[!-~]+:[!-~]*:[!-~]*:[!-~]+\Z")
    ] = msgspec.field(name="eventSourceARN")


class _Batch(msgspec.Struct):
    """What SQS calls a function with."""

    Records: Annotated[list[_Record], msgspec.Meta(min_length=1)]


class Message:
    """One message, and what its log line will tell besides.

    `retried` is true for those of the queue of retries, `last` at a message's last try there, or in
    a queue without retries. `to_server` is true for those that who serves the order is to hear.
    """

    def __init__(self, record: Event) -> None:
        """Parse a record of an SQS event.

        Raises:
            Deleted: when the message tells of an order's deletion.
            Malformed: when the message tells of no change of an order, and of no deadline.
        """
        self.notes: dict[str, Any] = {}
        self.counts: list[Metric] = []
        self.latencies: dict[Metric, float] = {}  # in milliseconds
        self.retried = _is_retried(record)
        self.last = _is_last(record)
        self.to_server = _is_to_server(record)
        self.overdue: str | None = None
        """Which order should have been answered by now, where the message tells just that."""
        self._change: OrderChange | None = None
        try:
            self._change = parse(record["body"])
        except Malformed:
            self.overdue = _overdue(record["body"])
            if self.overdue is None:
                raise
            self.notes["orderId"] = self.overdue
        else:
            self._note(self._change)

    def _note(self, change: OrderChange) -> None:
        self.notes["orderId"] = change.order_id
        self.notes["version"] = change.version
        if (trace := change.new.get("traceId")) is not None:
            self.notes["requestTraceId"] = trace

    @property
    def change(self) -> OrderChange:
        """The change that the message tells of.

        Raises:
            Malformed: when it tells of a deadline.
        """
        if self._change is None:
            raise Malformed("a deadline, and no change of an order")
        return self._change

    @property
    def about(self) -> dict[str, Any]:
        """What its trace can be found by."""
        order = {"orderId": self.overdue} if self._change is None else self._change.new
        return {
            "orderId": order["orderId"],
            "partnerId": self.notes.get("partnerId", order.get("partnerId")),
            "side": SERVER if self.to_server else None,
            "requestTraceId": order.get("traceId"),
        }


class _Verdict(NamedTuple):
    """What became of one message."""

    record: Event
    message: Message | None
    outcome: str
    reason: str = ""
    after: float = 0
    error: Exception | None = None
    group: str | None = None
    """Whose it is among the retries, if it is handed over to them."""

    @property
    def receives(self) -> int:
        """How often the queue has handed the message out."""
        return _receives(self.record)

    @property
    def tries(self) -> int:
        """The number of this try: the queue of retries counts anew what was tried before it."""
        return self.receives + _is_retried(self.record)


def _receives(record: Event) -> int:
    return int(record["attributes"]["ApproximateReceiveCount"])


def _overdue(body: str) -> str | None:
    from orders.deadlines import order_in  # of few messages, and of one worker alone

    return order_in(body)


def _is_retried(record: Event) -> bool:
    """Tell whether a message comes from the queue of retries."""
    return _is_from(RETRIES_QUEUE, record)


def _is_from(variable: str, record: Event) -> bool:
    """Tell whether a message comes from the queue whose URL a variable holds."""
    name = os.environ.get(variable, "").rpartition("/")[2]
    return bool(name) and record["eventSourceARN"].rpartition(":")[2] == name


def _is_to_server(record: Event) -> bool:
    """Tell for whom a message is: its attribute has it from the retries on, before it the queue."""
    attributes = record.get("messageAttributes") or {}
    side = attributes.get(SIDE) or {}
    return side.get("stringValue") == SERVER or _is_from(RESTAURANTS_QUEUE, record)


def _is_last(record: Event) -> bool:
    most = len(_waits()) if _is_retried(record) else MAX_RECEIVES
    return _receives(record) >= most


def _waits() -> list[float]:
    return [float(seconds) for seconds in setting(WEBHOOK_WAITS).split()]


def first_wait() -> float:
    """Give the seconds between a first try and the first of the queue of retries."""
    return _longer(_waits()[0])


def _longer(seconds: float) -> float:
    return seconds * _between(1, 1 + WAIT_SPREAD)


def _between(least: float, most: float) -> float:
    """Choose by chance; of few messages, for which alone `random` would be loaded."""
    return least + (most - least) * int.from_bytes(os.urandom(4)) / 2**32


def consumer(consume: Callable[[Message], str], *, together: bool = False) -> Handler:
    """Make a Lambda handler of a function that does one message's work.

    Args:
        consume: does the work and gives a word for what it has done.
        together: whether a batch's messages are worked on at the same time, in threads, so that
            one that waits for somebody does not hold up the others.
    """
    first = True

    def handler(event: Event, _context: Any) -> dict[str, Any]:
        nonlocal first
        try:
            msgspec.convert(event, _Batch)
        except ValueError as error:
            log_event({"outcome": RETRY}, error)
            return _WHOLE_BATCH
        records = event["Records"]
        work = _together if together else _in_turn
        verdicts = [_bury(verdict) for verdict in work(consume, records)]
        handed = _hand_over([verdict for verdict in verdicts if verdict.group is not None])
        failed = [one for one in verdicts if one.outcome == RETRY and one.record not in handed]
        _postpone(failed)
        for verdict in verdicts:
            _tell(verdict, cold=first)
            first = False
        flush_metrics()
        if failed and all(verdict.error and verdict.outcome == RETRY for verdict in verdicts):
            raise WorkFailed(type(failed[0].error).__name__) from None
        return {"batchItemFailures": [_identified(verdict.record) for verdict in failed]}

    ready()
    return handler


def _together(consume: Callable[[Message], str], records: list[Event]) -> list[_Verdict]:
    from concurrent.futures import ThreadPoolExecutor  # of one worker alone

    with ThreadPoolExecutor(len(records)) as pool:
        return list(pool.map(lambda record: _traced(consume, record), records))


def _in_turn(consume: Callable[[Message], str], records: list[Event]) -> list[_Verdict]:
    """Work on one after another; once AWS is away, the rest is put off without a try."""
    verdicts: list[_Verdict] = []
    for record in records:
        away = bool(verdicts) and verdicts[-1].outcome == RETRY and verdicts[-1].reason == _AWAY
        verdicts.append(_Verdict(record, None, RETRY, _AWAY) if away else _traced(consume, record))
    return verdicts


def _identified(record: Event) -> dict[str, str]:
    return {"itemIdentifier": record["messageId"]}


def _traced(consume: Callable[[Message], str], record: Event) -> _Verdict:
    """Do one message's work within a subsegment of its own, which names the change's own trace."""
    with subsegment("message") as work:
        verdict = _judge(consume, record)
        if verdict.message is not None:
            work.annotate(**verdict.message.about)
        work.annotate(outcome=_ended(verdict).outcome)
        if verdict.outcome in (RETRY, DEAD):
            work.judge(_FAULT)
            work.annotate(reason=verdict.reason or None)
        if verdict.error is not None:
            work.failed(verdict.error)
    return verdict


def _judge(consume: Callable[[Message], str], record: Event) -> _Verdict:
    """Do one message's work; nothing that it raises touches the others of its batch."""
    message = None
    started = time.perf_counter()
    try:
        message = Message(record)
        return _Verdict(record, message, consume(message))
    except (Deleted, Hopeless, Malformed) as error:
        outcome = DELETED if isinstance(error, Deleted) else DEAD
        return _Verdict(record, message, outcome, str(error))
    except HandOver as error:
        return _Verdict(record, message, RETRY, str(error), error.after, group=error.group)
    except Retry as error:
        return _Verdict(record, message, RETRY, str(error), error.after)
    except (Unavailable, ApiError) as error:
        if message is not None:
            message.notes["cause"] = str(error)
        return _Verdict(record, message, RETRY, _AWAY)
    except Exception as error:  # noqa: BLE001 - a bug in one order's work must not stop the others
        return _Verdict(record, message, RETRY, f"failed: {type(error).__name__}", error=error)
    finally:
        if message is not None:
            message.notes["milliseconds"] = round((time.perf_counter() - started) * 1000, 2)


def _ended(verdict: _Verdict) -> _Verdict:
    """Give a message that has no try left for dead; one that is handed over has all of them."""
    if verdict.outcome == RETRY and verdict.group is None and _is_last(verdict.record):
        return verdict._replace(outcome=DEAD)
    return verdict


def _bury(verdict: _Verdict) -> _Verdict:
    """Send what is dead to the dead-letter queue, with the reason; failing that, it is retried."""
    verdict = _ended(verdict)
    if verdict.outcome != DEAD:
        return verdict
    why = verdict.reason[:_LONGEST_REASON] or "unknown"  # SQS takes no empty attribute
    reason = {"DataType": "String", "StringValue": why}
    to_server = _is_to_server(verdict.record)
    letter = {
        "QueueUrl": setting(RESTAURANTS_DEAD_LETTERS if to_server else DEAD_LETTER_QUEUE),
        "MessageBody": verdict.record["body"],
        "MessageAttributes": {REASON: reason, **_side_of(verdict.record)},
    }
    try:
        call(SQS, "SendMessage", letter)
    except ApiError:
        return verdict._replace(outcome=RETRY)
    return verdict


def _side_of(record: Event) -> dict[str, dict[str, str]]:
    """Give the attribute that says for whom a message is, if it needs one."""
    return {SIDE: {"DataType": "String", "StringValue": SERVER}} if _is_to_server(record) else {}


def _hand_over(verdicts: list[_Verdict]) -> list[Event]:
    """Send messages to the queue of retries; gives those that it has.

    What it does not take fails in its own queue, which hands it out again.
    """
    entries = [(_entry(number, verdict), verdict.record) for number, verdict in enumerate(verdicts)]
    taken: list[Event] = []
    for batch in _batches(entries):
        letters = {"QueueUrl": setting(RETRIES_QUEUE), "Entries": [entry for entry, _ in batch]}
        with contextlib.suppress(ApiError):
            refused = call(SQS, "SendMessageBatch", letters).get("Failed") or ()
            ids = {failure.get("Id") for failure in refused}
            taken += [record for entry, record in batch if entry["Id"] not in ids]
    return taken


def _entry(number: int, verdict: _Verdict) -> dict[str, Any]:
    attributes = _side_of(verdict.record)
    return {
        **({"MessageAttributes": attributes} if attributes else {}),
        "Id": str(number),
        "MessageBody": verdict.record["body"],
        "DelaySeconds": min(round(verdict.after), LONGEST_DELAY),
        # Of a standard queue: nobody waits for another of the group, but no group is served first.
        "MessageGroupId": verdict.group,
    }


def _batches(
    entries: list[tuple[dict[str, Any], Event]],
) -> Iterator[list[tuple[dict[str, Any], Event]]]:
    """Part entries into batches that SQS takes: all bodies together may be as long as one."""
    batch: list[tuple[dict[str, Any], Event]] = []
    size = 0
    for entry, record in entries:
        length = len(entry["MessageBody"].encode(errors="surrogatepass"))
        if batch and size + length > _LONGEST_BATCH:
            yield batch
            batch, size = [], 0
        batch.append((entry, record))
        size += length
    if batch:
        yield batch


def _postpone(failed: list[_Verdict]) -> None:
    """Let the messages that failed wait, the longer the oftener they have failed.

    When that cannot be done they wait for the queue's own visibility time-out.
    """
    if not failed:
        return
    entries = [
        {
            "Id": str(number),
            "ReceiptHandle": verdict.record["receiptHandle"],
            "VisibilityTimeout": round(_delay_of(verdict)),
        }
        for number, verdict in enumerate(failed)
    ]
    url = _queue_url(failed[0].record["eventSourceARN"])
    with contextlib.suppress(ApiError):
        call(SQS, "ChangeMessageVisibilityBatch", {"QueueUrl": url, "Entries": entries})


def _delay_of(verdict: _Verdict) -> float:
    if not _is_retried(verdict.record):
        return delay(verdict.receives, verdict.after)
    waits = _waits()
    wait = _longer(waits[min(verdict.receives, len(waits) - 1)])
    return max(wait, min(verdict.after, LONGEST_RETRY_SECONDS))


def delay(receives: int, after: float = 0) -> float:
    """Give the seconds until a message's next try.

    Args:
        receives: how often it has been tried.
        after: the least that somebody has asked for; more than an hour is not granted.
    """
    grown = float(setting(RETRY_SECONDS)) * float(RETRY_GROWTH ** min(receives - 1, _MOST_STEPS))
    spread = _between(1 - RETRY_SPREAD, 1 + RETRY_SPREAD)
    return min(max(grown * spread, after), LONGEST_RETRY_SECONDS)


def _queue_url(arn: str) -> str:
    account, name = arn.split(":")[4:6]
    return f"{endpoint('sqs').url}/{account}/{name}"


def _tell(verdict: _Verdict, *, cold: bool) -> None:
    """Write the message's log line, and count what it has counted."""
    message = verdict.message
    fields = {
        "outcome": verdict.outcome,
        "messageId": verdict.record["messageId"],
        "receives": verdict.tries,
        "coldStart": cold,
        **(message.notes if message else {}),
    }
    if verdict.reason:
        fields["reason"] = verdict.reason
    log_message(fields, verdict.error, failed=verdict.outcome in (RETRY, DEAD))
    if message:
        for metric in message.counts:
            count(metric)
        for metric, milliseconds in message.latencies.items():
            count(metric, milliseconds)
