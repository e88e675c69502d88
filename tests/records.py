"""Stream records and messages of queues, as AWS hands them over."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeSerializer

from orders.domain.changes import Item, place_for_partner
from orders.handlers.create_order import _PARTNERS_DECODER
from tests.examples import order

if TYPE_CHECKING:
    from orders.domain.order import NewPartnerOrder

QUEUE = "arn:aws:sqs:us-east-1:111122223333:queue"
PLACED_AT = 1_795_000_000_000


def item(**changes: Any) -> Item:
    """Make an order as it is stored: acme's, placed at PLACED_AT, and changed so."""
    sent: NewPartnerOrder = _PARTNERS_DECODER.decode(json.dumps(order()))
    return {**place_for_partner(sent, "acme", PLACED_AT), **changes}


def record(new: Item, old: Item | None = None) -> dict[str, Any]:
    """Make the stream's record of a change."""
    images = {"NewImage": typed(new), **({"OldImage": typed(old)} if old else {})}
    return {
        "eventID": "1",
        "eventName": "MODIFY" if old else "INSERT",
        "dynamodb": {"ApproximateCreationDateTime": PLACED_AT // 1000, **images},
    }


def typed(stored: Item) -> dict[str, Any]:
    """Render an item in DynamoDB's typed JSON, with boto3's own serializer."""
    # It takes no floats; the stream writes numbers as text in any case.
    exact = json.loads(json.dumps(stored), parse_float=Decimal)
    return dict(TypeSerializer().serialize(exact)["M"])


def message(body: str, *, number: int = 1, receives: int = 1) -> dict[str, Any]:
    """Make a record of an SQS event."""
    return {
        "messageId": f"m-{number}",
        "receiptHandle": f"r-{number}",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receives)},
        "eventSourceARN": QUEUE,
    }
