"""What API Gateway answers by itself, without a function: health, unknown routes, its errors.

GET, HEAD /health              200
any other method, a route      405, a problem, with the methods that there are
any method, any other path     404, a problem
OPTIONS, any path              what a page may send, and what can be done there
what it refuses                the problem for the type of its error (orders.problems)
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING

from aws_cdk import aws_apigateway as apigateway

from infrastructure.edge.retry_after import retry_after
from orders.cors import EXPOSED_HEADERS
from orders.problems import (
    CHALLENGE,
    CONTENT_TYPE,
    GATEWAY_PROBLEMS,
    METHOD_NOT_ALLOWED,
    NO_SNIFFING,
    NO_SUCH_ROUTE,
    UNAUTHENTICATED,
    Kind,
)
from orders.routes import ACCEPT_PATCH, HEAD, JSON, MERGE_PATCH, PATCH, ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HEALTH = "/health"
RELEASE, X_RELEASE = "release", "X-Release"
"""The stage's variable that says which release it is, and the header in which /health does."""

ANYTHING = "/{proxy+}"
"""Every path, of any depth, that is no other's."""

_UNKNOWN_TYPES = (
    *(JSON, MERGE_PATCH, "application/x-www-form-urlencoded", "multipart/form-data"),
    *("text/plain", "text/xml", "application/xml", "application/octet-stream"),
)
"""Of which types a body on an unknown route may be; with others it is refused as 415."""

_NO_JSON = json.dumps("The body is no JSON, or nested too deeply")
_DETAILS = {
    # All that the models refuse (docs/decisions/0024). What the validator says of it may break the
    # answer's own JSON, so the text is one of ours (docs/decisions/0006).
    "BAD_REQUEST_BODY": _NO_JSON,
    # AWS quotes this one itself: "the quoted value of $context.error.message".
    "BAD_REQUEST_PARAMETERS": "$context.error.messageString",
}
_ERRORS = {"BAD_REQUEST_BODY": f'[{{"pointer":"#","detail":{_NO_JSON}}}]'}


def add_health(api: apigateway.RestApi, origins: tuple[str, ...]) -> None:
    """Answer that API Gateway answers, and for which release."""
    resource = api.root.resource_for_path(HEALTH)
    exposed = ", ".join(sorted({*EXPOSED_HEADERS, X_RELEASE}))
    headers = {**headers_of(origins), "Access-Control-Expose-Headers": exposed}
    for method, operation in (("GET", "health"), (HEAD, "head_health")):
        _mock(
            resource,
            method,
            headers,
            status="200",
            body='{"status":"ok"}',
            types=(JSON,),
            operation=operation,
            told={X_RELEASE: f"stageVariables.{RELEASE}"},
        )


def add_unknown_routes(api: apigateway.RestApi, origins: tuple[str, ...]) -> None:
    """Answer 405 to every other method of a route's path, and 404 to any of another path.

    Without these API Gateway takes an unknown route with an Authorization header for a request that
    is signed, and refuses the signature with 403 (docs/decisions/0017).
    """
    headers = {**headers_of(origins), "Content-Type": CONTENT_TYPE}
    for path in unknown_paths():
        resource = api.root if path == "/" else api.root.resource_for_path(path)
        found = discovery_of(path)
        kind = METHOD_NOT_ALLOWED if found else NO_SUCH_ROUTE
        _mock(
            resource,
            "ANY",
            headers | found,
            status=str(kind.status),
            body=problem_template("", kind),
            types=_UNKNOWN_TYPES,
        )


def discovery_of(path: str) -> dict[str, str]:
    """Give the headers that say what a path has (RFC 9110, 10.2.1; RFC 5789, 3.1)."""
    if path == HEALTH:
        return {"Allow": "GET, HEAD, OPTIONS"}
    routes = [route for route in ROUTES if route.path == path]
    if not routes:
        return {}
    headers = {"Allow": ", ".join(sorted({*(route.method for route in routes), "OPTIONS"}))}
    for route in routes:
        if route.method == PATCH:
            headers[ACCEPT_PATCH] = ", ".join(route.content_types)
    return headers


def unknown_paths() -> list[str]:
    """List the paths of which some methods are no route: all that there are, and any other."""
    known = {route.path for route in ROUTES} | {HEALTH}
    return ["/", *sorted({part for path in known for part in _upwards(path)}), ANYTHING]


def _upwards(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


def _mock(
    resource: apigateway.IResource,
    method: str,
    headers: Mapping[str, str],
    *,
    status: str,
    body: str,
    types: Iterable[str],
    operation: str | None = None,
    told: Mapping[str, str] = MappingProxyType({}),
) -> None:
    values = {**{name: f"'{text}'" for name, text in headers.items()}, **told}
    parameters = {f"method.response.header.{name}": value for name, value in values.items()}
    resource.add_method(
        method,
        apigateway.MockIntegration(
            request_templates=dict.fromkeys(types, json.dumps({"statusCode": int(status)})),
            # Without a template for its content type a mock has no status and answers 500.
            passthrough_behavior=apigateway.PassthroughBehavior.NEVER,
            integration_responses=[
                apigateway.IntegrationResponse(
                    status_code=status,
                    response_templates={JSON: body},
                    response_parameters=parameters,
                )
            ],
        ),
        operation_name=operation,
        method_responses=[
            apigateway.MethodResponse(
                status_code=status, response_parameters=dict.fromkeys(parameters, True)
            )
        ],
    )


def add_problems(api: apigateway.RestApi, origins: tuple[str, ...]) -> None:
    """Answer every error of API Gateway with a problem."""
    for response_type, kind in GATEWAY_PROBLEMS.items():
        headers = {"Content-Type": CONTENT_TYPE, **headers_of(origins)}
        if kind is UNAUTHENTICATED:
            headers |= CHALLENGE
        if seconds := retry_after(kind):
            headers["Retry-After"] = str(seconds)
        api.add_gateway_response(
            f"Problem{response_type}",
            type=apigateway.ResponseType.of(response_type),
            status_code=None if _is_default(response_type) else str(kind.status),
            response_headers={name: f"'{value}'" for name, value in headers.items()},
            templates={JSON: problem_template(response_type, kind)},
        )


def complete_preflights(methods: Iterable[apigateway.Method]) -> None:
    """Give the answers to OPTIONS, which CDK makes, what all answers have, and what there is."""
    for method in methods:
        if method.http_method != "OPTIONS":
            continue
        resource = method.node.default_child
        assert isinstance(resource, apigateway.CfnMethod)
        for name, value in {**NO_SNIFFING, **discovery_of(method.resource.path)}.items():
            header = rf"ResponseParameters.method\.response\.header\.{name}"
            answer = f"Integration.IntegrationResponses.0.{header}"
            resource.add_property_override(answer, f"'{value}'")
            resource.add_property_override(f"MethodResponses.0.{header}", value=True)


def headers_of(origins: tuple[str, ...]) -> dict[str, str]:
    """Give the headers of all that API Gateway answers by itself.

    It cannot choose by the request's origin there, so they permit the first one only.
    """
    return {
        "Access-Control-Allow-Origin": origins[0],
        "Access-Control-Expose-Headers": ", ".join(EXPOSED_HEADERS),
        "Vary": "Origin",
        **NO_SNIFFING,
    }


def problem_template(response_type: str, kind: Kind) -> str:
    """Write the body with which API Gateway answers an error: plain substitution, no logic."""
    members = {
        "type": json.dumps(kind.type),
        "title": json.dumps(kind.title),
        "status": "" if _is_default(response_type) else str(kind.status),
        "detail": _DETAILS.get(response_type, ""),
        "requestId": '"$context.requestId"',
        "errors": _ERRORS.get(response_type, ""),
    }
    return "{" + ",".join(f'"{name}":{text}' for name, text in members.items() if text) + "}"


def _is_default(response_type: str) -> bool:
    """Tell the two catch-alls: they keep the status of whatever they catch."""
    return response_type.startswith("DEFAULT_")
