"""`orders releases`, `status`, `drift` and `smoke`: what they print, and how they end."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli.app import app
from ops import audit
from ops.audit import Act
from ops.live import drift, smoke
from ops.live.smoke import Step
from tests.unit.ops.live.stage import START, Stage, refused

if TYPE_CHECKING:
    from collections.abc import Callable

ADA = "arn:aws:sts::111122223333:assumed-role/operators/ada"
WIDEST = 80


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage that has had twelve releases, the last one by Ada."""
    made = Stage()
    for number in range(1, 13):
        made.deploy(number)
    begun = START + dt.timedelta(hours=11, minutes=50)
    deployment = Act(begun, ADA, "orders deploy", "", "begun", "run")
    monkeypatch.setattr("cli.options.find", lambda *_, **__: made.target)
    monkeypatch.setattr(audit, "commands", lambda *_: [deployment])
    monkeypatch.setattr(drift, "POLL_SECONDS", 0)
    return made


def run(*arguments: str) -> tuple[int, str, str]:
    """Give the exit code, what was said, and what was remarked."""
    done = CliRunner().invoke(app, [*arguments, "--stage", "dev"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_releases(stage: Stage) -> None:
    """A line for each, the newest first, no wider than a terminal; the end says who."""
    assert stage.target
    code, said, _ = run("releases")
    assert code == 0
    lines = [line.rstrip() for line in said.splitlines()]
    assert max(map(len, lines)) <= WIDEST
    assert lines[1].split() == ["12", "2026-11-30", "21:00", "1.0.12", "c" * 12, "live", "ada"]
    assert [line.split()[0] for line in lines[1:]] == [str(number) for number in range(12, 0, -1)]
    assert lines[-1].split()[-2:] == ["kept", "–"]


def test_releases_for_programs(stage: Stage) -> None:
    """Programs get the whole commit, the moment, and the version of each function."""
    assert stage.target
    newest = json.loads(run("releases", "--json")[1])[0]
    assert newest == {
        "number": 12,
        "at": "2026-11-30T21:00:00+00:00",
        "version": "1.0.12",
        "commit": "c" * 40,
        "dirty": False,
        "state": "live",
        "who": ADA,
        "functions": {"create_order": "12", "get_order": "12"},
    }


def test_releases_with_what_is_in_no_commit(stage: Stage) -> None:
    """A release with files that differ from its commit has a mark, which is explained."""
    text = '{"version":"1.1.0","commit":"%s","dirty":true}' % ("d" * 40)
    stage.parameters.write(text, START + dt.timedelta(days=1))
    _, said, remarked = run("releases")
    assert said.splitlines()[1].split()[4:6] == [f"{'d' * 12}*", "gone"]
    assert "in no commit" in remarked


def test_no_releases(stage: Stage) -> None:
    """A stage from before there were releases is told what begins the list."""
    stage.parameters.history.clear()
    code, said, remarked = run("releases")
    assert (code, said) == (0, "")
    assert "make deploy" in remarked
    assert run("releases", "--json")[1] == "[]\n"


def test_none_is_live(stage: Stage) -> None:
    """Where what runs is none of the releases I am sent to `orders status`."""
    stage.functions.aliases["get"]["FunctionVersion"] = "1"
    assert "orders status" in run("releases")[2]


def test_who_may_not_be_read(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the right to read the audit log the releases are listed all the same."""
    assert stage.target

    def commands(*_: Any) -> Any:
        raise refused("AccessDeniedException")

    monkeypatch.setattr(audit, "commands", commands)
    code, said, _ = run("releases")
    assert (code, said.splitlines()[1].split()[-1]) == (0, "–")


def test_status(stage: Stage) -> None:
    """All is as deployed: release, stack and functions, exit code 0."""
    stage.alarms.metric = ["heartbeat-failing"]
    code, said, remarked = run("status")
    assert (code, remarked) == (0, "Stage dev is as it was deployed.\n")
    assert "1.0.12 (cccccccccccc)" in said
    assert "heartbeat-failing" in said
    assert ["create_order", "12", "12", "code-12"] in [line.split() for line in said.splitlines()]


def test_status_of_what_was_changed_by_hand(stage: Stage) -> None:
    """Exit code 1; each difference in a line, and what to do next in another."""
    for function in ("create", "get"):
        stage.functions.change(function, "by-hand", LOG_LEVEL="INFO")
    stage.functions.aliases["get"]["FunctionVersion"] = "3"
    code, said, remarked = run("status")
    assert code == 1
    assert "get_order: runs version 3, and the template says 12" in said
    assert "  → A deployment without new code does not mend it." in said
    assert remarked == "Stage dev is not as it was deployed: create_order, get_order.\n"


def test_status_of_a_release_that_is_watched(stage: Stage) -> None:
    """While alarms can take it back, I am told until when."""
    watched = {"RollbackConfiguration": {"MonitoringTimeInMinutes": 15}}
    stage.stack.stack |= {"StackStatus": "UPDATE_IN_PROGRESS", **watched}
    assert "until 2026-11-30 09:16 UTC" in run("status")[1]


def test_status_for_programs(stage: Stage) -> None:
    """Programs get the commit, and for each function what runs beside what should."""
    stage.functions.change("get", "by-hand", LOG_LEVEL="INFO")
    code, said, _ = run("status", "--json")
    found = json.loads(said)
    assert (code, found["asDeployed"], found["release"]["commit"]) == (1, False, "c" * 40)
    assert found["functions"][1] == {
        "name": "get_order",
        "runs": "12",
        "template": "12",
        "codeSha256": "code-12",
        "templateCodeSha256": "code-12",
        "latestCodeSha256": "by-hand",
    }
    assert [each["what"] for each in found["differences"]] == ["code"]
    assert found["stack"]["monitoredUntil"] is None


def test_no_drift(stage: Stage) -> None:
    """Nothing was changed: exit code 0, and what nobody has looked at is said."""
    assert stage.target
    code, said, remarked = run("drift")
    assert (code, said) == (0, "")
    assert "AWS::DynamoDB::GlobalTable 1" in remarked
    assert "the code of functions" in remarked


def test_drift(stage: Stage) -> None:
    """Something was changed: exit code 1, where and what; both kinds are counted."""
    change = {
        "PropertyPath": "/Timeout",
        "DifferenceType": "NOT_EQUAL",
        "ExpectedValue": "10",
        "ActualValue": "29",
    }
    stage.stack.drifts = [
        {
            "LogicalResourceId": "create",
            "ResourceType": "AWS::Lambda::Function",
            "StackResourceDriftStatus": "MODIFIED",
            "PropertyDifferences": [change],
        }
    ]
    stage.functions.change("get", "by-hand", LOG_LEVEL="INFO")
    code, said, remarked = run("drift")
    assert code == 1
    assert "has Timeout 29, and the template says 10" in said
    assert "code was uploaded by hand" in said
    assert "has drifted: 2 things" in remarked
    found = json.loads(run("drift", "--json")[1])
    assert found["drifted"]
    assert found["resources"][0]["says"] == ["has Timeout 29, and the template says 10"]


def test_drift_that_cannot_be_told(stage: Stage) -> None:
    """CloudFormation may not be asked: exit code 3, as nobody knows; what is known is drift: 1."""
    stage.stack.refuses = refused("AccessDenied", "not authorized")
    code, _, remarked = run("drift")
    assert code == 3
    assert "not authorized" in remarked
    stage.functions.change("get", "by-hand", LOG_LEVEL="INFO")
    assert run("drift")[0] == 1


@pytest.fixture
def tried(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """The steps of a smoke test, which a test may change."""
    steps = [Step("health", 0, 12.4, ""), Step("place", 1, 80.0, "")]

    def take(_: Any, told: Callable[[Step], None], times: int) -> list[Step]:
        assert times == 1
        for step in steps:
            told(step)
        return steps

    assert stage.target
    monkeypatch.setattr(smoke, "smoke", take)
    return steps


def test_smoke(tried: list[Step]) -> None:
    """All is as promised: each step with its time, exit code 0."""
    code, said, remarked = run("smoke", "--times", "1")
    assert code == 0
    rows = [line.split() for line in said.splitlines()]
    assert rows == [["Step", "ms", "Result"], ["health", "12", "ok"], ["place", "1", "80", "ok"]]
    assert f"{len(tried)} steps" in remarked


def test_smoke_that_fails(tried: list[Step]) -> None:
    """A step that is not as promised: exit code 1, what it means, and where to look."""
    tried[1] = Step("place", 1, 80.0, "HTTP 502")
    code, said, remarked = run("smoke", "--times", "1")
    assert code == 1
    assert "failed: HTTP 502 → nobody can order" in said
    assert "not answer as callers are promised: place 1" in remarked
    found = json.loads(run("smoke", "--times", "1", "--json")[1])
    assert (found["ok"], found["steps"][1]["fault"]) == (False, "HTTP 502")
    assert found["steps"][0] == {
        "step": "health",
        "round": None,
        "milliseconds": 12.4,
        "fault": None,
        "means": None,
    }


@pytest.mark.parametrize(
    "arguments", [["smoke", "--times", "0"], ["smoke", "--times", "51"], ["status", "--local"]]
)
def test_wrong_usage(arguments: list[str]) -> None:
    """What cannot be meant is refused with exit code 2, before anything is asked of AWS."""
    assert run(*arguments)[0] == 2
