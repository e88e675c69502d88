"""GET list: read a page of orders, newest first.

The list comes from an index, which follows the table within a moment: it is eventually consistent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orders.domain.changes import Owner, partner_customer_id, view
from orders.domain.lifecycle import Role, Status
from orders.domain.listing import EVER, Filters, milliseconds_of
from orders.http import Request, Response, endpoint
from orders.problems import INVALID_PARAMETER, Problem
from orders.routes import STAFF_ONLY, WHOSE
from orders.store import store

if TYPE_CHECKING:
    from orders.callers import Caller

_DEFAULT_LIMIT = "20"
_LIMIT = re.compile(r"[1-9][0-9]?|100")
_REFERENCE = r"[\x21-\x7e]{1,64}"  # compiled by the first request that has one
_IDENTITY = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,300}")


def list_orders(request: Request) -> Response:
    """Read the page that the query asks for; its cursor goes with this query alone."""
    query = request.query(_query_of(request))
    whose = {name: query[name] for name in WHOSE if name in query}
    owner = _owner(request.caller, whose)
    filters = _filters(query, request.values("status"))
    page = store().page(
        owner, filters=filters, limit=_limit(query), cursor=_cursor(query, filters, whose, owner)
    )
    request.notes["orders"] = len(page.items)
    cursor = None if page.cursor is None else filters.cursor(page.cursor, whose)
    return Response(200, {"orders": [view(item) for item in page.items], "cursor": cursor}, {})


def _query_of(request: Request) -> tuple[str, ...]:
    """Name the parameters that this caller may send: a customer has no choice of whose orders."""
    if request.caller.role is Role.CUSTOMER:
        return tuple(name for name in request.route.query if name not in STAFF_ONLY)
    return request.route.query


def _owner(caller: Caller, whose: dict[str, str]) -> Owner | None:
    """Say whose orders are listed: the caller's own, unless it may and does name somebody."""
    for name, value in whose.items():
        if not _IDENTITY.fullmatch(value):
            detail = "Must have 1 to 300 characters, none of them a control character"
            raise Problem(INVALID_PARAMETER, detail, pointer=name)
    if len(whose) > 1:
        raise Problem(INVALID_PARAMETER, "Name a customer or a partner", pointer="partnerId")
    for name, value in whose.items():
        if caller.role is Role.PARTNER:
            return Owner(name, partner_customer_id(caller.identity, value))
        return Owner(name, value)
    return caller.owner


def _filters(query: dict[str, str], statuses: list[str]) -> Filters:
    start, end = _moment(query, "createdFrom", 0), _moment(query, "createdTo", EVER)
    if start > end:
        raise Problem(INVALID_PARAMETER, "Must not be before createdFrom", pointer="createdTo")
    return Filters(_statuses(statuses), _reference(query), start, end)


def _statuses(statuses: list[str]) -> tuple[str, ...]:
    for status in statuses:
        if status not in Status.__members__:
            detail = f"Must be one of {', '.join(Status)}; for several, repeat the parameter"
            raise Problem(INVALID_PARAMETER, detail, pointer="status")
    return tuple(sorted(set(statuses)))


def _reference(query: dict[str, str]) -> str | None:
    reference = query.get("reference")
    if reference is not None and not re.fullmatch(_REFERENCE, reference):
        detail = "Must be 1 to 64 visible ASCII characters"
        raise Problem(INVALID_PARAMETER, detail, pointer="reference")
    return reference


def _moment(query: dict[str, str], name: str, default: int) -> int:
    if name not in query:
        return default
    try:
        return milliseconds_of(query[name])
    except ValueError:
        detail = "Must be RFC 3339, such as 2026-11-22T12:30:00Z; write the + of an offset as %2B"
        raise Problem(INVALID_PARAMETER, detail, pointer=name) from None


def _limit(query: dict[str, str]) -> int:
    limit = query.get("limit", _DEFAULT_LIMIT)
    if not _LIMIT.fullmatch(limit):
        raise Problem(INVALID_PARAMETER, "Must be a whole number from 1 to 100", pointer="limit")
    return int(limit)


def _cursor(
    query: dict[str, str], filters: Filters, whose: dict[str, str], owner: Owner | None
) -> str | None:
    """Give the order after which the page starts, if the cursor is of this very query."""
    if "cursor" not in query:
        return None
    last = filters.after(query["cursor"], whose)
    # Everybody's orders are scanned, and a scan may pause anywhere.
    if last is None or not (owner is None or filters.nothing or filters.holds(last)):
        detail = "Must be a cursor that this query has answered with; leave it out to start anew"
        raise Problem(INVALID_PARAMETER, detail, pointer="cursor")
    return last


handler = endpoint(list_orders)
