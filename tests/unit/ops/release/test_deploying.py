"""The steps of a deployment: what was reviewed is carried out, or nothing is."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from infrastructure.asset import AssetError
from infrastructure.settings import settings_of
from ops.reach.errors import OperatorError
from ops.release import cdk, deploying
from ops.release.account import Place
from ops.release.change_set import CHANGE_SET
from ops.release.deploying import Review

if TYPE_CHECKING:
    from pathlib import Path

    from ops.release.change_set import Stack

REMOVED = {"Action": "Remove", "LogicalResourceId": "T", "ResourceType": "AWS::SQS::Queue"}


class Cloud:
    """CloudFormation with one stack or none, and the CDK's command line before it."""

    def __init__(self) -> None:
        self.stack: dict[str, Any] | None = {"StackId": "id", "StackStatus": "CREATE_COMPLETE"}
        self.changes: list[dict[str, Any]] = [{"ResourceChange": REMOVED}]
        self.ran: list[tuple[str, ...]] = []
        self.events: list[dict[str, str]] = []
        self.lifted: list[dict[str, Any]] = []
        self.dropped = 0
        self.succeeds = True

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        if self.stack is None:
            said = "Stack with id X does not exist"
            raise ClientError({"Error": {"Code": "V", "Message": said}}, "DescribeStacks")
        return {"Stacks": [self.stack]}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "describe_stack_events"
        return SimpleNamespace(paginate=lambda **_: [{"StackEvents": self.events}])

    def update_termination_protection(self, **given: Any) -> None:
        self.lifted.append(given)

    def describe_change_set(self, **_: str) -> dict[str, Any]:
        return {"Changes": self.changes}

    def delete_change_set(self, **given: str) -> None:
        assert given["ChangeSetName"] == CHANGE_SET
        self.dropped += 1

    def run(self, *command: str) -> bool:
        self.ran.append(command)
        return self.succeeds


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    made = Cloud()
    monkeypatch.setattr(cdk, "run", made.run)
    return made


@pytest.fixture
def place(cloud: Cloud) -> Place:
    account: Any = SimpleNamespace(client=lambda _: cloud, region="us-east-1")
    return Place(settings_of("dev"), account)


def test_what_was_reviewed_is_carried_out(place: Place, cloud: Cloud) -> None:
    """The change set that was looked at is the one that is executed."""
    with deploying.review(place) as reviewed:
        (loss,) = reviewed.losses
        assert loss.sentence.startswith("T (AWS::SQS::Queue) would be deleted")
    deploying.carry_out(place, reviewed)
    assert cloud.dropped == 0
    prepare, execute = cloud.ran
    assert {"prepare-change-set", CHANGE_SET} <= set(prepare)
    assert {"execute-change-set", CHANGE_SET} <= set(execute)


def test_first_deployment(place: Place, cloud: Cloud) -> None:
    """Where there is no stack nothing is prepared, so there is nothing to drop."""
    cloud.stack = None
    with contextlib.suppress(KeyboardInterrupt), deploying.review(place) as reviewed:
        raise KeyboardInterrupt
    assert reviewed == Review(None)
    deploying.carry_out(place, reviewed)
    assert cloud.dropped == 0
    assert [CHANGE_SET in command for command in cloud.ran] == [False]


def test_change_set_without_changes(place: Place, cloud: Cloud) -> None:
    """An empty change set does not stay, and is not executed."""
    cloud.changes = []
    with deploying.review(place) as reviewed:
        pass
    deploying.carry_out(place, reviewed)
    assert cloud.dropped == len(cloud.ran) == 1


@pytest.mark.parametrize("why", [OperatorError("no"), KeyboardInterrupt()])
def test_what_is_not_agreed_to_is_dropped(place: Place, cloud: Cloud, why: BaseException) -> None:
    """However a review ends without a yes, no change set is left waiting."""
    with pytest.raises(type(why)), deploying.review(place):
        raise why
    assert cloud.dropped == 1


def test_what_fails(place: Place, cloud: Cloud) -> None:
    """A step that fails is told in a sentence, which points at what was said above it."""
    cloud.succeeds = False
    with pytest.raises(OperatorError, match="said stands above"), deploying.review(place):
        pass
    with pytest.raises(OperatorError, match=r"first deployment failed.*deploy again"):
        deploying.carry_out(place, Review(None))
    with pytest.raises(OperatorError, match="goes back to what was there"):
        deploying.carry_out(place, Review(deploying.stack(place)))


def test_asset_that_cannot_be_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one of the errors that a command ends with."""

    def fail(_: Path) -> None:
        raise AssetError("It does not compile.")

    monkeypatch.setattr(deploying, "build_for_aws", fail)
    with pytest.raises(OperatorError, match="does not compile"):
        deploying.flaw_of_bytecode()


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the CDK be installed and the app synthesized."""
    monkeypatch.setattr(cdk, "install", lambda told: told("Installing"))
    monkeypatch.setattr(cdk, "synthesize", lambda _: tmp_path)


@pytest.mark.usefixtures("quiet")
def test_what_stays(place: Place, cloud: Cloud) -> None:
    """What CloudFormation has kept is named when the rest is removed."""
    cloud.events = [
        {
            "LogicalResourceId": "Orders",
            "ResourceType": "AWS::DynamoDB::GlobalTable",
            "PhysicalResourceId": "orders-1",
            "ResourceStatus": "DELETE_SKIPPED",
        }
    ]
    told: list[str] = []
    kept = deploying.remove(place, cast("Stack", deploying.stack(place)), told.append)
    assert [str(each) for each in kept] == ["Orders (AWS::DynamoDB::GlobalTable): orders-1"]
    assert told == ["Installing"]
    assert cloud.ran == [("destroy", place.stack, "--force")]


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("protected", [True, False])
def test_a_stack_that_never_worked(place: Place, cloud: Cloud, *, protected: bool) -> None:
    """The protection that the CDK CLI has put on it is lifted, and it is deleted."""
    cloud.stack = {
        "StackId": "id",
        "StackStatus": "ROLLBACK_COMPLETE",
        "EnableTerminationProtection": protected,
    }
    found = cast("Stack", deploying.stack(place))
    assert deploying.remains(place, found)
    deploying.clear(place, found, lambda _: None)
    lifted = {"StackName": "id", "EnableTerminationProtection": False}
    assert cloud.lifted == [lifted] * protected
    assert cloud.ran == [("destroy", place.stack, "--force")]


@pytest.mark.parametrize(
    ("status", "said"), [("UPDATE_IN_PROGRESS", "Wait"), ("UPDATE_ROLLBACK_FAILED", "Mend")]
)
def test_a_stack_that_takes_no_deployment(
    place: Place, cloud: Cloud, status: str, said: str
) -> None:
    """Nothing is built for it: I am told at once what to do first."""
    cloud.stack = {"StackId": "id", "StackStatus": status}
    with pytest.raises(OperatorError, match=f"{place.stack} is {status}. {said}"):
        deploying.remains(place, deploying.stack(place))


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"])
def test_a_stack_that_takes_one(place: Place, cloud: Cloud, status: str) -> None:
    """What was there before a failure, or was only taken over, is deployed to as ever."""
    cloud.stack = {"StackId": "id", "StackStatus": status}
    assert not deploying.remains(place, deploying.stack(place))
    cloud.stack = None
    assert not deploying.remains(place, deploying.stack(place))


def test_who_may_not_look_does_not_begin_anew(place: Place, cloud: Cloud) -> None:
    """A refusal to describe the stack is not taken for a stack that is not there."""

    def refuse(**_: str) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeStacks")

    cloud.describe_stacks = refuse  # type: ignore[method-assign, assignment]
    with pytest.raises(ClientError, match="AccessDenied"):
        deploying.stack(place)
