"""GET one: read an order, strongly consistent."""

from __future__ import annotations

from orders.domain.changes import view
from orders.http import Request, Response, endpoint, etag
from orders.problems import ORDER_NOT_FOUND, Problem
from orders.store import store


def get_order(request: Request) -> Response:
    """Read the order; another owner's is answered exactly as a missing one."""
    owner = request.caller.owner
    item = store().get(request.order_id)
    if item is None or not (owner is None or owner.owns(item)):
        raise Problem(ORDER_NOT_FOUND, "No order of yours has this id")
    request.notes["orderId"] = item["orderId"]
    headers = {"ETag": etag(item["version"])}
    if _matches(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(304, None, headers)
    return Response(200, view(item, request.caller.role), headers)


def _matches(condition: str, current: str) -> bool:
    """Compare weakly, as RFC 9110 (13.1.2) says for If-None-Match."""
    tags = {tag.strip().removeprefix("W/") for tag in condition.split(",")}
    return bool(tags & {current, "*"})


handler = endpoint(get_order)
