"""The queue `partner-notifications`: tell a partner of each status change of its orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.consumer import Hopeless, Message, Retry, consumer
from orders.domain.events import event_of
from orders.domain.synthetic import SYNTHETIC, is_synthetic
from orders.flags import PARTNER_WEBHOOKS, flags
from orders.metrics import WEBHOOKS_DELIVERED, WEBHOOKS_GIVEN_UP, WEBHOOKS_RETRIED
from orders.parameters import Unreadable
from orders.partner_endpoints import endpoints
from orders.webhooks import Deferred, Rejected, deliver

if TYPE_CHECKING:
    from orders.domain.events import OrderEvent
    from orders.webhooks import Endpoint


def notify_partner(message: Message) -> str:
    """Send the event of the change, if it is one that its partner wants to hear of."""
    change = message.change
    if is_synthetic(change.new):
        return SYNTHETIC  # the subscription's filter holds them back; this is the second lock
    event = event_of(change.new, change.old)
    partner_id = change.new.get("partnerId")
    if event is None or partner_id is None:
        return "no event"
    message.notes.update(partnerId=partner_id, eventId=event.event_id)
    if not _wanted(message, partner_id):
        return "webhooks off"
    try:
        endpoint = endpoints().of(partner_id)
    except Unreadable as error:
        raise Retry(str(error)) from None
    if endpoint is None:
        return "no endpoint"
    message.notes["attempted"] = True
    message.notes["httpStatus"] = _send(message, endpoint, event)
    message.counts.append(WEBHOOKS_DELIVERED)
    return "delivered"


def _wanted(message: Message, partner_id: str) -> bool:
    decision = flags().decide(PARTNER_WEBHOOKS, partner_id)
    message.notes.update(decision.told(PARTNER_WEBHOOKS))
    return decision.on


def _send(message: Message, endpoint: Endpoint, event: OrderEvent) -> int:
    try:
        return deliver(endpoint, event)
    except Deferred as error:
        message.counts.append(WEBHOOKS_GIVEN_UP if message.last else WEBHOOKS_RETRIED)
        raise Retry(str(error), error.retry_after or 0) from None
    except Rejected as error:
        message.counts.append(WEBHOOKS_GIVEN_UP)
        raise Hopeless(str(error)) from None


handler = consumer(notify_partner, together=True)
