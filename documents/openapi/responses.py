"""What each route can answer, as the OpenAPI document tells it: the orders, and every problem.

responses_of(route)
├── the answer when all is well     _SUCCESSES, by what the route's function answers
└── problems, by HTTP status        those of the function and what API Gateway answers by itself
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from documents.openapi import examples
from documents.openapi.schemas import Schema, problem_schema, ref
from infrastructure.edge.retry_after import retry_after
from infrastructure.functions import BY_NAME, Answer
from orders import problems
from orders.domain.lifecycle import Role
from orders.problems import CONTENT_TYPE, Kind
from orders.routes import ACCEPT_PATCH, HEAD, JSON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orders.routes import Route

_CALLER_PROBLEMS = {
    Role.PARTNER: (problems.INVALID_API_KEY, problems.UNKNOWN_CALLER, problems.QUOTA_EXCEEDED),
    Role.CUSTOMER: (problems.UNAUTHENTICATED,),
    Role.RESTAURANT: (problems.UNAUTHENTICATED, problems.NOT_YOUR_RESTAURANT),
}

_OF_CUSTOMERS_ALONE = {problems.EDITS_DISABLED}
"""What functions answer nobody else."""

_OF_RESTAURANTS_ALONE = {problems.PRECONDITION_REQUIRED}
"""What only who serves an order is answered."""

_ANYWHERE = (
    *(problems.REQUEST_REFUSED, problems.FORBIDDEN),
    *(problems.TOO_MANY_REQUESTS, problems.INTERNAL_ERROR),
)
_BEHIND_THE_GATEWAY = (problems.UNAVAILABLE, problems.BAD_GATEWAY, problems.TIMED_OUT)

_HEALTH_PROBLEMS = (*_ANYWHERE, problems.UNSUPPORTED_MEDIA_TYPE)


def problems_of(route: Route) -> set[Kind]:
    """Name every problem that a route can answer, API Gateway's own included."""
    kinds = {*_ANYWHERE, *_BEHIND_THE_GATEWAY, *_CALLER_PROBLEMS[route.caller]}
    kinds.update(BY_NAME[route.function].problems)
    if route.caller is not Role.CUSTOMER:
        kinds -= _OF_CUSTOMERS_ALONE
    if not route.serves:
        kinds -= _OF_RESTAURANTS_ALONE
    if "{" in route.path:
        kinds.add(problems.NO_SUCH_ROUTE)
    return kinds


def responses_of(route: Route) -> Schema:
    """Describe every answer of a route, by HTTP status."""
    success = _success(route)
    if route.method == HEAD:
        success = _without_bodies(success)
    return {**success, **_references(problems_of(route))}


def _without_bodies(answers: Schema) -> Schema:
    return {
        status: {name: part for name, part in answer.items() if name != "content"}
        for status, answer in answers.items()
    }


def _success(route: Route) -> Schema:
    answer = BY_NAME[route.function].answer
    assert answer is not None, f"infrastructure/functions.py: what does {route.function} answer?"
    return _SUCCESSES[answer](route)


_RELEASE = (
    "Which release runs: its version and its commit, such as `1.0.0-0123456789ab`. It ends in "
    "`-dirty` where files differed from the commit."
)


def health_responses(method: str) -> Schema:
    """Describe the answers of a method of `/health`."""
    fine: Schema = {
        "description": "API Gateway answers",
        "headers": {"X-Release": _header("string", _RELEASE)},
        "content": {JSON: {"schema": ref("Health"), "example": {"status": "ok"}}},
    }
    success: Schema = {"200": fine}
    if method == HEAD:
        success = _without_bodies(success)
    return {**success, **_references(_HEALTH_PROBLEMS)}


def problem_responses(routes: Iterable[Route]) -> Schema:
    """Describe the answers with problems, which several routes share, by their names."""
    groups = [group for route in routes for group in _by_status(problems_of(route))]
    groups += _by_status(_HEALTH_PROBLEMS)
    return {_name(kinds): _problem_response(kinds) for kinds in sorted(groups)}


def _by_status(kinds: Iterable[Kind]) -> list[tuple[Kind, ...]]:
    status = attrgetter("status")
    ordered = sorted(kinds, key=lambda kind: (kind.status, kind.name))
    return [tuple(group) for _, group in groupby(ordered, status)]


def _references(kinds: Iterable[Kind]) -> Schema:
    return {
        str(group[0].status): {"$ref": f"#/components/responses/{_name(group)}"}
        for group in _by_status(kinds)
    }


def _name(kinds: tuple[Kind, ...]) -> str:
    return "Or".join(kind.name.title().replace("-", "") for kind in kinds)


def _problem_response(kinds: tuple[Kind, ...]) -> Schema:
    return {
        "description": "\n".join(f"* `{kind.type}`: {kind.title}" for kind in kinds),
        "headers": {
            **_common_headers(required=False),
            **{name: header for kind in kinds for name, header in _headers_of(kind).items()},
        },
        "content": {
            CONTENT_TYPE: {
                "schema": problem_schema(kinds),
                "examples": {
                    kind.name: {"summary": kind.title, "value": examples.problem(kind)}
                    for kind in kinds
                },
            }
        },
    }


def _headers_of(kind: Kind) -> Schema:
    if kind is problems.STALE_VERSION:
        return {"ETag": _ETAG}
    if kind is problems.UNSUPPORTED_MEDIA_TYPE:
        return {
            "Accept": _header("string", "The content types that are taken here."),
            ACCEPT_PATCH: _header("string", "Those of a patch; of PATCH alone."),
        }
    if kind is problems.UNAUTHENTICATED:
        return {name: _header("string", "How to sign in.") for name in problems.CHALLENGE}
    if retry_after(kind):
        return {"Retry-After": _header("integer", "Seconds to wait before the next try.")}
    return {}


def _header(kind: str, description: str, *, required: bool = False, **schema: object) -> Schema:
    return {
        "description": description,
        **({"required": True} if required else {}),
        "schema": {"type": kind, **schema},
    }


_ETAG = _header(
    "string", "The order's version, in quotes.", required=True, pattern='^"[1-9][0-9]*"$'
)
_LAST_MODIFIED = _header("string", "When the order was last changed, to the second.")
_LOCATION = _header(
    "string", "The order's path.", required=True, format="uri-reference", pattern="/orders/"
)
_REPLAYED = _header(
    "string",
    "Present when an earlier request with this Idempotency-Key had done it.",
    enum=["true"],
)


def _common_headers(*, required: bool = True) -> Schema:
    request_id = "The id under which the service's logs know the request."
    return {
        "Cache-Control": _header(
            "string", "Always `private, no-cache`: ask again with the ETag.", required=required
        ),
        "X-Content-Type-Options": _header("string", "Always `nosniff`.", required=required),
        "X-Request-Id": _header("string", request_id, required=required),
    }


def _created(route: Route) -> Schema:
    answer = _order_answer("The order, as it now is", route)
    answer["headers"] |= {"Location": _LOCATION, "Idempotent-Replayed": _REPLAYED}
    answer["links"] = {
        name: {
            "operationId": route._replace(function=function).operation,
            "parameters": {"orderId": "$response.body#/orderId"},
        }
        for name, function in (("read", "get_order"), ("change", "update_order"))
    }
    return {"201": answer}


def _read(route: Route) -> Schema:
    unchanged = {
        "description": "The order is as the caller knows it, by If-None-Match",
        "headers": {**_common_headers(), "ETag": _ETAG, "Last-Modified": _LAST_MODIFIED},
    }
    return {"200": _order_answer("The order", route), "304": unchanged}


def _listed(route: Route) -> Schema:
    headers = _common_headers()
    page = {"orders": [examples.order_as_read(route)], "cursor": examples.ORDER_ID}
    schema = ref("ServedOrderPage" if route.serves else "OrderPage")
    return {
        "200": {
            "description": "A page of orders",
            "headers": headers,
            "content": {JSON: {"schema": schema, "example": page}},
        },
        "304": {"description": "The caller wants no page, by If-None-Match: *", "headers": headers},
    }


def _changed(route: Route) -> Schema:
    answer = _order_answer("The order after the change", route)
    answer["headers"]["Idempotent-Replayed"] = _REPLAYED
    return {"200": answer}


def _order_answer(description: str, route: Route) -> Schema:
    example = examples.order_as_read(route)
    schema = ref("ServedOrder" if route.serves else "Order")
    return {
        "description": description,
        "headers": {**_common_headers(), "ETag": _ETAG, "Last-Modified": _LAST_MODIFIED},
        "content": {JSON: {"schema": schema, "example": example}},
    }


_SUCCESSES: dict[Answer, Callable[[Route], Schema]] = {
    Answer.PLACED: _created,
    Answer.ORDER: _read,
    Answer.PAGE: _listed,
    Answer.CHANGED: _changed,
}
