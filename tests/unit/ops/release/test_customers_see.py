"""What callers notice of a release is told in their words, and nothing else."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

import pytest

from documents.stateful_changes import released
from infrastructure.stateful import BEFORE
from ops.release.customers_see import changes

if TYPE_CHECKING:
    from collections.abc import Callable

TEMPLATE = released("dev", BEFORE)
"""Of 0.1.0: there the gateway itself asked for a header and for fields of a body."""


def named(kind: str, key: str, value: Any) -> dict[str, Any]:
    """Find a resource's properties in the template that is edited."""
    found: dict[str, Any] = next(
        one["Properties"]
        for one in EDITED["Resources"].values()
        if one["Type"] == f"AWS::{kind}" and one["Properties"].get(key) == value
    )
    return found


EDITED: dict[str, Any] = {}


def method(operation: str) -> dict[str, Any]:
    return named("ApiGateway::Method", "OperationName", operation)


def function(prefix: str) -> dict[str, Any]:
    resources = EDITED["Resources"].items()
    found: dict[str, Any] = next(one["Properties"] for n, one in resources if n.startswith(prefix))
    return found


def drop_route() -> None:
    resources = EDITED["Resources"]
    name = next(
        n
        for n, one in resources.items()
        if one["Type"] == "AWS::ApiGateway::Method"
        and one["Properties"].get("OperationName") == "list_orders"
    )
    del resources[name]


def setting(path: str) -> dict[str, Any]:
    stage = named("ApiGateway::Stage", "StageName", "v1")
    found: dict[str, Any] = next(s for s in stage["MethodSettings"] if s["ResourcePath"] == path)
    return found


def variable(name: str, value: str) -> None:
    for prefix in ("CreateOrderFunction", "GetOrderFunction", "UpdateOrderFunction"):
        function(prefix)["Environment"]["Variables"][name] = value


def new_order() -> dict[str, Any]:
    found: dict[str, Any] = named("ApiGateway::Model", "Name", "NewOrder")["Schema"]
    return found


def set_all_code() -> None:
    for name, one in EDITED["Resources"].items():
        if one["Type"] == "AWS::Lambda::Function" and "Function" in name:
            one["Properties"]["Code"] = {"S3Key": "other.zip"}


CASES: list[tuple[Callable[[], Any], str]] = [
    (drop_route, "route is gone: GET /orders"),
    (lambda: method("create_order").update(ApiKeyRequired=True), "POST /orders: others may call"),
    (
        lambda: method("list_orders")["RequestParameters"].update(
            {"method.request.querystring.from": False}
        ),
        "GET /orders: takes from",
    ),
    (
        lambda: method("create_order")["RequestParameters"].update(
            {"method.request.header.Idempotency-Key": False}
        ),
        "POST /orders: Idempotency-Key is no longer needed",
    ),
    (
        lambda: method("list_orders")["RequestParameters"].pop("method.request.querystring.limit"),
        "GET /orders: no longer takes limit",
    ),
    (lambda: new_order()["properties"].update(umbrella={}), "body NewOrder: umbrella is new"),
    (
        lambda: new_order()["properties"]["deliveryAddress"]["required"].remove("postalCode"),
        "body NewOrder: deliveryAddress.postalCode is no longer needed",
    ),
    (lambda: new_order()["properties"].pop("currency"), "body NewOrder: currency is gone"),
    (
        lambda: new_order()["properties"].update(currency={"maxLength": 3}),
        "body NewOrder: what a field may be changes",
    ),
    (
        lambda: named("ApiGateway::GatewayResponse", "ResponseType", "THROTTLED").update(
            StatusCode="503"
        ),
        "API Gateway's own answers change: THROTTLED",
    ),
    (
        lambda: setting("/~1orders").update(ThrottlingRateLimit=10),
        r"POST /orders: \d+ → 10 requests a second",
    ),
    (
        lambda: setting("/*").update(ThrottlingBurstLimit=7),
        r"all routes together: \d+ → 7 at once",
    ),
    (
        lambda: named("ApiGateway::UsagePlan", "UsagePlanName", "food-delivery-orders-dev-premium")[
            "Quota"
        ].update(Limit=1),
        r"plan food-delivery-orders-dev-premium: \d+ → 1 requests a day",
    ),
    (lambda: function("CreateOrderFunction").update(Timeout=3), r"create_order: \d+ → 3 s until"),
    (lambda: function("ListOrdersFunction").update(MemorySize=1512), r"list_orders: \d+ → 1512 MB"),
    (
        lambda: variable("IDEMPOTENCY_HOURS", "4800"),
        r"hours for which an Idempotency-Key holds: \d+ → 4800",
    ),
    (lambda: variable("PRICE_QUOTES", "nonsense"), "whether prices need a quote: .* → nonsense"),
    (
        lambda: function("UpdateOrderFunction").update(Code={"S3Key": "other.zip"}),
        "new code: update_order",
    ),
    (set_all_code, "new code: all functions"),
]


@pytest.mark.parametrize(("edit", "said"), CASES, ids=[said for _, said in CASES])
def test_what_callers_notice(edit: Callable[[], Any], said: str) -> None:
    """Each change of what callers rely on is one sentence, by route, field, plan or function."""
    EDITED.clear()
    EDITED.update(copy.deepcopy(TEMPLATE))
    edit()
    (sentence,) = changes(TEMPLATE, EDITED)
    assert re.match(said, sentence), sentence


def test_the_way_back_says_the_opposite() -> None:
    """What is new on the way there is gone on the way back."""
    EDITED.clear()
    EDITED.update(copy.deepcopy(TEMPLATE))
    drop_route()
    assert changes(EDITED, TEMPLATE) == ["new route: GET /orders"]


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_nothing(stage: str) -> None:
    """A release that callers do not notice says nothing."""
    assert changes(released(stage), copy.deepcopy(released(stage))) == []


def test_alarms_and_logs_are_not_callers_business() -> None:
    """What only operators notice stands among the resources, not here."""
    edited = copy.deepcopy(TEMPLATE)
    for one in edited["Resources"].values():
        if one["Type"] in ("AWS::CloudWatch::Alarm", "AWS::Logs::LogGroup"):
            one["Properties"]["Description"] = "other"
    assert changes(TEMPLATE, edited) == []
