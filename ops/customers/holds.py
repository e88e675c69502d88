"""Holds: somebody's orders are kept, whatever else is asked, until the hold is released.

hold ─► the record ─► each order's expiresAt goes by the name expiryOnHold: DynamoDB deletes it not
release ─► expiryOnHold is expiresAt again ─► the record goes

Either can be run again after a crash. A record is an item of the table IdempotencyKeys, without a
time to live: `hold#<SHA-256 of the customer's id>`.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from infrastructure import outputs
from ops.customers.people import find, fingerprint, nobody
from ops.customers.theirs import orders_of, rename
from ops.reach.errors import OperatorError
from orders.domain.ids import timestamp_of
from orders.domain.synthetic import EXPIRES_AT

if TYPE_CHECKING:
    from ops.reach.target import Target

ON_HOLD = "expiryOnHold"
"""The attribute that keeps an order's time to be deleted while it is not to be."""

LONGEST_REASON = 200
_HOLD = "hold#"


class Hold(NamedTuple):
    """That somebody's orders are kept, and why."""

    customer_id: str
    reason: str
    since: str
    by: str
    """The ARN of the credentials of whoever has placed it."""


def hold_of(target: Target, customer_id: str) -> Hold | None:
    """Look whether somebody's orders are on hold."""
    found = target.client("dynamodb").get_item(
        TableName=_table(target), Key=_key(customer_id), ConsistentRead=True
    )
    return _hold(found["Item"]) if "Item" in found else None


def needed(target: Target, customer_id: str) -> Hold:
    """Give the hold that somebody's orders are on.

    Raises:
        OperatorError: when there is none.
    """
    found = hold_of(target, customer_id)
    if found is None:
        raise OperatorError(
            f"{customer_id} is not on hold. `orders customers holds` lists those who are."
        )
    return found


def holds(target: Target) -> list[Hold]:
    """List all holds, the oldest first."""
    pages = (
        target.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=_table(target),
            ConsistentRead=True,
            FilterExpression="begins_with(#key, :hold)",
            ExpressionAttributeNames={"#key": "key"},
            ExpressionAttributeValues={":hold": {"S": _HOLD}},
        )
    )
    return sorted(
        (_hold(item) for page in pages for item in page["Items"]), key=lambda hold: hold.since
    )


def place(target: Target, customer_id: str, reason: str) -> int:
    """Keep somebody's orders. A hold that is there already keeps its reason.

    Returns:
        How many orders would have been deleted one day, and will not be.

    Raises:
        OperatorError: when there is nobody of this id, and no order of theirs.
    """
    if next(orders_of(target, customer_id), None) is None and find(target, customer_id) is None:
        raise nobody(customer_id)
    since = timestamp_of(int(dt.datetime.now(dt.UTC).timestamp() * 1000))
    by = str(target.client("sts").get_caller_identity()["Arn"])
    told = {"customerId": customer_id, "reason": reason, "since": since, "by": by}
    record = {**_key(customer_id), **{name: {"S": value} for name, value in told.items()}}
    try:
        target.client("dynamodb").put_item(
            TableName=_table(target),
            Item=record,
            ConditionExpression="attribute_not_exists(#key)",
            ExpressionAttributeNames={"#key": "key"},
        )
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
            raise
    return _rename(target, customer_id, EXPIRES_AT, ON_HOLD)


def release(target: Target, customer_id: str) -> int:
    """Let somebody's orders go their way again.

    Returns:
        How many orders will be deleted when their time is over.

    Raises:
        OperatorError: when there is no hold.
    """
    needed(target, customer_id)
    renamed = _rename(target, customer_id, ON_HOLD, EXPIRES_AT)
    target.client("dynamodb").delete_item(TableName=_table(target), Key=_key(customer_id))
    return renamed


def _rename(target: Target, customer_id: str, name: str, to: str) -> int:
    """Rename an attribute of all of somebody's orders that have it; gives how many had."""
    having = (order for order in orders_of(target, customer_id) if name in order)
    return sum(rename(target, order, name, to) for order in having)


def _hold(item: dict[str, Any]) -> Hold:
    return Hold(
        *(str(item.get(name, {"S": ""})["S"]) for name in ("customerId", *Hold._fields[1:]))
    )


def _table(target: Target) -> str:
    return target.output(outputs.IDEMPOTENCY_TABLE)


def _key(customer_id: str) -> dict[str, Any]:
    return {"key": {"S": f"{_HOLD}{fingerprint(customer_id)}"}}
