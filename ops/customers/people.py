"""Customers: the people of the user pool, and those whom partners order for."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure import outputs
from ops.reach.errors import OperatorError

if TYPE_CHECKING:
    from ops.reach.target import Target

_SUBJECT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_PARTNERS = re.compile(r"(?P<partner>[a-z0-9][a-z0-9-]*)#(?P<own>.+)", re.DOTALL)

TOKEN_HOURS = 1
"""How long a token that was given before goes on to be taken (infrastructure/edge/identity.py)."""


class Person(NamedTuple):
    """Somebody in the user pool."""

    username: str
    enabled: bool
    attributes: dict[str, str]


def is_customer_id(text: str) -> bool:
    """Tell whether an order can be of somebody with this id."""
    return bool(_SUBJECT.fullmatch(text) or _PARTNERS.fullmatch(text))


def partner_of(customer_id: str) -> str | None:
    """Name the partner whose customer somebody is; None for a customer of ours."""
    found = _PARTNERS.fullmatch(customer_id)
    return found["partner"] if found else None


def fingerprint(customer_id: str) -> str:
    """Give what stands for an id where the id itself must not be kept: its SHA-256."""
    return hashlib.sha256(customer_id.encode()).hexdigest()


def find(target: Target, customer_id: str) -> Person | None:
    """Look somebody up in the user pool; None when nobody there has this id."""
    if partner_of(customer_id) is not None:
        return None
    asked = {"UserPoolId": _pool(target), "Filter": f'sub = "{customer_id}"'}
    users = target.client("cognito-idp").list_users(**asked)["Users"]
    return _person(users[0]) if users else None


def by_address(target: Target, address: str) -> Person:
    """Look somebody up in the user pool by the address of e-mail.

    Raises:
        OperatorError: when nobody has it, or more than one: who did not confirm it may not have it.
    """
    quoted = address.replace("\\", r"\\").replace('"', r"\"")
    asked = {"UserPoolId": _pool(target), "Filter": f'email = "{quoted}"'}
    found = [_person(user) for user in target.client("cognito-idp").list_users(**asked)["Users"]]
    if not found:
        raise OperatorError(
            f"Nobody has signed up in {target.name} with {address!r}. A partner's customer goes by "
            "PARTNER#ID: ask the partner for the id."
        )
    if len(found) > 1:
        ids = ", ".join(sorted(person.attributes["sub"] for person in found))
        raise OperatorError(f"Several have signed up with {address!r}. Name one by its id: {ids}.")
    return found[0]


def nobody(customer_id: str) -> OperatorError:
    """Say that there is nobody of an id: it must be mistyped."""
    return OperatorError(
        f"There is nobody {customer_id!r}, and no order of theirs. A customer of ours goes by the "
        "`sub` of their token, a partner's by PARTNER#ID."
    )


def shut_out(target: Target, person: Person) -> None:
    """Let somebody sign in no more and renew no token. Tokens go on for TOKEN_HOURS."""
    whom = {"UserPoolId": _pool(target), "Username": person.username}
    target.client("cognito-idp").admin_disable_user(**whom)
    target.client("cognito-idp").admin_user_global_sign_out(**whom)


def delete(target: Target, person: Person) -> None:
    """Delete somebody from the user pool, with address and password."""
    whom = {"UserPoolId": _pool(target), "Username": person.username}
    target.client("cognito-idp").admin_delete_user(**whom)


def _person(user: dict[str, Any]) -> Person:
    attributes = {one["Name"]: one["Value"] for one in user.get("Attributes", [])}
    return Person(user["Username"], user.get("Enabled", True), attributes)


def _pool(target: Target) -> str:
    return target.output(outputs.USER_POOL_ID)
