"""What DynamoDB does: transactions, conditions, units, its stream, and going back in time."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infrastructure import outputs
from ops.proof.probe import AtLeast, Like, Probe
from ops.proof.world import orders, reading
from ops.proof.world.cannot_tell import CannotTell
from ops.proof.world.reading import Metric
from orders.domain.ids import timestamp_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ops.proof.world.world import World

_DUPLICATES = 30
_BURST = 100
_NEW_SECONDS = 1_800.0


def _transaction(world: World) -> Mapping[str, object]:
    by, key = orders.partner(world), uuid.uuid4().hex
    body = orders.example(reference=world.run)
    headers = ("Idempotency-Key", key)
    answers = world.at_once(_DUPLICATES, lambda _: orders.post(world, by, body, headers))
    page = world.ask("GET", f"/partner/orders?reference={world.run}", by.headers)
    return {
        "answers with 201": sum(answer.status == 201 for answer in answers),
        "orders in the answers": len({answer.field("orderId") for answer in answers}),
        "orders in the list": len(page.field("orders") or []),
    }


def _conditions(world: World) -> Mapping[str, object]:
    by, stranger = orders.partner(world), orders.partner(world, "two")
    order = orders.place(world, by)["orderId"]
    stale = orders.patch(world, by, order, {"note": "stale"}, '"999"')
    theirs = orders.patch(world, stranger, order, {"note": "theirs"}, '"1"')
    tag = orders.read(world, by, order).headers.get("etag", "")
    wrong = orders.patch(world, by, order, {"status": "DELIVERED"}, tag)
    return {"stale": stale.told, "a stranger's": theirs.told, "a wrong status": wrong.told}


def _units(world: World) -> Mapping[str, object]:
    tables, name = world.client("dynamodb"), world.output(outputs.IDEMPOTENCY_TABLE)
    key = {"key": {"S": f"prove-{world.run}"}}
    item = {**key, "filling": {"S": "x" * 9_000}}
    asked: Any = {"TableName": name, "ReturnConsumedCapacity": "TOTAL"}
    put = tables.put_item(**asked, Item=item)["ConsumedCapacity"]
    whole = tables.get_item(**asked, Key=key, ConsistentRead=True)["ConsumedCapacity"]
    half = tables.get_item(**asked, Key=key)["ConsumedCapacity"]
    transaction = [{"Put": {"TableName": name, "Item": item}}]
    twice = tables.transact_write_items(TransactItems=transaction, ReturnConsumedCapacity="TOTAL")[
        "ConsumedCapacity"
    ][0]
    tables.delete_item(TableName=name, Key=key)
    return {
        "a write of 9 KB": float(put["CapacityUnits"]),
        "a read of 9 KB": float(whole["CapacityUnits"]),
        "an eventual read": float(half["CapacityUnits"]),
        "in a transaction": float(twice["CapacityUnits"]),
    }


def _arithmetic(world: World) -> Mapping[str, object]:
    tables, name = world.client("dynamodb"), world.output(outputs.IDEMPOTENCY_TABLE)
    key = {"key": {"S": f"prove-{world.run}"}}
    tables.put_item(TableName=name, Item={**key, "note": {"S": "no number"}})
    try:
        tables.update_item(
            TableName=name,
            Key=key,
            UpdateExpression="SET #v = note + :one",
            ExpressionAttributeNames={"#v": "version"},
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        told = {"error": "", "message": ""}
    except ClientError as error:
        found = error.response["Error"]
        told = {"error": found["Code"], "message": found["Message"]}
    finally:
        tables.delete_item(TableName=name, Key=key)
    return told


def _stream_of(world: World) -> str:
    found = world.client("dynamodb").describe_table(TableName=world.output(outputs.ORDERS_TABLE))
    return str(found["Table"]["LatestStreamArn"])


def _ends(world: World) -> list[str]:
    """Give an iterator at the end of each open shard of the orders' stream."""
    streams, arn = world.client("dynamodbstreams"), _stream_of(world)
    shards: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"StreamArn": arn}
    while True:
        found = streams.describe_stream(**asked)["StreamDescription"]
        shards += found["Shards"]
        if not (last := found.get("LastEvaluatedShardId")):
            break
        asked["ExclusiveStartShardId"] = last
    ended = [
        shard["ShardId"]
        for shard in shards
        if "EndingSequenceNumber" not in shard.get("SequenceNumberRange", {})
    ]
    return [
        streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="LATEST")[
            "ShardIterator"
        ]
        for shard in ended
    ]


def _records(world: World, ends: list[str], seconds: float) -> Iterator[dict[str, Any]]:
    """Give what the stream says from then on, for some seconds."""
    streams, deadline = world.client("dynamodbstreams"), time.monotonic() + seconds
    while ends and time.monotonic() < deadline:
        following = []
        for end in ends:
            page = streams.get_records(ShardIterator=end)
            yield from page["Records"]
            following += [page["NextShardIterator"]] if page.get("NextShardIterator") else []
        ends = following
        world.pause(1)


def _sizes(world: World) -> Mapping[str, object]:
    by, ends = orders.partner(world), _ends(world)
    small = orders.place(world, by, note="")["orderId"]
    large = orders.place(world, by, note="x" * 400)["orderId"]
    sizes = {
        record["dynamodb"]["Keys"]["orderId"]["S"]: record["dynamodb"].get("SizeBytes", 0)
        for record in _records(world, ends, 10 if world.local is None else 3)
        if record["eventName"] == "INSERT"
    }
    if not {small, large} <= sizes.keys():
        raise CannotTell("The stream did not tell of the two orders within ten seconds.")
    return {
        "the smaller one": sizes[small],
        "what the larger has more": sizes[large] - sizes[small],
    }


def _no_change(world: World) -> Mapping[str, object]:
    by = orders.partner(world)
    order = orders.place(world, by)
    world.until(lambda: orders.status_of(world, by, order["orderId"]) == "CONFIRMED", 10, every=1)
    ends, tables = _ends(world), world.client("dynamodb")
    key = {"orderId": {"S": order["orderId"]}, "timestamp": {"S": timestamp_in(order["orderId"])}}
    table, values = world.output(outputs.ORDERS_TABLE), {":same": {"S": order["customerId"]}}
    marks = [("sets what is there", "customerId"), ("sets something else", "proofOfAnother")]
    for _, name in marks:
        tables.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET #n = :same",
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":same": _stored(world, table, key, name, values)},
        )
    heard = [
        record
        for record in _records(world, ends, 10 if world.local is None else 3)
        if record["dynamodb"]["Keys"] == key
    ]
    other = [each for each in heard if "proofOfAnother" in each["dynamodb"].get("NewImage", {})]
    return {"sets what is there": len(heard) - len(other), "sets something else": len(other)}


def _stored(world: World, table: str, key: Any, name: str, otherwise: Any) -> Any:
    item = world.client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
    return item["Item"].get(name, otherwise[":same"])


def _table_metrics(world: World) -> Mapping[str, object]:
    by, since = orders.partner(world), time.time()
    table = world.output(outputs.ORDERS_TABLE)
    for _ in range(10):
        orders.place(world, by)
    written = Metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", {"TableName": table})
    return {"placed": 10, "write units": reading.sum_of(world, written, since, least=20)}


def _new_table_serves(world: World) -> Mapping[str, object]:
    tables, name = world.client("dynamodb"), world.output(outputs.IDEMPOTENCY_TABLE)
    soon = {"N": str(int(time.time()) + 3_600)}

    def one(number: int) -> int:
        item = {
            "key": {"S": f"prove-{world.run}-{number}"},
            "filling": {"S": "x" * 6_000},
            "expiresAt": soon,
        }
        done = tables.transact_write_items(
            TransactItems=[{"Put": {"TableName": name, "Item": item}}]
        )
        return int(done["ResponseMetadata"].get("RetryAttempts", 0))

    began = time.monotonic()
    retried = world.at_once(_BURST, one)
    return {
        "written": len(retried),
        "tried again": sum(retried),
        "seconds": round(time.monotonic() - began, 1),
    }


def _restored(world: World) -> Mapping[str, object]:
    tables, table = world.client("dynamodb"), world.output(outputs.ORDERS_TABLE)
    by = orders.partner(world)
    order = orders.place(world, by)
    backups = tables.describe_continuous_backups(TableName=table)
    found = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    world.pause(360)  # what can be restored is five minutes behind
    copy = f"{table}-{world.run}"
    tables.restore_table_to_point_in_time(
        SourceTableName=table, TargetTableName=copy, UseLatestRestorableTime=True
    )
    try:
        described = world.until(lambda: _active(tables, copy), _NEW_SECONDS, every=20)
        if described is None:
            raise CannotTell("The copy was not ready after half an hour.")
        key = {
            "orderId": {"S": order["orderId"]},
            "timestamp": {"S": timestamp_in(order["orderId"])},
        }
        item = tables.get_item(TableName=copy, Key=key, ConsistentRead=True).get("Item")
        ttl = tables.describe_time_to_live(TableName=copy)["TimeToLiveDescription"]
    finally:
        world.until(lambda: _deleted(tables, copy), 600, every=20)
    return {
        "days": int(found.get("RecoveryPeriodInDays", 35)),
        "the order is in the copy": item is not None,
        "its stream": "LatestStreamArn" in described,
        "its time to live": str(ttl["TimeToLiveStatus"]),
    }


def _active(tables: Any, name: str) -> dict[str, Any] | None:
    found: dict[str, Any] = tables.describe_table(TableName=name)["Table"]
    return found if found["TableStatus"] == "ACTIVE" else None


def _deleted(tables: Any, name: str) -> bool:
    try:
        tables.delete_table(TableName=name)
    except ClientError as error:
        return error.response["Error"]["Code"] == "ResourceNotFoundException"
    return True


PROBES = (
    Probe(
        claim="transaction-is-whole",
        look=_transaction,
        expected={
            "answers with 201": _DUPLICATES,
            "orders in the answers": 1,
            "orders in the list": 1,
        },
        seconds=60,
    ),
    Probe(
        claim="failed-condition-tells-the-item",
        look=_conditions,
        expected={
            "stale": "412 stale-version",
            "a stranger's": "404 order-not-found",
            "a wrong status": "409 move-not-allowed",
        },
    ),
    Probe(
        claim="units-by-size",
        look=_units,
        expected={
            "a write of 9 KB": 9.0,
            "a read of 9 KB": 3.0,
            "an eventual read": 1.5,
            "in a transaction": 18.0,
        },
    ),
    Probe(
        claim="numbers-are-added-to-numbers",
        look=_arithmetic,
        expected={
            "error": "ValidationException",
            "message": Like(".*operand in the update expression has an incorrect data type.*"),
        },
    ),
    Probe(
        claim="sizes-of-records",
        look=_sizes,
        expected={"the smaller one": AtLeast(100), "what the larger has more": AtLeast(390)},
        seconds=30,
    ),
    Probe(
        claim="no-change-no-record",
        look=_no_change,
        expected={"sets what is there": 0, "sets something else": 1},
        seconds=40,
    ),
    Probe(
        claim="table-metrics",
        look=_table_metrics,
        expected={"placed": 10, "write units": AtLeast(20)},
        seconds=200,
    ),
    Probe(
        claim="on-demand-from-the-start",
        look=_new_table_serves,
        expected={"written": _BURST, "tried again": 0},
        seconds=20,
        emulator="It never throttles.",
    ),
    Probe(
        claim="thirty-five-days",
        aside=True,
        look=_restored,
        expected={
            "days": 35,
            "the order is in the copy": True,
            "its stream": False,
            "its time to live": "DISABLED",
        },
        seconds=1_800,
        emulator="It restores no tables.",
    ),
)
"""Each with what is seen where its claim holds."""
