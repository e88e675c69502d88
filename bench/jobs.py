"""The events that functions are measured with, and the world that they are measured in."""

from __future__ import annotations

import contextlib
import json
import ssl
import subprocess
import sys
import uuid
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi
import httpx
import msgspec
import trustme
from boto3.dynamodb.types import TypeSerializer

from infrastructure.functions import BY_NAME, Caller
from local.demo.example import ORDER
from orders.domain.changes import place_for_partner
from orders.domain.lifecycle import Role
from orders.domain.order import NewPartnerOrder, PartnerOrderPatch
from orders.routes import ROUTES
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOW = 1_795_000_000_123
_TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"


def stored_order() -> dict[str, Any]:
    """Give the example order as it is stored."""
    return place_for_partner(msgspec.convert(ORDER, NewPartnerOrder), "acme", _NOW)


def typed(item: dict[str, Any]) -> dict[str, Any]:
    """Give an item in DynamoDB's typed JSON."""
    exact = json.loads(json.dumps(item), parse_float=Decimal)
    return dict(TypeSerializer().serialize(exact)["M"])


def event_for(function: str) -> dict[str, Any]:
    """Make an event of the kind that a function is called with."""
    order = stored_order()
    if BY_NAME[function].caller is Caller.QUEUE:
        return _batch(order)
    route = next(r for r in ROUTES if (r.function, r.caller) == (function, Role.PARTNER))
    body = None if route.body is None else json.dumps(_BODIES[route.body])
    return _request(route.method, route.path, body, order["orderId"] if "{" in route.path else None)


_BODIES: dict[type[msgspec.Struct], dict[str, Any]] = {
    NewPartnerOrder: ORDER,
    PartnerOrderPatch: {"status": "CONFIRMED"},
}

_HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "Host": "api.example.com",
    "User-Agent": "bench/1.0",
    "X-Amzn-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793",
    "X-Forwarded-For": "192.0.2.1",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Proto": "https",
    "x-api-key": "a-partner-s-key-of-forty-characters-abcd",
}


def _request(method: str, resource: str, body: str | None, order_id: str | None) -> dict[str, Any]:
    path = resource.replace("{orderId}", order_id or "")
    key = {"Idempotency-Key": uuid.uuid4().hex} if method == "POST" else {}
    headers = {**_HEADERS, **key}
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None if order_id is None else {"orderId": order_id},
        "stageVariables": None,
        "requestContext": _context(method, resource, path),
        "body": body,
        "isBase64Encoded": False,
    }


def _context(method: str, resource: str, path: str) -> dict[str, Any]:
    key = _HEADERS["x-api-key"]
    return {
        "accountId": "111122223333",
        "apiId": "abcdefghij",
        "domainName": "api.example.com",
        "extendedRequestId": "JKJaXmPLvHcESHA=",
        "httpMethod": method,
        "identity": {"apiKey": key, "apiKeyId": "key-of-acme", "sourceIp": "192.0.2.1"},
        "path": f"/v1{path}",
        "protocol": "HTTP/1.1",
        "requestId": str(uuid.uuid4()),
        "requestTime": "23/Nov/2026:12:00:00 +0000",
        "requestTimeEpoch": _NOW,
        "resourceId": "abc123",
        "resourcePath": resource,
        "stage": "v1",
    }


def _batch(order: dict[str, Any]) -> dict[str, Any]:
    change = {
        "ApproximateCreationDateTime": _NOW // 1000,
        "Keys": typed({name: order[name] for name in ("orderId", "timestamp")}),
        "NewImage": typed(order),
        "SequenceNumber": "111100000000000000000001",
        "SizeBytes": 26,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    record = {
        "eventID": uuid.uuid4().hex,
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:111122223333:table/orders/stream/1",
        "dynamodb": change,
    }
    message = {
        "messageId": str(uuid.uuid4()),
        "receiptHandle": "receipt",
        "body": json.dumps(record),
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:processing",
        "awsRegion": "us-east-1",
    }
    return {"Records": [message]}


_BUNDLES = ("AWS_CA_BUNDLE", "SSL_CERT_FILE")


class Stub:
    """The stub that stands for DynamoDB, and the variables with which functions find it."""

    def __init__(self, port: int, authority: Path) -> None:
        """Take a stub that listens on a port, and the authority that it is trusted by."""
        self._url = f"https://localhost:{port}"
        self._context = ssl.create_default_context(cafile=str(authority))
        self._all = authority.with_name("all.pem")
        self._all.write_text(authority.read_text() + Path(certifi.where()).read_text())
        self.environment = {
            "ACCEPT_LEAD_MINUTES": "60",
            "ACCEPT_MINUTES": "10",
            "AWS_ACCESS_KEY_ID": "AKIABENCH",
            "AWS_CA_BUNDLE": str(authority),
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self._url,
            "AWS_LAMBDA_FUNCTION_NAME": "bench",
            "AWS_REGION": "us-east-1",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_XRAY_CONTEXT_MISSING": "IGNORE_ERROR",
            "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
            "DEAD_LETTER_QUEUE": f"{self._url}/111122223333/dead",
            "FLAGS_PARAMETER": "/orders/flags",
            "IDEMPOTENCY_HOURS": "24",
            "IDEMPOTENCY_TABLE": "keys",
            "LAMBDA_TASK_ROOT": "/var/task",
            "LOG_LEVEL": "INFO",
            "ORDERS_TABLE": "orders",
            "PARTNERS_PREFIX": "/orders/partners",
            "PARTNERS_TABLE": "partners",
            "POWERTOOLS_LOG_LEVEL": "INFO",
            "PYTHONDONTWRITEBYTECODE": "1",  # as where Lambda keeps the code, which is read-only
            "PYTHONHASHSEED": "0",
            "RESTAURANTS_DEAD_LETTERS": f"{self._url}/111122223333/serving-dead",
            "RESTAURANTS_QUEUE": f"{self._url}/111122223333/serving",
            "RETRIES_QUEUE": f"{self._url}/111122223333/retries",
            "RETRY_SECONDS": "5",
            "SIGNING_KEY_PARAMETER": "/orders/signing-key",
            "SSL_CERT_FILE": str(authority),
            "STAGE": "bench",
            "WEBHOOK_WAITS": "5 300",
            "_X_AMZN_TRACE_ID": _TRACE,
        }

    @property
    def trusting_all(self) -> dict[str, str]:
        """The variables of functions that trust all authorities that browsers do, and the stub's.

        What loads a bundle of its own, as botocore does on AWS, loads as many.
        """
        return {**self.environment, **dict.fromkeys(_BUNDLES, str(self._all))}

    def calls(self) -> dict[str, int]:
        """Give how often each operation has been called since this was asked last."""
        headers = {"x-amz-target": "counts"}
        answer = httpx.post(self._url, headers=headers, content=b"{}", verify=self._context)
        counted: dict[str, int] = answer.raise_for_status().json()
        return counted


@contextlib.contextmanager
def stub(folder: Path) -> Iterator[Stub]:
    """Run the stub in a process of its own.

    Args:
        folder: where its certificate goes.
    """
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    certificate, trusted = folder / "server.pem", folder / "authority.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(str(certificate))
    authority.cert_pem.write_to_path(str(trusted))
    command = [
        sys.executable,
        "-m",
        "bench.stub",
        str(certificate),
        json.dumps(typed(stored_order())),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Stub(int(process.stdout.readline()), trusted)
        finally:
            process.terminate()
