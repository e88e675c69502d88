"""A restaurant's own staff: people whose token names the restaurants that they serve.

Two things make somebody staff: the group, and the attribute that names the restaurants. People can
write neither; the web client's list of attributes leaves this one out (SECURITY.md).
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure import outputs
from ops import turns
from ops.reach.errors import OperatorError
from orders.callers import RESTAURANTS_CLAIM
from orders.settings import RESTAURANTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ops.reach.target import Target

MOST_RESTAURANTS = 20
"""Of how many restaurants one person is staff, at most: the names travel in each token."""


class Person(NamedTuple):
    """Somebody who can sign in."""

    subject: str
    """Its id, as the API and the logs name it."""
    username: str
    restaurants: tuple[str, ...]
    """Whose staff the person is."""
    confirmed: bool = True
    """Whether the person has the e-mail address: anybody can sign up with anybody's."""


def find(target: Target, name: str) -> Person:
    """Find a person by e-mail address or by subject.

    Raises:
        OperatorError: when there is none.
    """
    cognito = target.client("cognito-idp")
    try:
        found = cognito.admin_get_user(
            UserPoolId=target.output(outputs.USER_POOL_ID), Username=name
        )
    except cognito.exceptions.UserNotFoundException:
        raise OperatorError(
            f"Nobody has signed up in {target.name} with that address or id. People sign up "
            "themselves; then repeat the command."
        ) from None
    return _person(found, found["UserAttributes"])


def add(target: Target, person: Person, restaurant_id: str) -> Person:
    """Make a person staff of one more restaurant.

    Raises:
        OperatorError: when the person is staff of as many as a token names, or may be another one.
        Overtaken: when another operator changes the person.
    """
    if not person.confirmed:
        raise OperatorError(
            f"{person.subject} has not confirmed the e-mail address, so it may be somebody else's "
            "account. Have the person sign up to the end; then repeat the command."
        )
    with _changing(target, person) as held:
        restaurants = tuple(sorted({*person.restaurants, restaurant_id}))
        if len(restaurants) > MOST_RESTAURANTS:
            raise OperatorError(
                f"{person.subject} is staff of {len(person.restaurants)} restaurants, and a token "
                f"names {MOST_RESTAURANTS} at most. Use an account for each of them."
            )
        _write(held, person, restaurants)
        member = _member(held, person)
        held.client("cognito-idp").admin_add_user_to_group(**member, GroupName=RESTAURANTS)
    return person._replace(restaurants=restaurants)


def remove(target: Target, person: Person, restaurant_id: str) -> Person:
    """Take a restaurant from a person; without any, the person is no staff.

    Raises:
        Overtaken: when another operator changes the person.
    """
    with _changing(target, person) as held:
        restaurants = tuple(name for name in person.restaurants if name != restaurant_id)
        _write(held, person, restaurants)
        if not restaurants:
            member = _member(held, person)
            held.client("cognito-idp").admin_remove_user_from_group(**member, GroupName=RESTAURANTS)
    return person._replace(restaurants=restaurants)


@contextlib.contextmanager
def _changing(target: Target, person: Person) -> Iterator[Target]:
    """Let nobody else change a person's restaurants meanwhile, nor what is not as it was shown."""
    who = f"the staff {person.subject}"
    with turns.turn(target, f"staff:{person.subject}", who) as held:
        now = find(held, person.username)
        if now != person:
            names = ", ".join(now.restaurants) or "none"
            raise turns.changed(who, f"its restaurants are {names}", "orders restaurants staff ls")
        yield held


def _write(target: Target, person: Person, restaurants: tuple[str, ...]) -> None:
    target.client("cognito-idp").admin_update_user_attributes(
        **_member(target, person),
        UserAttributes=[{"Name": RESTAURANTS_CLAIM, "Value": " ".join(restaurants)}],
    )


def _member(target: Target, person: Person) -> dict[str, Any]:
    return {"UserPoolId": target.output(outputs.USER_POOL_ID), "Username": person.username}


def everybody(target: Target) -> list[Person]:
    """List the members of the group, by their ids."""
    pages = target.client("cognito-idp").get_paginator("list_users_in_group")
    asked = {"UserPoolId": target.output(outputs.USER_POOL_ID), "GroupName": RESTAURANTS}
    return sorted(
        _person(user, user["Attributes"])
        for page in pages.paginate(**asked)
        for user in page["Users"]
    )


def _person(user: Mapping[str, Any], attributes: list[dict[str, str]]) -> Person:
    named = {each["Name"]: each["Value"] for each in attributes}
    restaurants = tuple(named.get(RESTAURANTS_CLAIM, "").split())
    confirmed = user.get("UserStatus") != "UNCONFIRMED"
    return Person(named["sub"], user["Username"], restaurants, confirmed)
