"""The queue `order-processing`: confirm a placed order, where its customer's flag says so."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from orders.consumer import Message, Retry, consumer
from orders.domain.changes import confirm
from orders.domain.lifecycle import Status
from orders.domain.synthetic import SYNTHETIC, is_synthetic
from orders.flags import AUTO_CONFIRM, UNREADABLE, flags
from orders.metrics import PROCESSING_LATENCY, STATUS_CHANGES, STREAM_LATENCY
from orders.store import Refused, Store, store
from orders.tracing import trace_id

if TYPE_CHECKING:
    from orders.metrics import Metric
    from orders.order_changes import OrderChange


def process_order(message: Message) -> str:
    """Confirm the order, unless it has changed meanwhile or waits for its restaurant."""
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
    outcome = _confirm(message) if decision.on else "waiting"
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
    change, before = message.change, Store.used()
    move = confirm(time.time_ns() // 1_000_000, trace_id())
    try:
        item = store().update(change.order_id, move, None, (change.version,))
    except Refused:
        return "outdated"
    finally:
        message.notes.update(Store.used(before))
    message.notes.update(version=item["version"], orderStatus=Status.CONFIRMED.value)
    message.counts.append(STATUS_CHANGES)
    return "confirmed"


handler = consumer(process_order)
