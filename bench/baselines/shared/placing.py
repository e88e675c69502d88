"""What the styles with boto3 have in common: the key's partner, and the order as it is stored."""

from __future__ import annotations

import os
import time
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 3})
_dynamodb = boto3.resource("dynamodb", config=CONFIG)
orders = _dynamodb.Table(os.environ["ORDERS_TABLE"])
_partners = _dynamodb.Table(os.environ["PARTNERS_TABLE"])


@cache
def partner_of(api_key_id: str) -> str:
    """Name the partner that a key belongs to; asked once."""
    return str(_partners.get_item(Key={"apiKeyId": api_key_id})["Item"]["partnerId"])


def stored(order: dict[str, Any], partner: str) -> dict[str, Any]:
    """Make the stored form of an order."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    charges = order["deliveryFee"] + order["tip"]
    subtotal = sum(
        line["quantity"]
        * (line["unitPrice"] + sum(option["price"] for option in line.get("options", ())))
        for line in order["items"]
    )
    return {
        **order,
        "orderId": str(uuid.uuid4()),
        "timestamp": now,
        "partnerId": partner,
        "customerId": f"{partner}#{order['customerId']}",
        "status": "PLACED",
        "subtotal": subtotal,
        "charges": charges,
        "total": subtotal + charges,
        "updatedAt": now,
        "version": 1,
        "history": [{"status": "PLACED", "at": now, "by": "partner"}],
    }


def place(order: dict[str, Any], partner: str) -> dict[str, Any]:
    """Store an order."""
    item = stored(order, partner)
    orders.put_item(Item=exact(item), ConditionExpression="attribute_not_exists(orderId)")
    return item


def exact(value: Any) -> Any:
    """Make decimals of floats, as boto3 wants them."""
    if isinstance(value, dict):
        return {name: exact(member) for name, member in value.items()}
    if isinstance(value, list):
        return [exact(member) for member in value]
    return Decimal(str(value)) if isinstance(value, float) else value


def view(item: dict[str, Any]) -> dict[str, Any]:
    """Show an order as its owner reads it."""
    shown = {name: value for name, value in item.items() if name not in {"timestamp", "charges"}}
    return {**shown, "createdAt": item["timestamp"]}


def headers(item: dict[str, Any]) -> dict[str, str]:
    """Give the headers of the answer."""
    location = f"/v1/partner/orders/{item['orderId']}"
    return {"Location": location, "ETag": f'"{item["version"]}"', "Cache-Control": "private"}


def milliseconds(started: float) -> float:
    """Tell how long ago that was."""
    return round((time.perf_counter() - started) * 1000, 2)
