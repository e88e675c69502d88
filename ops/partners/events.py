"""Partners' events, sent from here: a test event, and those of an order once more.

An event is not stored: it is computed from the order. The same event has the same id, however often
and from wherever it is sent.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from infrastructure import outputs
from ops.partners import accounts
from ops.partners.accounts import THIS_MACHINE
from ops.reach.errors import OperatorError
from orders.domain.changes import DELAYABLE
from orders.domain.events import OrderEvent, event_of
from orders.domain.ids import timestamp_in
from orders.domain.lifecycle import Status
from orders.domain.serving.server_events import event_for_server
from orders.webhooks import TEST_NETWORKS, Undelivered, deliver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ops.reach.target import Target
    from orders.domain.order import Item
    from orders.webhooks import Endpoint

NO_ORDER = "00000000-0000-7000-8000-000000000000"
"""The order of which a test event tells: there is none with this id."""


class Sent(NamedTuple):
    """How one attempt ended: `answer` is the endpoint's status, or why there was none."""

    event_id: str
    delivered: bool
    answer: str


def trial_event(at: str) -> OrderEvent:
    """Make a test event: one like all others, with `test` in it, of an order that nobody has.

    Args:
        at: when it happened, as the API writes times.
    """
    item = {"orderId": NO_ORDER, "status": Status.PLACED.value, "version": 1, "updatedAt": at}
    event = event_of(item, None)
    assert event is not None  # an order that was placed has one
    fields = {**msgspec.json.decode(event.body), "test": True}
    return OrderEvent(event.event_id, msgspec.json.encode(fields))


def events_of(order: Item) -> dict[int, OrderEvent]:
    """Compute all events that who placed an order gets, by the version that each tells of.

    The first version is its placing. Only what is still PLACED can be edited, so each later status
    is one version after the one before it, and the last is the order's own, once it is not PLACED.
    What erases its person is one version more, with no status; so is a new time to be ready. Of
    several such times the last is told, and the ids of the statuses before them may be others.

    Args:
        order: as it is stored.
    """
    version, later = int(order["version"]), _has_changed_since(order)
    told = {one: event_of(item, None) for one, item in _versions(order, version - later).items()}
    if later and "erasedAt" not in order and order["status"] in DELAYABLE:
        before = {name: value for name, value in order.items() if name != "readyAt"}
        told[version] = event_of(order, before)
    return {version: event for version, event in told.items() if event is not None}


def _has_changed_since(order: Item) -> bool:
    """Tell whether an order was written to after it took its status, once it is not PLACED."""
    history = order["history"]
    return len(history) > 1 and order["updatedAt"] != history[-1]["at"]


def events_for_server(order: Item) -> dict[int, OrderEvent]:
    """Compute all events that the partner gets that serves an order, by version.

    The moves that it makes itself are left out, unless the order stands there: whoever has taken it
    over since was told so.

    Args:
        order: as it is stored.

    Raises:
        OperatorError: when no partner serves it but, at most, the one that has placed it.
    """
    items = _versions(order, int(order["version"]) - ("erasedAt" in order))
    latest = max(items)
    told = {version: event_for_server(item, None) for version, item in items.items()}
    taken_over = {"status": order["status"]}  # as if nobody had served it before
    told[latest] = event_for_server(items[latest], taken_over)
    found = {version: event for version, event in told.items() if event is not None}
    if not found:
        raise OperatorError(
            f"No other partner serves {order['orderId']}: its restaurant's staff do, whoever "
            "placed it does, or nobody. None of them hears of it as who serves it."
        )
    return found


def _versions(order: Item, latest: int) -> dict[int, Item]:
    """Give an order as it was when it took each of its statuses, by its version then.

    Args:
        order: as it is stored.
        latest: the version in which it took its last status.
    """
    history = order["history"]
    found = {}
    for number, entry in enumerate(history):
        version = latest - (len(history) - 1 - number) if number else 1
        item = {**order, "status": entry["status"], "version": version, "updatedAt": entry["at"]}
        found[version] = {**item, "history": history[: number + 1]}
    return found


def order_of(target: Target, order_id: str) -> Item:
    """Read an order as it is stored.

    Raises:
        OperatorError: when there is none.
    """
    from boto3.dynamodb.types import TypeDeserializer  # noqa: PLC0415 - its --help is quick

    at = timestamp_in(order_id)
    found = {} if at is None else _stored(target, order_id, at)
    if not found:
        raise OperatorError(f"There is no order {order_id!r}, says {target.name}.")
    read = TypeDeserializer().deserialize
    return {name: read(value) for name, value in found.items()}


def _stored(target: Target, order_id: str, at: str) -> dict[str, Any]:
    key = {"orderId": {"S": order_id}, "timestamp": {"S": at}}
    table = target.output(outputs.ORDERS_TABLE)
    answer = target.client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
    found: dict[str, Any] = answer.get("Item", {})
    return found


def endpoint_to_ask(target: Target, partner_id: str) -> Endpoint:
    """Give the endpoint of a partner that may hear of events.

    Raises:
        OperatorError: when there is no such partner, no endpoint, or the partner is shut out.
    """
    endpoint = accounts.endpoint_of(accounts.find(target, partner_id))
    if endpoint.disabled:
        raise OperatorError(
            f"{partner_id} is shut out: nothing is sent. To let it in: "
            f"orders partners enable {partner_id}"
        )
    return endpoint


def send(endpoint: Endpoint, event: OrderEvent) -> Sent:
    """Send an event once, signed as all are, by the rules of every delivery."""
    try:
        return Sent(event.event_id, delivered=True, answer=str(deliver(endpoint, event)))
    except Undelivered as error:
        return Sent(event.event_id, delivered=False, answer=error.reason)


@contextlib.contextmanager
def as_the_local_run(authorities: Path) -> Iterator[None]:
    """Reach what the local run's functions reach: this machine, by its own certificates.

    Args:
        authorities: the file of those that the local run trusts.
    """
    before = dict(os.environ)
    os.environ |= {"SSL_CERT_FILE": str(authorities), TEST_NETWORKS: THIS_MACHINE}
    try:
        yield
    finally:
        for name in ("SSL_CERT_FILE", TEST_NETWORKS):
            os.environ.pop(name)
            if name in before:
                os.environ[name] = before[name]
