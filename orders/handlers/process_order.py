"""The queue `order-processing`: what becomes of an order that is placed.

confirmed at once, where its customer's flag says so
else it waits: for whoever placed it, or for its restaurant ─► until its deadline ─► REJECTED
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

from orders.consumer import Message, Retry, consumer
from orders.domain.changes import confirm, expire
from orders.domain.ids import timestamp_of
from orders.domain.lifecycle import Status
from orders.domain.serving.servers import ACCEPT_BY, SERVED_BY
from orders.domain.synthetic import SYNTHETIC, is_synthetic
from orders.flags import AUTO_CONFIRM, UNREADABLE, flags
from orders.metrics import ORDERS_UNANSWERED, PROCESSING_LATENCY, STATUS_CHANGES, STREAM_LATENCY
from orders.store import Refused, Store, store
from orders.tracing import trace_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orders.domain.changes import Change
    from orders.domain.order import Item
    from orders.metrics import Metric
    from orders.order_changes import OrderChange


def process_order(message: Message) -> str:
    """Confirm the order, unless it has changed meanwhile or waits for its restaurant.

    Where the message is a deadline, reject the order if nobody has answered it.
    """
    if message.overdue is not None:
        return _expire(message, message.overdue)
    change = message.change
    if change.new["status"] != Status.PLACED:
        return "not placed"
    if is_synthetic(change.new):
        # It has arrived, which is all that it is for. The log tells how fast, and no metric does.
        latencies = _latencies(change)
        message.notes["processingLatency"] = round(latencies[PROCESSING_LATENCY], 2)
        message.notes["streamLatency"] = round(latencies[STREAM_LATENCY], 2)
        return SYNTHETIC
    decision = flags().decide(AUTO_CONFIRM, change.new["customerId"])
    message.notes.update(decision.told(AUTO_CONFIRM))
    if decision.why == UNREADABLE and not message.last:
        # An order that waits for its restaurant by the default would wait for ever.
        raise Retry("the flags cannot be read")
    outcome = _confirm(message) if decision.on else _leave_waiting(message, change.new)
    if change.old is None and outcome != "outdated":  # an edit's latency is not an order's
        message.latencies.update(_latencies(change))
    return outcome


def _latencies(change: OrderChange) -> dict[Metric, float]:
    """Give the milliseconds since the order was placed, and since the stream's record."""
    now = time.time()
    return {
        PROCESSING_LATENCY: max(0.0, now - change.placed_at) * 1000,
        STREAM_LATENCY: max(0.0, now - change.recorded_at) * 1000,
    }


def _confirm(message: Message) -> str:
    """Confirm the very version that the message tells of: a later one has a message of its own."""
    change = message.change
    try:
        _move(message, change.order_id, confirm(_now(), trace_id()), (change.version,))
    except Refused:
        return "outdated"
    return "confirmed"


def _leave_waiting(message: Message, order: Item) -> str:
    """Let a served order wait until its deadline; one that nobody serves waits as long as it may.

    Raises:
        Retry: when the deadline is nearer than a schedule is exact.
    """
    if SERVED_BY not in order or ACCEPT_BY not in order:
        return "waiting"
    if order[ACCEPT_BY] <= timestamp_of(_now()):
        return _expire(message, order["orderId"])
    return _wait(message, order)


def _wait(message: Message, order: Item) -> str:
    """See to it that a deadline which is ahead is not forgotten.

    Raises:
        Retry: when it is nearer than a schedule is exact: the message itself waits for it.
    """
    from orders.deadlines import PRECISION_SECONDS, set_deadline  # most orders need it once

    deadline = order[ACCEPT_BY]
    message.notes["acceptBy"] = deadline
    seconds = datetime.fromisoformat(deadline).timestamp() - time.time()
    if seconds <= PRECISION_SECONDS and not message.last:
        raise Retry("its deadline is near", max(seconds, 1))
    set_deadline(order["orderId"], deadline)
    return "waiting"


def _expire(message: Message, order_id: str) -> str:
    """Reject an order that nobody has answered in time; one that somebody has stays as it is.

    Raises:
        Retry: when an edit has moved the deadline, and it is near.
    """
    try:
        item = _move(message, order_id, expire(_now(), trace_id()), None)
    except Refused as refused:
        order = refused.item
        if order is None or order["status"] != Status.PLACED:
            return "answered"
        if SERVED_BY not in order or ACCEPT_BY not in order:
            return "waiting"  # nobody serves it any more
        return _wait(message, order)
    message.notes["restaurantId"] = item["restaurantId"]
    message.counts.append(ORDERS_UNANSWERED)
    return "unanswered"


def _move(message: Message, order_id: str, change: Change, versions: Iterable[int] | None) -> Item:
    """Move an order, and tell the log and the metrics.

    Raises:
        Refused: when it cannot be moved so.
    """
    before = Store.used()
    try:
        item = store().update(order_id, change, None, versions)
    finally:
        message.notes.update(Store.used(before))
    message.notes.update(version=item["version"], orderStatus=change.to and change.to.value)
    if not is_synthetic(item):
        message.counts.append(STATUS_CHANGES)
    return item


def _now() -> int:
    """Give the milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000


handler = consumer(process_order)
