"""Pages of the gate's own orders, as both versions list them: which, in which order, and how on.

A list follows the table within a moment, so what is not there yet is looked for again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from orders.release_gate.asking import LIVE, NEW, SIDES, Answer, compare, other
from orders.release_gate.requests import listing

if TYPE_CHECKING:
    from orders.release_gate.asking import Versions

_LIMIT = 4
_TRIES = 40
_PAUSE = 0.25
"""Ten seconds in all; an index is behind for less than one."""


def check_lists(versions: Versions, customer: str, ids: list[str], since: str) -> None:
    """See that both list the same, the newest first, and go on from each other's cursors.

    Args:
        versions: which are asked.
        customer: whose orders are listed.
        ids: all that it has placed since then, in this order.
        since: when the first of them was placed.

    Raises:
        Refused: when the new version lists otherwise.
    """
    versions.at = "lists"
    query = {"customerId": customer, "createdFrom": since, "limit": str(_LIMIT)}
    newest = list(reversed(ids))
    first = {side: _page(versions, side, query, newest[:_LIMIT]) for side in SIDES}
    compare(first[LIVE].whole, _without_cursor_of(first[LIVE], first[NEW]), first[NEW])
    for side in SIDES:
        cursor = first[other(side)].body.get("cursor")
        if not isinstance(cursor, str):
            raise first[other(side)].refuse("body/cursor is missing, though there are more")
        _page(versions, side, {**query, "cursor": cursor}, newest[_LIMIT : 2 * _LIMIT])
    cancelled = {"customerId": customer, "createdFrom": since, "status": "PLACED"}
    compared = {side: versions.ask(side, listing(**cancelled), 200) for side in SIDES}
    compare(compared[LIVE].whole, compared[NEW].whole, compared[NEW])


def _page(versions: Versions, side: str, query: dict[str, str], ids: list[str]) -> Answer:
    """Ask for a page until it has these orders.

    Raises:
        Refused: when it does not come to have them, in this order.
    """
    for left in reversed(range(_TRIES)):
        answer = versions.ask(side, listing(**query), 200)
        if _ids(answer.body) == ids:
            return answer
        if left:
            time.sleep(_PAUSE)
    raise answer.refuse("body/orders are not those that were placed, the newest first")


def _ids(body: Any) -> list[str]:
    orders = body.get("orders") if isinstance(body, dict) else None
    if not isinstance(orders, list):
        return []
    return [str(order.get("orderId")) for order in orders if isinstance(order, dict)]


def _without_cursor_of(live: Answer, new: Answer) -> Any:
    """Let a cursor look otherwise: it is tried by the other version, and means nothing else."""
    cursor = live.body.get("cursor")
    return {**new.whole, "body": {**new.body, "cursor": cursor}}
