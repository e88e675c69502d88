"""POST: place an order, exactly once for each Idempotency-Key."""

from __future__ import annotations

import hashlib
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from orders.body import decode
from orders.domain.changes import InvalidField, check_schedule, place, place_for_partner
from orders.domain.lifecycle import Role
from orders.domain.order import NewOrder, NewPartnerOrder
from orders.domain.synthetic import HEARTBEAT, SYNTHETIC, is_synthetic
from orders.http import Request, Response, endpoint, validators
from orders.idempotency import key_of
from orders.metrics import ORDERS_CREATED, ORDERS_REFUSED, ORDERS_REPLAYED
from orders.partners import directory
from orders.preconditions import is_known_collection
from orders.problems import INVALID_BODY, KEY_REUSED, Problem
from orders.routes import IDEMPOTENCY_KEY, STAGE
from orders.settings import in_lambda
from orders.store import Claim, KeyReused, store
from orders.telemetry import count
from orders.tracing import trace_id

if TYPE_CHECKING:
    from orders.callers import Caller
    from orders.domain.order import Item

_CUSTOMERS_DECODER = msgspec.json.Decoder(NewOrder)
_PARTNERS_DECODER = msgspec.json.Decoder(NewPartnerOrder)
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+/?")


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
    claim = _claim(request.caller, key, order)
    try:
        item, replayed = _place(order, request.caller, claim)
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
    path = request.path if _PATH.fullmatch(request.path) else f"/{STAGE}{request.route.path}"
    return f"{path.rstrip('/')}/{order_id}"


def _order(request: Request) -> NewOrder:
    if request.route.body is NewPartnerOrder:
        return decode(_PARTNERS_DECODER, request.body())
    return decode(_CUSTOMERS_DECODER, request.body())


def _place(order: NewOrder, caller: Caller, claim: Claim) -> tuple[Item, bool]:
    milliseconds = time.time_ns() // 1_000_000
    try:
        check_schedule(order, datetime.fromtimestamp(milliseconds / 1000, UTC))
    except InvalidField as fault:
        # A late repetition of a request that was in time is still that request.
        if (placed := store().replay(claim)) is not None:
            return placed, True
        raise Problem(INVALID_BODY, fault.detail, pointer=fault.pointer) from None
    return store().create(_item(order, caller, milliseconds), claim)


def _item(order: NewOrder, caller: Caller, milliseconds: int) -> Item:
    server = _server(order, caller)
    if isinstance(order, NewPartnerOrder):
        return place_for_partner(order, caller.identity, milliseconds, trace_id(), server)
    return place(order, caller.identity, caller.role, milliseconds, trace_id(), server)


def _server(order: NewOrder, caller: Caller) -> str | None:
    """Say who serves the order; nobody serves the heartbeat's."""
    if caller.identity == HEARTBEAT:
        return None
    placer = caller.identity if caller.role is Role.PARTNER else None
    return directory().server_of(order.restaurant_id, placer)


def _claim(caller: Caller, key: str, order: NewOrder) -> Claim:
    """Scope the key by its caller; hash the order and not its bytes, so that spaces are free."""
    body = msgspec.json.encode(order, order="sorted")  # whatever order the struct's fields have
    digest = hashlib.sha256(key.encode()).hexdigest()
    return Claim(f"{caller.scope}#{digest}", hashlib.sha256(body).hexdigest())


handler = endpoint(create_order)
if in_lambda():
    directory().unpack()  # while starting, as above: no other function asks for it
