"""The queues of webhooks: tell partners of changes, each by a queue of its own.

partner-notifications ────► who placed the order ─┐
restaurant-notifications ─► who serves it ────────┤
first attempt, a second long ◄────────────────────┘
    ├─► delivered
    └─► HandOver ─► partner-retries ─► five seconds, ever rarer ─► its queue's dead letters
            ▲
of a partner that was slow lately

An order that one partner placed and another serves is two messages: what fails at one endpoint is
never sent again to the other (docs/decisions/0032).

So an endpoint that hangs keeps waiting only those that wait already (docs/decisions/0020).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from orders.consumer import SERVER, HandOver, Hopeless, Message, Retry, consumer, first_wait
from orders.domain.events import event_of
from orders.domain.serving.server_events import event_for_server, partner_serving
from orders.domain.synthetic import SYNTHETIC, is_synthetic
from orders.flags import PARTNER_WEBHOOKS, flags
from orders.metrics import WEBHOOKS_DELIVERED, WEBHOOKS_GIVEN_UP, WEBHOOKS_RETRIED
from orders.parameters import Unreadable
from orders.partner_endpoints import endpoints
from orders.settings import in_lambda
from orders.slow_partners import PATIENCE_SECONDS, slow_partners
from orders.webhooks import LIMIT_SECONDS, Deferred, Rejected, deliver, tls_context

if TYPE_CHECKING:
    from orders.domain.events import OrderEvent
    from orders.order_changes import OrderChange
    from orders.webhooks import Endpoint


def notify_partner(message: Message) -> str:
    """Send the event of the change, if it is one that its partner wants to hear of."""
    change = message.change
    if is_synthetic(change.new):
        return SYNTHETIC  # the subscription's filter holds them back; this is the second lock
    partner_id, event = _to_server(change) if message.to_server else _to_placer(change)
    if event is None or partner_id is None:
        return "no event"
    message.notes.update(partnerId=partner_id, eventId=event.event_id)
    if message.to_server:
        message.notes["side"] = SERVER
    if not _wanted(message, partner_id):
        return "webhooks off"
    try:
        endpoint = endpoints().of(partner_id)
    except Unreadable as error:
        raise Retry(str(error)) from None
    if endpoint is None:
        return "no endpoint"
    if endpoint.disabled:
        return "partner disabled"
    if not message.retried and slow_partners().includes(partner_id):
        raise HandOver("slow lately", partner_id)
    message.notes["attempted"] = True
    message.notes["httpStatus"] = _send(message, partner_id, endpoint, event)
    message.counts.append(WEBHOOKS_DELIVERED)
    return "delivered"


def _to_placer(change: OrderChange) -> tuple[str | None, OrderEvent | None]:
    return change.new.get("partnerId"), event_of(change.new, change.old)


def _to_server(change: OrderChange) -> tuple[str | None, OrderEvent | None]:
    return partner_serving(change.new), event_for_server(change.new, change.old)


def _wanted(message: Message, partner_id: str) -> bool:
    decision = flags().decide(PARTNER_WEBHOOKS, partner_id)
    message.notes.update(decision.told(PARTNER_WEBHOOKS))
    return decision.on


def _send(message: Message, partner_id: str, endpoint: Endpoint, event: OrderEvent) -> int:
    try:
        return _timed(message, partner_id, endpoint, event)
    except Deferred as error:
        given_up = message.retried and message.last
        message.counts.append(WEBHOOKS_GIVEN_UP if given_up else WEBHOOKS_RETRIED)
        after = error.retry_after or 0
        if message.retried:
            raise Retry(str(error), after) from None
        raise HandOver(str(error), partner_id, max(after, first_wait())) from None
    except Rejected as error:
        message.counts.append(WEBHOOKS_GIVEN_UP)
        raise Hopeless(str(error)) from None


def _timed(message: Message, partner_id: str, endpoint: Endpoint, event: OrderEvent) -> int:
    limit = LIMIT_SECONDS if message.retried else PATIENCE_SECONDS
    started = time.monotonic()
    try:
        return deliver(endpoint, event, limit=limit)
    finally:
        slow_partners().took(partner_id, time.monotonic() - started)


if in_lambda():
    tls_context()  # while starting, Lambda gives a whole CPU: the authorities take it 20 ms
handler = consumer(notify_partner, together=True)
