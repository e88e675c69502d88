"""What schemathesis must know beyond the document; its own process loads this (campaign.py).

What the document cannot say of a request that it calls valid is put right before the request is
sent.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import schemathesis

from documents.openapi import examples
from orders.domain.iso import COUNTRIES
from orders.domain.lifecycle import Role, Status
from orders.domain.reasons import GIVEN, OTHER, REASONED, REASONS_OF
from orders.problems import NO_SUCH_ROUTE
from orders.routes import IDEMPOTENCY_KEY, STAFF_ONLY
from tests.contract import judge

if TYPE_CHECKING:
    from schemathesis import Case, CheckContext, HookContext, Response


__all__ = ["judge"]  # its check is registered, too

GOING_ON = set(Status) - REASONED
"""The statuses that have no reason."""

_SERVED = {True: "rest-1", False: "rest-2"}
"""The restaurant that the partner serves, and that of the staff."""

_ORDERS: dict[str, str] = json.loads(os.environ[judge.SERVED])
"""An order of each, that somebody else has placed."""

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_TAGS = re.compile(r'\*|(?:W/)?"[!#-~]*"(?: *, *(?:W/)?"[!#-~]*"){0,19}')
_IDENTITY = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,300}")


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
    """Replace values that fit the document and still cannot be taken.

    In invalid requests, too: there they would hide whether the fault itself is refused.
    """
    if case.headers.get(IDEMPOTENCY_KEY) == examples.IDEMPOTENCY_KEY:
        case.headers[IDEMPOTENCY_KEY] = uuid.uuid4().hex  # the example's own order has that one
    if isinstance(case.body, dict):
        body: Any = case.body if _faulty(case) == ["body"] else _whole(case.body)
        case.body = body
        _mend_body(body)
        _mend_reason(body, case.path)
    if "restaurantId" in case.path_parameters and not _faulty(case):
        restaurant = _SERVED[case.path.startswith("/partner")]
        case.path_parameters["restaurantId"] = restaurant
        if "orderId" in case.path_parameters:
            case.path_parameters["orderId"] = _ORDERS[restaurant]
    _mend_query(case)
    _mend_condition(case)
    _mend_acceptance(case)


def _whole(value: Any) -> Any:
    """Write whole numbers without a fraction, as JSON Schema cannot ask."""
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_whole(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _mend_body(body: dict[str, Any]) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)  # no schema can say "within seven days"
    for name in ("scheduledFor", "readyAt"):
        time = body.get(name)
        if isinstance(time, str) and _DATE_TIME.fullmatch(time):
            body[name] = f"{soon:%Y-%m-%dT%H:%M:%SZ}"
    if body == {"deliveryAddress": {}}:
        body["note"] = None  # nor "change something, at whatever depth"
    if isinstance(body.get("deliveryAddress"), dict):
        _mend_address(body["deliveryAddress"])


def _mend_address(address: dict[str, Any]) -> None:
    """Put together what goes together, which no schema that generators can read asks for."""
    for name, other in (("latitude", "longitude"), ("longitude", "latitude")):
        if name in address and (other not in address or address[other] is None):
            address[other] = None if address[name] is None else 0
    if address.get("country", "US") in COUNTRIES and address.get("postalCode", "") in (None, ""):
        address["postalCode"] = "1"


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
    """Let every version match, unless that header is at fault on purpose.

    When schemathesis enumerates it finds no value of the pattern and takes `0` for a valid one.
    """
    if case.meta is None or case.meta.phase.name.value != "coverage":
        return
    on_purpose = case.meta.phase.data.parameter
    for name in {"If-Match", "If-None-Match"} - {on_purpose}:
        if name in case.headers and not _TAGS.fullmatch(str(case.headers[name])):
            case.headers[name] = "*" if name == "If-Match" else '"0"'


def _mend_acceptance(case: Case[Any]) -> None:
    """Say which version a restaurant accepts, as no schema can ask of a header and a body."""
    status = case.body.get("status") if isinstance(case.body, dict) else None
    accepts = "/restaurants/" in case.path and status == Status.CONFIRMED.value
    if accepts and case.headers.get("If-Match", "*").strip() == "*":
        case.headers["If-Match"] = '"1"'


def _faulty(case: Case[Any]) -> list[str]:
    """Name the parts of a request that are at fault on purpose."""
    components = {} if case.meta is None else case.meta.components
    return [place.value for place, component in components.items() if component.mode.is_negative]


@schemathesis.check
def an_invalid_body_is_refused_first(
    _context: CheckContext, response: Response, case: Case[Any]
) -> None:
    """An invalid body is told before the order is looked for: 404 would hide that it was taken."""
    if _faulty(case) == ["body"]:
        assert response.status_code != NO_SUCH_ROUTE.status
