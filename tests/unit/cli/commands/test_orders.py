"""`orders ls` and `show`: whose orders, and who serves one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import app as cli
from cli import options
from ops import order_requests
from tests.unit.ops.customers.account import ME, Account

ORDER: dict[str, Any] = {
    "orderId": "01a2056f-12d3-7a4f-a166-60b40a00b62c",
    "status": "PLACED",
    "createdAt": "2026-11-22T12:30:00.000Z",
    "acceptBy": "2026-11-22T12:40:00.000Z",
    "restaurantId": "rest-1",
    "total": 100,
    "currency": "USD",
    "items": [],
}


@pytest.fixture(autouse=True)
def target(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    monkeypatch.setattr(options, "find", lambda *_, **__: account.target)


def test_a_customer_is_named_by_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Support has the address of whoever calls, and finds her orders by it."""
    asked: list[Any] = []

    def listed(*given: Any) -> list[Any]:
        asked.append(given[2])
        return []

    monkeypatch.setattr(order_requests, "listed", listed)
    done = CliRunner().invoke(cli.app, ["ls", "--customer", "a@example.com", "--json"])
    assert done.exit_code == 0
    assert asked == [{"customerId": [ME]}]
    done = CliRunner().invoke(cli.app, ["ls", "--customer", "no@example.com"])
    assert done.exit_code == 1
    assert "Nobody has signed up" in str(done.exception)


@pytest.mark.parametrize(
    ("server", "said", "as_json"),
    [("acme-pos", "acme-pos", "acme-pos"), ("", "staff", "staff"), (None, "nobody", None)],
)
def test_who_serves_an_order_is_shown(
    monkeypatch: pytest.MonkeyPatch, server: str | None, said: str, as_json: str | None
) -> None:
    """I see who has to answer an order, and until when."""
    monkeypatch.setattr(order_requests, "shown", lambda *_: ORDER)
    monkeypatch.setattr(order_requests, "serving", lambda *_: server)
    text = CliRunner().invoke(cli.app, ["show", ORDER["orderId"]]).stdout
    assert [line.split()[1] for line in text.splitlines() if "servedBy" in line] == [said]
    assert ORDER["acceptBy"] in text
    shown = CliRunner().invoke(cli.app, ["show", ORDER["orderId"], "--json"]).stdout
    assert json.loads(shown)["servedBy"] == as_json
