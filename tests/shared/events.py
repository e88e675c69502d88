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
    restaurant_id: str | None = None,
    api_key_id: str | None = "key-of-acme",
    claims: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Make an event.

    Args:
        method: of HTTP.
        path: as a route names it, or without the order's place when that is its last part.
        body: what is no string is sent as JSON.
        headers: besides the content type.
        query: the parameters, each with all its values.
        order_id: which order, if it is about one.
        restaurant_id: whose orders, on a restaurant's route.
        api_key_id: as API Gateway names the partner's key.
        claims: those of a person's token.
    """
    whole = order_id is None or "{orderId}" in path
    resource = path if whole else f"{path}/{{orderId}}"
    places = {"restaurantId": restaurant_id, "orderId": order_id}
    given = {name: value for name, value in places.items() if value is not None}
    path = resource
    for name, value in places.items():
        path = path.replace(f"{{{name}}}", value or "")
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": {"Content-Type": "application/json", **(headers or {})},
        "multiValueQueryStringParameters": query,
        "pathParameters": given or None,
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
