"""GET list: read a page of orders, newest first.

The list comes from an index, which follows the table within a moment: it is eventually consistent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orders.domain.changes import Owner, partner_customer_id, view
from orders.domain.ids import timestamp_in
from orders.domain.lifecycle import Role, Status
from orders.http import Request, Response, endpoint
from orders.preconditions import is_known_collection
from orders.problems import INVALID_PARAMETER, Problem
from orders.routes import WHOSE
from orders.store import store

if TYPE_CHECKING:
    from orders.callers import Caller

_DEFAULT_LIMIT = "20"
_LIMIT = re.compile(r"[1-9][0-9]?|100")
_IDENTITY = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,300}")


def list_orders(request: Request) -> Response:
    """Read the page that the query asks for; its cursor is the id to go on after."""
    query = request.query(_query_of(request))
    if is_known_collection(request):
        return Response(304, None, {})
    page = store().page(
        _owner(request.caller, query),
        status=_status(query),
        limit=_limit(query),
        cursor=_cursor(query),
    )
    request.notes["orders"] = len(page.items)
    reader = request.caller.role
    body = {"orders": [view(item, reader) for item in page.items], "cursor": page.cursor}
    return Response(200, body, {})


def _query_of(request: Request) -> tuple[str, ...]:
    """Name the parameters that this caller may send: a customer has no choice of whose orders."""
    if request.caller.role is Role.CUSTOMER:
        return tuple(name for name in request.route.query if name not in WHOSE)
    return request.route.query


def _owner(caller: Caller, query: dict[str, str]) -> Owner | None:
    """Say whose orders are listed: the caller's own, unless it may and does name somebody."""
    named = {name: query[name] for name in WHOSE if name in query}
    for name, value in named.items():
        if not _IDENTITY.fullmatch(value):
            detail = "Must have 1 to 300 characters, none of them a control character"
            raise Problem(INVALID_PARAMETER, detail, pointer=name)
    if len(named) > 1:
        raise Problem(INVALID_PARAMETER, "Name a customer or a partner", pointer="partnerId")
    for name, value in named.items():
        if caller.role is Role.PARTNER:
            return Owner(name, partner_customer_id(caller.identity, value))
        return Owner(name, value)
    return caller.owner


def _status(query: dict[str, str]) -> str | None:
    status = query.get("status")
    if status is not None and status not in Status.__members__:
        known = ", ".join(Status)
        raise Problem(INVALID_PARAMETER, f"Must be one of {known}", pointer="status")
    return status


def _limit(query: dict[str, str]) -> int:
    limit = query.get("limit", _DEFAULT_LIMIT)
    if not _LIMIT.fullmatch(limit):
        raise Problem(INVALID_PARAMETER, "Must be a whole number from 1 to 100", pointer="limit")
    return int(limit)


def _cursor(query: dict[str, str]) -> str | None:
    cursor = query.get("cursor")
    if cursor is not None and timestamp_in(cursor) is None:
        detail = "Must be a cursor that a list has answered with; leave it out to start anew"
        raise Problem(INVALID_PARAMETER, detail, pointer="cursor")
    return cursor


handler = endpoint(list_orders)
