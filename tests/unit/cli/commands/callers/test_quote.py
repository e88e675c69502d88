"""`orders quote`: what it prints, and what it says when it cannot."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli import app as cli
from cli.commands.callers import quote
from local.demo import quoting
from ops.reach.errors import OperatorError
from tests.shared.examples import order

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

MENU = "http://127.0.0.1:9566/"


def run(*arguments: str, sent: str = "") -> Result:
    """Run the command."""
    return CliRunner().invoke(cli.app, ["quote", *arguments], input=sent)


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, str, str]]:
    """A menu that gives each order a quote, and raises the fee."""
    found: list[tuple[Any, str, str]] = []

    def with_quote(sent: dict[str, Any], *, token: str, menu_url: str) -> dict[str, Any]:
        found.append((sent, token, menu_url))
        if not token:
            raise OperatorError("The menu gives no quote for this order: no token.")
        own = {name: value for name, value in sent.items() if name != "customerId"}
        return {**own, "deliveryFee": 399, "quote": "signed"}

    monkeypatch.setattr(quoting, "with_quote", with_quote)
    here = SimpleNamespace(menu_url=MENU)
    monkeypatch.setattr(quote, "endpoints_on_this_machine", lambda: here)
    return found


def test_an_order_with_its_quote_is_printed(
    tmp_path: Path, asked: list[tuple[Any, str, str]]
) -> None:
    """What comes on standard output is the order to send; what changed is said beside it."""
    file = tmp_path / "order.json"
    file.write_text(json.dumps(order()))
    done = run(str(file), "--token", "t", "--local")
    assert done.exit_code == 0
    printed = json.loads(done.stdout)
    assert (printed["quote"], printed["deliveryFee"]) == ("signed", 399)
    assert asked == [(order(), "t", MENU)]
    assert "Left out, because only partners send it: customerId." in done.stderr
    assert "deliveryFee" in done.stderr


def test_an_order_on_standard_input() -> None:
    """A dash reads the order from a pipe."""
    done = run("-", "--token", "t", "--local", sent=json.dumps(order()))
    assert json.loads(done.stdout)["quote"] == "signed"


@pytest.mark.parametrize("sent", ["", "{", "[]", "1"])
def test_what_is_no_order_is_told(sent: str) -> None:
    """A file that is no JSON object ends the command with its name."""
    done = run("-", "--token", "t", "--local", sent=sent)
    assert done.exit_code != 0
    assert "-" in str(done.exception)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """I read which file cannot be read, and that it is not there."""
    done = run(str(tmp_path / "none.json"), "--token", "t", "--local")
    assert str(done.exception).endswith("none.json cannot be read: no such file or directory.")


def test_only_the_local_run_has_a_menu(tmp_path: Path) -> None:
    """Without --local I read whom to ask for a stage's quotes."""
    done = run(str(tmp_path), "--token", "t")
    assert done.exit_code == 2
    assert "--local" in done.output


def test_what_the_menu_says_is_told() -> None:
    """Its sentence is the command's, which fails: what comes after `&&` sends no empty file."""
    done = run("-", "--token", "", "--local", sent=json.dumps(order()))
    assert "no token" in str(done.exception)
    assert (done.exit_code, done.stdout) == (1, "")
