"""The roles of a stage that is thrown away, as whoever runs the proof may take them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import boto3

from ops.proof.world.aws import code_of
from ops.proof.world.cannot_tell import CannotTell

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.reach.target import Target

_SPREADS_SECONDS = 60.0


def taker(target: Target, wait: Callable[[float], None]) -> Callable[[str, str], Any]:
    """Give what makes a client of a service with a role's credentials.

    The role trusts its service alone, so whoever runs the proof is let in first. That is done on
    a stage that is removed afterwards, and nowhere else.

    Args:
        target: the stage.
        wait: waits for some seconds.
    """
    known: dict[str, Any] = {}

    def client(role: str, service: str) -> Any:
        if role not in known:
            known[role] = _credentials(target, role, wait)
        session = boto3.Session(
            aws_access_key_id=known[role]["AccessKeyId"],
            aws_secret_access_key=known[role]["SecretAccessKey"],
            aws_session_token=known[role]["SessionToken"],
            region_name=target.client("dynamodb").meta.region_name,
        )
        factory: Any = session.client  # its stubs want the name as a literal
        return factory(service)

    return client


def _credentials(target: Target, role: str, wait: Callable[[float], None]) -> dict[str, Any]:
    """Let the account's own people take a role, and take it."""
    iam, sts, name = target.client("iam"), target.client("sts"), role.rpartition("/")[2]
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    trust = json.loads(trust) if isinstance(trust, str) else trust
    account = sts.get_caller_identity()["Account"]
    ours = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    widened = {**trust, "Statement": [*trust["Statement"], ours]}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(widened))
    deadline = time.monotonic() + _SPREADS_SECONDS
    taken: dict[str, Any] = {}

    def take() -> None:
        answer = sts.assume_role(RoleArn=role, RoleSessionName="prove")
        taken.update(answer["Credentials"])

    while code_of(take) and time.monotonic() < deadline:
        wait(5)
    if not taken:
        raise CannotTell(f"The role {name} could not be taken within a minute.")
    return taken
