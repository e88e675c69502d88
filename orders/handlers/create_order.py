"""POST: place an order, exactly once for each Idempotency-Key."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from orders.aws.digests import sha256
from orders.body import decode, take_quote
from orders.domain.changes import (
    BASKET,
    InvalidField,
    check_schedule,
    place,
    place_for_partner,
)
from orders.domain.lifecycle import Role
from orders.domain.order import NewOrder, NewPartnerOrder
from orders.domain.serving.servers import ACCEPT_BY, SERVED_BY
from orders.domain.synthetic import HEARTBEAT, SYNTHETIC, expire, is_synthetic
from orders.http import Request, Response, endpoint, validators
from orders.idempotency import key_of
from orders.metrics import ORDERS_CREATED, ORDERS_REFUSED, ORDERS_REPLAYED
from orders.partners import directory
from orders.preconditions import is_known_collection
from orders.problems import INVALID_BODY, KEY_REUSED, Problem
from orders.routes import IDEMPOTENCY_KEY, STAGE
from orders.settings import in_lambda, looks_at_quote, retention_days
from orders.store import Claim, KeyReused, store
from orders.telemetry import count
from orders.tracing import trace_id

if TYPE_CHECKING:
    from orders.callers import Caller
    from orders.domain.order import Item, OrderContents

_CUSTOMERS_DECODER = msgspec.json.Decoder(NewOrder)
_PARTNERS_DECODER = msgspec.json.Decoder(NewPartnerOrder)
_IN_PATHS = "/.-_~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def create_order(request: Request) -> Response:
    """Place the order, or answer with the one that an earlier, equal request has placed."""
    try:
        return _create_order(request)
    except Problem:
        if request.caller.identity != HEARTBEAT:
            count(ORDERS_REFUSED)
        raise


def _create_order(request: Request) -> Response:
    key = key_of(request) or ""
    is_known_collection(request)
    order = _order(request)
    quote = take_quote(order)
    claim = _claim(request.caller, key, order)
    try:
        item, replayed = _place(order, quote, request.caller, claim)
    except KeyReused:
        detail = "This key was used for an order with another body; use a new key"
        raise Problem(KEY_REUSED, detail, pointer=IDEMPOTENCY_KEY) from None
    if is_synthetic(item):
        request.notes[SYNTHETIC] = True
    else:
        count(ORDERS_REPLAYED if replayed else ORDERS_CREATED)
    request.notes.update(orderId=item["orderId"], replayed=replayed)
    if not replayed:
        request.notes["orderStatus"] = item["status"]
    headers = {
        "Location": _location(request, item["orderId"]),
        **validators(item),
    }
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(201, request.caller.view(item), headers)


def _location(request: Request, order_id: str) -> str:
    """Name the order's address: below the request's own path, unless no header can hold that."""
    path = request.path if _is_plain(request.path) else f"/{STAGE}{request.route.path}"
    return f"{path.rstrip('/')}/{order_id}"


def _is_plain(path: str) -> bool:
    """Tell whether a path has nothing but names of unreserved characters."""
    return len(path) > 1 and path[0] == "/" and "//" not in path and not path.strip(_IN_PATHS)


def _order(request: Request) -> OrderContents:
    if request.route.body is NewPartnerOrder:
        return decode(_PARTNERS_DECODER, request.body())
    return decode(_CUSTOMERS_DECODER, request.body())


def _place(
    order: OrderContents, quote: str | None, caller: Caller, claim: Claim
) -> tuple[Item, bool]:
    milliseconds = time.time_ns() // 1_000_000
    try:
        basket = _check_moment(order, quote, caller, milliseconds / 1000)
    except Problem:
        # A late repetition of a request that was in time is still that request.
        if (placed := store().replay(claim)) is not None:
            return placed, True
        raise
    return store().create(_item(order, caller, milliseconds) | basket, claim)


def _check_moment(
    order: OrderContents, quote: str | None, caller: Caller, now: float
) -> dict[str, str]:
    """Check what depends on the moment: a schedule is ahead, and a price quote holds.

    Returns:
        What is kept of a quote: the digest of the items that it vouches for.

    Raises:
        Problem: when it is not so now.
    """
    try:
        check_schedule(order, datetime.fromtimestamp(now, UTC))
    except InvalidField as fault:
        raise Problem(INVALID_BODY, fault.detail, pointer=fault.pointer) from None
    if not looks_at_quote(sent=quote is not None, due=caller.role is Role.CUSTOMER):
        return {}
    from orders.pricing.compared import check_order  # most functions never need it
    from orders.pricing.quotes import quote_of

    return {BASKET[0]: check_order(order, quote_of(quote, caller.identity, now))}


def _item(order: OrderContents, caller: Caller, milliseconds: int) -> Item:
    """Make the stored form of the order, with what depends on who serves it, and on the stage."""
    item = _placed(order, caller, milliseconds)
    if SERVED_BY in item:
        from orders.deadlines import deadline_of  # of served orders alone

        item[ACCEPT_BY] = deadline_of(milliseconds, order.scheduled_for)
    if (days := retention_days()) is not None and not is_synthetic(item):
        expire(item, milliseconds, days)
    return item


def _placed(order: OrderContents, caller: Caller, milliseconds: int) -> Item:
    server = _server(order, caller)
    if isinstance(order, NewPartnerOrder):
        return place_for_partner(order, caller.identity, milliseconds, trace_id(), server)
    return place(order, caller.identity, caller.role, milliseconds, trace_id(), server)


def _server(order: OrderContents, caller: Caller) -> str | None:
    """Say who serves the order; nobody serves the heartbeat's."""
    if caller.identity == HEARTBEAT:
        return None
    placer = caller.identity if caller.role is Role.PARTNER else None
    return directory().server_of(order.restaurant_id, placer)


def _claim(caller: Caller, key: str, order: OrderContents) -> Claim:
    """Scope the key by its caller; hash the order and not its bytes, so that spaces are free."""
    body = msgspec.json.encode(order, order="sorted")  # whatever order the struct's fields have
    digest = sha256(key.encode()).hexdigest()
    return Claim(f"{caller.scope}#{digest}", sha256(body).hexdigest())


handler = endpoint(create_order)
if in_lambda():
    directory().unpack()  # while starting, as above: no other function asks for it
