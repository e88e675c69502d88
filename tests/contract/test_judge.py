"""No refusal is excused without a proof: each rule of docs/api/beyond-openapi.md, both ways."""

from __future__ import annotations

import json
import re
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.openapi.examples import ORDER_ID, order_as_sent
from orders.domain.lifecycle import Role
from orders.problems import PROBLEMS
from orders.settings import MAX_BODY_BYTES
from tests.contract import rules
from tests.contract.judge import unexplained_faults
from tests.contract.memory import Memory
from tests.contract.sent import NO_BODY, Sent
from tests.shared.menu import quotes

KINDS = {kind.name: kind for kind in PROBLEMS}
OTHER_ID = "019ea65b-8cae-7809-986e-000000000000"
ORDER = order_as_sent(Role.CUSTOMER)


MOVES = "The order is {}; you can move it to nothing"


def sent(
    line: str,
    kind: str = "",
    *pointers: str,
    body: Any = NO_BODY,
    caller: str = "operator",
    detail: str = "",
    etag: str = "",
    status: int = 0,
    **headers: str,
) -> Sent:
    """Make a request, such as `GET /orders?limit=0`, that was answered with a problem."""
    method, _, url = line.partition(" ")
    path, _, query = url.partition("?")
    asked: dict[str, list[str]] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        asked.setdefault(name, []).append(text)
    errors = [{"pointer": pointer} for pointer in pointers]
    return Sent(
        caller,
        method,
        re.sub(
            "/rest-[0-9]",
            "/{restaurantId}",
            path.replace(ORDER_ID, "{orderId}").replace(OTHER_ID, "{orderId}"),
        ),
        path,
        asked,
        {name.replace("_", "-").lower(): text for name, text in headers.items()},
        b"" if body is NO_BODY else json.dumps(body).encode(),
        body,
        status or KINDS[kind].status,
        {"type": f"urn:problem-type:food-delivery:{kind}", "detail": detail, "errors": errors},
        {"etag": [etag]} if etag else {},
    )


def unexplained(refused: Sent, *before: Sent) -> list[str]:
    """Judge a refusal after other requests."""
    return list(unexplained_faults(refused, _memory_of(before)))


def order(**fields: Any) -> dict[str, Any]:
    return {**ORDER, **fields}


def in_days(days: float) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def scheduled(days: float) -> Sent:
    body = order(scheduledFor=in_days(days))
    return sent("POST /orders", "invalid-body", "#/scheduledFor", body=body)


def patched(body: Any, *pointers: str, kind: str = "invalid-body", **more: Any) -> Sent:
    return sent(f"PATCH /orders/{ORDER_ID}", kind, *pointers, body=body, **more)


def answered(
    *, kind: str = "invalid-body", pointer: str = "#/readyAt", at: str = "", **body: Any
) -> Sent:
    """Make a restaurant's answer that was refused, of an order that stands somewhere."""
    line = f"PATCH /partner/restaurants/rest-1/orders/{ORDER_ID}"
    pointers = [pointer] if pointer else []
    detail = MOVES.format(at)
    made = sent(line, kind, *pointers, body=body, caller="partner", detail=detail)
    return made._replace(path=made.path.replace("rest-1", "{restaurantId}"))


def listed(query: str, *pointers: str, **more: Any) -> Sent:
    return sent(f"GET /orders?{query}", "invalid-parameter", *pointers, **more)


def good(line: str, answer: dict[str, Any], **headers: str) -> Sent:
    return sent(line, status=200, **headers)._replace(answer=answer)


def quote_until(days: float, **claims: Any) -> str:
    said = quotes.claims_for(ORDER, "me", "dev", **claims)
    ends = int((datetime.now(UTC) + timedelta(days=days)).timestamp())
    return quotes.token({**said, "exp": ends})


CUSTOMER: Any = {"caller": "customer"}
DEARER = quote_until(1, deliveryFee=ORDER["deliveryFee"] + 1)
READ = good(f"GET /orders/{ORDER_ID}", {"orderId": ORDER_ID})
PAGE = good("GET /orders?status=READY", {"cursor": "x"})
PLACED = good("POST /orders", {"orderId": ORDER_ID}, Idempotency_Key="k")
PAIRS: dict[str, tuple[Sent, Sent, tuple[Sent, ...]]] = {
    "schedule": (scheduled(8), scheduled(1), ()),
    "past": (scheduled(-1), scheduled(6.9), ()),
    "ready time": (answered(readyAt=in_days(9)), answered(readyAt=in_days(7.9)), ()),
    "unseen": (
        answered(kind="precondition-required", pointer="If-Match", status="CONFIRMED"),
        answered(kind="precondition-required", pointer="If-Match", status="PREPARING"),
        (),
    ),
    "delay": (
        answered(kind="move-not-allowed", pointer="", at="READY", readyAt=in_days(1)),
        answered(kind="move-not-allowed", pointer="", at="CONFIRMED", readyAt=in_days(1)),
        (),
    ),
    "last characters": (
        sent("POST /orders", "invalid-body", "#/note", body=order(note="\U0010fffe")),
        sent("POST /orders", "invalid-body", "#/note", body=order(note="\U0010fffd")),
        (),
    ),
    "fraction": (
        sent("POST /orders", "invalid-body", "#/tip", body=order(tip=5.0)),
        sent("POST /orders", "invalid-body", "#/tip", body=order(tip=5)),
        (),
    ),
    "stored address": (
        patched({"deliveryAddress": {"country": "US"}}, "#/deliveryAddress/postalCode"),
        patched({"deliveryAddress": {"country": "HK"}}, "#/deliveryAddress/postalCode"),
        (),
    ),
    "customer's reason": (
        patched({"status": "CANCELLED", "reason": {"code": "closed"}}, "#/reason/code", **CUSTOMER),
        patched({"status": "CANCELLED", "reason": {"code": "other"}}, "#/reason/code", **CUSTOMER),
        (),
    ),
    "staff only": (
        listed("reference=x", "reference", **CUSTOMER),
        listed("reference=x", "reference"),
        (),
    ),
    "not their restaurant": (
        sent("GET /restaurants/rest-1/orders", "not-your-restaurant", caller="restaurant"),
        sent("GET /restaurants/rest-2/orders", "not-your-restaurant", caller="restaurant"),
        (),
    ),
    "customer and partner": (
        listed("customerId=a&partnerId=b", "partnerId"),
        listed("partnerId=b", "partnerId"),
        (),
    ),
    "backwards": (
        listed("createdFrom=2026-01-02T00:00:00Z&createdTo=2026-01-01T00:00:00Z", "createdTo"),
        listed("createdFrom=2026-01-01T00:00:00Z&createdTo=2026-01-02T00:00:00Z", "createdTo"),
        (),
    ),
    "cursor": (
        listed("cursor=x", "cursor"),
        listed("status=READY&limit=5&cursor=x", "cursor"),
        (PAGE,),
    ),
    "bytes": (
        patched({"note": "x"}, kind="body-too-large")._replace(raw=b"x" * (MAX_BODY_BYTES + 1)),
        patched({"note": "x"}, kind="body-too-large"),
        (),
    ),
    "not found": (
        sent(f"GET /orders/{OTHER_ID}", "order-not-found"),
        sent(f"GET /orders/{ORDER_ID}", "order-not-found"),
        (READ,),
    ),
    "not found by HEAD": (
        sent(f"HEAD /orders/{OTHER_ID}", "order-not-found")._replace(answer={}),
        sent(f"HEAD /orders/{ORDER_ID}", "order-not-found")._replace(answer={}),
        (READ,),
    ),
    "move": (
        patched({"status": "PLACED"}, kind="move-not-allowed", detail=MOVES.format("READY")),
        patched({"status": "PICKED_UP"}, kind="move-not-allowed", detail=MOVES.format("READY")),
        (),
    ),
    "edit": (
        patched({"tip": 1}, kind="move-not-allowed", detail=MOVES.format("READY")),
        patched({"tip": 1}, kind="move-not-allowed", detail=MOVES.format("PLACED")),
        (),
    ),
    "stale": (
        patched({"tip": 1}, kind="stale-version", etag='"2"', If_Match='"1"'),
        patched({"tip": 1}, kind="stale-version", etag='"2"', If_Match='"1", "2"'),
        (),
    ),
    "weak": (
        patched({"tip": 1}, "If-Match", kind="precondition-failed", etag='"2"', If_Match='W/"2"'),
        patched({"tip": 1}, "If-Match", kind="precondition-failed", etag='"2"', If_Match='"2"'),
        (),
    ),
    "unless": (
        patched({"tip": 1}, kind="precondition-failed", etag='"2"', If_None_Match="*"),
        patched({"tip": 1}, kind="precondition-failed", etag='"2"', If_None_Match='"1"'),
        (),
    ),
    "key": (
        patched({"tip": 1}, "Idempotency-Key", kind="idempotency-key-reused", Idempotency_Key="k"),
        patched({"tip": 1}, "Idempotency-Key", kind="idempotency-key-reused", Idempotency_Key="l"),
        (PLACED,),
    ),
    "no quote": (
        sent("POST /orders", "quote-required", "#/quote", body=order(), **CUSTOMER),
        sent("POST /orders", "quote-required", "#/quote", body=order()),
        (),
    ),
    "no quote of a change": (
        patched({"items": []}, "#/quote", kind="quote-required", **CUSTOMER),
        patched({"tip": 1}, "#/quote", kind="quote-required", **CUSTOMER),
        (),
    ),
    "forged quote": (
        sent("POST /orders", "quote-invalid", "#/quote", body=order(quote="x")),
        sent("POST /orders", "quote-invalid", "#/quote", body=order(quote=quote_until(1))),
        (),
    ),
    "expired quote": (
        sent("POST /orders", "quote-expired", "#/quote", body=order(quote=quote_until(-1))),
        sent("POST /orders", "quote-expired", "#/quote", body=order(quote=quote_until(1))),
        (),
    ),
    "quote for another": (
        sent("POST /orders", "quote-mismatch", "#/deliveryFee", body=order(quote=DEARER)),
        sent("POST /orders", "quote-mismatch", "#/currency", body=order(quote=DEARER)),
        (),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_refusal_is_excused_only_where_its_rule_is_broken(name: str) -> None:
    """Of two requests that got the same answer, one had earned it."""
    earned, not_earned, before = PAIRS[name]
    assert unexplained(earned, *before) == []
    assert len(unexplained(not_earned, *before)) == 1


def test_each_fault_of_a_problem_needs_a_reason_of_its_own() -> None:
    """One good reason does not excuse what stands beside it."""
    body = order(scheduledFor=in_days(9))
    both = sent("POST /orders", "invalid-body", "#/scheduledFor", "#/tip", body=body)
    assert unexplained(both) == ["#/tip (400)"]


def test_what_the_document_itself_refuses_needs_no_rule() -> None:
    """Makers of requests pass over keywords: then the document is the reason, where it says so."""
    half = order(deliveryAddress={**ORDER["deliveryAddress"], "latitude": 1})
    where = "#/deliveryAddress/longitude"
    assert unexplained(sent("POST /orders", "invalid-body", where, body=half)) == []
    whole = order(deliveryAddress={**ORDER["deliveryAddress"], "latitude": 1, "longitude": 1})
    assert unexplained(sent("POST /orders", "invalid-body", where, body=whole)) != []
    assert unexplained(listed("limit=101", "limit")) == []
    assert unexplained(listed("limit=100", "limit")) == ["limit (400)"]


@given(st.sampled_from([kind for kind in PROBLEMS if kind.status < 500]))
def test_a_good_request_is_never_refused_with_an_excuse(kind: Any) -> None:
    """Whatever the API answered to the example's order that is placed and read, it is noticed."""
    refused = sent(f"PATCH /orders/{ORDER_ID}", kind.name, body={"note": None})
    assert unexplained(refused, READ)


def test_each_rule_is_tried() -> None:
    """A rule without a pair above would excuse what it likes; credentials stand below."""
    found = {
        rule.says
        for earned, _, before in PAIRS.values()
        for pointer in [error["pointer"] for error in earned.answer.get("errors", [])] or [""]
        if (rule := rules.broken_by(earned, pointer, _memory_of(before)))
    }
    assert {rule.says for rule in rules.RULES} - found == {
        "A partner's route is called with its key.",
        "A person's route is called with a token.",
    }


def _memory_of(before: tuple[Sent, ...]) -> Memory:
    with tempfile.TemporaryDirectory() as folder:
        memory = Memory(Path(folder) / "met")
        for one in before:
            memory.take(one)
        return Memory(Path(folder) / "met")  # as a process that comes after has it


@pytest.mark.parametrize(
    ("path", "kind", "status", "stranger", "own"),
    [
        ("/partner/orders", "invalid-api-key", 403, "customer", "partner"),
        ("/orders", "unauthenticated", 401, "partner", "customer"),
    ],
)
def test_who_has_the_credentials_is_not_refused_for_them(
    path: str, kind: str, status: int, stranger: str, own: str
) -> None:
    """A key and a token that are good open their routes."""
    assert unexplained(sent(f"GET {path}", kind, status=status, caller=stranger)) == []
    assert unexplained(sent(f"GET {path}", kind, status=status, caller=own)) != []


def test_the_page_of_the_rules_is_current() -> None:
    """The committed page is what the table says; `make docs` makes it so."""
    assert rules.DOCUMENT.read_text() == rules.document()
