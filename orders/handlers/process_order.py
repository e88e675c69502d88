"""The queue `order-processing`: confirm a placed order, where its customer's flag says so."""

from __future__ import annotations

import time

from orders.consumer import Message, Retry, consumer
from orders.domain.changes import confirm
from orders.domain.lifecycle import Status
from orders.flags import AUTO_CONFIRM, UNREADABLE, flags
from orders.metrics import PROCESSING_LATENCY, STATUS_CHANGES, STREAM_LATENCY
from orders.store import Refused, store
from orders.tracing import trace_id


def process_order(message: Message) -> str:
    """Confirm the order, unless it has changed meanwhile or waits for its restaurant."""
    change = message.change
    if change.new["status"] != Status.PLACED:
        return "not placed"
    decision = flags().decide(AUTO_CONFIRM, change.new["customerId"])
    message.notes.update(decision.told(AUTO_CONFIRM))
    if decision.why == UNREADABLE and not message.last:
        # An order that waits for its restaurant by the default would wait for ever.
        raise Retry("the flags cannot be read")
    outcome = _confirm(message) if decision.on else "waiting"
    if change.old is None and outcome != "outdated":  # an edit's latency is not an order's
        now = time.time()
        message.latencies[PROCESSING_LATENCY] = max(0.0, now - change.placed_at) * 1000
        message.latencies[STREAM_LATENCY] = max(0.0, now - change.recorded_at) * 1000
    return outcome


def _confirm(message: Message) -> str:
    """Confirm the very version that the message tells of: a later one has a message of its own."""
    change = message.change
    move = confirm(time.time_ns() // 1_000_000, trace_id())
    try:
        item = store().update(change.order_id, move, None, (change.version,))
    except Refused:
        return "outdated"
    message.notes.update(version=item["version"], orderStatus=Status.CONFIRMED.value)
    message.counts.append(STATUS_CHANGES)
    return "confirmed"


handler = consumer(process_order)
