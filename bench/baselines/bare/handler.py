"""The floor: one transaction, signed by hand; nothing is checked, logged or measured."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
import uuid
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

URL = urlsplit(os.environ["AWS_ENDPOINT_URL"])
REGION = os.environ["AWS_REGION"]
SIGNED = "content-type;host;x-amz-date;x-amz-target"
connection = HTTPSConnection(URL.netloc, timeout=2)
connection.connect()


def typed(value: Any) -> dict[str, Any]:
    """Write a value as DynamoDB's JSON."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": str(value)}
    if isinstance(value, dict):
        return {"M": {name: typed(member) for name, member in value.items()}}
    return {"L": [typed(element) for element in value]}


def signature(key: bytes, *texts: str) -> bytes:
    """Sign one text after the other."""
    for text in texts:
        key = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return key


def send(operation: str, body: bytes) -> bytes:
    """Call DynamoDB."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "host": URL.netloc,
        "x-amz-date": moment,
        "x-amz-target": f"DynamoDB_20120810.{operation}",
    }
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"POST\n/\n\n{lines}\n{SIGNED}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{moment[:8]}/{REGION}/dynamodb/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    secret = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
    signed = signature(
        secret,
        moment[:8],
        REGION,
        "dynamodb",
        "aws4_request",
        f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}",
    )
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}, "
        f"SignedHeaders={SIGNED}, Signature={signed.hex()}"
    )
    connection.request("POST", "/", body, headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(text)
    return text


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer a proxy event."""
    order = json.loads(event["body"])
    item = {**order, "orderId": str(uuid.uuid4()), "timestamp": str(time.time()), "version": 1}
    record = {"key": event["headers"]["Idempotency-Key"], "orderId": item["orderId"]}
    puts = [
        {
            "Put": {
                "TableName": os.environ[table],
                "Item": typed(content)["M"],
                "ConditionExpression": f"attribute_not_exists({key})",
            }
        }
        for table, content, key in (
            ("IDEMPOTENCY_TABLE", record, "orderId"),
            ("ORDERS_TABLE", item, "orderId"),
        )
    ]
    send("TransactWriteItems", json.dumps({"TransactItems": puts}).encode())
    headers = {"Content-Type": "application/json", "ETag": '"1"'}
    return {"statusCode": 201, "headers": headers, "body": json.dumps(item)}
