"""Events as API Gateway sends them to a function (proxy integration, payload version 1.0)."""

from __future__ import annotations

import json
from typing import Any


def event(
    method: str,
    path: str = "/partner/orders",
    *,
    body: Any = None,
    headers: dict[str, str] | None = None,
    query: dict[str, list[str]] | None = None,
    order_id: str | None = None,
    api_key_id: str | None = "key-of-acme",
    claims: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Make an event; a body that is no string is sent as JSON, `claims` are a person's token's."""
    resource = path if order_id is None else f"{path}/{{orderId}}"
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    return {
        "resource": resource,
        "path": path if order_id is None else f"{path}/{order_id}",
        "httpMethod": method,
        "headers": {"Content-Type": "application/json", **(headers or {})},
        "multiValueQueryStringParameters": query,
        "pathParameters": None if order_id is None else {"orderId": order_id},
        "requestContext": {
            "requestId": "request-1",
            "path": f"/v1{path}",
            "httpMethod": method,
            "resourcePath": resource,
            "identity": {"apiKeyId": api_key_id, "sourceIp": "192.0.2.1"},
            "authorizer": None if claims is None else {"claims": claims},
        },
        "body": text,
        "isBase64Encoded": False,
    }
