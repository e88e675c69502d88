"""PATCH: change an order or move it to another status, by JSON Merge Patch (RFC 7396)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NoReturn

import msgspec

from orders.body import decode
from orders.domain.changes import InvalidField, revise, view
from orders.domain.lifecycle import EDITABLE, Role, Status, statuses_after
from orders.domain.order import OrderPatch
from orders.domain.synthetic import SYNTHETIC, is_synthetic
from orders.http import Request, Response, endpoint, validators
from orders.metrics import STATUS_CHANGES
from orders.preconditions import conditions_of, is_known
from orders.problems import (
    EDITS_DISABLED,
    INVALID_BODY,
    MOVE_NOT_ALLOWED,
    ORDER_NOT_FOUND,
    Problem,
)
from orders.store import Refused, store
from orders.telemetry import count
from orders.tracing import trace_id

if TYPE_CHECKING:
    from orders.callers import Caller
    from orders.domain.changes import Change
    from orders.domain.order import Item
    from orders.preconditions import Conditions

_DECODER = msgspec.json.Decoder(OrderPatch)


def update_order(request: Request) -> Response:
    """Change the order if it is the caller's, at the right version and in the right status."""
    caller = request.caller
    conditions = conditions_of(request)
    patch = decode(_DECODER, request.body())
    now = time.time_ns() // 1_000_000
    try:
        change = revise(patch, caller.role, now, trace_id(), caller.operator)
    except InvalidField as fault:
        raise Problem(INVALID_BODY, fault.detail, pointer=fault.pointer) from None
    if caller.role is Role.CUSTOMER and change.edits:
        _check_edits(request)
    try:
        item = store().update(
            request.order_id,
            change,
            caller.owner,
            conditions.versions,
            others=conditions.others,
            last_change=conditions.last_change,
        )
    except Refused as refused:
        _explain(refused.item, change, caller, conditions)
    request.notes["orderId"] = item["orderId"]
    if change.to is not None:  # an edit's status is no news
        request.notes["orderStatus"] = item["status"]
    if is_synthetic(item):
        request.notes[SYNTHETIC] = True
    elif change.to is not None:
        count(STATUS_CHANGES)
    return Response(200, view(item, caller.role), validators(item))


def _check_edits(request: Request) -> None:
    """Ask the flag, which most requests never do: its modules are 30 more to load at a start.

    Raises:
        Problem: when edits are off for the caller.
    """
    from orders.flags import ORDER_EDITS, flags

    decision = flags().decide(ORDER_EDITS, request.caller.identity)
    request.notes.update(decision.told(ORDER_EDITS))
    if not decision.on:
        detail = "Send the status alone; contents cannot be changed at the moment"
        raise Problem(EDITS_DISABLED, detail)


def _explain(item: Item | None, change: Change, caller: Caller, conditions: Conditions) -> NoReturn:
    """Tell apart why a change was refused, from the order as it stands."""
    owner = caller.owner
    if item is None or not (owner is None or owner.owns(item)):
        raise Problem(ORDER_NOT_FOUND, "No order of yours has this id")
    is_known(conditions, item, reading=False)
    if item["status"] in change.only_from and change.needs_postal_code_of(item):
        detail = f"Addresses in {change.assign['deliveryAddress', 'country']} have one"
        raise Problem(INVALID_BODY, detail, pointer="#/deliveryAddress/postalCode")
    status = Status(item["status"])
    moves = ", ".join(statuses_after(status, caller.role)) or "nothing"
    detail = f"The order is {status}; you can move it to {moves}"
    if change.edits:
        detail += f", and change its contents only while it is {', '.join(sorted(EDITABLE))}"
    raise Problem(MOVE_NOT_ALLOWED, detail)


handler = endpoint(update_order)
