"""The key with which the smoke test comes in: the heartbeat's, or one that is lent for its time.

What it opens is what the heartbeat may do, and nothing else: orders that nobody cooks.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infrastructure import outputs
from infrastructure.settings import tags
from ops.live import aliases
from ops.reach.errors import OperatorError
from ops.reach.interrupts import finish_first
from orders.domain.synthetic import HEARTBEAT
from orders.settings import HEARTBEAT_KEY_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.target import Target

PURPOSE = "smoke"
"""What the tag `purpose` says of a key that is lent."""

_FORGOTTEN = dt.timedelta(hours=1)
"""After that a lent key is one that a killed command has left behind."""

_KEY_TYPE: Any = "API_KEY"


@contextlib.contextmanager
def key(target: Target) -> Iterator[tuple[str, bool]]:
    """Give the value of a key, and whether it is a lent one, which is taken back in any case.

    Raises:
        OperatorError: when the stage has no usage plan that a key could be on.
    """
    own = _heartbeat_s(target)
    if own is not None:
        yield own, False
        return
    _take_back_forgotten(target)
    made: list[str] = []
    try:
        with finish_first():
            value = _lend(target, made)
        yield value, True
    finally:
        with finish_first():
            for key_id in made:
                _take_back(target, key_id)


def _heartbeat_s(target: Target) -> str | None:
    """Read the heartbeat's own key, and see that it is among the partners'."""
    function = target.outputs.get(outputs.function("place_heartbeat"))
    if function is None:
        return None
    key_id = aliases.latest(target.client("lambda"), function).variables[HEARTBEAT_KEY_ID]
    described = target.client("apigateway").get_api_key(apiKey=key_id, includeValue=True)
    _admit(target, key_id)
    return str(described["value"])


def _lend(target: Target, made: list[str]) -> str:
    """Make a key; its id is in `made` as soon as there is something to take back."""
    gateway, value = target.client("apigateway"), secrets.token_urlsafe(30)
    plan = _plan(target)
    created = gateway.create_api_key(
        name=f"{_prefix(target)}{secrets.token_hex(4)}",
        description="Lent to a smoke test; it goes with that",
        enabled=True,
        value=value,
        tags={**tags(target.stage), "purpose": PURPOSE},
    )
    made.append(created["id"])
    _admit(target, created["id"])
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=created["id"], keyType=_KEY_TYPE)
    return value


def _plan(target: Target) -> str:
    plans = {
        name: plan_id
        for output, plan_id in target.outputs.items()
        if (name := outputs.usage_plan_of(output)) is not None
    }
    if not plans:
        raise OperatorError(
            f"{target.name.capitalize()} has no usage plan, so no key opens its API. Give it one "
            f"(`plans` in infrastructure/settings.py), and deploy it: {target.cure}"
        )
    return plans[min(plans)]


def _prefix(target: Target) -> str:
    return f"food-delivery-{target.stage}-{PURPOSE}-"


def _admit(target: Target, key_id: str) -> None:
    """Enter a key among the partners', if it is not there yet."""
    with _unless("ConditionalCheckFailedException"):
        target.client("dynamodb").put_item(
            TableName=target.output(outputs.PARTNERS_TABLE),
            Item={"apiKeyId": {"S": key_id}, "partnerId": {"S": HEARTBEAT}},
            ConditionExpression="attribute_not_exists(apiKeyId)",
        )


def _take_back(target: Target, key_id: str) -> None:
    """Take a lent key from its plan, delete it, and then its entry."""
    gateway = target.client("apigateway")
    with _unless("NotFoundException"):
        gateway.delete_usage_plan_key(usagePlanId=_plan(target), keyId=key_id)
    with _unless("NotFoundException"):
        gateway.delete_api_key(apiKey=key_id)
    target.client("dynamodb").delete_item(
        TableName=target.output(outputs.PARTNERS_TABLE), Key={"apiKeyId": {"S": key_id}}
    )


def _take_back_forgotten(target: Target) -> None:
    """Take back what commands that were killed have left: none of this hour, which may be used."""
    before = dt.datetime.now(dt.UTC) - _FORGOTTEN
    pages = target.client("apigateway").get_paginator("get_api_keys")
    for page in pages.paginate(nameQuery=_prefix(target)):
        for found in page["items"]:
            if _is_lent(target, found) and found["createdDate"] < before:
                _take_back(target, found["id"])


def _is_lent(target: Target, found: dict[str, Any]) -> bool:
    wanted = {**tags(target.stage), "purpose": PURPOSE}
    return wanted.items() <= (found.get("tags") or {}).items()


@contextlib.contextmanager
def _unless(code: str) -> Iterator[None]:
    """Go on when AWS refuses for this reason: it is as it should be already."""
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != code:
            raise
