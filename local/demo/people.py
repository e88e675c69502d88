"""Demo people: two customers, an operator and two cooks, who sign in with Cognito."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from orders.callers import RESTAURANTS_CLAIM
from orders.settings import OPERATORS, RESTAURANTS

if TYPE_CHECKING:
    from collections.abc import Callable

PEOPLE = {
    "customer": "customer@example.com",
    "other_customer": "other-customer@example.com",
    "operator": "operator@example.com",
    "restaurant": "restaurant@example.com",
    "other_restaurant": "other-restaurant@example.com",
}
"""The demo people, by what they are called in the endpoints document, and their addresses."""

STAFF = {"restaurant": "rest-2", "other_restaurant": "rest-3"}
"""Those who are staff of a restaurant."""

_CLIENT_NAME = "local-demo"


class Pool(NamedTuple):
    """A user pool of the running copy."""

    cognito: Any
    user_pool_id: str


def seed_people(client: Callable[[str], Any], user_pool_id: str) -> dict[str, str]:
    """Make the demo people and sign them in.

    Args:
        client: makes clients of AWS services.
        user_pool_id: the pool that they are in.

    Returns:
        A fresh identity token for each name of PEOPLE.
    """
    pool = Pool(client("cognito-idp"), user_pool_id)
    for email in PEOPLE.values():
        _ensure(pool, email)
    pool.cognito.admin_add_user_to_group(
        UserPoolId=user_pool_id, Username=PEOPLE["operator"], GroupName=OPERATORS
    )
    for name, restaurant in STAFF.items():
        _make_staff(pool, PEOPLE[name], restaurant)
    return {name: sign_in(pool, name) for name in PEOPLE}


def sign_in(pool: Pool, name: str) -> str:
    """Sign a demo person in; gives an identity token."""
    return str(_authenticate(pool, name)["IdToken"])


def access_token(pool: Pool, name: str) -> str:
    """Sign a demo person in; gives an access token, which the API does not take."""
    return str(_authenticate(pool, name)["AccessToken"])


def _authenticate(pool: Pool, name: str) -> dict[str, Any]:
    email = PEOPLE[name]
    answer = pool.cognito.admin_initiate_auth(
        UserPoolId=pool.user_pool_id,
        ClientId=_client_id(pool),
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": password_of(pool.user_pool_id, email)},
    )
    result: dict[str, Any] = answer["AuthenticationResult"]
    return result


def password_of(user_pool_id: str, email: str) -> str:
    """Give a demo person's password: its own for each copy, and nowhere written."""
    digest = hashlib.sha256(f"{user_pool_id} {email}".encode()).hexdigest()
    return f"Demo-{digest[:16]}-1a"


def subject_of(token: str) -> str:
    """Read whose identity token it is, without checking it."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(claims["sub"])


def _ensure(pool: Pool, email: str) -> None:
    try:
        pool.cognito.admin_create_user(
            UserPoolId=pool.user_pool_id,
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "email_verified", "Value": "true"},
            ],
        )
    except pool.cognito.exceptions.UsernameExistsException:
        return
    pool.cognito.admin_set_user_password(
        UserPoolId=pool.user_pool_id,
        Username=email,
        Password=password_of(pool.user_pool_id, email),
        Permanent=True,
    )


def _make_staff(pool: Pool, email: str, restaurant: str) -> None:
    """Let somebody serve a restaurant, as `orders restaurants staff add` does."""
    pool.cognito.admin_update_user_attributes(
        UserPoolId=pool.user_pool_id,
        Username=email,
        UserAttributes=[{"Name": RESTAURANTS_CLAIM, "Value": restaurant}],
    )
    pool.cognito.admin_add_user_to_group(
        UserPoolId=pool.user_pool_id, Username=email, GroupName=RESTAURANTS
    )


def _client_id(pool: Pool) -> str:
    """Find or make a client that may sign in by password: the template's own takes SRP only."""
    listed = pool.cognito.list_user_pool_clients(UserPoolId=pool.user_pool_id, MaxResults=60)
    for client in listed["UserPoolClients"]:
        if client["ClientName"] == _CLIENT_NAME:
            return str(client["ClientId"])
    made = pool.cognito.create_user_pool_client(
        UserPoolId=pool.user_pool_id,
        ClientName=_CLIENT_NAME,
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )
    return str(made["UserPoolClient"]["ClientId"])
