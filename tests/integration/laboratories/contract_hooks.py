"""What schemathesis must know beyond the document; its own process loads this (test_contract.py).

What the document cannot say of a request that it calls valid is put right before the request is
sent, and what API Gateway cannot do as schemathesis asks is checked as the API promises it instead.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import schemathesis

from documents.openapi import examples
from orders.domain.lifecycle import Role, Status
from orders.domain.reasons import GIVEN, OTHER, REASONED, REASONS_OF
from orders.problems import CONTENT_TYPE, NO_SUCH_ROUTE
from orders.routes import IDEMPOTENCY_KEY, STAFF_ONLY

if TYPE_CHECKING:
    from schemathesis import Case, CheckContext, HookContext, Response


GOING_ON = set(Status) - REASONED
"""The statuses that have no reason."""

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_IDENTITY = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,300}")


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
    """Replace values that fit the document and still cannot be taken.

    In invalid requests, too: there they would hide whether the fault itself is refused.
    """
    if case.headers.get(IDEMPOTENCY_KEY) == examples.IDEMPOTENCY_KEY:
        case.headers[IDEMPOTENCY_KEY] = uuid.uuid4().hex  # the example's own order has that one
    if isinstance(case.body, dict):
        _mend_body(case.body)
        _mend_reason(case.body, case.path)
    _mend_query(case)
    _mend_condition(case)


def _mend_body(body: dict[str, Any]) -> None:
    time = body.get("scheduledFor")
    if isinstance(time, str) and _DATE_TIME.fullmatch(time):
        soon = datetime.now(UTC) + timedelta(days=1)  # no schema can say "within seven days"
        body["scheduledFor"] = f"{soon:%Y-%m-%dT%H:%M:%SZ}"
    if body == {"deliveryAddress": {}}:
        body["note"] = None  # nor "change something, at whatever depth"


def _mend_reason(body: dict[str, Any], path: str) -> None:
    """Give a good reason only with an end, and as a customer one of a customer's."""
    reason, status = body.get("reason"), body.get("status", Status.PLACED.value)
    if not isinstance(reason, dict) or reason.get("code") not in GIVEN:
        return
    if isinstance(status, str) and status in GOING_ON:
        body["status"] = Status.CANCELLED.value
    if path.startswith("/orders") and reason["code"] not in REASONS_OF[Role.CUSTOMER]:
        reason["code"] = OTHER


def _mend_query(case: Case[Any]) -> None:
    if case.path == "/orders":
        for name in STAFF_ONLY:
            if _IDENTITY.fullmatch(str(case.query.get(name, ""))):
                del case.query[name]  # for operators only, and this caller is none
    if {"createdFrom", "createdTo"} <= set(case.query):
        del case.query["createdTo"]  # no schema can say "not before the other"
    if case.query.get("cursor"):
        # Opaque: one sends what this very query answered with. Without filters that is an id.
        if set(case.query) - {"cursor", "limit"}:
            del case.query["cursor"]
        else:
            case.query["cursor"] = examples.ORDER_ID


def _mend_condition(case: Case[Any]) -> None:
    """Let every version match, unless a header is at fault on purpose.

    When schemathesis enumerates it finds no value of the pattern and takes `0` for a valid one.
    """
    if case.meta is None or "If-Match" not in case.headers:
        return
    phase = case.meta.phase
    about = getattr(phase.data, "parameter", None)
    if phase.name.value == "coverage" and about != "If-Match":
        case.headers["If-Match"] = "*"


@schemathesis.check
def an_invalid_body_is_refused_first(
    _context: CheckContext, response: Response, case: Case[Any]
) -> None:
    """An invalid body is told before the order is looked for: 404 would hide that it was taken."""
    components = {} if case.meta is None else case.meta.components
    faulty = [place.value for place, component in components.items() if component.mode.is_negative]
    if faulty == ["body"]:
        assert response.status_code != NO_SUCH_ROUTE.status


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
