"""What Cognito does: tokens, groups, apps, wrong passwords."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infrastructure import outputs
from ops.proof.probe import AtLeast, Like, OneOf, Probe
from ops.proof.world import people, reading
from ops.proof.world.aws import code_of
from ops.proof.world.reading import Metric
from orders.settings import AUTHENTICATOR_APP, OPERATORS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.proof.world.world import World

_GROUPS = "cognito:groups"
_TRIES = 12


def claims(token: str) -> dict[str, Any]:
    """Read the claims of a token, without checking it."""
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return found


def _which_token(world: World) -> Mapping[str, object]:
    tokens = world.callers.person("customer").tokens
    seen = {"identity token": tokens.identity, "access token": tokens.access}
    return {
        name: world.ask("GET", "/orders?limit=1", {"Authorization": token}).status
        for name, token in seen.items()
    }


def _asks_for_apps(world: World) -> bool:
    return outputs.function("check_second_factor") in world.target.outputs


def _groups(world: World) -> Mapping[str, object]:
    operator = world.callers.operator(app=_asks_for_apps(world))
    groups = claims(operator.tokens.identity).get(_GROUPS, [])
    answer = world.ask("GET", "/orders?partnerId=nobody&limit=1", operator.headers)
    customer = world.callers.person("customer")
    other = world.ask("GET", "/orders?partnerId=nobody&limit=1", customer.headers)
    return {"groups": len(groups), "as an operator": answer.status, "as a customer": other.status}


def _without_app(world: World) -> Mapping[str, object]:
    bare, whole = world.callers.operator(app=False), world.callers.operator(app=True)
    return {
        "without an app": OPERATORS in claims(bare.tokens.identity).get(_GROUPS, []),
        "with an app": OPERATORS in claims(whole.tokens.identity).get(_GROUPS, []),
    }


def _app_is_asked(world: World) -> Mapping[str, object]:
    pool, person = world.callers.pool, world.callers.operator(app=True).person
    challenges = [people.begin(pool, person).get("ChallengeName", "") for _ in range(2)]
    found = world.client("cognito-idp").admin_get_user(UserPoolId=pool.pool, Username=person.name)
    return {
        "first sign-in": challenges[0],
        "second sign-in": challenges[1],
        "AdminGetUser": AUTHENTICATOR_APP in found.get("UserMFASettingList", []),
    }


def _wrong(world: World, name: str) -> tuple[str, str]:
    pool = world.callers.pool
    try:
        pool.cognito.initiate_auth(
            ClientId=pool.client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": "Wrong-password-1a"},
        )
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    return "", ""


def _lockout(world: World) -> Mapping[str, object]:
    known = people.make(world.callers.pool, f"prove-locked-{world.run}")
    try:
        first = _wrong(world, known.name)
        unknown = _wrong(world, f"nobody-{world.run}@example.com")
        later = [_wrong(world, known.name) for _ in range(_TRIES)]
    finally:
        people.delete(world.callers.pool, known)
    slowed = [one for one in later if one != first]
    return {"known": first[0], "alike": first == unknown, "slowed down": len(slowed)}


def _rotates(world: World) -> Mapping[str, object]:
    pool, person = world.callers.pool, world.callers.person("customer").person
    cognito, old = world.client("cognito-idp"), people.sign_in(pool, person).refresh

    def renew(token: str) -> str:
        answer = cognito.get_tokens_from_refresh_token(RefreshToken=token, ClientId=pool.client)
        return str(answer["AuthenticationResult"].get("RefreshToken", ""))

    new = renew(old)
    other = code_of(
        lambda: cognito.initiate_auth(
            ClientId=pool.client,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": new},
        )
    )
    world.pause(90 * world.pace)
    return {
        "a new one": new not in ("", old),
        "old, later": code_of(lambda: renew(old)),
        "REFRESH_TOKEN_AUTH": other,
    }


def _sign_ups(world: World) -> Mapping[str, object]:
    client, since = world.output(outputs.USER_POOL_CLIENT_ID), time.time()
    for number in range(5):
        world.client("cognito-idp").sign_up(
            ClientId=client,
            Username=f"success+{world.run}-{number}@simulator.amazonses.com",
            Password=f"Prove-{world.run}-1aB",
        )
    of = {"UserPool": world.output(outputs.USER_POOL_ID), "UserPoolClient": client}
    metric = Metric("AWS/Cognito", "SignUpSuccesses", of)
    return {"SignUpSuccesses": reading.sum_of(world, metric, since, least=5)}


def _firewall(world: World) -> Mapping[str, object]:
    client, statuses = world.output(outputs.USER_POOL_CLIENT_ID), []
    for number in range(30):
        try:
            world.client("cognito-idp").forgot_password(
                ClientId=client, Username=f"nobody-{world.run}-{number}@example.com"
            )
            statuses.append(200)
        except ClientError as error:
            statuses.append(int(error.response["ResponseMetadata"]["HTTPStatusCode"]))
        world.pause(5)
    return {"first": statuses[0], "refused with 403": statuses.count(403)}


PROBES = (
    Probe(
        claim="id-token-without-scopes",
        look=_which_token,
        expected={"identity token": 200, "access token": 401},
    ),
    Probe(
        claim="groups-in-claims",
        look=_groups,
        expected={
            "groups": AtLeast(2),
            "as an operator": 200,
            "as a customer": OneOf((400, 403)),
        },
    ),
    Probe(
        claim="groups-taken-out-of-tokens",
        look=_without_app,
        expected={"without an app": False, "with an app": True},
        emulator="Its stage dev asks for no second factor.",
    ),
    Probe(
        claim="an-app-is-always-asked-for",
        look=_app_is_asked,
        expected={
            "first sign-in": people.CHALLENGE,
            "second sign-in": people.CHALLENGE,
            "AdminGetUser": True,
        },
        emulator="It checks no codes of apps.",
    ),
    Probe(
        claim="lockout-and-unknown-addresses",
        look=_lockout,
        expected={
            "known": "NotAuthorizedException",
            "alike": True,
            "slowed down": AtLeast(1),
        },
        emulator="It lets everybody guess.",
    ),
    Probe(
        claim="refresh-tokens-rotate",
        look=_rotates,
        expected={
            "a new one": True,
            "old, later": Like(".+Exception"),
            "REFRESH_TOKEN_AUTH": Like(".+Exception"),
        },
        seconds=120,
        emulator="Its refresh tokens do not rotate.",
    ),
    Probe(
        claim="sign-ups-are-counted",
        look=_sign_ups,
        expected={"SignUpSuccesses": AtLeast(5)},
        seconds=300,
        emulator="It counts no sign-ups.",
    ),
    Probe(
        claim="firewall-before-sign-in",
        look=_firewall,
        expected={"first": 200, "refused with 403": AtLeast(1)},
        seconds=160,
        alone=True,
        emulator="It has no firewall.",
    ),
)
"""Each with what is seen where its claim holds."""
