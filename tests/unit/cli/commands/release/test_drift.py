"""`orders drift`: what was changed, what nobody has looked at, and the exit code of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ops.live import drift
from tests.unit.cli.commands.release.looking import run
from tests.unit.ops.live.stage import refused

if TYPE_CHECKING:
    from tests.unit.ops.live.stage import Stage


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "POLL_SECONDS", 0)


@pytest.mark.usefixtures("stage")
def test_no_drift() -> None:
    """Nothing was changed: exit code 0, and what nobody has looked at is said."""
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
