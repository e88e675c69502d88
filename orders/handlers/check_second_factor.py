"""Cognito, before it makes tokens: nobody is an operator without an authenticator app.

A token's groups are all that tells an operator from a customer (orders.callers). Cognito asks who
has an app for its code at each sign-in, so it is enough to know whether somebody has one.
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from orders.aws_api import COGNITO, ApiError, call
from orders.settings import AUTHENTICATOR_APP, OPERATORS
from orders.starting import ready
from orders.telemetry import log_event

if TYPE_CHECKING:
    Event = dict[str, Any]

CUSTOMER, OPERATOR, REFUSED, UNKNOWN = "customer", "operator", "no second factor", "cannot tell"


class _Groups(msgspec.Struct):
    names: list[str] | None = msgspec.field(default=None, name="groupsToOverride")


class _Person(msgspec.Struct):
    groups: _Groups = msgspec.field(default_factory=_Groups, name="groupConfiguration")


class _Event(msgspec.Struct, rename="camel"):
    """A trigger's event, as far as it is read here."""

    user_pool_id: str
    user_name: str
    request: _Person


def handler(event: Event, _context: Any) -> Event:
    """Give Cognito's event back, with the groups that the tokens shall have.

    Raises:
        ValueError: when the event is not Cognito's; then it makes no tokens.
    """
    try:
        asked = msgspec.convert(event, _Event)
    except ValueError as error:
        log_event({}, error)
        raise
    groups = asked.request.groups.names or []
    outcome, cause = _judge(asked, groups)
    kept = [name for name in groups if not _empowers(name)]
    if outcome == OPERATOR:
        kept.append(OPERATORS)
    if len(kept) < len(groups):
        event["response"] = {"claimsOverrideDetails": _only(kept)}
    notes = {"outcome": outcome, "personId": asked.user_name}
    log_event(notes if cause is None else {**notes, "cause": cause}, None)
    return event


def _judge(asked: _Event, groups: list[str]) -> tuple[str, str | None]:
    """Say what somebody is, and why that cannot be told if it cannot: then no operator."""
    if not any(_empowers(name) for name in groups):
        return CUSTOMER, None
    if OPERATORS not in groups:
        return REFUSED, "group"
    try:
        who = {"UserPoolId": asked.user_pool_id, "Username": asked.user_name}
        factors = call(COGNITO, "AdminGetUser", who).get("UserMFASettingList")
    except ApiError as error:
        return UNKNOWN, error.code
    has_app = isinstance(factors, list) and AUTHENTICATOR_APP in factors
    return (OPERATOR if has_app else REFUSED), None


def _empowers(group: str) -> bool:
    """Tell whether API Gateway, which joins groups by commas, would pass this one as operators."""
    return OPERATORS in group.split(",")


def _only(groups: list[str]) -> dict[str, Any]:
    """Say which groups remain; AWS does not say that an empty list takes the claim away."""
    override: dict[str, Any] = {"groupOverrideDetails": {"groupsToOverride": groups}}
    if not groups:
        override["claimsToSuppress"] = ["cognito:groups"]
    return override


ready()
