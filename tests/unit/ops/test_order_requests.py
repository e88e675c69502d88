"""An operator's requests reach the API's functions as API Gateway's do; answers reach people."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from ops import order_requests as requests
from ops.order_requests import Sender
from ops.reach.errors import OperatorError, Overtaken
from ops.reach.target import Target
from orders.callers import caller_of
from orders.domain.lifecycle import Role
from orders.http import Request
from tests.unit.ops.functions import refused

ORDER_ID = "01a2056f-12d3-7a4f-a166-60b40a00b62c"
OUTPUTS = {
    "ListOrdersFunction": "list_orders",
    "GetOrderFunction": "get_order",
    "CreateOrderFunction": "create_order",
    "UpdateOrderFunction": "update_order",
}


class Aws:
    """Lambda and STS: functions that answer what they are told to, and remember their events."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self._answers = list(answers)
        self.called: list[tuple[str, dict[str, Any]]] = []
        self.qualifiers: list[str] = []
        self.released = True

    def invoke(self, *, FunctionName: str, Payload: bytes, Qualifier: str = "") -> dict[str, Any]:  # noqa: N803 - AWS's
        self.qualifiers.append(Qualifier)
        if Qualifier and not self.released:
            raise refused("ResourceNotFoundException")
        self.called.append((FunctionName, json.loads(Payload)))
        return {"Payload": io.BytesIO(json.dumps(self._answers.pop(0)).encode())}

    def get_caller_identity(self) -> dict[str, str]:
        return {"Arn": "arn:aws:sts::111122223333:assumed-role/ops/alice"}


def answer(status: int, body: Any) -> dict[str, Any]:
    return {"statusCode": status, "headers": {}, "body": json.dumps(body)}


def target_of(aws: Aws) -> Target:
    return Target("stage it", "stack", lambda _: aws, OUTPUTS, "")


OPERATOR = Sender(operator="assumed-role/ops/alice")


def test_an_operator_is_named_by_its_credentials() -> None:
    """The history of an order names who moved it as the credentials do, without the account."""
    assert requests.operator_of(target_of(Aws())) == OPERATOR


def test_a_function_takes_the_request_for_an_operators() -> None:
    """The function sees a request of its route, by an operator, about this order."""
    aws = Aws(answer(200, {"orderId": ORDER_ID}))
    assert requests.shown(target_of(aws), OPERATOR, ORDER_ID) == {"orderId": ORDER_ID}
    (called,) = aws.called
    assert called[0] == "get_order"
    request = Request(called[1])
    caller = caller_of(request.context, request.route)
    assert (caller.role, caller.identity) == (Role.OPERATOR, "assumed-role/ops/alice")
    assert (request.route.function, request.order_id) == ("get_order", ORDER_ID)


def test_an_operator_meets_what_callers_meet() -> None:
    """The alias answers, and not what is newest; in a stage without one, the function itself."""
    aws = Aws(answer(200, {"orderId": ORDER_ID}))
    requests.shown(target_of(aws), OPERATOR, ORDER_ID)
    assert aws.qualifiers == ["live"]
    aws = Aws(answer(200, {"orderId": ORDER_ID}))
    aws.released = False
    assert requests.shown(target_of(aws), OPERATOR, ORDER_ID) == {"orderId": ORDER_ID}
    assert aws.qualifiers == ["live", ""]


def test_a_list_is_followed_to_its_end() -> None:
    """Pages are joined until there are as many as I asked for, or no more."""
    pages = (
        answer(200, {"orders": [{"n": 1}] * 25, "cursor": "next"}),
        answer(200, {"orders": [{"n": 2}] * 5, "cursor": None}),
    )
    aws = Aws(*pages)
    found = requests.listed(target_of(aws), OPERATOR, {"partnerId": ["acme"]}, 40)
    assert len(found) == 30
    queries = [event["multiValueQueryStringParameters"] for _, event in aws.called]
    assert queries == [
        {"partnerId": ["acme"], "limit": ["25"]},
        {"partnerId": ["acme"], "limit": ["15"], "cursor": ["next"]},
    ]


def test_a_move_holds_for_the_order_as_it_was_shown() -> None:
    """Who is second changes nothing, and is told so."""
    problem = {"title": "A condition is not met", "detail": "The order is of version 3"}
    aws = Aws(answer(412, problem))
    seen = {"orderId": ORDER_ID, "version": 2}
    with pytest.raises(Overtaken, match="version 3"):
        requests.moved(target_of(aws), OPERATOR, seen, {"status": "CONFIRMED"})
    ((name, event),) = aws.called
    assert name == "update_order"
    assert event["headers"]["If-Match"] == '"2"'
    assert json.loads(event["body"]) == {"status": "CONFIRMED"}


def test_an_order_is_placed_by_a_partners_key() -> None:
    """It goes to the partners' route, with the key's id and the Idempotency-Key."""
    aws = Aws(answer(201, {"orderId": ORDER_ID}))
    requests.placed(target_of(aws), Sender(key_id="key-1"), "{}", "once")
    ((name, event),) = aws.called
    assert (name, event["path"]) == ("create_order", "/partner/orders")
    assert event["requestContext"]["identity"]["apiKeyId"] == "key-1"
    assert event["requestContext"]["authorizer"] is None
    assert event["headers"]["Idempotency-Key"] == "once"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            answer(400, {"detail": "Wrong", "errors": [{"pointer": "#/tip", "detail": "Too low"}]}),
            "400: Wrong; #/tip Too low.",
        ),
        (
            answer(404, {"detail": "No order of yours has this id"}),
            "There is no such order: `orders ls`",
        ),
        ({"errorMessage": "Task timed out"}, "The function failed: Task timed out"),
    ],
)
def test_a_refusal_is_a_sentence(told: dict[str, Any], said: str) -> None:
    """What the API would say is what I read, each fault with its place."""
    with pytest.raises(OperatorError) as refused:
        requests.shown(target_of(Aws(told)), OPERATOR, ORDER_ID)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("stored", "told"),
    [("acme-pos#rest-1", "acme-pos"), ("#rest-1", ""), (None, None)],
)
def test_who_serves_an_order(stored: str | None, told: str | None) -> None:
    """An operator sees whose kitchen an order waits for, which the API tells nobody."""
    asked: list[dict[str, Any]] = []

    class Table:
        def get_item(self, **given: Any) -> dict[str, Any]:
            asked.append(given)
            return {"Item": {"servedBy": {"S": stored}} if stored else {}}

    target = Target("it", "stack", lambda _: Table(), {"OrdersTable": "orders"}, "")
    order = {"orderId": ORDER_ID, "createdAt": "2026-11-22T12:30:00.000Z"}
    assert requests.serving(target, order) == told
    key = {"orderId": {"S": ORDER_ID}, "timestamp": {"S": order["createdAt"]}}
    assert (asked[0]["TableName"], asked[0]["Key"]) == ("orders", key)
