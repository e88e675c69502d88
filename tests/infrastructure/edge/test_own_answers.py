"""What API Gateway answers by itself, as the template defines it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.edge.own_answers import RELEASE, X_RELEASE, unknown_paths
from orders.cors import EXPOSED_HEADERS
from orders.problems import (
    CHALLENGE,
    GATEWAY_PROBLEMS,
    METHOD_NOT_ALLOWED,
    NO_SUCH_ROUTE,
)
from orders.routes import HEAD, ROUTES
from project.release import looked_at
from tests.infrastructure.edge.test_api import method_of

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template


def headers_in(parameters: dict[str, str]) -> dict[str, str]:
    """Give the headers of an answer, each a fixed text, but for which release it is."""
    told = f"method.response.header.{X_RELEASE}"
    parameters = {name: text for name, text in parameters.items() if name != told}
    assert all(text[0] == text[-1] == "'" for text in parameters.values())
    return {name.partition(".header.")[2]: text[1:-1] for name, text in parameters.items()}


def mock_of(method: dict[str, Any]) -> dict[str, Any]:
    """Give the one answer of a method that runs nothing."""
    assert method["Integration"]["Type"] == "MOCK"
    (answer,) = method["Integration"]["IntegrationResponses"]
    assert isinstance(answer, dict)
    return answer


def path_of(template: Template, resource: dict[str, Any]) -> str:
    """Give the path of a resource; the root's is empty."""
    if "Ref" not in resource:
        return ""
    made = template.document["Resources"][resource["Ref"]]["Properties"]
    return f"{path_of(template, made['ParentId'])}/{made['PathPart']}"


def any_methods(template: Template) -> dict[str, dict[str, Any]]:
    """Give, by its path, each method that stands for all that a path does not have."""
    methods = (method for _, method in template.all("ApiGateway::Method"))
    return {
        path_of(template, method["ResourceId"]) or "/": method
        for method in methods
        if method["HttpMethod"] == "ANY"
    }


def test_health_is_open_and_runs_nothing(template: Template) -> None:
    """Anybody can ask for health; API Gateway answers by itself."""
    for operation, method in (("health", "GET"), ("head_health", HEAD)):
        health = method_of(template, operation)
        assert (health["HttpMethod"], mock_of(health)["StatusCode"]) == (method, "200")
        assert not health.get("ApiKeyRequired", False)


def test_health_says_which_release_runs(template: Template) -> None:
    """A commit changes the stage's variable, and deploys no API anew; pages can read it."""
    variables = template.one("ApiGateway::Stage")["Variables"]
    assert variables == {RELEASE: looked_at().short()}
    for operation in ("health", "head_health"):
        headers = mock_of(method_of(template, operation))["ResponseParameters"]
        assert headers[f"method.response.header.{X_RELEASE}"] == f"stageVariables.{RELEASE}"
        exposed = headers["method.response.header.Access-Control-Expose-Headers"].strip("'")
        assert set(exposed.split(", ")) == {*EXPOSED_HEADERS, X_RELEASE}


def test_unknown_routes_are_answered_for_every_path(template: Template) -> None:
    """Each path that there is, and any other of any depth, has an answer for unknown methods.

    Without one API Gateway takes an Authorization header there for a signature, and answers 403.
    """
    paths = {path_of(template, {"Ref": name}) for name, _ in template.all("ApiGateway::Resource")}
    assert set(any_methods(template)) == {"/", *paths} == set(unknown_paths())
    assert {route.path for route in ROUTES} | {"/health", "/{proxy+}"} <= paths


def test_an_unknown_route_is_a_problem_and_runs_nothing(template: Template) -> None:
    """It answers 404 as problem+json to anybody, whatever is sent, and no function is asked.

    Another method of a path that there is gets 405, with those that there are (RFC 9110, 15.5.6).
    """
    for path, method in any_methods(template).items():
        answer, allowed = mock_of(method), ALLOWED.get(path)
        kind = METHOD_NOT_ALLOWED if allowed else NO_SUCH_ROUTE
        body = json.loads(answer["ResponseTemplates"]["application/json"])
        assert (answer["StatusCode"], body["status"]) == (str(kind.status), kind.status), path
        assert body["type"] == kind.type
        assert body["requestId"] == "$context.requestId"
        headers = headers_in(answer["ResponseParameters"])
        assert headers["Content-Type"] == "application/problem+json"
        assert headers.get("Allow") == allowed
        for template_of_type in method["Integration"]["RequestTemplates"].values():
            assert json.loads(template_of_type) == {"statusCode": kind.status}
        assert (method["AuthorizationType"], "ApiKeyRequired" in method) == ("NONE", False)


ALLOWED = {
    "/health": "GET, HEAD, OPTIONS",
    **dict.fromkeys(("/orders", "/partner/orders"), "GET, HEAD, OPTIONS, POST"),
    **dict.fromkeys(
        ("/orders/{orderId}", "/partner/orders/{orderId}"), "GET, HEAD, OPTIONS, PATCH"
    ),
    "/restaurants/{restaurantId}/orders": "GET, HEAD, OPTIONS",
    "/restaurants/{restaurantId}/orders/{orderId}": "GET, HEAD, OPTIONS, PATCH",
    "/partner/restaurants/{restaurantId}/orders": "GET, HEAD, OPTIONS",
    "/partner/restaurants/{restaurantId}/orders/{orderId}": "GET, HEAD, OPTIONS, PATCH",
}
"""The methods of each path that has some."""


def test_options_tells_what_there_is(template: Template) -> None:
    """Whoever asks a path what it takes is told, and which patches (RFC 5789, 3.1)."""
    told = {}
    for _, method in template.all("ApiGateway::Method"):
        if method["HttpMethod"] == "OPTIONS":
            headers = headers_in(mock_of(method)["ResponseParameters"])
            told[path_of(template, method["ResourceId"]) or "/"] = headers
            declared = method["MethodResponses"][0]["ResponseParameters"]
            assert {f"method.response.header.{name}" for name in headers} <= set(declared)
    assert {path: headers["Allow"] for path, headers in told.items() if "Allow" in headers} == (
        ALLOWED
    )
    patched = {path for path, headers in told.items() if "Accept-Patch" in headers}
    assert patched == {path for path, allowed in ALLOWED.items() if "PATCH" in allowed}
    assert told["/orders/{orderId}"]["Accept-Patch"] == (
        "application/merge-patch+json, application/json"
    )


def test_a_known_route_is_never_open_by_its_unknown_methods(template: Template) -> None:
    """What answers unknown methods leaves every route its own method, with who may call it."""
    own = {method["HttpMethod"] for _, method in template.all("ApiGateway::Method")}
    assert own == {route.method for route in ROUTES} | {"OPTIONS", "ANY"}


ALL_RESPONSE_TYPES = set(
    """
    ACCESS_DENIED API_CONFIGURATION_ERROR AUTHORIZER_CONFIGURATION_ERROR AUTHORIZER_FAILURE
    BAD_REQUEST_BODY BAD_REQUEST_PARAMETERS DEFAULT_4XX DEFAULT_5XX EXPIRED_TOKEN
    INTEGRATION_FAILURE INTEGRATION_TIMEOUT INVALID_API_KEY INVALID_SIGNATURE
    MISSING_AUTHENTICATION_TOKEN QUOTA_EXCEEDED REQUEST_TOO_LARGE RESOURCE_NOT_FOUND THROTTLED
    UNAUTHORIZED UNSUPPORTED_MEDIA_TYPE WAF_FILTERED
    """.split()
)  # docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html


HOSTILE = (
    '[object has missing required properties (["items"])]',
    r"[object has missing required properties ([\"items\"])]",
    '"}, \\ \x00',
)
"""What the validator may say of a body: with its quotes as they are, and escaped."""


def filled(response: dict[str, Any], message: str) -> str:
    """Render a gateway response as API Gateway does: by plain substitution."""
    text: str = response["ResponseTemplates"]["application/json"]
    # It quotes and escapes this one itself ("the quoted value of $context.error.message").
    text = text.replace("$context.error.messageString", message)
    return re.sub(r"\$context\.requestId", "request-1", text)


@pytest.mark.parametrize("said", HOSTILE)
def test_a_refusal_is_json_whatever_the_validator_says(template: Template, said: str) -> None:
    """However API Gateway escapes what a caller has sent, each of its problems can be read."""
    for _, response in template.all("ApiGateway::GatewayResponse"):
        text = filled(response, json.dumps(said))
        for variable in ("validationErrorString", "message"):
            text = text.replace(f"$context.error.{variable}", said)
        assert "$" not in text, response["ResponseType"]
        assert json.loads(text)["type"] == GATEWAY_PROBLEMS[response["ResponseType"]].type


def test_a_401_says_how_to_sign_in(template: Template) -> None:
    """Every 401 carries WWW-Authenticate, and nothing else does (RFC 9110, 15.5.2)."""
    for _, response in template.all("ApiGateway::GatewayResponse"):
        headers = headers_in(response["ResponseParameters"])
        challenge = headers.get("WWW-Authenticate")
        expected = CHALLENGE["WWW-Authenticate"] if response.get("StatusCode") == "401" else None
        assert challenge == expected, response["ResponseType"]


def test_no_answer_is_sniffed(template: Template) -> None:
    """Whatever API Gateway answers by itself, preflights too, a browser takes as what it says."""
    answers = [r["ResponseParameters"] for _, r in template.all("ApiGateway::GatewayResponse")]
    for _, method in template.all("ApiGateway::Method"):
        if method["Integration"]["Type"] == "MOCK":
            answers.append(mock_of(method)["ResponseParameters"])
            (declared,) = method["MethodResponses"]
            assert "method.response.header.X-Content-Type-Options" in declared["ResponseParameters"]
    assert {headers_in(answer)["X-Content-Type-Options"] for answer in answers} == {"nosniff"}


def test_every_error_of_the_gateway_is_a_problem(template: Template) -> None:
    """Whatever API Gateway answers by itself is problem+json with a stable type."""
    responses = {r["ResponseType"]: r for _, r in template.all("ApiGateway::GatewayResponse")}
    assert set(responses) == set(GATEWAY_PROBLEMS) == ALL_RESPONSE_TYPES
    for name, response in responses.items():
        headers = response["ResponseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        body = json.loads(filled(response, '"message"'))
        assert body["type"] == GATEWAY_PROBLEMS[name].type
        assert {"title", "requestId"} <= set(body)
        if not name.startswith("DEFAULT_"):
            assert response["StatusCode"] == str(body["status"])


@pytest.mark.parametrize(
    ("response_type", "seconds"), [("THROTTLED", "1"), ("QUOTA_EXCEEDED", "3600")]
)
def test_a_throttled_caller_is_told_when_to_come_back(
    template: Template, response_type: str, seconds: str
) -> None:
    """429 carries Retry-After: a second for a rate, an hour for a day's quota."""
    responses = {r["ResponseType"]: r for _, r in template.all("ApiGateway::GatewayResponse")}
    headers = responses[response_type]["ResponseParameters"]
    assert headers["gatewayresponse.header.Retry-After"] == f"'{seconds}'"


def test_every_answer_that_asks_for_another_try_says_when(template: Template) -> None:
    """No 429 and no 5xx of API Gateway's own comes without Retry-After, and no other has it."""
    for _, response in template.all("ApiGateway::GatewayResponse"):
        kind = GATEWAY_PROBLEMS[response["ResponseType"]]
        told = "gatewayresponse.header.Retry-After" in response["ResponseParameters"]
        assert told == (kind.status == 429 or kind.status >= 500), response["ResponseType"]


def test_a_page_can_read_the_gateway_s_own_errors(template: Template) -> None:
    """Errors that API Gateway makes carry the CORS headers too, and never for every origin."""
    for _, response in template.all("ApiGateway::GatewayResponse"):
        headers = {
            name.removeprefix("gatewayresponse.header."): value.strip("'")
            for name, value in response["ResponseParameters"].items()
        }
        assert headers["Access-Control-Allow-Origin"].startswith(("https://", "http://localhost"))
        assert headers["Access-Control-Expose-Headers"] == ", ".join(EXPOSED_HEADERS)
        assert headers["Vary"] == "Origin"
