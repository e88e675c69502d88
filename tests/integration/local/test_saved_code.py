"""Edit a handler, and the next request runs it: on a running copy."""

from __future__ import annotations

import shutil
import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from infrastructure import asset
from local.copy import environment
from local.demo.example import ORDER
from local.saved_code import SavedCode
from ops.live.function_variables import change, look, variables_of
from ops.reach.clients import clients
from ops.reach.layout import Layout
from orders.settings import LOG_LEVEL
from project.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

HANDLER = "orders/handlers/get_order.py"


def test_the_next_request_runs_what_was_saved(
    stack: Endpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A header that I write into a handler is in the next answer, and gone once I take it out.

    A level of its log that I have chosen stays.
    """
    shutil.copytree(ROOT / "orders", tmp_path / "orders")
    monkeypatch.setattr(asset, "_SOURCES", tmp_path / "orders")
    layout = Layout(tmp_path, 1)
    layout.home.mkdir()
    interpreter = environment.ready() or environment.make()
    saved = SavedCode(
        clients(stack.aws_endpoint_url),
        stack.functions,
        layout,
        lambda: asset.build_for_host(tmp_path / "asset", interpreter),
        root=tmp_path,
    )
    order_id = place(stack)
    functions, get_order = clients(stack.aws_endpoint_url)("lambda"), stack.functions["get_order"]
    before_me = variables_of(look(functions, get_order).called).get(LOG_LEVEL)
    change(functions, look(functions, get_order), LOG_LEVEL, "DEBUG")
    chosen = variables_of(look(functions, get_order).called)

    def header() -> str | None:
        address = f"{stack.api_url}/partner/orders/{order_id}"
        answer = httpx.get(address, headers={"x-api-key": stack.partner_api_key}, timeout=30)
        assert answer.status_code == 200, answer.text
        found: str | None = answer.headers.get("X-Edited")
        return found

    assert header() is None
    handler = tmp_path / HANDLER
    before = handler.read_text()
    handler.write_text(
        before.replace("validators(item)\n", "{**validators(item), 'X-Edited': '1'}\n")
    )
    assert list(saved.news()) == [f"{HANDLER}: the next request runs it."]
    try:
        assert header() == "1"
        assert variables_of(look(functions, get_order).called) == chosen, "levels stay"
    finally:
        handler.write_text(before)
        assert list(saved.news()) == [f"{HANDLER}: the next request runs it."]
    assert header() is None
    change(functions, look(functions, get_order), LOG_LEVEL, before_me)


def place(stack: Endpoints) -> str:
    """Place an order and give its id."""
    answer = httpx.post(
        f"{stack.api_url}/partner/orders",
        json=ORDER,
        headers={"x-api-key": stack.partner_api_key, "Idempotency-Key": str(uuid.uuid4())},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["orderId"])
