"""GET one: read an order, strongly consistent."""

from __future__ import annotations

from orders.http import Request, Response, endpoint, validators
from orders.preconditions import conditions_of, is_known
from orders.problems import ORDER_NOT_FOUND, Problem
from orders.store import store


def get_order(request: Request) -> Response:
    """Read the order; another owner's is answered exactly as a missing one."""
    owner, conditions = request.caller.owner, conditions_of(request)
    item = store().get(request.order_id)
    if item is None or not (owner is None or owner.owns(item)):
        raise Problem(ORDER_NOT_FOUND, "No order of yours has this id")
    request.notes["orderId"] = item["orderId"]
    headers = validators(item)
    if is_known(conditions, item):
        return Response(304, None, headers)
    return Response(200, request.caller.view(item), headers)


handler = endpoint(get_order)
