"""PATCH: change an order or move it to another status, by JSON Merge Patch (RFC 7396)."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from orders.aws.digests import sha256
from orders.body import decode, take_quote
from orders.domain.changes import (
    DELAYABLE,
    ChangeKey,
    InvalidField,
    check_ready_time,
    check_schedule,
    meaning_of,
    request_known,
    revise,
    settled,
)
from orders.domain.lifecycle import EDITABLE, Role, Status, statuses_after
from orders.domain.order import (
    ContentsPatch,
    OrderPatch,
    PartnerOrderPatch,
    ServedOrderPatch,
)
from orders.domain.serving.servers import ACCEPT_BY, SERVED_BY
from orders.domain.synthetic import SYNTHETIC, is_synthetic
from orders.http import Request, Response, endpoint, validators
from orders.idempotency import key_of
from orders.metrics import STATUS_CHANGES
from orders.preconditions import conditions_of, is_known
from orders.problems import (
    EDITS_DISABLED,
    INVALID_BODY,
    KEY_REUSED,
    MOVE_NOT_ALLOWED,
    ORDER_NOT_FOUND,
    PRECONDITION_REQUIRED,
    Problem,
)
from orders.routes import IDEMPOTENCY_KEY
from orders.settings import MOST_TRIES, looks_at_quote
from orders.store import Refused, Unavailable, store
from orders.telemetry import count
from orders.tracing import trace_id

if TYPE_CHECKING:
    from orders.callers import Caller
    from orders.domain.changes import Change
    from orders.domain.order import Item
    from orders.preconditions import Conditions

    _Patch = ContentsPatch | ServedOrderPatch

_DECODERS: dict[Any, msgspec.json.Decoder[_Patch]] = {
    patch: msgspec.json.Decoder(patch)
    for patch in (OrderPatch, PartnerOrderPatch, ServedOrderPatch)
}
_HASH = 16  # hex digits: an order knows some twenty keys of one caller or another


def update_order(request: Request) -> Response:
    """Change the order if it is the caller's, at the right version and in the right status.

    A repetition with the same Idempotency-Key is answered with the order as it now is.
    """
    conditions, key = conditions_of(request), key_of(request)
    patch = decode(_DECODERS[request.route.body], request.body())
    _check_seen(request, patch, conditions)
    quote = take_quote(patch)
    change = _change(request, patch, key)
    try:
        _check_moment(request, patch, change)
        change = _priced(request, patch, quote, change)
    except Problem:
        # A late repetition of a request that was in time is still that request.
        if (item := _made_before(request, change)) is None:
            raise
        repeated = True
    else:
        item, repeated = _update(request, change, conditions)
    _note(request, change, item, repeated=repeated)
    headers = validators(item)
    if repeated:
        headers["Idempotent-Replayed"] = "true"
    return Response(200, request.caller.view(item), headers)


def _note(request: Request, change: Change, item: Item, *, repeated: bool) -> None:
    """Tell the log and the metrics what was done; a repetition does nothing."""
    request.notes["orderId"] = item["orderId"]
    if change.key is not None:
        request.notes["replayed"] = repeated
    if is_synthetic(item):
        request.notes[SYNTHETIC] = True
    if repeated or change.to is None:  # an edit's status is no news
        return
    request.notes["orderStatus"] = item["status"]
    if not is_synthetic(item):
        count(STATUS_CHANGES)


def _change(request: Request, patch: _Patch, key: str | None) -> Change:
    caller, now = request.caller, time.time_ns() // 1_000_000
    try:
        change = revise(patch, caller.role, now, trace_id(), caller.operator)
    except InvalidField as fault:
        raise Problem(INVALID_BODY, fault.detail, pointer=fault.pointer) from None
    if key is not None:
        change = change._replace(key=_change_key(caller, key, change))
    if isinstance(patch, ContentsPatch) and patch.scheduled_for is not UNSET:
        change = _with_deadline(change, patch, now)
    return change


def _with_deadline(change: Change, patch: ContentsPatch, now: int) -> Change:
    """Give the restaurant its time anew when an order is scheduled otherwise.

    Whether it has one is not known before the write: where nobody serves the order, the deadline
    says nothing (docs/decisions/0029). No part of what was asked for, so no part of its hash.
    """
    from orders.deadlines import deadline_of

    deadline = deadline_of(now, patch.scheduled_for)
    return change._replace(assign={**change.assign, (ACCEPT_BY,): deadline})


def _change_key(caller: Caller, key: str, change: Change) -> ChangeKey:
    """Hash the key with its caller, and what is asked for; most changes have no key."""
    own = f"{caller.scope}#{key}".encode()
    return ChangeKey(*(sha256(text).hexdigest()[:_HASH] for text in (own, meaning_of(change))))


def _check_moment(request: Request, patch: _Patch, change: Change) -> None:
    """Check what depends on the moment: a time is ahead, and customers may edit.

    Raises:
        Problem: when it is not so now.
    """
    try:
        if isinstance(patch, ContentsPatch):
            check_schedule(patch, datetime.fromisoformat(change.at))
        else:
            check_ready_time(patch, datetime.fromisoformat(change.at))
    except InvalidField as fault:
        raise Problem(INVALID_BODY, fault.detail, pointer=fault.pointer) from None
    if request.caller.role is Role.CUSTOMER and change.edits:
        _check_edits(request)


def _check_seen(request: Request, patch: _Patch, conditions: Conditions) -> None:
    """Check that a restaurant accepts what it has read: an edit may have come in between.

    Raises:
        Problem: `precondition-required`.
    """
    accepts = request.route.serves and patch.status is Status.CONFIRMED
    if accepts and (conditions.match is None or conditions.match.any):
        detail = "To accept the order, send If-Match with the ETag of the order that you have read"
        raise Problem(PRECONDITION_REQUIRED, detail, pointer="If-Match")


def _priced(request: Request, patch: _Patch, quote: str | None, change: Change) -> Change:
    """Let a price quote decide what a change costs, where one was sent or is due.

    Raises:
        Problem: when the quote is missing, or is not for this change.
    """
    if not isinstance(patch, ContentsPatch):
        return change
    costs = patch.items is not UNSET or patch.delivery_address is not UNSET
    due = costs and request.caller.role is Role.CUSTOMER
    if not looks_at_quote(sent=quote is not None, due=due):
        return change
    from orders.pricing.compared import priced  # most functions never need it
    from orders.pricing.quotes import quote_of

    return priced(change, patch, quote_of(quote, request.caller.identity, time.time()))


def _made_before(request: Request, change: Change) -> Item | None:
    """Find the order that a change was made to by an earlier request with its key, or None.

    The change itself asks, from no status: it changes nothing, and its refusal has the order.
    """
    if change.key is None:
        return None
    try:
        nothing = change._replace(only_from=frozenset(), if_served=None)
        store().update(request.order_id, nothing, request.caller.owner, None)
    except Refused as refused:
        item = refused.item
    if item is None or not _owns(request.caller, item):
        return None
    return item if request_known(item, change.key) == change.key.request else None


def _update(request: Request, change: Change, conditions: Conditions) -> tuple[Item, bool]:
    """Make the change, and tell whether an earlier request has made it.

    Most changes are made blindly, in one write. What the order cannot take so is made anew from
    the order as it stands, for exactly that version.
    """
    caller, attempt, at = request.caller, change, conditions.versions
    others, last_change = conditions.others, conditions.last_change
    for _ in range(MOST_TRIES):
        try:
            changed = store().update(
                request.order_id, attempt, caller.owner, at, others=others, last_change=last_change
            )
        except Refused as refused:
            item = refused.item
        else:
            return changed, False
        if item is None or not _owns(caller, item):
            raise Problem(ORDER_NOT_FOUND, "No order of yours has this id")
        if _repeats(change, item):
            return item, True
        _explain(item, change, caller, conditions)
        fitting = settled(change, item)
        attempt = fitting or change
        at = conditions.versions if fitting is None else frozenset({item["version"]})
    raise Unavailable("the order kept changing")


def _owns(caller: Caller, item: Item) -> bool:
    return caller.owner is None or caller.owner.owns(item)


def _repeats(change: Change, item: Item) -> bool:
    """Tell whether an order has taken a change already, by its key.

    Raises:
        Problem: `idempotency-key-reused`, when the key stands for another change.
    """
    known = None if change.key is None else request_known(item, change.key)
    if known is None:
        return False
    if change.key is not None and known != change.key.request:
        detail = "This key was used for another change of this order; use a new key"
        raise Problem(KEY_REUSED, detail, pointer=IDEMPOTENCY_KEY)
    return True


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


def _explain(item: Item, change: Change, caller: Caller, conditions: Conditions) -> None:
    """Tell why an order does not take a change, from the order as it stands.

    Raises:
        Problem: what is at fault; none, where only the form of the change is.
    """
    is_known(conditions, item, reading=False)
    status, allowed_from = Status(item["status"]), change.allowed_from(item)
    if status in allowed_from and change.needs_postal_code_of(item):
        detail = f"Addresses in {change.assign['deliveryAddress', 'country']} have one"
        raise Problem(INVALID_BODY, detail, pointer="#/deliveryAddress/postalCode")
    if status in allowed_from:
        if change.where:
            _explain_price(item, change)
        return
    # Who placed an order that another serves may move it as its customer may.
    placed_only = caller.role is Role.PARTNER and caller.server is None and SERVED_BY in item
    role = Role.CUSTOMER if placed_only else caller.role
    moves = ", ".join(statuses_after(status, role)) or "nothing"
    detail = f"The order is {status}; you can move it to {moves}"
    if change.edits:
        what, when = ("contents", EDITABLE) if caller.server is None else ("readyAt", DELAYABLE)
        detail += f", and change its {what} only while it is {', '.join(sorted(when))}"
    raise Problem(MOVE_NOT_ALLOWED, detail)


def _explain_price(item: Item, change: Change) -> None:
    """Tell that the price quote of a change is for another order than this, if it is.

    Raises:
        Problem: `quote-mismatch`.
    """
    from orders.pricing.compared import mismatch

    if (problem := mismatch(change, item)) is not None:
        raise problem


handler = endpoint(update_order)
