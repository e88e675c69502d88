"""`orders prove` asks before it makes anything, and ends with a code and a report."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli.app import app
from ops.proof import report as reports
from ops.proof.probe import Probe
from ops.proof.probes import registry
from ops.proof.running import local as running_local
from ops.proof.running import looking, plan, stage
from ops.proof.running.plan import Plan
from ops.proof.world.world import World
from ops.reach.errors import OperatorError
from ops.reach.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from typer.testing import Result

ACCOUNT = "123456789012"


class Made:
    """A stage that only notes what is done with it."""

    fault: Exception | None = None

    def __init__(self) -> None:
        self.steps: list[str] = []
        account = SimpleNamespace(account_id=ACCOUNT, region="us-east-1", caller="arn:me")
        self.place: Any = SimpleNamespace(account=account)
        self.remains: list[str] = []

    def prepare(self) -> dict[str, Any]:
        self.steps.append("prepare")
        return {"Resources": {}}

    def make(self) -> Target:
        self.steps.append("make")
        if self.fault:
            raise self.fault
        nothing: Any = None
        return Target("stage prove-0a1b", "food-delivery-orders-prove-0a1b", nothing, {}, "cure")

    def remove(self) -> None:
        self.steps.append("remove")

    def left(self) -> list[str]:
        return self.remains


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Made:
    found, seen = Made(), {"header-lines": {"a": 1}, "unknown-route": {"a": 1}}
    monkeypatch.setattr(stage, "OnAws", lambda *_: found)
    monkeypatch.setattr(plan, "plan", lambda name, *_: Plan(name, 190, 2, 20, 0.5))
    monkeypatch.setattr(reports, "FOLDER", tmp_path / "proof")

    def look(claim: str) -> Callable[[object], Mapping[str, object]]:
        return lambda _: seen[claim]

    probes = {claim: Probe(claim=claim, look=look(claim), expected={"a": 1}) for claim in seen}
    monkeypatch.setattr(registry, "PROBES", probes)
    nothing: Any = SimpleNamespace(secrets=["s3cr3t"], leave=lambda: found.steps.append("leave"))
    monkeypatch.setattr(
        running_local,
        "world_of",
        lambda target, **_: World(target=target, send=nothing, callers=nothing),
    )
    return found


def prove(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["prove", *arguments], input=answer)


def report_of(folder: Path) -> dict[str, Any]:
    (path,) = (folder / "proof").glob("*.json")
    document: dict[str, Any] = json.loads(path.read_text())
    assert ACCOUNT not in path.read_text()
    return document


def test_nothing_is_made_before_i_agree(made: Made) -> None:
    """I am told what is made, how long and for how much; without a yes that is all."""
    done = prove(answer="n\n")
    assert made.steps == ["prepare"]
    assert "190 resources" in done.output
    assert "0.50 dollars" in done.output
    assert (done.exit_code, "Nothing was changed" in done.output) == (2, True)


def test_a_run_where_all_holds(made: Made, tmp_path: Path) -> None:
    """It is made, looked at and removed: 0, with a report of what was seen."""
    done = prove("--stage-name", "prove-0a1b", answer="y\n")
    assert done.exit_code == 0, done.output
    assert made.steps == ["prepare", "make", "leave", "remove"]
    document = report_of(tmp_path)
    assert {fact["verdict"] for fact in document["facts"]} == {"holds"}
    assert (document["where"], document["ended"], document["left"]) == ("aws", "whole", [])


def test_something_differs(made: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One claim is not as expected: 1, and I read which."""
    wrong = Probe(claim="header-lines", look=lambda _: {"a": 2}, expected={"a": 1})
    monkeypatch.setattr(registry, "PROBES", {"header-lines": wrong})
    done = prove("--yes", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["facts"][0]["verdict"] == "differs"
    assert report_of(tmp_path)["facts"][0]["why"] == "Not as expected: a."
    assert made.steps[-1] == "remove"


def test_a_stage_that_cannot_be_made(made: Made, tmp_path: Path) -> None:
    """The deployment fails: 3, it is removed, and I read why; no report says that all holds."""
    made.fault = OperatorError("CREATE_FAILED.")
    done = prove("--yes")
    assert done.exit_code == 3
    assert "CREATE_FAILED." in done.output
    assert made.steps[-1] == "remove"
    assert not (tmp_path / "proof").exists()


def test_what_cannot_begin_tells_nothing(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are no credentials: 3, for that is no claim that differs, and nothing is made."""

    def nobody(*_: object) -> None:
        raise OperatorError("There are no AWS credentials.")

    monkeypatch.setattr(stage, "OnAws", nobody)
    done = prove("--yes")
    assert (done.exit_code, made.steps) == (3, [])
    assert "There are no AWS credentials." in done.output


def test_what_is_left_is_told(made: Made) -> None:
    """Something could not be removed: I read what, and the command that removes it later."""
    made.remains = ["stack s, DELETE_FAILED"]
    done = prove("--yes")
    assert done.exit_code == 3
    assert "Still there: stack s, DELETE_FAILED" in done.output
    assert "orders prove --clean" in done.output


def test_an_interrupted_run_is_removed(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """^C while it looks: the stage goes all the same, and the command ends as interrupted."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(looking, "look_at_all", interrupt)
    done = prove("--yes")
    assert done.exit_code == 130
    assert made.steps == ["prepare", "make", "leave", "remove"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--stage-name", "prod"),
        ("--stage-name", "prove-XYZ"),
        ("--stage-name", "prove-0a1b", "--local"),
        ("--local", "--clean"),
        ("--only", "no-such-claim"),
        ("--only", "fifty-mails-a-day"),
        ("--clean", "--only", "header-lines"),
    ],
)
def test_wrong_usage(made: Made, arguments: tuple[str, ...]) -> None:
    """What cannot be meant is told as such, and nothing is made."""
    assert prove(*arguments).exit_code == 2
    assert made.steps == []


def test_clean(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """What interrupted runs have left is listed and, once I agree, removed."""
    monkeypatch.setattr(stage, "interrupted_runs", lambda _: ["prove-0a1b"])
    monkeypatch.setattr(stage, "of_an_interrupted_run", lambda *_: made)
    assert prove("--clean", answer="n\n").exit_code == 2
    assert made.steps == []
    done = prove("--clean", "--yes")
    assert done.exit_code == 0
    assert "prove-0a1b" in done.output
    assert made.steps == ["remove"]
    made.remains = ["queue prove-1"]
    assert prove("--clean", "--yes").exit_code == 3


def test_nothing_to_clean(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """No run has left anything: I read that, and am not asked."""
    monkeypatch.setattr(stage, "interrupted_runs", lambda _: [])
    done = prove("--clean")
    assert (done.exit_code, made.steps) == (0, [])
    assert "No run has left a stage." in done.output


def test_a_bill(tmp_path: Path) -> None:
    """A bill without stream reads: 1, and the sentence that says what it means."""
    path = tmp_path / "bill.csv"
    path.write_text("UsageType,UsageQuantity,UnblendedCost\nWriteRequestUnits,1,1\n")
    done = prove("--bill", str(path))
    assert done.exit_code == 1
    assert "AWS counts pipes as it does Lambda" in done.output
