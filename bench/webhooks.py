"""The way of a change on the local stack, from the POST to the demo partner's webhook.

POST ─► answered
        create_order ─► topic ─► notify_partner ─► the call ─► webhook

Its waits are read from the order's own traces. The emulator polls at a pace of its own: which waits
there are is AWS's, how long they take is not.
"""

from __future__ import annotations

import random
import ssl
import time
import uuid
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from infrastructure.functions import NOTIFYING, construct_id
from local.demo.example import ORDER
from ops.reach.clients import clients
from ops.traces.search import Search, times_of
from ops.traces.spans import Span, spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ops.reach.endpoints import Endpoints

WHOLE = "POST to webhook"
"""What the whole way is called."""

_ORDERS = 40
_LONGEST_PAUSE = 1.0  # of the emulator's polls: orders come at every moment between two
_SECONDS = 30.0
_POLL = 0.05
_FUNCTION, _TOPIC = "AWS::Lambda::Function", "AWS::SNS::Topic"


class Placed(NamedTuple):
    """An order whose webhook came; times are seconds since 1970."""

    order_id: str
    created_at: str
    sent: float
    answered: float
    arrived: float


def measure(stack: Endpoints, orders: int = _ORDERS) -> dict[str, dict[str, float]]:
    """Place orders one after another, each once the one before has been told.

    Args:
        stack: that runs.
        orders: how many.

    Returns:
        For each wait, and for the whole way, p50 and p95 in milliseconds.

    Raises:
        RuntimeError: when a webhook does not come, or a trace.
    """
    chance = random.Random(1)  # noqa: S311 - no secret
    trusted = ssl.create_default_context(
        cafile=str(Path(stack.server_pem).with_name("authorities.pem"))
    )
    headers = {"x-api-key": stack.partner_api_key}
    with (
        httpx.Client(base_url=stack.api_url, headers=headers, timeout=60) as http,
        httpx.Client(base_url=stack.webhooks_url, verify=trusted, timeout=60) as receiver,
    ):
        _place(http, receiver)  # from now on all functions are there
        placed = []
        for _ in range(orders):
            time.sleep(chance.uniform(0, _LONGEST_PAUSE))
            placed.append(_place(http, receiver))
    waits: defaultdict[str, list[float]] = defaultdict(list)
    for one in placed:
        for name, seconds in _waits(one, _traced(stack, one)):
            waits[name].append(seconds)
    return {name: _quantiles(seconds) for name, seconds in waits.items()}


def _place(http: httpx.Client, receiver: httpx.Client) -> Placed:
    key = {"Idempotency-Key": uuid.uuid4().hex}
    sent = time.time()
    order = http.post("/partner/orders", json=ORDER, headers=key).raise_for_status().json()
    answered, deadline = time.time(), time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        for webhook in receiver.get("").json():
            if webhook["event"].get("orderId") == order["orderId"]:
                return Placed(order["orderId"], order["createdAt"], sent, answered, webhook["at"])
        time.sleep(_POLL)
    raise RuntimeError(f"no webhook of {order['orderId']} came within {_SECONDS:.0f} s")


def _traced(stack: Endpoints, one: Placed) -> list[Span]:
    """Wait until the traces of an order are whole; they are told a little after its requests."""
    client, deadline = clients(stack.traces_url)("xray"), time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        found = Search(client, times_of(one.created_at, None)).run(one.order_id, lambda _: None)
        whole = spans(document for each in found for document in each.documents)
        if any(span.content.get("namespace") == "remote" for span in whole):
            return whole
        time.sleep(_POLL)
    raise RuntimeError(f"the traces of {one.order_id} are not there after {_SECONDS:.0f} s")


def _waits(one: Placed, whole: Sequence[Span]) -> Iterator[tuple[str, float]]:
    """Give each wait's name and seconds, those of the way behind the answer by the traces."""
    placing = _first(whole, origin=_FUNCTION, part="CreateOrder")
    topic = _first(whole, origin=_TOPIC)
    telling = _first(whole, origin=_FUNCTION, part=construct_id(NOTIFYING))
    call = _first(whole, namespace="remote")
    yield "POST to answer", one.answered - one.sent
    yield "stream and pipe", topic.start - placing.finish
    yield "topic and queue", telling.start - topic.start
    yield f"`{NOTIFYING}` until it calls", call.start - telling.start
    yield "TLS, and the partner", one.arrived - call.start
    yield WHOLE, one.arrived - one.sent


def _first(whole: Sequence[Span], *, origin: str = "", part: str = "", namespace: str = "") -> Span:
    fitting = [
        span
        for span in whole
        if (span.origin == origin or not origin)
        and part in span.name
        and (span.content.get("namespace") == namespace or not namespace)
    ]
    return min(fitting, key=lambda span: span.start)


def _quantiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    p50, p95 = (ordered[round(share * (len(ordered) - 1))] for share in (0.5, 0.95))
    return {"p50_ms": round(1000 * p50, 1), "p95_ms": round(1000 * p95, 1)}


def as_rows(measured: dict[str, Any]) -> list[tuple[str, ...]]:
    """Give a line for each wait, for a terminal or a table."""
    return [(name, *(f"{value:,.0f}" for value in one.values())) for name, one in measured.items()]
