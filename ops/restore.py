"""What is missing in a table, from a copy of it, put back; nothing is overwritten.

Nobody comes back who was erased since: their orders get placeholders on the way.

A point-in-time recovery makes a new table. The stack keeps its own, with its name, its stream and
its settings, so what was lost goes back there item by item (DynamoDB developer guide,
"Point-in-time recovery").
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infrastructure import outputs
from ops.customers.ledger import Erased
from ops.customers.placeholders import is_overwritten, overwritten
from ops.reach.errors import OperatorError
from orders.domain.ids import timestamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.reach.target import Target

    Item = dict[str, Any]

ORDERS = "orders"
TABLES = {
    ORDERS: outputs.ORDERS_TABLE,
    "idempotency": outputs.IDEMPOTENCY_TABLE,
    "partners": outputs.PARTNERS_TABLE,
}
"""The tables by name, with the stack's outputs that name them on AWS."""

_EXPIRES = "expiresAt"
_PAGE = 100  # the most keys that BatchGetItem takes
_PAUSE_SECONDS = 0.5  # before what BatchGetItem has left out is asked for again


@dataclass
class Report:
    """What became of the items; filled while it goes on, so that ^C finds it right."""

    table: str
    source: str
    missing: int
    restored: int = 0
    overwritten: int = 0
    """How many of them with placeholders, for their person was erased."""


@dataclass(frozen=True)
class Copies:
    """A table of the stack and a copy of it."""

    client: Any
    live: str
    source: str
    key: tuple[str, ...] = field(default=())
    """The names of the key's attributes, the partition key first."""
    erased: Erased | None = None
    """Who was erased, where that concerns the table."""


def compare(target: Target, table: str, source: str) -> Copies:
    """Look both tables up.

    Raises:
        OperatorError: when the copy is not there, not ready, or no copy of that table.
    """
    client, live = target.client("dynamodb"), target.output(TABLES[table])
    if source == live:
        raise OperatorError(f"{source} is the table itself. Name the recovered copy.")
    try:
        described = client.describe_table(TableName=source)["Table"]
    except client.exceptions.ResourceNotFoundException:
        raise OperatorError(f"There is no table {source}. Was it recovered here?") from None
    if described["TableStatus"] != "ACTIVE":
        raise OperatorError(f"{source} is {described['TableStatus']}. Wait until it is ACTIVE.")
    key = _key_of(described)
    if key != _key_of(client.describe_table(TableName=live)["Table"]):
        raise OperatorError(f"{source} has another key than {table}: it is no copy of that table.")
    return Copies(client, live, source, key, Erased(target) if table == ORDERS else None)


def missing(copies: Copies) -> Iterator[Item]:
    """Give the copy's items that the table does not have; those that have expired count as had."""
    pages = copies.client.get_paginator("scan").paginate(
        TableName=copies.source, ConsistentRead=True, PaginationConfig={"PageSize": _PAGE}
    )
    for page in pages:
        items = [item for item in page["Items"] if not _expired(item)]
        there = set(_there(copies, [_key(copies, item) for item in items]))
        yield from (item for item in items if _identity(copies, item) not in there)


def count_missing(copies: Copies) -> int:
    """Count what the table does not have."""
    return sum(1 for _ in missing(copies))


def put_back(
    copies: Copies, wanted: int, report: Report, told: Callable[[int], None], *, pause: float
) -> None:
    """Put missing items into the table, each on the condition that it still is missing.

    Args:
        copies: from where to where.
        wanted: how many at most.
        report: is kept up to date.
        told: is told how many were tried so far.
        pause: seconds between two of them, to leave capacity to customers.
    """
    for number, item in enumerate(itertools.islice(missing(copies), wanted), 1):
        fitting = _without_the_erased(copies, item)
        put = _put(copies, fitting)
        report.restored += put
        report.overwritten += put and fitting is not item
        told(number)
        time.sleep(pause)


def _without_the_erased(copies: Copies, item: Item) -> Item:
    """Give an order as it may come back: of who was erased, with placeholders."""
    if copies.erased is None or not copies.erased.includes(item["customerId"]["S"]):
        return item
    return item if is_overwritten(item) else overwritten(item, timestamp_of(_now()))


def _now() -> int:
    return time.time_ns() // 1_000_000


def _put(copies: Copies, item: Item) -> bool:
    """Put an item; False when there is one by now."""
    try:
        copies.client.put_item(
            TableName=copies.live,
            Item=item,
            ConditionExpression="attribute_not_exists(#key)",
            ExpressionAttributeNames={"#key": copies.key[0]},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return False
        raise
    return True


def _there(copies: Copies, keys: list[Item]) -> Iterator[tuple[str, ...]]:
    """Ask which of some keys the table has."""
    names = {f"#{number}": name for number, name in enumerate(copies.key)}
    while keys:
        request = {
            "Keys": keys,
            "ConsistentRead": True,
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": names,
        }
        answer = copies.client.batch_get_item(RequestItems={copies.live: request})
        yield from (_identity(copies, item) for item in answer["Responses"][copies.live])
        keys = answer.get("UnprocessedKeys", {}).get(copies.live, {}).get("Keys", [])
        if keys:
            time.sleep(_PAUSE_SECONDS)


def _key_of(described: dict[str, Any]) -> tuple[str, ...]:
    schema = sorted(described["KeySchema"], key=lambda part: part["KeyType"])  # HASH, RANGE
    return tuple(part["AttributeName"] for part in schema)


def _key(copies: Copies, item: Item) -> Item:
    return {name: item[name] for name in copies.key}


def _identity(copies: Copies, item: Item) -> tuple[str, ...]:
    return tuple(item[name]["S"] for name in copies.key)


def _expired(item: Item) -> bool:
    """Tell what DynamoDB would delete again: its time to live is over."""
    return _EXPIRES in item and int(item[_EXPIRES]["N"]) <= time.time()
