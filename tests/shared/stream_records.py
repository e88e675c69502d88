"""Stream records as the queues get them, made with boto3's own writer of DynamoDB's JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
from boto3.dynamodb.types import TypeSerializer

from orders.domain.changes import place, place_for_partner
from orders.domain.checks import normalize
from orders.domain.lifecycle import Role
from orders.domain.order import Item, NewOrder, NewPartnerOrder
from tests.shared.examples import order

NOW = 1_795_000_000_123
"""When the orders below were placed, in milliseconds."""

_serializer = TypeSerializer()


def partners_order(body: dict[str, Any]) -> Item:
    """Store an order as the partner acme places it."""
    sent = msgspec.convert(body, NewPartnerOrder)
    normalize(sent)
    return place_for_partner(sent, "acme", NOW)


def customers_order(body: dict[str, Any], customer_id: str) -> Item:
    """Store an order as a customer places it."""
    own = {name: value for name, value in body.items() if name not in {"customerId", "reference"}}
    sent = msgspec.convert(own, NewOrder)
    normalize(sent)
    return place(sent, customer_id, Role.CUSTOMER, NOW)


def typed(item: Item) -> dict[str, Any]:
    """Give an item in DynamoDB's typed JSON."""
    return dict(_serializer.serialize(_exact(item))["M"])


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _exact(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_exact(member) for member in value]
    return Decimal(repr(value)) if isinstance(value, float) else value


def record(new: Item, old: Item | None = None) -> dict[str, Any]:
    """Make the record of a write."""
    change: dict[str, Any] = {
        "ApproximateCreationDateTime": NOW // 1000,
        "Keys": typed({name: new[name] for name in ("orderId", "timestamp")}),
        "NewImage": typed(new),
        "SequenceNumber": "111100000000000000000001",
        "SizeBytes": 26,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    if old is not None:
        change["OldImage"] = typed(old)
    table = "table/orders-dev-OrdersTable0123456789ABC/stream/2026-11-18T11:06:40.123"
    return {
        "eventID": "0123456789abcdef0123456789abcdef",
        "eventName": "INSERT" if old is None else "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": change,
        "eventSourceARN": f"arn:aws:dynamodb:eu-central-1:123456789012:{table}",
    }


def deletion(old: Item) -> dict[str, Any]:
    """Make the record of a deletion, as DynamoDB's time to live makes one."""
    made = record(old)
    made["dynamodb"]["OldImage"] = made["dynamodb"].pop("NewImage")
    return {**made, "eventName": "REMOVE"}


def item(**changes: Any) -> Item:
    """Store the example order as acme places it, and change it so."""
    return {**partners_order(order()), **changes}


def message(body: str, *, number: int = 1, receives: int = 1) -> dict[str, Any]:
    """Make a record of an SQS event."""
    return {
        "messageId": f"m-{number}",
        "receiptHandle": f"r-{number}",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receives)},
        "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:queue",
    }


def body_of(new: Item, old: Item | None = None) -> str:
    """Make the message that tells of a write."""
    return json.dumps(record(new, old))
