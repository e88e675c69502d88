"""Who calls: established by API Gateway, never by anything that a caller can write.

partners' routes     the id of the API key ─► the partner that it belongs to
customers' routes    the claims of the Cognito token ─► a customer, or an operator
restaurants' routes  the claims of the Cognito token ─► staff of the restaurants that they name
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orders.domain.changes import Owner, arranged
from orders.domain.lifecycle import Role
from orders.domain.serving.servers import LONGEST, SERVED_BY, server_of
from orders.named_tuple import NamedTuple
from orders.partners import directory
from orders.problems import (
    CHALLENGE,
    NOT_YOUR_RESTAURANT,
    UNAUTHENTICATED,
    UNKNOWN_CALLER,
    Problem,
)
from orders.settings import OPERATORS, RESTAURANTS

if TYPE_CHECKING:
    from msgspec import Struct

    from orders.domain.order import Item
    from orders.routes import Route

RESTAURANTS_CLAIM = "custom:restaurants"
"""The claim that names the restaurants of a member of their staff, parted by blanks."""


class Caller(NamedTuple):
    """Who sends a request."""

    role: Role
    identity: str
    server: str | None = None
    """As who serves orders, on a restaurant's routes; None on all others."""

    @property
    def owner(self) -> Owner | None:
        """Whose orders this caller sees; None for an operator, who sees all."""
        if self.server is not None:
            return Owner(SERVED_BY, self.server)
        if self.role is Role.OPERATOR:
            return None
        attribute = "partnerId" if self.role is Role.PARTNER else "customerId"
        return Owner(attribute, self.identity)

    @property
    def operator(self) -> str | None:
        """Which operator this is, if it is one."""
        return self.identity if self.role is Role.OPERATOR else None

    @property
    def scope(self) -> str:
        """What keeps this caller's idempotency keys apart from everybody else's."""
        return f"{self.role}:{self.identity}"

    def view(self, item: Item) -> Struct:
        """Arrange an order as this caller reads it, to be written as JSON."""
        return arranged(item, self.role, serving=self.server is not None)


def caller_of(context: dict[str, Any], route: Route, restaurant_id: str = "") -> Caller:
    """Tell who calls, from a proxy event's request context.

    Args:
        context: the request's.
        route: where it was sent.
        restaurant_id: whose orders it is about, on a restaurant's route.

    Raises:
        Problem: `unknown-caller`, when an API key belongs to no partner; `unauthenticated`, when a
            token is none that says who a person is; `not-your-restaurant`, when it does not name
            the restaurant.
    """
    if route.by_key:
        caller = _partner(context["identity"].get("apiKeyId"))
        return caller._replace(server=_server(caller, restaurant_id)) if route.serves else caller
    claims = (context.get("authorizer") or {}).get("claims") or {}
    return _staff(claims, restaurant_id) if route.serves else _person(claims)


def _server(caller: Caller, restaurant_id: str) -> str:
    """Give the identity that this caller serves a restaurant's orders as; staff's has no name.

    What can be no restaurant's id is none: DynamoDB takes no such key, and nobody serves it.
    """
    if not (restaurant_id.isascii() and len(restaurant_id) <= LONGEST):
        restaurant_id = ""
    return server_of(caller.identity if caller.role is Role.PARTNER else "", restaurant_id)


def _partner(api_key_id: str | None) -> Caller:
    if not api_key_id:
        raise Problem(UNKNOWN_CALLER, "The request carries no API key")
    return Caller(Role.PARTNER, directory().partner_of(api_key_id))


def _person(claims: dict[str, Any]) -> Caller:
    # Without scopes AWS lets only identity tokens pass; an access token is for other purposes.
    if claims.get("token_use") != "id" or not claims.get("sub"):
        detail = "Send the identity token of a signed-in person"
        raise Problem(UNAUTHENTICATED, detail, headers=CHALLENGE)
    role = Role.OPERATOR if OPERATORS in _groups(claims) else Role.CUSTOMER
    return Caller(role, claims["sub"])


def _groups(claims: dict[str, Any]) -> list[str]:
    # Groups arrive joined by commas. A group `x,operators` looks like two: whoever may create
    # groups can make operators (SECURITY.md).
    return str(claims.get("cognito:groups", "")).split(",")


def _staff(claims: dict[str, Any], restaurant_id: str) -> Caller:
    """Take a person as staff of a restaurant; an operator of its staff stays an operator."""
    person = _person(claims)
    named = str(claims.get(RESTAURANTS_CLAIM, "")).split()
    if RESTAURANTS not in _groups(claims) or restaurant_id not in named:
        detail = "Your token does not name this restaurant; ask an operator, then sign in anew"
        raise Problem(NOT_YOUR_RESTAURANT, detail)
    role = Role.OPERATOR if person.role is Role.OPERATOR else Role.RESTAURANT
    return Caller(role, person.identity, _server(Caller(role, ""), restaurant_id))
