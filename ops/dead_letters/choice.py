"""Which dead letters are meant: of which queues, about which order, how old; and how many."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from ops.dead_letters.letters import QUEUES, count
from ops.dead_letters.queues import depth

if TYPE_CHECKING:
    from ops.dead_letters.letters import DeadLetterQueue, Wanted
    from ops.dead_letters.queues import Depth
    from ops.reach.target import Target


class Queues(NamedTuple):
    """The queues that are meant, and those that had to be left out with what is in them."""

    chosen: list[DeadLetterQueue]
    left_out: list[DeadLetterQueue]


class Matching(NamedTuple):
    """How many messages are meant, and how many more somebody else has in hand."""

    found: int
    elsewhere: int = 0


def tells_orders(queue: DeadLetterQueue) -> bool:
    """Tell whether a queue's dead letters say whose orders they are about; the pipe's do not."""
    return queue.source is not None


def queues(target: Target, queue: DeadLetterQueue | None, order: str | None) -> Queues:
    """Choose a queue, or all of them; for an order, those of which the letters tell theirs."""
    if queue or order is None:
        return Queues([queue] if queue else list(QUEUES.values()), [])
    silent = [each for each in QUEUES.values() if not tells_orders(each)]
    left_out = [each for each in silent if _depth(target, each).waiting]
    return Queues([each for each in QUEUES.values() if tells_orders(each)], left_out)


def wanted(order: str | None, older_than: int | None = None) -> Wanted | None:
    """Choose by the order, or by the age in seconds; None for all."""
    if order is not None:
        return lambda letter: letter.order_id == order
    if older_than is not None:
        before = time.time() - older_than
        return lambda letter: letter.sent_at <= before
    return None


def matching(target: Target, queue: DeadLetterQueue, wanted: Wanted | None) -> Matching:
    """Count what is wanted of a queue: by SQS's own estimate where all of it is."""
    counted = _depth(target, queue)
    if wanted is not None:
        return Matching(count(target, queue, wanted), counted.in_flight)
    # SQS estimates; nothing is worth a second look.
    found = counted.waiting or count(target, queue, lambda _: True)
    return Matching(found, counted.in_flight)


def _depth(target: Target, queue: DeadLetterQueue) -> Depth:
    return depth(target.client("sqs"), target.output(queue.letters))
