"""`orders customers` refuses what cannot be meant, asks before it erases, and says what is left."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from cli import app as cli
from cli import options
from cli.commands.callers import customers
from ops.customers import holds
from tests.shared.examples import order
from tests.unit.ops.customers.account import ME, Account, delivered, letter_of

if TYPE_CHECKING:
    from typer.testing import Result

MARK = "persons-own"


def run(*arguments: str, said: str | None = None) -> Result:
    """Run a command; what is said answers its question."""
    return CliRunner().invoke(cli.app, ["customers", *arguments], input=said)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    """A stage with an order of mine that has ended, and a dead letter about it."""
    made = Account()
    item = delivered(order(note=MARK), expiresAt=1_900_000_000)
    made.add(item)
    made.bury("notifications", letter_of(item))
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(options, "find", lambda *_, **__: made.target)
    monkeypatch.setattr(customers, "audited", lambda *_, **__: contextlib.nullcontext())
    return made


@pytest.mark.parametrize("command", ["export", "erase", "hold", "release"])
@pytest.mark.parametrize("text", ["cust-1", "acme-pos#", "ada@example.com", f"{ME}x"])
def test_what_is_no_customer_s_id_is_refused(command: str, text: str) -> None:
    """Before anything is asked of AWS; an address of e-mail is no id."""
    more = ["--reason", "claim 4711"] if command == "hold" else []
    ended = run(command, text, *more)
    assert ended.exit_code == 2
    assert "is no customer's id" in " ".join(ended.output.replace("│", " ").split())


@pytest.mark.parametrize("reason", ["", "  ", "r" * 201])
def test_a_hold_has_a_reason(reason: str) -> None:
    """Whoever finds it next year has to know why."""
    assert run("hold", ME, "--reason", reason).exit_code == 2


def test_a_dry_run_changes_nothing(account: Account) -> None:
    """It says what would go and what would remain, and makes no call that writes."""
    called: list[str] = []
    account.before = lambda _, name: called.append(name)
    ended = run("erase", ME, "--dry-run", "--json")
    told = json.loads(ended.stdout)
    assert (told["orders"], told["toOverwrite"], told["deadLetters"]) == (1, 1, 1)
    assert {place["where"] for place in told["remains"]} >= {"stream of orders", "traces"}
    reading = ("get_", "list_", "query", "receive_", "change_message_visibility")
    assert all(name.startswith(reading) for name in called)


@pytest.mark.parametrize("said", ["", "y\n", "yes\n"])
def test_nobody_is_erased_by_a_slip(account: Account, said: str) -> None:
    """The whole id is typed; a yes is not enough."""
    ended = run("erase", ME, said=said)
    assert ended.exit_code == 1
    assert MARK in json.dumps(list(account.orders.values()))
    assert account.people[ME]["Enabled"]


def test_a_person_is_erased_once_their_id_is_typed(account: Account) -> None:
    """What was done and what remains is told, each with its day; and to come back in an hour."""
    ended = run("erase", ME, said=f"{ME}\n")
    assert ended.exit_code == 0, ended.output
    assert MARK not in json.dumps(list(account.orders.values()))
    for told in ("Orders overwritten", "deleted", "copies for recovery", "once more after that"):
        assert told in ended.output


def test_what_is_not_finished_fails(account: Account) -> None:
    """A script that erases sees by the exit code that something is left, and reads what."""
    for message in account.queues["dead-notifications"]:
        message["held"] = True
    ended = run("erase", ME, "--yes", "--json")
    assert ended.exit_code == 1
    assert json.loads(ended.stdout)["left"]


def test_an_export_is_a_record_a_line(account: Account) -> None:
    """For programs that read line by line; `--json` gives them as one document."""
    assert account.orders
    lines = [json.loads(line) for line in run("export", ME).stdout.splitlines()]
    assert [line["kind"] for line in lines][:3] == ["person", "order", "elsewhere"]
    assert lines[1]["order"]["note"] == MARK
    assert json.loads(run("export", ME, "--json").stdout) == lines


def test_a_hold_is_placed_listed_and_released(account: Account) -> None:
    """Each says how many orders it concerns; releasing asks, for what is overdue goes at once."""
    placed = run("hold", ME, "--reason", " claim 4711 ", "--json")
    assert json.loads(placed.stdout) == {"id": ME, "state": "on hold", "orders": 1}
    (listed,) = json.loads(run("holds", "--json").stdout)
    assert (listed["id"], listed["reason"]) == (ME, "claim 4711")
    assert "claim 4711" in run("holds").stdout
    assert run("release", ME, said="n\n").exit_code == 1
    assert holds.hold_of(account.target, ME) is not None
    assert "released. Orders that are deleted when" in run("release", ME, "--yes").stdout
    assert "Nobody is on hold" in run("holds").stdout
