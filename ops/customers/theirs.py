"""A customer's orders, as they are stored: found, read anew, and written on a condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infrastructure import outputs
from orders.domain.lifecycle import MOVES, Status
from orders.settings import BY_CUSTOMER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.target import Target

    Typed = dict[str, Any]
    """An order in DynamoDB's typed JSON."""


def orders_of(target: Target, customer_id: str) -> Iterator[Typed]:
    """Give somebody's orders, the oldest first.

    The index is a moment behind the table: an order of this second may be missing.
    """
    pages = (
        target.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=target.output(outputs.ORDERS_TABLE),
            IndexName=BY_CUSTOMER,
            KeyConditionExpression="customerId = :customer",
            ExpressionAttributeValues={":customer": {"S": customer_id}},
        )
    )
    for page in pages:
        yield from page["Items"]


def read_again(target: Target, order: Typed) -> Typed | None:
    """Read an order as it is now; None when it is gone."""
    answer = target.client("dynamodb").get_item(
        TableName=target.output(outputs.ORDERS_TABLE), Key=_key(order), ConsistentRead=True
    )
    found: Typed | None = answer.get("Item")
    return found


def replace(target: Target, order: Typed, by: Typed) -> bool:
    """Write an order in place of the version that was read; False when that is no longer there."""
    return _written(
        target,
        "put_item",
        Item=by,
        ConditionExpression="version = :read",
        ExpressionAttributeValues={":read": order["version"]},
    )


def rename(target: Target, order: Typed, name: str, to: str) -> bool:
    """Let an attribute go by another name; False when its value is no longer there.

    Neither is shown to anybody, so the version stays.
    """
    return _written(
        target,
        "update_item",
        Key=_key(order),
        UpdateExpression=f"SET {to} = {name} REMOVE {name}",
        ConditionExpression=f"{name} = :read",
        ExpressionAttributeValues={":read": order[name]},
    )


def is_under_way(order: Typed) -> bool:
    """Tell whether an order can still go on: people need its address."""
    return bool(MOVES[Status(order["status"]["S"])])


def id_of(order: Typed) -> str:
    """Give an order's id."""
    return str(order["orderId"]["S"])


def _written(target: Target, operation: str, **given: Any) -> bool:
    table = target.output(outputs.ORDERS_TABLE)
    try:
        getattr(target.client("dynamodb"), operation)(TableName=table, **given)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
            return False
        raise
    return True


def _key(order: Typed) -> Typed:
    return {name: order[name] for name in ("orderId", "timestamp")}
