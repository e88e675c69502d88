"""People of the run in the stage's user pool: they sign in by password, and with an app."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
import time
from typing import Any, NamedTuple

from ops.proof.world.aws import code_of

_STEP_SECONDS = 30
_FLOWS = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_PASSWORD_AUTH"]
CHALLENGE = "SOFTWARE_TOKEN_MFA"
"""What Cognito asks somebody for who has an app."""


class Pool(NamedTuple):
    """The stage's user pool, and a client of the run's own that takes passwords."""

    cognito: Any
    pool: str
    client: str


class Person(NamedTuple):
    """Somebody who can sign in."""

    name: str
    """The address, which is the name to sign in with."""
    password: str
    app: str = ""
    """The secret of the authenticator app; empty without one."""


class Tokens(NamedTuple):
    """What a sign-in gives."""

    identity: str
    access: str
    refresh: str


def open_pool(cognito: Any, pool: str, template_client: str, name: str) -> Pool:
    """Make a client that takes passwords, for the template's own takes none; else it is alike.

    Args:
        cognito: a client of boto3.
        pool: the user pool's id.
        template_client: the id of the template's client.
        name: of the new one.
    """
    asked = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=template_client)
    like = {
        key: value
        for key, value in asked["UserPoolClient"].items()
        if key in {"RefreshTokenRotation", "PreventUserExistenceErrors", "EnableTokenRevocation"}
    }
    made = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName=name, ExplicitAuthFlows=_FLOWS, **like
    )
    return Pool(cognito, pool, made["UserPoolClient"]["ClientId"])


def make(pool: Pool, name: str) -> Person:
    """Make somebody, with a password that nobody else knows; no mail is sent."""
    person = Person(f"{name}@example.com", f"Prove-{secrets.token_urlsafe(18)}-1a")
    pool.cognito.admin_create_user(
        UserPoolId=pool.pool,
        Username=person.name,
        MessageAction="SUPPRESS",
        UserAttributes=[
            {"Name": "email", "Value": person.name},
            {"Name": "email_verified", "Value": "true"},
        ],
    )
    pool.cognito.admin_set_user_password(
        UserPoolId=pool.pool, Username=person.name, Password=person.password, Permanent=True
    )
    return person


def delete(pool: Pool, person: Person) -> None:
    """Delete somebody who may be gone already."""
    code_of(lambda: pool.cognito.admin_delete_user(UserPoolId=pool.pool, Username=person.name))


def begin(pool: Pool, person: Person) -> dict[str, Any]:
    """Begin to sign in; gives Cognito's answer, which may be a challenge."""
    answer: dict[str, Any] = pool.cognito.admin_initiate_auth(
        UserPoolId=pool.pool,
        ClientId=pool.client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": person.name, "PASSWORD": person.password},
    )
    return answer


def sign_in(pool: Pool, person: Person) -> Tokens:
    """Sign in, with the app where there is one."""
    answer = begin(pool, person)
    if answer.get("ChallengeName") == CHALLENGE:
        answer = pool.cognito.admin_respond_to_auth_challenge(
            UserPoolId=pool.pool,
            ClientId=pool.client,
            ChallengeName=CHALLENGE,
            Session=answer["Session"],
            ChallengeResponses={
                "USERNAME": person.name,
                "SOFTWARE_TOKEN_MFA_CODE": code(person.app, time.time()),
            },
        )
    result = answer["AuthenticationResult"]
    return Tokens(result["IdToken"], result["AccessToken"], result.get("RefreshToken", ""))


def switch_app_on(pool: Pool, person: Person) -> Person:
    """Give somebody an authenticator app, and have Cognito ask for its code from then on."""
    access = sign_in(pool, person).access
    secret = pool.cognito.associate_software_token(AccessToken=access)["SecretCode"]
    pool.cognito.verify_software_token(AccessToken=access, UserCode=code(secret, time.time()))
    pool.cognito.admin_set_user_mfa_preference(
        UserPoolId=pool.pool,
        Username=person.name,
        SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True},
    )
    return person._replace(app=secret)


def code(secret: str, now: float) -> str:
    """Compute the code that an authenticator app shows (RFC 6238).

    Args:
        secret: in base 32.
        now: seconds since the Unix epoch.
    """
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    digest = hmac.digest(key, struct.pack(">Q", int(now) // _STEP_SECONDS), hashlib.sha1)
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
