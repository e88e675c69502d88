"""Dead letters: what they say, and how to look at them or take them out of their queue.

A worker's dead letter is one whole record of the Orders table's stream; or it says that an order
should have been answered, and has the order's id. The pipe's dead letter says only where in the
stream the records stand (Amazon EventBridge user guide, "Error handling").
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from infrastructure import functions, outputs
from ops.dead_letters.queues import Depth, depth, hold, tries
from ops.reach.aws_errors import explain
from ops.reach.errors import OperatorError
from ops.reach.interrupts import finish_first
from orders.deadlines import DEADLINE_OF
from orders.domain.serving.servers import SERVED_BY
from project.json_object import json_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from infrastructure.functions import Queue
    from ops.dead_letters.queues import Held
    from ops.reach.target import Target

DEADLINE = "deadline"
"""What stands in a status's place where the message tells of none: that an order's time is up."""

REASON = "reason"
"""The message attribute in which a worker says why it gave up."""

FAILURES = (ClientError, BotoCoreError, OperatorError)
"""What may happen to one message without concerning the next."""

_PEEKED_FOR_AGE = 100
_MISSING = (
    "No longer there: another operator has sent back or taken out what you were shown, or SQS "
    "had counted too many. Look again: `orders dlq ls`."
)
_TWICE = "It has arrived, but could not be deleted, so it is there twice."


@dataclass(frozen=True)
class DeadLetterQueue:
    """A dead-letter queue by its friendly name, with the stack's outputs that lead to it."""

    name: str
    letters: str
    source: str | None
    """Where its messages came from; None for the pipe, which reads a stream."""


def _of(queue: Queue) -> DeadLetterQueue:
    letters, source = outputs.dead_letters(queue.name), outputs.queue(queue.name)
    return DeadLetterQueue(queue.letters, letters, source)


QUEUES = {
    queue.name: queue
    for queue in (
        *map(_of, functions.QUEUES),
        DeadLetterQueue("pipe", outputs.PIPE_DEAD_LETTERS, None),
    )
}
"""The dead-letter queues by name."""

_TO_SERVERS = functions.RESTAURANTS.letters
"""Whose letters are for who serves an order."""


@dataclass(frozen=True)
class Place:
    """Where in a stream the records of a dead letter of the pipe stand, ends included."""

    stream: str
    shard: str
    first: str
    last: str


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One dead letter, as far as it can be understood; its body may be anything."""

    queue: str
    message_id: str
    reason: str
    received: int
    """How often it was handed out, to the worker and to whoever looked at it."""
    sent_at: float
    """Seconds since 1970: when a worker gave it up; when it was first sent, if SQS moved it."""
    body: str
    order_id: str | None = None
    status: str | None = None
    version: str | None = None
    partner_id: str | None = None
    """Whom it is for: who serves the order in the queue `restaurants`, else who placed it."""
    place: Place | None = None

    @property
    def age(self) -> float:
        """Seconds since it was sent."""
        return max(time.time() - self.sent_at, 0.0)


Wanted: TypeAlias = "Callable[[DeadLetter], bool]"
"""A choice among dead letters."""


def read(message: MessageTypeDef, queue: str, *, tried: int | None = None) -> DeadLetter:
    """Understand a message, whatever is in it.

    Args:
        message: as SQS gives it, with all its attributes.
        queue: the friendly name of its queue.
        tried: how often the source queue hands a message out before it counts as dead.
    """
    attributes = message.get("Attributes") or {}
    received = int(attributes.get("ApproximateReceiveCount", 0))
    body = message.get("Body", "")
    document = json_object(body) or {}
    image = _image(document)
    overdue = document.get(DEADLINE_OF)
    return DeadLetter(
        queue=queue,
        message_id=message["MessageId"],
        reason=_reason(message, document) or _worn_out(tried or received),
        received=received,
        sent_at=int(attributes.get("SentTimestamp", 0)) / 1000,
        body=body,
        order_id=overdue if isinstance(overdue, str) else _text(image, "orderId"),
        status=DEADLINE if isinstance(overdue, str) else _text(image, "status"),
        version=_text(image, "version"),
        partner_id=_partner(image, queue),
        place=_place(document),
    )


def _worn_out(times: int) -> str:
    return f"received {times} {'time' if times == 1 else 'times'} without success"


def _within(document: dict[str, Any], name: str) -> dict[str, Any]:
    inner = document.get(name)
    return inner if isinstance(inner, dict) else {}


def _image(document: dict[str, Any]) -> dict[str, Any]:
    """Give the order after the change, or, where it was removed, before."""
    change = _within(document, "dynamodb")
    images = (_within(change, name) for name in ("NewImage", "OldImage", "Keys"))
    return next((image for image in images if image), {})


def _text(image: dict[str, Any], name: str) -> str | None:
    """Read a typed attribute: {"S": "PLACED"} or {"N": "3"}."""
    typed = _within(image, name)
    value = typed.get("S", typed.get("N"))
    return value if isinstance(value, str) else None


def _partner(image: dict[str, Any], queue: str) -> str | None:
    if queue == _TO_SERVERS:
        return (_text(image, SERVED_BY) or "").partition("#")[0] or None
    return _text(image, "partnerId")


def _reason(message: MessageTypeDef, document: dict[str, Any]) -> str:
    attributes = message.get("MessageAttributes") or {}
    given = attributes[REASON].get("StringValue") if REASON in attributes else None
    condition = _within(document, "context").get("condition")
    return given or (condition if isinstance(condition, str) else "")


def _place(document: dict[str, Any]) -> Place | None:
    info = _within(document, "DDBStreamBatchInfo")
    names = ("streamArn", "shardId", "startSequenceNumber", "endSequenceNumber")
    found = [info.get(name) for name in names]
    known = [item for item in found if isinstance(item, str)]
    numbers = [item for item in known[2:] if item.isascii() and item.isdigit()]
    return Place(*known) if len(known) == len(names) and len(numbers) == 2 else None


@dataclass(frozen=True)
class Overview:
    """How a queue stands."""

    queue: DeadLetterQueue
    depth: Depth
    oldest: float | None
    """Age in seconds of the oldest message that was seen; None when none was."""
    exact: bool
    """Whether all were seen; otherwise there may be an older one."""


def overview(target: Target, queue: DeadLetterQueue) -> Overview:
    """Count a queue's messages and find the age of its oldest, by looking at some of them.

    CloudWatch knows an age too, but minutes late, and leaves out messages received three times
    (Amazon SQS developer guide, "Available CloudWatch metrics"): of those a dead-letter queue is
    full. SentTimestamp is also what SQS reckons from when it drops a message after the retention.
    """
    counted = depth(target.client("sqs"), target.output(queue.letters))
    seen = (
        look(target, queue, limit=_PEEKED_FOR_AGE) if counted.waiting else Seen([], complete=True)
    )
    oldest = max((letter.age for letter in seen.letters), default=None)
    return Overview(queue, counted, oldest, seen.complete and not counted.in_flight)


@dataclass(frozen=True)
class Seen:
    """Dead letters that were looked at."""

    letters: list[DeadLetter]
    complete: bool
    """Whether these are all that there are to see."""


def look(target: Target, queue: DeadLetterQueue, *, order: str | None = None, limit: int) -> Seen:
    """Look at dead letters, each once, and leave them where they are.

    Args:
        target: whose they are.
        queue: where they are.
        order: the id of the order that they are to be about; None for any.
        limit: how many to look at, at most.
    """
    sqs = target.client("sqs")
    tried = tries(sqs, target.output(queue.source)) if queue.source else None
    with hold(sqs, target.output(queue.letters)) as held:
        letters = (read(message, queue.name, tried=tried) for message in held.messages())
        wanted = (letter for letter in letters if order in (None, letter.order_id))
        found = list(itertools.islice(wanted, limit + 1))
    return Seen(sorted(found[:limit], key=lambda letter: letter.sent_at), len(found) <= limit)


@dataclass
class Report:
    """What became of the messages; filled while it goes on, so that ^C finds it right."""

    queue: str
    found: int
    """How many the operator agreed to."""
    done: int = 0
    failed: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Why they stayed behind, with how many did so."""

    def fail(self, reason: str, count: int = 1) -> None:
        """Note that messages stayed behind."""
        self.failed += count
        self.reasons[reason] = self.reasons.get(reason, 0) + count

    def close(self) -> None:
        """Note what the operator agreed to and was no longer met."""
        missing = self.found - self.done - self.failed
        if missing > 0:
            self.fail(_MISSING, missing)


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What is to be done with which messages of a queue."""

    queue: DeadLetterQueue
    wanted: Wanted | None
    """None for all."""
    deliver: Callable[[MessageTypeDef], None]
    """Brings a message to safety; only what it has taken is deleted."""
    most: int | None = None
    """Stop after so many: a message that was sent back may be dead again at once."""


def count(target: Target, queue: DeadLetterQueue, wanted: Wanted) -> int:
    """Count the dead letters that are wanted, by looking at them all."""
    with hold(target.client("sqs"), target.output(queue.letters)) as held:
        return sum(wanted(read(message, queue.name)) for message in held.messages())


def take_out(target: Target, errand: Errand, report: Report, told: Callable[[int], None]) -> None:
    """Deliver the wanted messages and delete each once it is delivered; give the others back.

    Args:
        target: whose messages they are.
        errand: which messages, and where they go.
        report: is kept up to date.
        told: is told how many were tried so far.
    """
    with hold(target.client("sqs"), target.output(errand.queue.letters)) as held:
        for number, message in enumerate(_chosen(held, errand), 1):
            _take(held, message, errand, report)
            told(number)


def _chosen(held: Held, errand: Errand) -> Iterator[MessageTypeDef]:
    name, wanted = errand.queue.name, errand.wanted
    every = held.messages()
    chosen = every if wanted is None else (item for item in every if wanted(read(item, name)))
    return itertools.islice(chosen, errand.most)


def _take(held: Held, message: MessageTypeDef, errand: Errand, report: Report) -> None:
    delivered = False
    with finish_first():
        try:
            errand.deliver(message)
            delivered = True
            held.delete(message)
            report.done += 1
        except FAILURES as error:
            why = explain(error) or str(error)
            report.fail(f"{_TWICE} {why}" if delivered else why)
