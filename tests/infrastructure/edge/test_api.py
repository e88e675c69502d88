"""The REST API, as the template defines it."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.edge.models import shape_of
from infrastructure.settings import STAGES
from orders.domain.lifecycle import Role
from orders.routes import HEAD, ROUTES, STAGE
from tests.lazily import Lazily
from tests.shared import examples

if TYPE_CHECKING:
    from msgspec import Struct

    from orders.routes import Route
    from tests.infrastructure.conftest import Template

jsonschema = Lazily("jsonschema")

ROUTE_IDS = [f"{route.method} {route.path}" for route in ROUTES]
STRUCTS = list(dict.fromkeys(route.body for route in ROUTES if route.body))


def method_of(template: Template, operation: str) -> dict[str, Any]:
    """Find a method by its operation's name."""
    methods = (method for _, method in template.all("ApiGateway::Method"))
    (found,) = (method for method in methods if method.get("OperationName") == operation)
    return found


def test_the_methods_are_the_routes_and_health(template: Template) -> None:
    """The API answers what the table of routes says and preflights, and nothing else."""
    methods = [method for _, method in template.all("ApiGateway::Method")]
    named = {method["OperationName"] for method in methods if "OperationName" in method}
    assert named == {"health", "head_health", *(route.operation for route in ROUTES)}
    others = {method["HttpMethod"] for method in methods if "OperationName" not in method}
    assert others == {"OPTIONS", "ANY"}  # test_own_answers.py: what ANY answers
    preflights = [method for method in methods if method["HttpMethod"] == "OPTIONS"]
    assert {method["Integration"]["Type"] for method in preflights} == {"MOCK"}


@pytest.mark.parametrize("route", ROUTES, ids=ROUTE_IDS)
def test_every_route_admits_its_own_callers_only(template: Template, route: Route) -> None:
    """Partners' routes need an API key, customers' a token; neither opens the other's."""
    method = method_of(template, route.operation)
    assert method["HttpMethod"] == route.method
    by_key = route.caller is Role.PARTNER
    assert method.get("ApiKeyRequired", False) is by_key
    assert method["AuthorizationType"] == ("NONE" if by_key else "COGNITO_USER_POOLS")
    assert ("AuthorizerId" in method) is not by_key


def test_tokens_are_checked_by_cognito_s_own_authorizer(template: Template) -> None:
    """API Gateway checks tokens against the user pool by itself; no function is asked."""
    authorizer = template.one("ApiGateway::Authorizer")
    assert authorizer["Type"] == "COGNITO_USER_POOLS"
    assert authorizer["IdentitySource"] == "method.request.header.Authorization"
    (pool,) = authorizer["ProviderARNs"]
    assert pool["Fn::GetAtt"][0].startswith("IdentityUserPool")


@pytest.mark.parametrize("route", ROUTES, ids=ROUTE_IDS)
def test_every_route_is_validated(template: Template, route: Route) -> None:
    """No request reaches a function without what the route requires."""
    method = method_of(template, route.operation)
    validator = template.one("ApiGateway::RequestValidator")
    assert "RequestValidatorId" in method
    assert (validator["ValidateRequestBody"], validator["ValidateRequestParameters"]) == (
        True,
        True,
    )


def test_the_gateway_requires_no_header(template: Template) -> None:
    """A browser that sends header names in lower case, as HTTP/2 does, is not refused for it.

    API Gateway compares the names with case (developer guide, "Important notes for REST APIs");
    the function asks for the header, whatever its case.
    """
    for name, method in template.all("ApiGateway::Method"):
        required = {key for key, value in method.get("RequestParameters", {}).items() if value}
        assert required == set(), name


@pytest.mark.parametrize("route", [r for r in ROUTES if r.method == HEAD], ids=lambda r: r.path)
def test_head_is_get_in_all_but_its_limit(template: Template, route: Route) -> None:
    """HEAD of a route is answered by the function of its GET, to whom GET is, and checked alike."""
    head, get = (
        method_of(template, route._replace(method=method).operation) for method in (HEAD, "GET")
    )
    own = {"HttpMethod", "OperationName"}
    assert {name: value for name, value in head.items() if name not in own} == {
        name: value for name, value in get.items() if name not in own
    }


def test_every_get_has_its_head() -> None:
    """Whatever can be read can be asked for without its body."""
    read = {route.path for route in ROUTES if route.method == "GET"}
    assert read == {route.path for route in ROUTES if route.method == HEAD}


@pytest.mark.parametrize("route", [r for r in ROUTES if r.body], ids=lambda r: r.operation)
def test_a_body_is_validated_for_every_content_type(template: Template, route: Route) -> None:
    """Whichever content type a route takes, what is no JSON starts no function."""
    models = method_of(template, route.operation)["RequestModels"]
    assert set(models) == set(route.content_types)
    assert route.body is not None
    for reference in models.values():
        model = template.document["Resources"][reference["Ref"]]["Properties"]
        assert model["Name"] == route.body.__name__


@pytest.mark.parametrize("struct", STRUCTS)
def test_a_model_comes_from_its_struct(template: Template, struct: type[Struct]) -> None:
    """A model is draft 4, without references, and has the fields that the struct has."""
    (model,) = (
        model for _, model in template.all("ApiGateway::Model") if model["Name"] == struct.__name__
    )
    schema = dict(model["Schema"])
    assert schema.pop("$schema") == "http://json-schema.org/draft-04/schema#"
    assert schema.pop("title") == struct.__name__
    assert schema == shape_of(struct)
    assert "$ref" not in json.dumps(model["Schema"])
    jsonschema.Draft4Validator.check_schema(model["Schema"])


@cache
def shapes() -> list[Any]:
    """Give the validator of each struct's shape."""
    return [jsonschema.Draft4Validator(shape_of(struct)) for struct in STRUCTS]


_scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
_names = st.sampled_from(["items", "deliveryAddress", "note", "options", "surprise"])
anything = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=8,
)


@given(anything | examples.orders)
def test_the_gateway_refuses_nothing_that_is_json(body: Any) -> None:
    """Whatever is wrong with a body, the function names it: the gateway cannot."""
    assert all(shape.is_valid(body) for shape in shapes())


def test_a_function_can_only_be_called_by_its_own_method(template: Template) -> None:
    """Each permission names one method and one path of this API's stage."""
    allowed = []
    for _, permission in template.all("Lambda::Permission"):
        if permission["Principal"] == "cognito-idp.amazonaws.com":  # test_identity.py
            continue
        assert permission["Principal"] == "apigateway.amazonaws.com"
        *_, api, tail = permission["SourceArn"]["Fn::Join"][1]
        assert api == {"Ref": next(name for name, _ in template.all("ApiGateway::RestApi"))}
        allowed.append(tail)
    expected = [f"/{STAGE}/{r.method}{re.sub(r'{[^}]+}', '*', r.path)}" for r in ROUTES]
    assert sorted(allowed) == sorted(expected)


def test_the_stage_is_v1_traced_and_throttled(template: Template) -> None:
    """Stage `v1` traces every request and lets a hundred simultaneous creates pass."""
    stage = template.one("ApiGateway::Stage")
    assert (stage["StageName"], stage["TracingEnabled"]) == ("v1", True)
    limits = {(m["HttpMethod"], m["ResourcePath"]): m for m in stage["MethodSettings"]}
    own = {
        (r.method, r.path.replace("/", "~1"))
        for r in ROUTES
        if r.method in {"POST", HEAD} or "{restaurantId}" in r.path
    }
    assert set(limits) == {("*", "/*"), *((method, f"/{path}") for method, path in own)}
    for (name, path), method in limits.items():
        assert method["DataTraceEnabled"] is False
        least = 50 if name == HEAD or "restaurants" in path else 100
        assert method["ThrottlingBurstLimit"] >= least
        assert method["ThrottlingRateLimit"] >= least
    assert limits["POST", "/~1orders"]["ThrottlingBurstLimit"] >= 100


def test_access_logs_are_json_without_personal_data(template: Template) -> None:
    """One JSON object for each request, with ids and times but no address and no user agent."""
    setting = template.one("ApiGateway::Stage")["AccessLogSetting"]
    fields = json.loads(setting["Format"])
    assert {"requestId", "status", "latency", "route"} <= set(fields)
    assert not {"$context.identity.sourceIp", "$context.identity.userAgent"} & {*fields.values()}


def test_access_logs_say_why_and_by_which_tls(template: Template) -> None:
    """Whoever is refused by authorizer, firewall or integration is told apart, and old TLS seen."""
    values = set(
        json.loads(template.one("ApiGateway::Stage")["AccessLogSetting"]["Format"]).values()
    )
    why = {"error.responseType", "authorizer.error", "integration.error", "wafResponseCode"}
    assert {f"$context.{name}" for name in {*why, "waf.error", "tlsVersion"}} <= values


def test_the_usage_plans_are_standard_and_premium(template: Template) -> None:
    """A partner's key comes with a rate, a burst and a daily quota; premium allows more."""
    plans = {
        p["UsagePlanName"].rpartition("-")[2]: p for _, p in template.all("ApiGateway::UsagePlan")
    }
    plans.pop("heartbeat", None)  # no partner's: test_heartbeat.py
    assert set(plans) == {"standard", "premium"}
    for plan in plans.values():
        assert plan["Quota"]["Period"] == "DAY"
        throttle = plan["Throttle"]
        assert throttle["BurstLimit"] >= throttle["RateLimit"]
        # Several times into what all partners share for placing an order: 150.
        assert 5 * throttle["BurstLimit"] <= STAGES["dev"].placing_throttle.burst
        assert len(plan["ApiStages"]) == 1
    standard, premium = plans["standard"], plans["premium"]
    assert 3_500 < standard["Quota"]["Limit"] < premium["Quota"]["Limit"]
    assert standard["Throttle"]["RateLimit"] < premium["Throttle"]["RateLimit"]


@pytest.mark.parametrize("stage", STAGES)
def test_every_path_answers_preflights_for_the_stage_s_origins(
    templates: dict[str, Template], stage: str
) -> None:
    """A page on an allowed origin may call every path, and browsers keep that for two hours."""
    template = templates[stage]
    methods = [method for _, method in template.all("ApiGateway::Method")]
    preflights = {json.dumps(m["ResourceId"]): m for m in methods if m["HttpMethod"] == "OPTIONS"}
    assert {json.dumps(method["ResourceId"]) for method in methods} == set(preflights)
    for method in preflights.values():
        (answer,) = method["Integration"]["IntegrationResponses"]
        headers = {
            name.removeprefix("method.response.header."): value.strip("'")
            for name, value in answer["ResponseParameters"].items()
        }
        assert headers["Access-Control-Allow-Origin"] == STAGES[stage].origins[0]
        assert headers["Access-Control-Max-Age"] == "7200"
        assert headers["Vary"] == "Origin"
        assert {"Idempotency-Key", "If-Match", "Authorization"} <= {
            *headers["Access-Control-Allow-Headers"].split(",")
        }
        assert "*" not in headers.values()
