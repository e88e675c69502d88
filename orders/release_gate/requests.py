"""Requests to the API, as API Gateway hands them to a function (payload version 1.0).

They come from the partner that is the service itself: nobody hears of its orders, and they expire.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from orders.domain.synthetic import HEARTBEAT
from orders.named_tuple import NamedTuple
from orders.release_gate import KEY_ID
from orders.release_gate.plan import CHANGING, LISTING, PLACING, READING

NOBODYS = "01890a5d-ac96-774b-bcce-b302099a8057"
"""The id of an order that nobody has placed."""

_STAGE = "v1"

Sender = dict[str, Any]

PARTNER: Sender = {"identity": {"apiKeyId": KEY_ID}, "authorizer": None}
STRANGER: Sender = {"identity": {"apiKeyId": "release-gate-stranger"}, "authorizer": None}
NOBODY: Sender = {"identity": {"apiKeyId": None}, "authorizer": None}


def person(groups: str = "", restaurants: str = "", sub: str = "") -> Sender:
    """Give a person whose token says this, and who has asked for nothing yet: nobody's `sub`."""
    claims = {"token_use": "id", "sub": sub or f"{HEARTBEAT}-{uuid.uuid4()}"}
    claims |= {"cognito:groups": groups, "custom:restaurants": restaurants}
    return {"identity": {"apiKeyId": None}, "authorizer": {"claims": claims}}


class Request(NamedTuple):
    """One request."""

    method: str
    resource: str
    places: dict[str, str]
    """The parts of the path by name."""
    body: str | None
    headers: dict[str, str]
    query: dict[str, list[str]] | None
    sender: Sender
    id: str

    @property
    def function(self) -> str:
        """The function that answers it."""
        if self.method in ("GET", "HEAD"):
            return READING if "orderId" in self.places else LISTING
        return PLACING if self.method == "POST" else CHANGING

    @property
    def title(self) -> str:
        """What the request is called in a refusal."""
        return f"{self.method} {self.resource}"

    def event(self, origin: str) -> dict[str, Any]:
        """Write it as API Gateway does, from a page of a web origin."""
        path = self.resource
        for name, value in self.places.items():
            path = path.replace(f"{{{name}}}", value)
        headers = {"Origin": origin, "User-Agent": KEY_ID, **self.headers}
        multi = self.query
        return {
            "resource": self.resource,
            "path": path,
            "httpMethod": self.method,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": multi and {name: texts[-1] for name, texts in multi.items()},
            "multiValueQueryStringParameters": multi,
            "pathParameters": self.places or None,
            "stageVariables": None,
            "requestContext": {
                "requestId": self.id,
                "path": f"/{_STAGE}{path}",
                "httpMethod": self.method,
                "resourcePath": self.resource,
                "stage": _STAGE,
                **self.sender,
            },
            "body": self.body,
            "isBase64Encoded": False,
        }


def request(
    title: str,
    *,
    sender: Sender = PARTNER,
    body: Any = None,
    headers: dict[str, str] | None = None,
    query: dict[str, list[str]] | None = None,
    places: dict[str, str] | None = None,
) -> Request:
    """Make a request with an id of its own.

    Args:
        title: method and resource, such as `GET /orders`.
        sender: who sends it.
        body: a text as it is, all else as JSON.
        headers: besides those of every request.
        query: the parameters, each with its values.
        places: the parts of the path by name.
    """
    method, resource = title.split(" ")
    text = body if body is None or isinstance(body, str) else compact(body)
    sent = {} if text is None else {"Content-Type": "application/json"}
    sent |= headers or {}
    request_id = str(uuid.uuid4())
    return Request(method, resource, places or {}, text, sent, query, sender, request_id)


def compact(body: Any) -> str:
    """Write a body as JSON."""
    return json.dumps(body, separators=(",", ":"))


_ORDERS = "/partner/orders"
_ONE = f"{_ORDERS}/{{orderId}}"


def placing(body: Any, key: str) -> Request:
    """Place an order; the key says which."""
    return request(f"POST {_ORDERS}", body=body, headers={"Idempotency-Key": key})


def reading(order_id: str, headers: dict[str, str] | None = None) -> Request:
    """Read an order."""
    return request(f"GET {_ONE}", places={"orderId": order_id}, headers=headers)


def changing(order_id: str, patch: Any, headers: dict[str, str] | None = None) -> Request:
    """Change an order."""
    sent = {"Content-Type": "application/merge-patch+json", **(headers or {})}
    return request(f"PATCH {_ONE}", places={"orderId": order_id}, body=patch, headers=sent)


def listing(**query: str) -> Request:
    """List orders."""
    return request(f"GET {_ORDERS}", query={name: [value] for name, value in query.items()})
