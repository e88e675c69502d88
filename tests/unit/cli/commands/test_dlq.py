"""`orders dlq`: whose a letter is, and where one order's letters are."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from cli import app as cli
from cli import options
from cli.commands import dlq
from ops.dead_letters import choice, letters
from ops.dead_letters.queues import Depth
from tests.shared.examples import order
from tests.unit.ops.customers.account import Account, delivered, letter_of

if TYPE_CHECKING:
    from typer.testing import Result


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["dlq", *arguments])


@pytest.fixture
def buried(monkeypatch: pytest.MonkeyPatch) -> str:
    """An order whose restaurant did not hear of it: its letter is among the restaurants'."""
    account = Account()
    item = delivered(order(), "bella#cust-1", servedBy="acme-pos#rest-1")
    account.bury("restaurants", letter_of(item))
    sources = {queue.source: "source" for queue in letters.QUEUES.values() if queue.source}
    target = replace(account.target, outputs={**account.target.outputs, **sources})
    monkeypatch.setattr(options, "find", lambda *_, **__: target)
    monkeypatch.setattr(choice, "depth", lambda *_: Depth(waiting=0, in_flight=0))
    monkeypatch.setattr(dlq, "audited", lambda *_, **__: contextlib.nullcontext())
    return str(item["orderId"])


def test_the_queue_of_an_orders_letter_is_said(buried: str) -> None:
    """Who looks in the wrong queue is not told that nothing was found and all is well."""
    done = run("redrive", "notifications", "--order", buried, "--yes")
    assert done.exit_code == 1
    assert "restaurants has" in str(done.exception)
    assert f"orders dlq redrive --order {buried}" in str(done.exception)


def test_without_a_queue_all_are_looked_through(buried: str) -> None:
    """An order's letters are found wherever they are, as `show --order` finds them."""
    done = run("redrive", "--order", buried, "--dry-run", "--json")
    assert done.exit_code == 0
    found = {one["queue"]: one["found"] for one in json.loads(done.stdout)}
    assert found == {"processing": 0, "notifications": 0, "restaurants": 1}


@pytest.mark.parametrize("arguments", [("redrive",), ("redrive", "processing", "--all-queues")])
def test_what_is_meant_has_to_be_said(arguments: tuple[str, ...]) -> None:
    """Nothing is sent back by a command that says too little, or two things."""
    assert run(*arguments).exit_code == 2


def test_a_letter_says_whose_server_did_not_take_it(
    buried: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I read which partner to ring up."""
    monkeypatch.setattr(letters, "tries", lambda *_: None)
    (letter,) = json.loads(run("show", "--order", buried, "--json").stdout)
    assert (letter["queue"], letter["partnerId"]) == ("restaurants", "acme-pos")
    assert "acme-pos" in run("show", "restaurants").stdout
