"""`orders ls`, `show`, `place`, `move` and `logs tail` on the running stack."""

from __future__ import annotations

import json
from dataclasses import asdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli import options
from cli.app import app
from project.checkout import ROOT
from tests.shared.people import client_of

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

EXAMPLE = str(ROOT / "docs/api/order.json")


@pytest.fixture(autouse=True)
def local_run(stack: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `--local` mean the stack of these tests."""
    (tmp_path / "endpoints.json").write_text(json.dumps(asdict(stack)))
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("LOCAL_PORT", "")


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, [*arguments, "--local"])


def told(*arguments: str) -> Any:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def place(stack: Endpoints, *more: str) -> dict[str, Any]:
    placed: dict[str, Any] = told("place", EXAMPLE, "--partner", stack.partner_id, *more)
    return placed


def test_an_order_is_placed_once(stack: Endpoints) -> None:
    """The file becomes an order that its partner sees; the same key places it once."""
    placed = place(stack, "--key", "cli-1")
    with client_of(stack, {"x-api-key": stack.partner_api_key}) as client:
        seen = client.get(f"/partner/orders/{placed['orderId']}").json()
    assert seen["total"] == placed["total"]
    assert place(stack, "--key", "cli-1")["orderId"] == placed["orderId"]


def test_an_order_is_moved_as_it_was_shown(stack: Endpoints) -> None:
    """A move is made by the operator, and stands in the history with why and by whom."""
    order_id = place(stack)["orderId"]
    moved = told("move", order_id, "rejected", "--reason", "closed", "--yes")
    entry = moved["history"][-1]
    assert (moved["status"], entry["by"], entry["reason"]) == ("REJECTED", "operator", "closed")
    refused = run("move", order_id, "CONFIRMED", "--yes")
    assert refused.exit_code == 1
    assert "The order is REJECTED" in str(refused.exception)


def test_a_move_is_asked_about(stack: Endpoints) -> None:
    """Without my yes nothing is moved."""
    order_id = place(stack)["orderId"]
    done = run("move", order_id, "CONFIRMED")
    assert done.exit_code == 1
    assert "Nothing was changed" in str(done.exception)
    assert told("show", order_id)["status"] == "PLACED"


def test_orders_are_listed_and_shown(stack: Endpoints) -> None:
    """I find a partner's orders by their status, newest first, and each with its history."""
    order_id = place(stack)["orderId"]
    whose = ("--partner", stack.partner_id)
    listed = told("ls", *whose, "--status", "PLACED", "--limit", "30")
    assert listed[0]["orderId"] == order_id
    assert {order["status"] for order in listed} == {"PLACED"}
    assert order_id in run("ls", *whose).stdout
    shown = run("show", order_id).stdout
    assert "31.97 USD" in shown
    assert "Pizza Margherita, 11.99" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ls",), "--partner ID or --customer ID"),
        (("show", "x"), "no order id"),
        (("move", "x", "CONFIRMED"), "no order id"),
        (("move", "01a2056f-12d3-7a4f-a166-60b40a00b62c", "CONFIRMD"), "CONFIRMED"),
    ],
)
def test_wrong_usage_is_told(arguments: tuple[str, ...], said: str) -> None:
    """What cannot be meant ends with 2, and with what is right."""
    done = run(*arguments)
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())


def test_the_logs_are_read_along(stack: Endpoints) -> None:
    """The lines of an order's functions come as people or as programs read them."""
    order_id = place(stack)["orderId"]
    tail = ("logs", "tail", "--once", "--since", "5m", "--function", "create_order")
    assert order_id in run(*tail).stdout
    lines = [json.loads(line) for line in run(*tail, "--json").stdout.splitlines()]
    assert any(line.get("orderId") == order_id for line in lines)


def test_partners_complete_on_tab(stack: Endpoints) -> None:
    """TAB offers the ids of the partners that there are."""
    context: Any = SimpleNamespace(params={"local": True})
    assert options.partner_ids(context, stack.partner_id[:3]) == [stack.partner_id]
    assert options.partner_ids(context, "no-such") == []
