from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from local.logs import render
from ops.reach import endpoints as documents
from ops.reach.endpoints import Endpoints
from ops.reach.errors import LocalError
from ops.reach.layout import SHARED, Layout, layout_from_environment

if TYPE_CHECKING:
    from pathlib import Path

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


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without settings it is AWS emulators' usual port, and the checkout's .local."""
    monkeypatch.delenv("LOCAL_PORT", raising=False)
    monkeypatch.delenv("LOCAL_DIR", raising=False)
    assert layout_from_environment() == Layout(SHARED, 4566)


@pytest.mark.parametrize("port", ["abc", "0", "80", "65536", "-1", "4566.0", "²"])
def test_port_that_is_none(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is none, or not for everyone, is refused."""
    monkeypatch.setenv("LOCAL_PORT", port)
    with pytest.raises(LocalError, match="LOCAL_PORT must be a number"):
        layout_from_environment()


EXAMPLE = Endpoints(
    api_url="http://127.0.0.1:4566/x/v1",
    aws_endpoint_url="http://127.0.0.1:4566",
    region="us-east-1",
    stack_name="s",
    partner_id="a",
    partner_api_key="k",
    other_partner_id="b",
    other_partner_api_key="l",
    customer_token="token-1",
    other_customer_token="token-2",
    customer_id="sub-1",
    other_customer_id="sub-2",
    operator_token="token-3",
    user_pool_id="pool",
    user_pool_client_id="client",
    web_origin="http://localhost:5173",
    docs_url="http://127.0.0.1:5566/",
    traces_url="http://127.0.0.1:8566",
    dashboard_url="http://127.0.0.1:7566/",
    tables={},
    queues={},
    topics={},
    parameters={},
    webhooks={},
    webhooks_url="https://127.0.0.1:6566",
    server_pem="server.pem",
    functions={},
    log_groups={},
    pid=1,
)


def test_endpoints_of_two_copies(tmp_path: Path) -> None:
    """Each copy has its document, and the latest the common one; each takes only its own away."""
    first, second = Layout(tmp_path, 4566), Layout(tmp_path, 4567)
    other = replace(EXAMPLE, aws_endpoint_url=second.url)
    for layout, endpoints in ((first, EXAMPLE), (second, other)):
        layout.home.mkdir()
        documents.publish(endpoints, layout)
    assert documents.read(first.endpoints) == EXAMPLE
    assert documents.read(first.latest_endpoints) == other
    documents.withdraw(first)
    assert documents.read(first.endpoints) is None
    assert documents.read(first.latest_endpoints) == other
    documents.withdraw(second)
    assert not list(tmp_path.glob("**/*.json*"))


@pytest.mark.parametrize("text", ["", "{", "{}", '{"unknown": 1}', "[]"])
def test_endpoints_that_cannot_be_read(text: str, tmp_path: Path) -> None:
    """A document that was cut off, or is of another version, counts as none."""
    path = tmp_path / "endpoints.json"
    path.write_text(text)
    assert documents.read(path) is None
