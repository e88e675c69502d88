"""GET list: read a page of orders, newest first.

The list comes from an index, which follows the table within a moment: it is eventually consistent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orders.domain.changes import Owner, partner_customer_id, view
from orders.domain.ids import timestamp_in
from orders.domain.lifecycle import Status
from orders.http import Request, Response, endpoint
from orders.problems import INVALID_PARAMETER, Problem
from orders.routes import routes_of
from orders.store import store

if TYPE_CHECKING:
    from orders.http import Caller

_QUERY = routes_of("list_orders")[0].query
_DEFAULT_LIMIT = "20"
_LIMIT = re.compile(r"[1-9][0-9]?|100")
_CUSTOMER_ID = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,128}")


def list_orders(request: Request) -> Response:
    """Read the page that the query asks for; its cursor is the id to go on after."""
    query = request.query(_QUERY)
    page = store().page(
        _owner(request.caller, query),
        status=_status(query),
        limit=_limit(query),
        cursor=_cursor(query),
    )
    request.notes["orders"] = len(page.items)
    body = {"orders": [view(item) for item in page.items], "cursor": page.cursor}
    return Response(200, body, {})


def _owner(caller: Caller, query: dict[str, str]) -> Owner:
    customer = query.get("customerId")
    if customer is None:
        return caller.owner
    if not _CUSTOMER_ID.fullmatch(customer):
        raise Problem(INVALID_PARAMETER, "Must have 1 to 128 characters", pointer="customerId")
    return Owner("customerId", partner_customer_id(caller.identity, customer))


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
