"""The API's routes: which method and path leads to which function, for whom, with which parameters.

API Gateway's methods, the functions' permissions, the check of query parameters and the API's
documentation are all made from this table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.named_tuple import NamedTuple

if TYPE_CHECKING:
    from msgspec import Struct

from orders.domain.lifecycle import Role
from orders.domain.order import (
    NewOrder,
    NewPartnerOrder,
    OrderPatch,
    PartnerOrderPatch,
    ServedOrderPatch,
)

STAGE = "v1"
"""The API's only stage, and its major version."""

IDEMPOTENCY_KEY = "Idempotency-Key"
"""The header without which no order is placed; a change may have it."""

HEAD = "HEAD"
"""The method that is GET without the body (RFC 9110): a function answers it as it answers GET, and
whoever serves HTTP leaves the body out."""

PATCH = "PATCH"
ACCEPT_PATCH = "Accept-Patch"
"""The header that says which documents a path takes as patches (RFC 5789, 3.1)."""

RESTAURANT_ID = "{restaurantId}"
"""The part of a path that says which restaurant's orders it is about."""

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


class Route(NamedTuple):
    """One method of one path."""

    method: str
    path: str
    function: str
    summary: str
    caller: Role
    body: type[Struct] | None = None
    content_types: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    required_headers: tuple[str, ...] = ()

    @property
    def by_key(self) -> bool:
        """Whether its callers have an API key; all others are people, who have a token."""
        return self.caller is Role.PARTNER

    @property
    def serves(self) -> bool:
        """Whether it is for who serves a restaurant's orders, and not for who placed them."""
        return RESTAURANT_ID in self.path

    @property
    def operation(self) -> str:
        """The operation's id, such as `partner_create_order`."""
        name = f"head_{self.function}" if self.method == HEAD else self.function
        if self.serves:
            name = f"{Role.RESTAURANT}_{name}"
        return f"{self.caller}_{name}" if self.caller is Role.PARTNER else name


WHOSE = ("customerId", "partnerId")
"""The query parameters that name whose orders are listed."""

STAFF_ONLY = (*WHOSE, "reference")
"""The query parameters that customers may not send."""

REPEATABLE = frozenset({"status"})
"""The query parameters that may be given more than once: each value counts."""

_LIST_QUERY = (
    *("customerId", "reference", "restaurantId", "status"),
    *("createdFrom", "createdTo", "limit", "cursor"),
)
_SERVED_QUERY = ("status", "createdFrom", "createdTo", "limit", "cursor")
_ONE = "/{orderId}"


def _routes(
    prefix: str, caller: Role, new_order: type[Struct], patch: type[Struct]
) -> tuple[Route, ...]:
    whose = "the partner's orders" if caller is Role.PARTNER else "your orders"
    query = _LIST_QUERY if caller is Role.PARTNER else (*_LIST_QUERY, "partnerId")
    routes = (
        Route(
            "POST",
            prefix,
            "create_order",
            "Place an order, exactly once for each Idempotency-Key",
            caller,
            body=new_order,
            content_types=(JSON,),
            required_headers=(IDEMPOTENCY_KEY,),
        ),
        Route(
            "GET",
            prefix,
            "list_orders",
            f"List {whose}, newest first; eventually consistent",
            caller,
            query=query,
        ),
        Route("GET", prefix + _ONE, "get_order", "Read one order; strongly consistent", caller),
        Route(
            PATCH,
            prefix + _ONE,
            "update_order",
            "Change an order or move it to another status",
            caller,
            body=patch,
            content_types=(MERGE_PATCH, JSON),
        ),
    )
    return _with_heads(routes)


def _served_routes(prefix: str, caller: Role) -> tuple[Route, ...]:
    """Make the routes of who serves a restaurant: its staff, or a partner."""
    path = f"{prefix}/restaurants/{RESTAURANT_ID}/orders"
    listed = "List a restaurant's orders, newest first; eventually consistent"
    read = "Read one of a restaurant's orders; strongly consistent"
    moved = "Move one of a restaurant's orders to another status"
    return _with_heads(
        (
            Route("GET", path, "list_orders", listed, caller, query=_SERVED_QUERY),
            Route("GET", path + _ONE, "get_order", read, caller),
            Route(
                PATCH,
                path + _ONE,
                "update_order",
                moved,
                caller,
                body=ServedOrderPatch,
                content_types=(MERGE_PATCH, JSON),
            ),
        )
    )


def _with_heads(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    return (*routes, *(_without_body(route) for route in routes if route.method == "GET"))


def _without_body(route: Route) -> Route:
    """Make the route's HEAD."""
    return route._replace(method=HEAD, summary=f"As GET, without the body: {route.summary}")


ROUTES = (
    *_routes("/orders", Role.CUSTOMER, NewOrder, OrderPatch),
    *_routes("/partner/orders", Role.PARTNER, NewPartnerOrder, PartnerOrderPatch),
    *_served_routes("", Role.RESTAURANT),
    *_served_routes("/partner", Role.PARTNER),
)
"""Every route that a function answers; `/health` is answered by API Gateway itself.

`caller` is who a route is for: customers (and, with the same token, operators), partners, or a
restaurant's staff, who are people with a token too.
"""

_BY_RESOURCE = {(route.method, route.path): route for route in ROUTES}


def route_of(method: str, resource: str) -> Route:
    """Find the route of a method and a resource's path, as API Gateway names them."""
    return _BY_RESOURCE[method, resource]
