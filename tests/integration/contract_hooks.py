"""What schemathesis must know beyond the document; its own process loads this (test_contract.py).

What the document cannot say of a request that it calls valid is put right before the request is
sent, and what API Gateway cannot do as schemathesis asks is checked as the API promises it instead.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import schemathesis

from infrastructure import openapi_examples as examples
from orders.problems import CONTENT_TYPE, NO_SUCH_ROUTE
from orders.routes import IDEMPOTENCY_KEY, WHOSE

if TYPE_CHECKING:
    from schemathesis import Case, CheckContext, HookContext, Response


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
    """Make a valid request one that can be carried out; leave the invalid ones as they are."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    _mend_query(case)
    _mend_headers(case)
    if isinstance(case.body, dict) and isinstance(case.body.get("scheduledFor"), str):
        soon = datetime.now(UTC) + timedelta(days=1)  # no schema can say "within seven days"
        case.body["scheduledFor"] = f"{soon:%Y-%m-%dT%H:%M:%SZ}"


def _mend_query(case: Case[Any]) -> None:
    if "cursor" in case.query:
        case.query["cursor"] = examples.ORDER_ID  # opaque: one sends what a list answered with
    if case.path == "/orders":
        for name in WHOSE:
            case.query.pop(name, None)  # for operators only, and this caller is none


def _mend_headers(case: Case[Any]) -> None:
    if case.headers.get(IDEMPOTENCY_KEY) == examples.IDEMPOTENCY_KEY:
        case.headers[IDEMPOTENCY_KEY] = uuid.uuid4().hex  # the example's own order has that one
    enumerated = case.meta is not None and case.meta.phase.name.value == "coverage"
    if "If-Match" in case.headers and enumerated:
        # schemathesis finds no value of the pattern when it enumerates, and takes 0 for a valid one
        case.headers["If-Match"] = "*"


@schemathesis.check
def undeclared_method_is_no_route(
    _context: CheckContext, response: Response, case: Case[Any]
) -> None:
    """A method that a path does not have answers 404, and a preflight answers for itself.

    schemathesis asks for 405; API Gateway has one error for "no such path" and "no such method".
    """
    method = response.request.method or ""
    declared = {name.upper() for name in case.operation.schema[case.operation.path]}
    if method in declared or method == "OPTIONS":
        return
    assert response.status_code == NO_SUCH_ROUTE.status
    assert response.headers["content-type"] == [CONTENT_TYPE]
    assert response.json()["type"] == NO_SUCH_ROUTE.type
