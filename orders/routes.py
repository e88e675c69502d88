"""The API's routes: which method and path leads to which function, for whom, with which parameters.

API Gateway's methods, the functions' permissions, the check of query parameters and the API's
documentation are all made from this table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from msgspec import Struct

from orders.domain.order import NewPartnerOrder, OrderPatch

STAGE = "v1"
"""The API's only stage, and its major version."""

IDEMPOTENCY_KEY = "Idempotency-Key"
"""The header without which no order is placed."""

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


class Route(NamedTuple):
    """One method of one path."""

    method: str
    path: str
    function: str
    summary: str
    body: type[Struct] | None = None
    content_types: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    required_headers: tuple[str, ...] = ()


ROUTES = (
    Route(
        "POST",
        "/partner/orders",
        "create_order",
        "Place an order, exactly once for each Idempotency-Key",
        body=NewPartnerOrder,
        content_types=(JSON,),
        required_headers=(IDEMPOTENCY_KEY,),
    ),
    Route(
        "GET",
        "/partner/orders",
        "list_orders",
        "List the partner's orders, newest first; eventually consistent",
        query=("customerId", "status", "limit", "cursor"),
    ),
    Route(
        "GET",
        "/partner/orders/{orderId}",
        "get_order",
        "Read one order; strongly consistent",
    ),
    Route(
        "PATCH",
        "/partner/orders/{orderId}",
        "update_order",
        "Change an order or move it to another status",
        body=OrderPatch,
        content_types=(MERGE_PATCH, JSON),
    ),
)
"""Every route that a function answers; `/health` is answered by API Gateway itself."""


def routes_of(function: str) -> tuple[Route, ...]:
    """List the routes that one function answers."""
    return tuple(route for route in ROUTES if route.function == function)
