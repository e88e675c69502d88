"""Following the log: one short line for each request, and whatever else is written as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.logs import render

AT = 1_795_386_255_480  # 22:24:15.480

REQUEST = {
    "level": "INFO",
    "message": "request",
    "route": "POST /partner/orders",
    "status": 201,
    "milliseconds": 5.123,
    "orderId": "01a20568",
    "requestId": "r-1",
    "coldStart": False,
}


def shown(entry: dict[str, Any]) -> str:
    line = render(AT, "create_order", json.dumps(entry))
    assert line is not None
    return " ".join(line.split())


def test_request_line() -> None:
    """A request is one line: when, which function, which route, how it ended, how long, on what."""
    line = "22:24:15 create_order POST /partner/orders 201 5.1 ms 01a20568"
    assert shown(REQUEST) == line
    assert shown({**REQUEST, "coldStart": True, "replayed": True}) == f"{line} replayed cold start"


def test_refused_line() -> None:
    """A refusal names its problem."""
    entry = {**REQUEST, "status": 422, "problem": "idempotency-key-reused", "orderId": None}
    assert shown(entry).endswith("422 5.1 ms idempotency-key-reused")


def test_exception_lines() -> None:
    """An exception shows whole, below its line."""
    entry = {**REQUEST, "status": 500, "exception": "Traceback …\nKeyError: 'x'"}
    line = render(AT, "create_order", json.dumps(entry))
    assert line is not None
    assert line.endswith("\nTraceback …\nKeyError: 'x'")


@pytest.mark.parametrize(
    "message", ["", "\n", "START RequestId: 1", "REPORT RequestId: 1", '{"_aws": {}, "x": 1}']
)
def test_lines_that_tell_nothing(message: str) -> None:
    """What the platform says about itself, and metrics, do not show."""
    assert render(AT, "create_order", message) is None


@pytest.mark.parametrize("message", ["Traceback (most recent call last):", "7", "[1]", "{"])
def test_other_lines(message: str) -> None:
    """Whatever else a function writes shows as it is."""
    line = render(AT, "f", message)
    assert line is not None
    assert line.endswith(message)


def test_a_webhooks_line_says_whom_it_is_for() -> None:
    """While one is tried I read which partner it goes to, whether as who serves, and why not."""
    entry = {"outcome": "retry", "orderId": "01a2", "receives": 2, "partnerId": "acme-pos"}
    told = {**entry, "side": "server", "reason": "HTTP 503"}
    line = render(AT, "notify_partner", json.dumps(told))
    assert line is not None
    assert line.endswith("  retry  try 2  to acme-pos  as server  HTTP 503")
