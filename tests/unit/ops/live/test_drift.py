"""What has been changed without a deployment: CloudFormation's findings in words, and our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ops.live import drift
from tests.unit.ops.live.stage import Stage, refused

if TYPE_CHECKING:
    from ops.live.drift import Drift


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(drift, "POLL_SECONDS", 0)
    made = Stage()
    made.deploy(1)
    return made


def resource(name: str, status: str, *changes: tuple[str, str, str, str]) -> dict[str, Any]:
    names = ("PropertyPath", "DifferenceType", "ExpectedValue", "ActualValue")
    return {
        "LogicalResourceId": name,
        "ResourceType": "AWS::SQS::Queue",
        "PhysicalResourceId": f"https://{name}",
        "StackResourceDriftStatus": status,
        "PropertyDifferences": [dict(zip(names, each, strict=True)) for each in changes],
    }


def found(stage: Stage) -> Drift:
    return drift.detect(stage.target)


def test_nothing_was_changed(stage: Stage) -> None:
    """Nothing differs; what CloudFormation cannot look at is counted by its type."""
    seen = found(stage)
    assert not seen.drifted
    assert (seen.resources, seen.functions, seen.unknown) == ([], [], "")
    assert seen.unchecked == {"AWS::DynamoDB::GlobalTable": 1}


def test_in_words(stage: Stage) -> None:
    """Each difference is a sentence: what is, and what the template says."""
    stage.stack.drifts = [
        resource("Fine", "IN_SYNC"),
        resource(
            "Orders",
            "MODIFIED",
            ("/DelaySeconds", "NOT_EQUAL", "0", "5"),
            ("/RedrivePolicy", "REMOVE", '{"maxReceiveCount":5}', "null"),
            ("/Tags/0", "ADD", "null", "x" * 100),
        ),
        resource("Letters", "DELETED"),
    ]
    seen = found(stage)
    assert seen.drifted
    assert [(each.name, each.says) for each in seen.resources] == [
        (
            "Orders",
            [
                "has DelaySeconds 5, and the template says 0",
                'has no RedrivePolicy, which the template says is {"maxReceiveCount":5}',
                f"has Tags.0 besides: {'x' * 60}…",
            ],
        ),
        ("Letters", ["is deleted"]),
    ]


def test_code_uploaded_by_hand(stage: Stage) -> None:
    """What CloudFormation cannot see is found besides: it says in sync, and this is drift."""
    stage.functions.change("create", "by-hand", LOG_LEVEL="INFO")
    seen = found(stage)
    assert seen.resources == []
    assert [each.what for each in seen.functions] == ["code"]
    assert seen.drifted


def test_what_commands_change(stage: Stage) -> None:
    """A level that `orders logs level` has set is told, and is no drift: nobody is woken by it."""
    marked = {"CHANGED_BY_OPERATORS": '{"LOG_LEVEL":"INFO"}'}
    stage.functions.deploy("get", "code-1", LOG_LEVEL="DEBUG", **marked)
    stage.functions.change("get", "code-1", LOG_LEVEL="INFO")
    seen = found(stage)
    assert [each.meant for each in seen.functions] == [True]
    assert not seen.drifted


def test_not_all_could_be_looked_at(stage: Stage) -> None:
    """A detection that failed in part: what it found is told, and why it cannot tell the rest."""
    stage.stack.detection = ["DETECTION_FAILED"]
    assert found(stage).unknown == "CloudFormation could not look at all: no right to read"
    assert not found(stage).drifted
    stage.stack.drifts = [resource("Letters", "DELETED")]
    assert found(stage).drifted


def test_it_takes_too_long(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A detection that does not end is given up, and told as not known."""
    monkeypatch.setattr(drift, "LONGEST_SECONDS", 0)
    stage.stack.detection = ["DETECTION_IN_PROGRESS"]
    assert "still looking" in found(stage).unknown


def test_no_right_to_ask(stage: Stage) -> None:
    """Where CloudFormation may not be asked our own comparison is there, and the reason."""
    stage.stack.refuses = refused("AccessDenied", "not authorized to perform DetectStackDrift")
    stage.functions.aliases["create"]["FunctionVersion"] = "7"
    seen = found(stage)
    assert "DetectStackDrift" in seen.unknown
    assert [each.what for each in seen.functions] == ["alias"]


def test_deployment_under_way(stage: Stage) -> None:
    """CloudFormation refuses while a stack changes: I am told to look again."""
    stage.stack.refuses = refused("ValidationError", "cannot be detected in this state")
    stage.stack.stack["StackStatus"] = "UPDATE_IN_PROGRESS"
    assert found(stage).unknown == "The stack is UPDATE_IN_PROGRESS. Look again when it is done."
