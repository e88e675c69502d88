"""Partners' API keys: at API Gateway, on a usage plan, and in the Partners table.

A key is made switched off, so that nothing that is half made opens anything. Its entry in the table
has a mark that says what the key is meant to be:

    new ──► on ◄──► disabled        disabled and enabled with its partner
            └───────┴──► expired    for good

What is true is what API Gateway says: a key that it holds as enabled is on, whatever the mark.

Which keys are a stage's, its tags say: `service`, `stage` and `partner`, given as it is made. A key
without them is a stage's if that has an entry for it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import secrets
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infrastructure import outputs
from infrastructure.settings import tags
from ops.reach.errors import Overtaken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ops.reach.target import Target

_TYPE: Any = "API_KEY"
_PARTNER = "partner"
"""The tag that says whose a key is, beside those that all of a stage has."""


_AS_READ = (
    "attribute_exists(partnerId)"
    " AND (attribute_not_exists(keyState) OR keyState = :was OR keyState = :state)"
)
"""A call that is sent twice, as its answer was lost, finds its own state."""

_BY_MANY: Any = {"PageSize": 500}
"""As many keys to a page as API Gateway gives: by itself it gives 25, and a few pages a second."""


class State(StrEnum):
    """What a key is."""

    NEW = "new"
    """Not finished: what makes keys was interrupted."""
    ON = "on"
    DISABLED = "disabled"
    """Off with its partner, and on again with it."""
    EXPIRED = "expired"
    OFF = "off"
    """Switched off by somebody at API Gateway; no command here switches it on."""
    GONE = "gone"
    """In the table only: somebody deleted it at API Gateway, or it is another stage's there."""


@dataclass(frozen=True)
class Key:
    """An API key of a partner, without its value."""

    key_id: str
    partner_id: str
    number: int = 0
    """Counts a partner's keys; 0 for one that these commands did not make."""
    enabled: bool | None = None
    """None when API Gateway does not know it as the stage's."""
    created: dt.datetime | None = None
    plan: str | None = None
    mark: State | None = None
    """None without an entry in the table."""
    partner_name: str = ""

    @property
    def state(self) -> State:
        """What the key is."""
        if self.enabled is None:
            return State.GONE
        if self.enabled:
            return State.ON
        return State.OFF if self.mark is State.ON else self.mark or State.NEW

    @property
    def unfinished(self) -> bool:
        """Whether making it was interrupted."""
        return self.enabled is not None and self.mark in (None, State.NEW)

    @property
    def live(self) -> bool:
        """Whether it is a key that its partner uses, now or once the partner is enabled."""
        return self.state in (State.ON, State.DISABLED) and self.mark is not State.EXPIRED

    @property
    def age(self) -> int | None:
        """Seconds since it was made, where that is known."""
        if self.created is None:
            return None
        return max(round((dt.datetime.now(dt.UTC) - self.created).total_seconds()), 0)

    @property
    def order(self) -> tuple[float, int]:
        """What to sort by, the oldest first."""
        return (self.created.timestamp() if self.created else 0.0, self.number)


def plans(target: Target) -> dict[str, str]:
    """Give the ids of the stack's usage plans by their names."""
    return {
        name: plan_id
        for output, plan_id in target.outputs.items()
        if (name := outputs.usage_plan_of(output)) is not None
    }


def key_name(stage: str, partner_id: str, number: int) -> str:
    """Name a key, for people and so that fewer are looked through."""
    return f"{_prefix(stage)}{partner_id}-{number}"


def owner_in(stage: str, described: Mapping[str, Any]) -> tuple[str, int] | None:
    """Read partner and number from what describes a key; None for a key that is none of ours.

    Its tags tell, and not its name: what begins as dev's keys do may be of a stage dev-eu.
    """
    given = described.get("tags") or {}
    if _PARTNER not in given or not tags(stage).items() <= given.items():
        return None
    partner_id = str(given[_PARTNER])
    number = str(described.get("name", "")).removeprefix(f"{_prefix(stage)}{partner_id}-")
    return partner_id, int(number) if re.fullmatch("[0-9]{1,6}", number) else 0


def _is_another_stage_s(stage: str, described: Mapping[str, Any]) -> bool:
    """Tell whether a key's tags say so; one without them is whose table has it."""
    given = described.get("tags") or {}
    return any(given.get(name, value) != value for name, value in tags(stage).items())


def _prefix(stage: str) -> str:
    return f"food-delivery-{stage}-"


# --- Reading


def read(target: Target, partner_id: str | None = None) -> list[Key]:
    """Read the keys of one partner, or of all; the oldest first."""
    entries = {entry["apiKeyId"]["S"]: entry for entry in _entries(target, partner_id)}
    keys = {key.key_id: key for key in _by_tags(target, partner_id)}
    for key_id, entry in entries.items():
        key = keys.get(key_id) or _by_id(target, key_id)
        keys[key_id] = replace(
            key,
            partner_id=entry["partnerId"]["S"],
            partner_name=entry.get("name", {}).get("S", ""),
            mark=_mark_in(entry),
        )
    on_plan = _plans_of(target) if keys else {}
    found = (replace(key, plan=on_plan.get(key.key_id)) for key in keys.values())
    return sorted(found, key=lambda key: key.order)


def _entries(target: Target, partner_id: str | None) -> Iterable[dict[str, Any]]:
    chosen: Any = {
        "TableName": target.output(outputs.PARTNERS_TABLE),
        "ConsistentRead": True,
        "FilterExpression": "attribute_exists(partnerId)",  # operators' turns name no partner
    }
    if partner_id is not None:
        chosen["FilterExpression"] = "partnerId = :partner"
        chosen["ExpressionAttributeValues"] = {":partner": {"S": partner_id}}
    for page in target.client("dynamodb").get_paginator("scan").paginate(**chosen):
        yield from page["Items"]


def _mark_in(entry: dict[str, Any]) -> State:
    text = entry.get("keyState", {}).get("S", "")
    return State(text) if text in tuple(State) else State.ON  # made before there were marks


def _by_tags(target: Target, partner_id: str | None) -> Iterable[Key]:
    """Find the keys that these commands made: also those without an entry as yet."""
    wanted = _prefix(target.stage) + (f"{partner_id}-" if partner_id else "")
    pages = target.client("apigateway").get_paginator("get_api_keys")
    for page in pages.paginate(nameQuery=wanted, PaginationConfig=_BY_MANY):
        for described in page["items"]:
            owner = owner_in(target.stage, described)
            if owner and partner_id in (None, owner[0]):
                yield _described(described, *owner)


def _by_id(target: Target, key_id: str) -> Key:
    try:
        described = target.client("apigateway").get_api_key(apiKey=key_id)
    except ClientError as error:
        if not _missing(error):
            raise
        return Key(key_id, "")
    if _is_another_stage_s(target.stage, described):
        return Key(key_id, "")
    return _described(described, "")


def _described(described: dict[str, Any], partner_id: str, number: int = 0) -> Key:
    enabled, created = bool(described.get("enabled")), described.get("createdDate")
    return Key(described["id"], partner_id, number, enabled=enabled, created=created)


def _plans_of(target: Target) -> dict[str, str]:
    """Give the names of the plans by the ids of the keys on them."""
    pages = target.client("apigateway").get_paginator("get_usage_plan_keys")
    return {
        item["id"]: name
        for name, plan_id in plans(target).items()
        for page in pages.paginate(usagePlanId=plan_id, PaginationConfig=_BY_MANY)
        for item in page["items"]
    }


def value_of(target: Target, key: Key) -> str:
    """Read the key itself: what the partner sends."""
    described = target.client("apigateway").get_api_key(apiKey=key.key_id, includeValue=True)
    return str(described["value"])


# --- Changing


def create(target: Target, partner_id: str, number: int) -> Key:
    """Make a key that is switched off.

    The value is ours, so that a call that is sent twice, as its answer was lost, cannot make two.
    """
    gateway, name = target.client("apigateway"), key_name(target.stage, partner_id, number)
    try:
        made = gateway.create_api_key(
            name=name,
            description=f"Partner {partner_id}",
            enabled=False,
            value=secrets.token_urlsafe(30),
            tags={**tags(target.stage), _PARTNER: partner_id},
        )
    except ClientError as error:
        again = [key for key in _by_tags(target, partner_id) if key.number == number]
        if _code(error) != "ConflictException" or not again:
            raise
        return again[0]
    return _described(made, partner_id, number)


def enter(target: Target, key: Key, name: str) -> None:
    """Write the key's entry: whose it is, and that it is not finished."""
    item = {"apiKeyId": key.key_id, "partnerId": key.partner_id, "name": name}
    item["keyState"] = State.NEW.value
    target.client("dynamodb").put_item(
        TableName=target.output(outputs.PARTNERS_TABLE),
        Item={field: {"S": text} for field, text in item.items()},
    )


def join(target: Target, key: Key, plan: str) -> None:
    """Put the key on a usage plan, and take it from another."""
    if key.plan == plan:
        return
    leave(target, key)
    target.client("apigateway").create_usage_plan_key(
        usagePlanId=plans(target)[plan], keyId=key.key_id, keyType=_TYPE
    )


def leave(target: Target, key: Key) -> None:
    """Take the key from its usage plan."""
    if key.plan is not None:
        plan_id = plans(target)[key.plan]
        with _missing_is_well():
            target.client("apigateway").delete_usage_plan_key(usagePlanId=plan_id, keyId=key.key_id)


def mark(target: Target, key: Key, state: State) -> None:
    """Note down what the key is meant to be, in place of what it was when it was read.

    Raises:
        Overtaken: when it is meant to be something else by now, or is gone.
    """
    if key.mark is None or key.mark is state:
        return
    try:
        target.client("dynamodb").update_item(
            TableName=target.output(outputs.PARTNERS_TABLE),
            Key={"apiKeyId": {"S": key.key_id}},
            UpdateExpression="SET keyState = :state",
            ConditionExpression=_AS_READ,
            ExpressionAttributeValues={":state": {"S": state.value}, ":was": {"S": key.mark.value}},
        )
    except ClientError as error:
        if _code(error) != "ConditionalCheckFailedException":
            raise
        raise Overtaken(
            f"Another operator has changed the key {key.key_id} of {key.partner_id} meanwhile. "
            "This command stopped half-way. Look at what is there, then repeat it."
        ) from None


def switch(target: Target, key: Key, *, on: bool) -> None:
    """Switch the key on or off at API Gateway: the next request feels it."""
    patch: Any = {"op": "replace", "path": "/enabled", "value": str(on).lower()}
    target.client("apigateway").update_api_key(apiKey=key.key_id, patchOperations=[patch])


def delete(target: Target, key: Key) -> None:
    """Delete the key, and its entry last: by the entry it is found again."""
    leave(target, key)
    if key.state is not State.GONE:
        with _missing_is_well():
            target.client("apigateway").delete_api_key(apiKey=key.key_id)
    target.client("dynamodb").delete_item(
        TableName=target.output(outputs.PARTNERS_TABLE), Key={"apiKeyId": {"S": key.key_id}}
    )


@contextlib.contextmanager
def _missing_is_well() -> Iterator[None]:
    """Go on when what is to be deleted is gone already."""
    try:
        yield
    except ClientError as error:
        if not _missing(error):
            raise


def _missing(error: ClientError) -> bool:
    return _code(error) == "NotFoundException"


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
