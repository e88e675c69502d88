"""Who calls: established by API Gateway, never by anything that a caller can write.

partners' routes     the id of the API key ─► the partner that it belongs to
customers' routes    the claims of the Cognito token ─► a customer, or an operator
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orders.domain.changes import Owner
from orders.domain.lifecycle import Role
from orders.named_tuple import NamedTuple
from orders.partners import directory
from orders.problems import CHALLENGE, UNAUTHENTICATED, UNKNOWN_CALLER, Problem
from orders.settings import OPERATORS

if TYPE_CHECKING:
    from orders.routes import Route


class Caller(NamedTuple):
    """Who sends a request."""

    role: Role
    identity: str

    @property
    def owner(self) -> Owner | None:
        """Whose orders this caller sees; None for an operator, who sees all."""
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


def caller_of(context: dict[str, Any], route: Route) -> Caller:
    """Tell who calls, from a proxy event's request context.

    Raises:
        Problem: `unknown-caller`, when an API key belongs to no partner; `unauthenticated`, when a
            token is none that says who a person is.
    """
    if route.caller is Role.PARTNER:
        return _partner(context["identity"].get("apiKeyId"))
    return _person((context.get("authorizer") or {}).get("claims") or {})


def _partner(api_key_id: str | None) -> Caller:
    if not api_key_id:
        raise Problem(UNKNOWN_CALLER, "The request carries no API key")
    return Caller(Role.PARTNER, directory().partner_of(api_key_id))


def _person(claims: dict[str, Any]) -> Caller:
    # Without scopes AWS lets only identity tokens pass; an access token is for other purposes.
    if claims.get("token_use") != "id" or not claims.get("sub"):
        detail = "Send the identity token of a signed-in person"
        raise Problem(UNAUTHENTICATED, detail, headers=CHALLENGE)
    # Groups arrive joined by commas. A group `x,operators` looks like two: whoever may create
    # groups can make operators (SECURITY.md).
    groups = str(claims.get("cognito:groups", "")).split(",")
    role = Role.OPERATOR if OPERATORS in groups else Role.CUSTOMER
    return Caller(role, claims["sub"])
