"""API Gateway's own answers and the events it makes, as LocalStack recorded them.

The recordings: test_apigateway_common.snapshot.json, test_apigateway_lambda.snapshot.json and
test_apigateway_api.snapshot.json.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.integration.recorded.conftest import unique
from tests.shared.people import aws

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints
    from tests.integration.laboratories.rest_api import Laboratory

pytestmark = pytest.mark.integration

IN_LOWER_CASE = pytest.mark.xfail(
    reason="the emulator hands header names over in lower case", raises=KeyError
)
SPARSE = pytest.mark.xfail(
    reason="the emulator leaves fields out that nobody here reads", raises=AssertionError
)
NO_TRACE_ID = pytest.mark.xfail(
    reason="the emulator's answers carry no trace id", raises=AssertionError
)
NO_HEIRS = pytest.mark.xfail(
    reason="the emulator's answers inherit templates, but no status", raises=AssertionError
)

MODEL = {"type": "object", "required": ["a", "b"]}


@pytest.fixture(scope="module")
def plain(stack: Endpoints) -> str:
    """The address of an API that requires a header and a body, and answers by itself."""
    gateway = aws(stack, "apigateway")
    api = gateway.create_rest_api(name=unique("recorded"))["id"]
    (root,) = gateway.get_resources(restApiId=api)["items"]
    validator = gateway.create_request_validator(
        restApiId=api, name="all", validateRequestBody=True, validateRequestParameters=True
    )
    model = {"name": "Thing", "contentType": "application/json", "schema": json.dumps(MODEL)}
    gateway.create_model(restApiId=api, **model)
    place = {"restApiId": api, "resourceId": root["id"], "httpMethod": "POST"}
    gateway.put_method(
        **place,
        authorizationType="NONE",
        requestValidatorId=validator["id"],
        requestModels={"application/json": "Thing"},
        requestParameters={"method.request.querystring.issuer": True},
    )
    gateway.put_method_response(**place, statusCode="200")
    template = {"application/json": '{"statusCode": 200}'}
    gateway.put_integration(**place, type="MOCK", requestTemplates=template)
    gateway.put_integration_response(
        **place, statusCode="200", responseTemplates={"application/json": '{"data": "ok"}'}
    )
    gateway.create_deployment(restApiId=api, stageName="test")
    return f"{stack.aws_endpoint_url}/_aws/execute-api/{api}/test"


@pytest.mark.parametrize(("method", "path"), [("POST", "/nowhere"), ("DELETE", "")])
def test_an_unknown_route_is_no_404(plain: str, method: str, path: str) -> None:
    """Neither a path nor a method that is not there is told apart from a missing token.

    Recorded: test_routing_not_found, 23-07-2024.
    """
    answer = httpx.request(method, f"{plain}{path}")
    assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})
    assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    ("query", "body", "message"),
    [
        ({"issuer": "me"}, {"a": 1, "b": 2}, None),
        ({}, {"a": 1, "b": 2}, "Missing required request parameters: [issuer]"),
        ({"issuer": "me"}, {"a": 1}, "Invalid request body"),
    ],
)
def test_a_request_is_checked_before_it_goes_on(
    plain: str, query: dict[str, str], body: Any, message: str | None
) -> None:
    """What a method requires and does not get is refused, in these words.

    Recorded: test_api_gateway_request_validator, 27-07-2023, and
    test_api_gateway_request_validator_with_ref_models, 28-10-2024.
    """
    answer = httpx.post(plain, params=query, json=body)
    wanted = (200, {"data": "ok"}) if message is None else (400, {"message": message})
    assert (answer.status_code, answer.json()) == wanted


@pytest.fixture(scope="module")
def event(laboratory: Laboratory) -> dict[str, Any]:
    """What a function gets of a request."""
    headers = {"tEsT-HEADeR": "aValUE"}
    sent = httpx.post(f"{laboratory.url}/keyless", headers=headers, params={"urlparam": "test"})
    found: dict[str, Any] = sent.json()
    return found


def test_an_event_has_the_parts_that_are_read(event: dict[str, Any]) -> None:
    """What the functions read of an event stands where AWS puts it.

    Recorded: test_lambda_aws_proxy_integration, 10-07-2024.
    """
    assert event["queryStringParameters"] == {"urlparam": "test"}
    assert event["multiValueQueryStringParameters"] == {"urlparam": ["test"]}
    # Of the recorded stage, which had no variables, null; the one that is asked here has one.
    assert (event["pathParameters"], event["stageVariables"]) == (None, {"colour": "blue-1.0"})
    assert (event["body"], event["isBase64Encoded"]) == (None, False)
    context = event["requestContext"]
    assert (context["httpMethod"], context["resourcePath"]) == ("POST", "/keyless")
    assert (context["stage"], context["protocol"]) == ("v1", "HTTP/1.1")
    assert "authorizer" not in context


@IN_LOWER_CASE
def test_header_names_come_as_they_were_sent(event: dict[str, Any]) -> None:
    """API Gateway changes no letter of a header's name.

    Recorded: test_lambda_aws_proxy_integration, 10-07-2024.
    """
    assert event["headers"]["tEsT-HEADeR"] == "aValUE"
    assert event["multiValueHeaders"]["tEsT-HEADeR"] == ["aValUE"]


@SPARSE
def test_an_event_has_all_parts(event: dict[str, Any]) -> None:
    """No field of an event is missing, and none is there that AWS does not send.

    Recorded: test_lambda_aws_proxy_integration, 10-07-2024.
    """
    assert set(event) == {
        *("body", "headers", "httpMethod", "isBase64Encoded", "multiValueHeaders", "path"),
        *("multiValueQueryStringParameters", "pathParameters", "queryStringParameters"),
        *("requestContext", "resource", "stageVariables"),
    }
    assert set(event["requestContext"]) == {
        *("accountId", "apiId", "deploymentId", "domainName", "domainPrefix"),
        *("extendedRequestId", "httpMethod", "identity", "path", "protocol", "requestId"),
        *("requestTime", "requestTimeEpoch", "resourceId", "resourcePath", "stage"),
    }


@NO_TRACE_ID
def test_a_functions_answer_carries_its_trace(laboratory: Laboratory) -> None:
    """Whoever asks for help can name the trace of the request.

    Recorded: test_invocation_trace_id, 07-08-2024.
    """
    answer = laboratory.post("echo", json={})
    assert {"x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id"} <= set(answer.headers)


DEFAULTS = {
    **dict.fromkeys(("ACCESS_DENIED", "EXPIRED_TOKEN", "INVALID_API_KEY"), "403"),
    **dict.fromkeys(("INVALID_SIGNATURE", "MISSING_AUTHENTICATION_TOKEN"), "403"),
    **dict.fromkeys(("BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS"), "400"),
    **dict.fromkeys(("QUOTA_EXCEEDED", "THROTTLED"), "429"),
    "AUTHORIZER_FAILURE": "500",
    "DEFAULT_4XX": None,
    "REQUEST_TOO_LARGE": "413",
    "RESOURCE_NOT_FOUND": "404",
    "UNAUTHORIZED": "401",
    "UNSUPPORTED_MEDIA_TYPE": "415",
    "WAF_FILTERED": "403",
}
HEIRS = (
    *("API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR"),
    *("INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "DEFAULT_5XX"),
)


@pytest.fixture
def statuses(stack: Endpoints) -> dict[str, str | None]:
    """The status of each of API Gateway's own answers, where that of all 5XX is changed."""
    gateway = aws(stack, "apigateway")
    api = gateway.create_rest_api(name=unique("recorded"))["id"]
    gateway.put_gateway_response(restApiId=api, responseType="DEFAULT_5XX", statusCode="599")
    gateway.put_gateway_response(restApiId=api, responseType="AUTHORIZER_FAILURE", statusCode="500")
    items = gateway.get_gateway_responses(restApiId=api)["items"]
    own = {item["responseType"] for item in items if not item["defaultResponse"]}
    assert own == {"DEFAULT_5XX", "AUTHORIZER_FAILURE"}
    return {item["responseType"]: item.get("statusCode") for item in items}


def test_each_answer_has_its_own_status(statuses: dict[str, str | None]) -> None:
    """API Gateway knows these answers and no others, each with a status unless it is for all.

    Recorded: test_gateway_response_put, 20-06-2024.
    """
    assert set(statuses) == {*DEFAULTS, *HEIRS}
    assert {name: statuses[name] for name in DEFAULTS} == DEFAULTS


@NO_HEIRS
def test_answers_inherit_the_status_of_all(statuses: dict[str, str | None]) -> None:
    """A status of all 5XX holds for each of them that has no answer of its own.

    Our template gives none to all, and one to each.

    Recorded: test_gateway_response_put, 20-06-2024.
    """
    assert {name: statuses[name] for name in HEIRS} == dict.fromkeys(HEIRS, "599")
