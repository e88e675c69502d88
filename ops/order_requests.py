"""Requests to the API's own functions, made by an operator with AWS credentials.

    request ─► the event that API Gateway sends ─► Lambda Invoke ─► the function ─► its answer

The function checks, decides and stores, as it does for the API: a move is made by its rules, on its
conditions, and stands in the order's history with the operator's name. It takes
lambda:InvokeFunction on the function, and nothing of the operator's token.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping  # noqa: TC003 - a NamedTuple's field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from infrastructure import outputs
from infrastructure.functions import LIVE
from ops.reach.errors import OperatorError, Overtaken
from orders.domain.serving.servers import SERVED_BY
from orders.routes import HEAD, IDEMPOTENCY_KEY, JSON, ROUTES, STAGE
from orders.settings import OPERATORS
from project.json_object import json_object

if TYPE_CHECKING:
    from ops.reach.target import Target

_OWN = "/orders"
_PARTNERS = "/partner/orders"
_ONE = "/{orderId}"
_PAGE = 25
_BAD, _NOT_FOUND, _PRECONDITION_FAILED = 400, 404, 412


class Sender(NamedTuple):
    """On whose behalf a request is: an operator's own, or a partner's by one of its keys."""

    operator: str = ""
    key_id: str | None = None

    @property
    def context(self) -> dict[str, Any]:
        """What API Gateway would say of whoever sends it."""
        claims = {"token_use": "id", "sub": self.operator, "cognito:groups": OPERATORS}
        authorizer = None if self.key_id else {"claims": claims}
        return {"identity": {"apiKeyId": self.key_id}, "authorizer": authorizer}


def operator_of(target: Target) -> Sender:
    """Name the operator as its credentials do: the end of their ARN."""
    arn = str(target.client("sts").get_caller_identity()["Arn"])
    return Sender(operator=arn.rpartition(":")[2])


def listed(
    target: Target, sender: Sender, asked: Mapping[str, list[str]], most: int
) -> list[dict[str, Any]]:
    """List orders, newest first.

    Args:
        target: the deployment.
        sender: who asks.
        asked: query parameters of the API's list, each with its values.
        most: how many at most.

    Raises:
        OperatorError: when the list is refused.
    """
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(found) < most:
        more = {"limit": [str(min(_PAGE, most - len(found)))]}
        more |= {"cursor": [cursor]} if cursor else {}
        page = _answer(target, sender, _Call("GET", _OWN, query={**asked, **more}))
        found += page["orders"]
        cursor = page["cursor"]
        if not cursor:
            break
    return found


def shown(target: Target, sender: Sender, order_id: str) -> dict[str, Any]:
    """Read one order, as operators see it.

    Raises:
        OperatorError: when there is none.
    """
    return _answer(target, sender, _Call("GET", _OWN + _ONE, order_id))


def serving(target: Target, order: Mapping[str, Any]) -> str | None:
    """Name who serves an order, from its item: a partner's id; empty for staff, None for nobody.

    The API tells nobody. An order that nobody serves is moved by whoever placed it, and operators.
    """
    key = {"orderId": {"S": order["orderId"]}, "timestamp": {"S": order["createdAt"]}}
    found = target.client("dynamodb").get_item(
        TableName=target.output(outputs.ORDERS_TABLE), Key=key, ProjectionExpression=SERVED_BY
    )
    server = found.get("Item", {}).get(SERVED_BY, {}).get("S")
    return None if server is None else str(server).partition("#")[0]


def moved(
    target: Target, sender: Sender, seen: Mapping[str, Any], change: Mapping[str, Any]
) -> dict[str, Any]:
    """Change an order as it was shown.

    Args:
        target: the deployment.
        sender: who asks.
        seen: the order, which must still be of this version.
        change: the body of the API's PATCH.

    Raises:
        Overtaken: when somebody has changed it since.
        OperatorError: when the change is refused.
    """
    headers = {"If-Match": f'"{seen["version"]}"'}
    order_id = str(seen["orderId"])
    call = _Call("PATCH", _OWN + _ONE, order_id, json.dumps(change), headers)
    return _answer(target, sender, call)


def placed(target: Target, sender: Sender, body: str, key: str) -> dict[str, Any]:
    """Place an order on behalf of a partner.

    Args:
        target: the deployment.
        sender: by the partner's key.
        body: the order as the API takes it.
        key: its Idempotency-Key; the same one places nothing twice.

    Raises:
        OperatorError: when the order is refused.
    """
    call = _Call("POST", _PARTNERS, body=body, headers={IDEMPOTENCY_KEY: key})
    return _answer(target, sender, call)


class _Call(NamedTuple):
    """A request to one of the API's routes."""

    method: str
    path: str
    order_id: str | None = None
    body: str | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    query: Mapping[str, list[str]] | None = None

    def event(self, sender: Sender, request_id: str) -> dict[str, Any]:
        """Write it as API Gateway does (proxy integration, payload version 1.0)."""
        whole = self.path.replace("{orderId}", self.order_id or "")
        headers = {"Content-Type": JSON, **self.headers}
        return {
            "resource": self.path,
            "path": whole,
            "httpMethod": self.method,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "multiValueQueryStringParameters": self.query,
            "pathParameters": {"orderId": self.order_id} if self.order_id else None,
            "requestContext": {
                "requestId": request_id,
                "path": f"/{STAGE}{whole}",
                "httpMethod": self.method,
                "resourcePath": self.path,
                **sender.context,
            },
            "body": self.body,
            "isBase64Encoded": False,
        }


def _answer(target: Target, sender: Sender, call: _Call) -> dict[str, Any]:
    """Call the function of a route; give the body of its answer."""
    request_id = str(uuid.uuid4())
    event = json.dumps(call.event(sender, request_id)).encode()
    name = target.output(outputs.function(_function_of(call.method, call.path)))
    answer = _invoked(target.client("lambda"), name, event)
    told = json_object(answer["Payload"].read().decode()) or {}
    return _body(told, f"request {request_id}")


def _invoked(client: Any, function: str, event: bytes) -> Any:
    """Call what callers meet; a stage that was deployed before there were versions has itself."""
    try:
        return client.invoke(FunctionName=function, Qualifier=LIVE, Payload=event)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise
    return client.invoke(FunctionName=function, Payload=event)


def _function_of(method: str, path: str) -> str:
    return next(
        route.function
        for route in ROUTES
        if (route.method, route.path) == (method, path) and method != HEAD
    )


def _body(told: Mapping[str, Any], request: str) -> dict[str, Any]:
    body = json_object(str(told.get("body"))) or {}
    status = told.get("statusCode")
    if not isinstance(status, int):
        why = told.get("errorMessage", "no answer of the API's")
        raise OperatorError(f"The function failed: {why}. Its log tells more, by {request}.")
    if status < _BAD:
        return body
    if status == _NOT_FOUND:  # of an operator, whom every order is shown
        raise OperatorError("There is no such order: `orders ls` shows those that there are.")
    faults = [f"{each.get('pointer', '')} {each['detail']}" for each in body.get("errors", ())]
    said = "; ".join(filter(None, [str(body.get("detail") or body.get("title")), *faults]))
    kind = Overtaken if status == _PRECONDITION_FAILED else OperatorError
    raise kind(f"{status}: {said}.".replace("..", "."))
