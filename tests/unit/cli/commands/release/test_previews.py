"""`orders previews` lists the stages of pull requests, and removes what has outlived its own."""

from __future__ import annotations

import datetime as dt
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli.app import app
from ops.reach.errors import OperatorError
from ops.release import deploying
from ops.release.account import Place
from ops.release.change_set import Stack

if TYPE_CHECKING:
    from typer.testing import Result

    from infrastructure.settings import Settings


class Account:
    """An account with some stacks; removing notes the stage, or fails."""

    def __init__(self) -> None:
        self.stages = ["dev", "pr-3", "pr-12"]
        self.removed: list[str] = []
        self.fails: set[str] = set()

    def get_paginator(self, _: str) -> Any:
        made = dt.datetime.now(dt.UTC)
        name = "food-delivery-orders"
        stacks = [
            {"StackName": f"{name}-{stage}", "StackStatus": "CREATE_COMPLETE", "CreationTime": made}
            for stage in self.stages
        ]
        return SimpleNamespace(paginate=lambda: [{"Stacks": stacks}])

    def enter(self, settings: Settings) -> Place:
        account: Any = SimpleNamespace(client=lambda _: self)
        return Place(settings, account)

    def clear(self, place: Place, *_: object) -> None:
        if place.settings.stage in self.fails:
            raise OperatorError("The removal failed.")
        self.removed.append(place.settings.stage)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    made = Account()
    monkeypatch.setattr(deploying, "enter", made.enter)
    monkeypatch.setattr(deploying, "clear", made.clear)
    monkeypatch.setattr(
        deploying, "stack", lambda _: Stack("id", "CREATE_COMPLETE", protected=False, outputs={})
    )
    return made


def run(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["previews", *arguments], input=answer)


def test_list(account: Account) -> None:
    """I see each preview, how its stack does and since when; dev is none."""
    del account
    said = run("ls")
    assert said.exit_code == 0
    assert "pr-12" in said.output
    assert "dev" not in said.output.replace("deployed", "")
    found = json.loads(run("ls", "--json").stdout)
    assert [(each["stage"], each["pullRequest"]) for each in found] == [("pr-3", 3), ("pr-12", 12)]


def test_reap(account: Account) -> None:
    """Those whose pull request is closed go once I agree; open ones and dev stay."""
    assert run("reap", "--open", "12", answer="n\n").exit_code == 1
    assert account.removed == []
    done = run("reap", "--open", "12, 15", "--yes")
    assert (done.exit_code, account.removed) == (0, ["pr-3"])
    assert "pull request 3 wants none any more" in done.output


def test_nothing_is_to_go(account: Account) -> None:
    """Where all are wanted nothing is asked and nothing happens."""
    done = run("reap", "--open", "3 12")
    assert (done.exit_code, "No preview is to go." in done.output) == (0, True)
    assert account.removed == []


@pytest.mark.parametrize("given", ["12 x", "#12", "-1", "all"])
def test_no_typing_error_removes_one(account: Account, given: str) -> None:
    """What is no list of numbers removes nothing: a broken question must not end every preview."""
    assert run("reap", "--open", given, "--yes").exit_code == 2
    assert account.removed == []


def test_the_list_must_be_given(account: Account) -> None:
    """Without a list of what is open nothing is removed."""
    assert run("reap", "--yes").exit_code == 2
    assert account.removed == []


def test_one_that_fails_keeps_no_other(account: Account) -> None:
    """A preview that cannot be removed is named at the end, after all others have gone."""
    account.fails = {"pr-3"}
    done = run("reap", "--open", "", "--yes")
    assert account.removed == ["pr-12"]
    assert isinstance(done.exception, OperatorError)
    assert "orders destroy --stage pr-3" in str(done.exception)
