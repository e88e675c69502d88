"""What IAM permits under a condition, as the roles of the stage themselves; and without TLS."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from infrastructure import outputs
from ops.proof.probe import Like, Probe
from ops.proof.world import orders
from ops.proof.world.aws import code_of
from ops.proof.world.cannot_tell import CannotTell
from orders.domain.ids import timestamp_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.proof.world.world import World

_NOT_ENFORCED = "Its roles are not enforced."
_DENIED = "AccessDeniedException"


def _as(world: World, function: str, service: str) -> Any:
    if world.as_role is None:
        raise CannotTell("No role is taken on this stage.")
    found = world.client("lambda").get_function_configuration(FunctionName=world.function(function))
    return world.as_role(str(found["Role"]), service)


def _in_a_transaction(world: World) -> Mapping[str, object]:
    tables, name = _as(world, "create_order", "dynamodb"), world.output(outputs.IDEMPOTENCY_TABLE)
    item = {"key": {"S": f"prove-{world.run}"}, "expiresAt": {"N": str(int(time.time()) + 3_600)}}
    bare = code_of(lambda: tables.put_item(TableName=name, Item=item))
    whole = code_of(
        lambda: tables.transact_write_items(
            TransactItems=[{"Put": {"TableName": name, "Item": item}}]
        )
    )
    return {"a bare PutItem": bare, "in a transaction": whole}


def _few_attributes(world: World) -> Mapping[str, object]:
    tables = _as(world, "process_order", "dynamodb")
    order = str(orders.place(world, orders.partner(world))["orderId"])
    key = {"orderId": {"S": order}, "timestamp": {"S": str(timestamp_in(order))}}
    table = world.output(outputs.ORDERS_TABLE)
    refused = code_of(
        lambda: tables.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET #i = :none",
            ExpressionAttributeNames={"#i": "items"},
            ExpressionAttributeValues={":none": {"L": []}},
        )
    )
    placed = orders.partner(world)
    confirmed = world.until(lambda: orders.status_of(world, placed, order) != "PLACED", 30, every=1)
    return {"an update of items": refused, "confirmed by itself": confirmed}


def _own_key(world: World) -> Mapping[str, object]:
    tables, name = _as(world, "place_heartbeat", "dynamodb"), world.output(outputs.PARTNERS_TABLE)
    item = {"apiKeyId": {"S": f"prove-{uuid.uuid4().hex}"}, "partnerId": {"S": "stranger"}}
    return {"another key's item": code_of(lambda: tables.put_item(TableName=name, Item=item))}


def _without_tls(world: World) -> Mapping[str, object]:
    region = world.client("sqs").meta.region_name
    session: Any = boto3.Session(region_name=region)
    sqs = session.client("sqs", endpoint_url=f"http://sqs.{region}.amazonaws.com")
    sns = session.client("sns", endpoint_url=f"http://sns.{region}.amazonaws.com")
    url = world.output(outputs.dead_letters("order_processing"))
    topic = world.output(outputs.ORDER_CHANGES_TOPIC)
    nobody = session.client("sqs", config=Config(signature_version=UNSIGNED))
    return {
        "SendMessage": code_of(lambda: sqs.send_message(QueueUrl=url, MessageBody="{}")),
        "Publish": code_of(lambda: sns.publish(TopicArn=topic, Message="{}")),
        "SendMessage of nobody": code_of(
            lambda: nobody.send_message(QueueUrl=url, MessageBody="{}")
        ),
    }


PROBES = (
    Probe(
        claim="orders-only-with-their-key",
        look=_in_a_transaction,
        expected={"a bare PutItem": _DENIED, "in a transaction": ""},
        seconds=90,
        emulator=_NOT_ENFORCED,
    ),
    Probe(
        claim="worker-writes-few-attributes",
        look=_few_attributes,
        expected={"an update of items": _DENIED, "confirmed by itself": True},
        seconds=90,
        emulator=_NOT_ENFORCED,
    ),
    Probe(
        claim="heartbeat-enters-its-own-key",
        look=_own_key,
        expected={"another key's item": _DENIED},
        seconds=90,
        emulator=_NOT_ENFORCED,
    ),
    Probe(
        claim="tls-only",
        look=_without_tls,
        expected={
            "SendMessage": Like(".*AccessDenied.*"),
            "Publish": Like("Authorization.*|.*AccessDenied.*"),
            "SendMessage of nobody": Like(".*AccessDenied.*"),
        },
        emulator="It speaks plain HTTP.",
    ),
)
"""Each with what is seen where its claim holds."""
