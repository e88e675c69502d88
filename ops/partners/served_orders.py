"""Orders that wait when somebody else comes to serve their restaurant, moved there.

All orders are scanned: an order that nobody serves is in no index by its restaurant. Each is
changed on the condition that nobody has changed it since, so that it is accepted by its old server
or moved to the new one, and never both.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from infrastructure import outputs
from ops.live.function_variables import configuration_of, variables_of
from orders.domain.ids import timestamp_of
from orders.domain.lifecycle import MOVES, Status
from orders.domain.serving.answering import accept_by
from orders.domain.serving.servers import ACCEPT_BY, SERVED_BY
from orders.domain.synthetic import SYNTHETIC
from orders.settings import ACCEPT_LEAD_MINUTES, ACCEPT_MINUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.target import Target
    from orders.domain.serving.servers import Bound

    Item = dict[str, Any]

WAITING = (Status.PLACED,)
OPEN = tuple(status for status, moves in MOVES.items() if moves)
"""All statuses of orders that have not ended."""

_PLACING = "create_order"  # the function that gives an order its deadline
_PAUSE_SECONDS = 0.2  # after each megabyte: a fifth of the reads that the table lets through
_REFUSED = "ConditionalCheckFailedException"


class Wait(NamedTuple):
    """How long a restaurant has to answer, and how long before a scheduled order's time."""

    minutes: int
    lead_minutes: int


@dataclass
class Moved:
    """What became of the orders; filled while it goes on, so that ^C finds it right."""

    orders: int = 0
    """Those that were moved."""
    busy: int = 0
    """Those that somebody kept changing: repeat the command."""
    others: dict[str, int] = field(default_factory=dict)
    """Those that nobody serves, because the partners that placed them may not order there."""


def move(
    target: Target,
    restaurant_id: str,
    bound: Bound | None,
    statuses: tuple[Status, ...],
    moved: Moved,
) -> None:
    """Let each order of a restaurant that waits be served by who serves the restaurant.

    Args:
        target: the deployment.
        restaurant_id: which restaurant.
        bound: who serves it; None for nobody.
        statuses: of the orders that are moved.
        moved: is kept up to date.
    """
    wait = None if bound is None else _wait(target)
    for item in _orders(target, restaurant_id, statuses):
        done = _moved(target, item, restaurant_id, bound, statuses, wait)
        moved.orders += done is True
        moved.busy += done is None
        placer = item.get("partnerId", {}).get("S")
        if done is False and placer and _is_stranger(placer, bound):
            moved.others[placer] = moved.others.get(placer, 0) + 1


def _is_stranger(placer: str, bound: Bound | None) -> bool:
    """Tell whether a partner's orders are of another restaurant, by its id alone the same."""
    return bound is not None and placer not in (bound.server, *bound.placers)


def _wait(target: Target) -> Wait | None:
    """Read how long a restaurant has to answer; None in a stage of a release without deadlines."""
    variables = variables_of(configuration_of(target, _PLACING))
    if ACCEPT_MINUTES not in variables:
        return None
    return Wait(int(variables[ACCEPT_MINUTES]), int(variables[ACCEPT_LEAD_MINUTES]))


def _orders(target: Target, restaurant_id: str, statuses: tuple[Status, ...]) -> Iterator[Item]:
    """Give the orders of a restaurant that are so; not the heartbeat's, which nobody serves."""
    values = {f":s{number}": {"S": status.value} for number, status in enumerate(statuses)}
    pages = target.client("dynamodb").get_paginator("scan")
    for page in pages.paginate(
        TableName=target.output(outputs.ORDERS_TABLE),
        ConsistentRead=True,
        FilterExpression=(
            f"restaurantId = :restaurant AND #status IN ({', '.join(values)}) "
            f"AND attribute_not_exists({SYNTHETIC})"
        ),
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":restaurant": {"S": restaurant_id}, **values},
    ):
        yield from page["Items"]
        time.sleep(_PAUSE_SECONDS)


def _moved(
    target: Target,
    item: Item,
    restaurant_id: str,
    bound: Bound | None,
    statuses: tuple[Status, ...],
    wait: Wait | None,
) -> bool | None:
    """Move one order; None when somebody kept changing it, False when it is where it belongs."""
    for _ in range(3):
        placer = item.get("partnerId", {}).get("S")
        wanted = None if bound is None else bound.serves(restaurant_id, placer)
        served = item.get(SERVED_BY, {}).get("S")
        if wanted == served or item["status"]["S"] not in statuses:
            return False
        try:
            _stamp(target, item, served, wanted, wait)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != _REFUSED:
                raise
            answer: Any = error.response
            if "Item" not in answer:
                return False
            item = answer["Item"]
        else:
            return True
    return None


def _stamp(
    target: Target, item: Item, served: str | None, wanted: str | None, wait: Wait | None
) -> None:
    """Say in the order who serves it now; its trace is that of the change before.

    One that waits has its deadline anew: process_order hears of the change, and keeps it.
    """
    now = time.time_ns() // 1_000_000
    values = {
        ":version": item["version"],
        ":one": {"N": "1"},
        ":now": {"S": timestamp_of(now)},
        ":id": {"S": os.urandom(8).hex()},
    }
    before = f"attribute_not_exists({SERVED_BY})"
    if served is not None:
        before, values[":served"] = f"{SERVED_BY} = :served", {"S": served}
    sets, removes = "", f", {SERVED_BY}"
    if wanted is not None:
        sets, removes, values[":wanted"] = f", {SERVED_BY} = :wanted", "", {"S": wanted}
        if wait is not None and item["status"]["S"] in WAITING:
            sets += f", {ACCEPT_BY} = :deadline"
            values[":deadline"] = _deadline(item, now, wait)
    target.client("dynamodb").update_item(
        TableName=target.output(outputs.ORDERS_TABLE),
        Key={name: item[name] for name in ("orderId", "timestamp")},
        UpdateExpression=(
            f"SET #version = #version + :one, updatedAt = :now, changedBy = :id{sets} "
            f"REMOVE traceId{removes}"
        ),
        ConditionExpression=f"#version = :version AND {before}",
        ExpressionAttributeNames={"#version": "version"},
        ExpressionAttributeValues=values,
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )


def _deadline(item: Item, now: int, wait: Wait) -> dict[str, str]:
    """Give until when the order's new server can answer, as an attribute."""
    scheduled = item.get("scheduledFor", {}).get("S")
    moment = None if scheduled is None else datetime.fromisoformat(scheduled)
    return {"S": accept_by(now, moment, minutes=wait.minutes, lead_minutes=wait.lead_minutes)}
