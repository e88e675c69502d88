"""GET list: read a page of orders, newest first.

The list comes from an index, which follows the table within a moment: it is eventually consistent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from orders.domain.changes import Owner, partner_customer_id
from orders.domain.ids import timestamp_in
from orders.domain.lifecycle import Role, Status
from orders.domain.listing import EVER, Filters, milliseconds_of
from orders.domain.order import REFERENCE
from orders.http import Request, Response, endpoint
from orders.preconditions import is_known_collection
from orders.problems import INVALID_PARAMETER, Problem
from orders.routes import STAFF_ONLY, WHOSE
from orders.store import store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orders.callers import Caller
    from orders.http import Readers

_DEFAULT_LIMIT = 20
_LONGEST_ID = 128  # as in an order
_LIMIT = r"[1-9][0-9]?|100"  # compiled by the first request that has one, as is the next
_IDENTITY = r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,300}"
_NO_CURSOR = "Must be a cursor that this query has answered with; leave it out to start anew"


def list_orders(request: Request) -> Response:
    """Read the page that the query asks for; its cursor goes with this query alone."""
    query = request.query(_readers(request), _faults_between)
    whose = {name: query[name] for name in WHOSE if name in query}
    owner = _owner(request.caller, whose)
    filters = _filters(query)
    last = _last(query, filters, whose, owner)
    if is_known_collection(request):
        return Response(304, None, {})
    limit = query.get("limit", _DEFAULT_LIMIT)
    page = store().page(owner, filters=filters, limit=limit, cursor=last)
    request.notes["orders"] = len(page.items)
    cursor = None if page.cursor is None else filters.cursor(page.cursor, whose)
    body = {"orders": [request.caller.view(item) for item in page.items], "cursor": cursor}
    return Response(200, body, {})


def _readers(request: Request) -> Readers:
    """Choose the parameters that this caller may send: a customer has no say in whose orders."""
    customer = request.caller.role is Role.CUSTOMER
    return {
        name: _READERS[name]
        for name in request.route.query
        if not (customer and name in STAFF_ONLY)
    }


def _identity(text: str) -> str:
    if not re.fullmatch(_IDENTITY, text):
        raise ValueError("Must have 1 to 300 characters, none of them a control character")
    return text


def _statuses(*texts: str) -> tuple[str, ...]:
    if any(text not in Status.__members__ for text in texts):
        raise ValueError(f"Must be one of {', '.join(Status)}; for several, repeat the parameter")
    return tuple(sorted(set(texts)))


def _reference(text: str) -> str:
    if not re.fullmatch(REFERENCE, text):
        raise ValueError("Must be 1 to 64 visible ASCII characters")
    return text


def _restaurant(text: str) -> str:
    if len(text) > _LONGEST_ID:
        raise ValueError(f"Must have 1 to {_LONGEST_ID} characters")
    return _identity(text)


def _moment(text: str) -> int:
    try:
        return milliseconds_of(text)
    except ValueError:
        detail = "Must be RFC 3339, such as 2026-11-22T12:30:00Z; write the + of an offset as %2B"
        raise ValueError(detail) from None


def _limit(text: str) -> int:
    if not re.fullmatch(_LIMIT, text):
        raise ValueError("Must be a whole number from 1 to 100")
    return int(text)


def _cursor(text: str) -> str:
    if timestamp_in(text[:36]) is None:
        raise ValueError(_NO_CURSOR)
    return text


_READERS: Readers = {
    "customerId": _identity,
    "partnerId": _identity,
    "reference": _reference,
    "restaurantId": _restaurant,
    "status": _statuses,
    "createdFrom": _moment,
    "createdTo": _moment,
    "limit": _limit,
    "cursor": _cursor,
}


def _faults_between(query: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """List what is wrong between parameters that are right by themselves."""
    if all(name in query for name in WHOSE):
        yield "partnerId", "Name a customer or a partner"
    if query.get("createdFrom", 0) > query.get("createdTo", EVER):
        yield "createdTo", "Must not be before createdFrom"


def _owner(caller: Caller, whose: dict[str, str]) -> Owner | None:
    """Say whose orders are listed: the caller's own, unless it may and does name somebody."""
    for name, value in whose.items():
        if caller.role is Role.PARTNER:
            return Owner(name, partner_customer_id(caller.identity, value))
        return Owner(name, value)
    return caller.owner


def _filters(query: dict[str, Any]) -> Filters:
    return Filters(
        query.get("status", ()),
        query.get("reference"),
        query.get("createdFrom", 0),
        query.get("createdTo", EVER),
        query.get("restaurantId"),
    )


def _last(
    query: dict[str, Any], filters: Filters, whose: dict[str, str], owner: Owner | None
) -> str | None:
    """Give the order after which the page starts.

    Raises:
        Problem: `invalid-parameter`, for the cursor of another query.
    """
    if "cursor" not in query:
        return None
    last = filters.after(query["cursor"], whose)
    # Everybody's orders are scanned, and a scan may pause anywhere.
    if last is None or not (owner is None or filters.nothing or filters.holds(last)):
        raise Problem(INVALID_PARAMETER, _NO_CURSOR, pointer="cursor")
    return last


handler = endpoint(list_orders)
