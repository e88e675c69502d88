"""`orders audit` on the running stack: who did what, by command and by the API."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from typer.testing import CliRunner

from cli.app import app
from local.demo.people import subject_of
from tests.shared.examples import order

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def here(stack: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands find the running copy."""
    (tmp_path / "endpoints.json").write_text(json.dumps(asdict(stack)))
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("LOCAL_PORT", "")


def orders(*arguments: str) -> str:
    """Run a command that ends well; gives what it said."""
    done = CliRunner().invoke(app, [*arguments, "--local"], prog_name="orders")
    assert done.exit_code == 0, done.output
    assert "audit log" not in done.stderr
    return done.stdout


def acts(about: str) -> list[dict[str, Any]]:
    """Read what was done to something."""
    found: list[dict[str, Any]] = json.loads(orders("audit", "--about", about, "--json"))
    return found


def test_a_partner_s_life_is_in_it_and_no_secret() -> None:
    """Who made, shut out and removed a partner is told, with neither its key nor its address."""
    name = f"audited-{uuid.uuid4().hex[:8]}"
    secrets = json.loads(
        orders(
            *("partners", "add", name, "--plan", "standard", "--yes", "--json"),
            *("--webhook-url", "https://example.com/private-path"),
        )
    )
    orders("partners", "disable", name, "--yes")
    orders("partners", "remove", name, "--yes")
    found = acts(name)
    assert [(act["what"], act["outcome"]) for act in found] == [
        (f"orders partners {command}", outcome)
        for command in ("add", "disable", "remove")
        for outcome in ("begun", "done")
    ]
    assert all(act["who"].startswith("arn:aws:") for act in found)
    told = json.dumps(found)
    hidden = (secrets["apiKey"], secrets["webhookSecret"], "private-path")
    assert not [each for each in hidden if each in told]


def test_an_operator_s_move_is_in_it(stack: Endpoints) -> None:
    """Which operator moved an order is told by the id of the token, and no customer is in it."""
    customer = {"Authorization": stack.customer_token, "Idempotency-Key": uuid.uuid4().hex}
    body = {name: value for name, value in order().items() if name != "customerId"}
    placed = httpx.post(f"{stack.api_url}/orders", headers=customer, json=body).json()
    url = f"{stack.api_url}/orders/{placed['orderId']}"
    operator = {"Authorization": stack.operator_token}
    for status, code in (("CONFIRMED", 200), ("DELIVERED", 409)):
        done = httpx.patch(url, headers=operator, json={"status": status})
        assert done.status_code == code
    httpx.patch(url, headers=customer, json={"status": "CANCELLED"})
    # A refusal names no order: the line of the log has its id only once it is done.
    (moved,) = acts(placed["orderId"])
    assert moved["who"] == subject_of(stack.operator_token)
    assert (moved["what"], moved["outcome"]) == ("PATCH /orders/{orderId}", "moved to CONFIRMED")
    assert subject_of(stack.customer_token) not in json.dumps(acts(""))
