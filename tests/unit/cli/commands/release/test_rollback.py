"""`orders rollback` goes back to the release that is meant, and says how the stage is then."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli import outcomes
from cli.app import app
from cli.commands.release import rollback as command
from ops.live import history
from ops.live.history import Entry, Listed, State
from ops.partners import restaurants
from ops.partners.restaurants import Snapshot
from ops.reach.errors import OperatorError, Overtaken
from ops.release import deploying, rolling_back
from ops.release.account import Place
from ops.release.change_set import Stack
from ops.release.outcome import Failed, Result
from ops.release.rolling_back import Back
from project.release import Release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer.testing import Result as Ended

    from infrastructure.settings import Settings

OLD, NEW = (Release("1.0.0", c * 40, dirty=False) for c in "ab")
TABLE = {"Type": "AWS::DynamoDB::GlobalTable"}


def template(release: Release, **resources: Any) -> dict[str, Any]:
    return {"Resources": resources, "Outputs": {"Release": {"Value": release.text()}}}


class Stage:
    """A stage with two releases, whose steps are noted and not taken."""

    def __init__(self) -> None:
        self.status = "UPDATE_COMPLETE"
        self.now, self.then = template(NEW), template(OLD)
        self.steps: list[str] = []
        self.fails: dict[str, BaseException] = {}
        self.wrong: str | None = None
        self.taken = True
        self.served = Snapshot({}, None)

    def enter(self, settings: Settings) -> Place:
        account: Any = SimpleNamespace(account_id="1" * 12, region="us-east-1", caller="arn:me")
        return Place(settings, account)

    def stack(self, _: Place) -> Stack:
        return Stack("id", self.status, protected=False, outputs={})

    def releases(self, _: object) -> list[Listed]:
        at = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
        states = {2: (NEW, State.LIVE), 1: (OLD, State.KEPT)}
        return [Listed(Entry(n, at, r, {"f": str(n)}, ""), s) for n, (r, s) in states.items()]

    def step(self, name: str, answer: Any = None) -> Any:
        def take(*_: object, **__: object) -> Any:
            self.steps.append(name)
            if name in self.fails:
                raise self.fails[name]
            return answer

        return take

    @contextlib.contextmanager
    def turn(self, _: object) -> Iterator[None]:
        self.step("turn")()
        yield


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage()
    monkeypatch.setattr(deploying, "enter", made.enter)
    monkeypatch.setattr(deploying, "stack", made.stack)
    monkeypatch.setattr(deploying, "target", lambda _: None)
    monkeypatch.setattr(deploying, "deployed_template", lambda _: made.now)
    monkeypatch.setattr(
        deploying, "take_back_what_goes_on", lambda *_: made.step("cancel", made.taken)()
    )
    monkeypatch.setattr(history, "releases", made.releases)
    monkeypatch.setattr(rolling_back, "back_to", lambda *_: Back(made.then, {"f": "1"}, {}))
    monkeypatch.setattr(rolling_back, "turn", made.turn)
    monkeypatch.setattr(rolling_back, "point", made.step("point"))
    monkeypatch.setattr(rolling_back, "undo", made.step("undo"))
    monkeypatch.setattr(restaurants, "read", lambda _: made.served)
    monkeypatch.setattr(restaurants, "renew", made.step("renew"))
    monkeypatch.setattr(outcomes, "wrong_at_the_front_door", lambda _: made.wrong)
    monkeypatch.setattr(command, "audited", lambda *_, **__: contextlib.nullcontext())
    return made


def run(*arguments: str, answers: str = "") -> Ended:
    return CliRunner().invoke(app, ("rollback", *arguments), input=answers)


def code_of(result: Ended) -> int:
    assert isinstance(result.exception, OperatorError), result.output
    return result.exception.code


def test_rollback(stage: Stage) -> None:
    """I see where it goes and what stays, agree, and callers meet that release before the rest."""
    result = run(answers="y\n")
    assert result.exit_code == 0, result.output
    assert stage.steps == ["turn", "point", "undo"]
    said = result.stdout
    assert "Release: 1.0.0 (bbbbbbbbbbbb) → 1.0.0 (aaaaaaaaaaaa)" in said
    assert "stay as they are now" in said
    assert "Go back to release 1?" in result.stderr
    assert "Callers meet release 1 again" in said
    assert "runs release 1 again" in said


def test_who_serves_what_is_known_again(stage: Stage) -> None:
    """An environment that slept since the earlier release ran does not serve what it knew then."""
    stage.served = Snapshot({}, b"{}")
    assert run("--yes").exit_code == 0
    assert stage.steps == ["turn", "point", "undo", "renew"]


@pytest.mark.parametrize(("answers", "code"), [("", 2), ("n\n", 1)])
def test_nothing_without_a_yes(stage: Stage, answers: str, code: int) -> None:
    """Nothing moves before somebody agrees; nobody being there has a code of its own."""
    assert code_of(run(answers=answers)) == code
    assert stage.steps == []


@pytest.mark.parametrize(
    ("step", "failure", "code", "word"),
    [
        ("turn", Overtaken("Another operator is quicker."), 1, "refused"),
        ("point", Overtaken("Somebody moved it."), 3, "needs-hands"),
        ("undo", Failed(Result.NEEDS_HANDS, "It is stuck."), 3, "needs-hands"),
    ],
)
def test_what_fails(stage: Stage, step: str, failure: OperatorError, code: int, word: str) -> None:
    """The code says whether anything was changed; a pipeline reads the same in a word."""
    stage.fails[step] = failure
    result = run("--yes", "--json")
    assert code_of(result) == code
    told = json.loads(result.stdout)
    assert (told["result"], told["whatToDo"]) == (word, str(failure))


def test_a_release_that_does_not_work_either(stage: Stage) -> None:
    """The front door is tried at the end: an earlier release that fails it needs me."""
    stage.wrong = "place 1: HTTP 502."
    result = run("--yes")
    assert code_of(result) == 3
    assert "HTTP 502" in str(result.exception)


def test_what_would_lose_data(stage: Stage) -> None:
    """A table that the release brought keeps it from being taken back, whatever was agreed to."""
    stage.now = template(NEW, Extra=TABLE)
    result = run("--yes", "--json")
    assert code_of(result) == 1
    told = json.loads(result.stdout)
    assert "Mend forward" in told["whatToDo"]
    assert told["losses"][0].startswith("Extra (AWS::DynamoDB::GlobalTable)")
    assert stage.steps == []


def test_a_deployment_that_goes_on(stage: Stage) -> None:
    """While a deployment goes on, CloudFormation takes it back; nothing else is touched."""
    stage.status = "UPDATE_IN_PROGRESS"
    result = run(answers="y\n")
    assert result.exit_code == 0, result.output
    assert stage.steps == ["cancel"]
    assert "is as it was before that deployment" in result.stdout


def test_a_deployment_that_has_just_ended(stage: Stage) -> None:
    """Too late to cancel it: then the way back is the usual one, and is asked about anew."""
    stage.status, stage.taken = "UPDATE_IN_PROGRESS", False

    def ended(*_: object) -> bool:
        stage.status = "UPDATE_COMPLETE"
        stage.steps.append("cancel")
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deploying, "take_back_what_goes_on", ended)
        result = run(answers="y\ny\n")
    assert result.exit_code == 0, result.output
    assert stage.steps == ["cancel", "turn", "point", "undo"]


@pytest.mark.parametrize(
    ("status", "said"),
    [("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"), ("IMPORT_IN_PROGRESS", "Wait")],
)
def test_a_stack_that_takes_no_change(stage: Stage, status: str, said: str) -> None:
    """I am told what to do first."""
    stage.status = status
    result = run("--yes")
    assert code_of(result) == 1
    assert said in str(result.exception)


def test_interrupted(stage: Stage) -> None:
    """^C between aliases and template: I am told that the same command goes on."""
    stage.fails["undo"] = KeyboardInterrupt()
    result = run("--yes")
    assert result.exit_code == 130
    assert "Repeat the command" in result.stderr
