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


def check_lists(versions: Versions, customer: str, orders: dict[str, str]) -> None:
    """See that both list the same, the newest first, and go on from each other's cursors.

    Two orders may be of the same millisecond, and clocks of two environments differ: times are
    what tells the order.

    Args:
        versions: which are asked.
        customer: whose orders are listed.
        orders: when each was placed that it has placed since the first of them, by id.

    Raises:
        Refused: when the new version lists otherwise.
    """
    versions.at = "lists"
    since = {"customerId": customer, "createdFrom": min(orders.values())}
    query = {**since, "limit": str(_LIMIT)}
    first = {side: _page(versions, side, query, orders) for side in SIDES}
    compare(first[LIVE].whole, _without_cursor_of(first[LIVE], first[NEW]), first[NEW])
    for side in SIDES:
        before = first[other(side)]
        cursor = before.body.get("cursor")
        if not isinstance(cursor, str):
            raise before.refuse("body/cursor is missing, though there are more")
        rest = {name: at for name, at in orders.items() if name not in _times(before.body)}
        _page(versions, side, {**query, "cursor": cursor}, rest)
    placed = {**since, "status": "PLACED"}
    compared = {side: versions.ask(side, listing(**placed), 200) for side in SIDES}
    compare(compared[LIVE].whole, compared[NEW].whole, compared[NEW])


def _page(versions: Versions, side: str, query: dict[str, str], orders: dict[str, str]) -> Answer:
    """Ask for a page until it has the newest of these orders.

    Raises:
        Refused: when it does not come to have them, the newest first.
    """
    newest = sorted(orders.values(), reverse=True)[:_LIMIT]
    for left in reversed(range(_TRIES)):
        answer = versions.ask(side, listing(**query), 200)
        found = _times(answer.body)
        if list(found.values()) == newest and found.items() <= orders.items():
            return answer
        if left:
            time.sleep(_PAUSE)
    raise answer.refuse("body/orders are not those that were placed, the newest first")


def _times(body: Any) -> dict[str, str]:
    """Give when each order of a page was placed, by its id, in the page's order."""
    orders = body.get("orders") if isinstance(body, dict) else None
    listed = orders if isinstance(orders, list) else []
    return {
        str(order.get("orderId")): str(order.get("createdAt"))
        for order in listed
        if isinstance(order, dict)
    }


def _without_cursor_of(live: Answer, new: Answer) -> Any:
    """Let a cursor look otherwise: it is tried by the other version, and means nothing else."""
    cursor = live.body.get("cursor")
    return {**new.whole, "body": {**new.body, "cursor": cursor}}
