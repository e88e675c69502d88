"""The steps of a deployment: what was reviewed is carried out, or nothing is."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from infrastructure.asset import AssetError
from infrastructure.settings import settings_of
from ops.reach.errors import OperatorError, Overtaken
from ops.release import cdk, deploying, rolling_back, watching
from ops.release.account import Place
from ops.release.assembly import Assembly
from ops.release.change_set import CHANGE_SET
from ops.release.deploying import Progress, Review
from ops.release.outcome import Failed, Result
from project.checkout import ROOT
from project.release import TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ops.reach.target import Target
    from ops.release.change_set import Stack
    from ops.release.watching import Event

REMOVED = {"Action": "Remove", "LogicalResourceId": "T", "ResourceType": "AWS::SQS::Queue"}


BUILT = Assembly(
    ROOT / "cdk.out",
    {"Resources": {}, "Parameters": {TEMPLATE: {}}},
    "abc.json",
    protected=False,
    tags={"team": "orders"},
)
ALARM = {"AlarmName": "a", "AlarmArn": "arn:a", "StateValue": "OK"}
UNCHANGED = "The submitted information didn't contain changes."


def refusal(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "X")


class Cloud:
    """CloudFormation with one stack or none, and the CDK's command line before it."""

    def __init__(self) -> None:
        self.stack: dict[str, Any] | None = {"StackId": "id", "StackStatus": "CREATE_COMPLETE"}
        self.changes: list[dict[str, Any]] = [{"ResourceChange": REMOVED}]
        self.set_status = ("CREATE_COMPLETE", "")
        self.ends = ["UPDATE_COMPLETE"]
        self.cancel_ends = ["UPDATE_ROLLBACK_COMPLETE"]
        self.ran: list[tuple[str, ...]] = []
        self.asked: list[dict[str, Any]] = []
        self.executed: list[dict[str, Any]] = []
        self.cancelled = 0
        self.events: list[dict[str, Any]] = []
        self.lifted: list[dict[str, Any]] = []
        self.dropped: list[str] = []
        self.refused: dict[str, ClientError] = {}
        self.succeeds = True
        self.made_by_execution: dict[str, Any] | None = None
        self.template: Any = {"Resources": {}, "Description": "before"}

    def _ask(self, operation: str) -> None:
        if operation in self.refused:
            raise self.refused[operation]

    def assume_role(self, **_: str) -> None:
        raise refusal("AccessDenied")

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        if self.stack is None:
            raise refusal("V", "Stack with id X does not exist")
        if self.executed and self.ends:
            self.stack["StackStatus"] = self.ends.pop(0)
        return {"Stacks": [self.stack]}

    def describe_alarms(self, **_: Any) -> dict[str, Any]:
        return {"MetricAlarms": [ALARM]}

    def get_template(self, **_: str) -> dict[str, Any]:
        return {"TemplateBody": self.template}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "describe_stack_events"
        return SimpleNamespace(paginate=lambda **_: [{"StackEvents": self.events}])

    def describe_stack_events(self, **_: str) -> dict[str, Any]:
        return {"StackEvents": []}

    def update_termination_protection(self, **given: Any) -> None:
        self.lifted.append(given)

    def create_change_set(self, **asked: Any) -> dict[str, str]:
        self._ask("create")
        self.asked.append(asked)
        return {"Id": f"arn:{asked['ChangeSetName']}"}

    def describe_change_set(self, **_: str) -> dict[str, Any]:
        status, reason = self.set_status
        return {"Changes": self.changes, "Status": status, "StatusReason": reason}

    def execute_change_set(self, **asked: Any) -> None:
        self._ask("execute")
        self.executed.append(asked)
        self.stack = self.stack or self.made_by_execution

    def cancel_update_stack(self, **_: str) -> None:
        self._ask("cancel")
        self.cancelled += 1
        self.ends = self.cancel_ends

    def delete_change_set(self, **given: str) -> None:
        self.dropped.append(given["ChangeSetName"])

    def delete_stack(self, **asked: Any) -> None:
        self.executed.append(asked)

    def run(self, *command: str, assembly: Path) -> bool:
        assert assembly == BUILT.folder
        self.ran.append(command)
        return self.succeeds


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    made = Cloud()
    monkeypatch.setattr(cdk, "run", made.run)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    return made


@pytest.fixture
def place(cloud: Cloud) -> Place:
    account: Any = SimpleNamespace(
        client=lambda _: cloud, region="us-east-1", account_id="1" * 12, caller="arn:aws:iam::1:x"
    )
    return Place(settings_of("dev"), account)


def fine(_: Target) -> None:
    return None


def carry_out(
    place: Place, reviewed: Review, wrong: Callable[[Target], str | None] = fine
) -> list[str]:
    """Carry it out; gives the sentences that say what happens next."""
    said: list[str] = []
    progress = Progress(lambda _: None, said.append)
    deploying.carry_out(place, BUILT, reviewed, progress, wrong)
    return said


def test_what_was_reviewed_is_carried_out(place: Place, cloud: Cloud) -> None:
    """The change set that was looked at is executed, and what it has made goes if it fails."""
    with deploying.review(place, BUILT) as reviewed:
        (loss,) = reviewed.losses
        assert loss.sentence.startswith("T (AWS::SQS::Queue) would be deleted")
    carry_out(place, reviewed)
    assert cloud.dropped == []
    assert cloud.ran == [("publish-assets", place.stack, "--unstable", "publish-assets")]
    (done,) = cloud.executed
    assert done["ChangeSetName"] == reviewed.change_set
    assert done["RetainExceptOnCreate"] is True


def test_what_cloudformation_is_asked(place: Place, cloud: Cloud) -> None:
    """Alarms, roles, the template's place and its name go with the change set."""
    with deploying.review(place, BUILT):
        pass
    (asked,) = cloud.asked
    assert asked["ChangeSetName"].startswith(CHANGE_SET)
    assert asked["RollbackConfiguration"] == {
        "RollbackTriggers": [{"Arn": "arn:a", "Type": "AWS::CloudWatch::Alarm"}],
        "MonitoringTimeInMinutes": place.settings.release.monitor_minutes,
    }
    assert asked["Parameters"] == [{"ParameterKey": TEMPLATE, "ParameterValue": "abc.json"}]
    assert asked["Tags"] == [{"Key": "team", "Value": "orders"}]
    assert asked["TemplateURL"].endswith("/cdk-hnb659fds-assets-111111111111-us-east-1/abc.json")
    assert asked["RoleARN"].endswith("role/cdk-hnb659fds-cfn-exec-role-111111111111-us-east-1")


def test_after_a_stage_was_taken_over(place: Place, cloud: Cloud) -> None:
    """The CDK takes things over by a template in YAML, which is compared like any other."""
    cloud.template = 'Resources:\n  T:\n    Type: AWS::SQS::Queue\nDescription: "2012-10-17"\n'
    wanted = {"Resources": {"T": {"Type": "AWS::SQS::Queue"}}, "Description": "2012-10-17"}
    assert deploying.deployed_template(place) == wanted


def test_two_operators_review_two_change_sets(place: Place, cloud: Cloud) -> None:
    """What another one reviews meanwhile has another name: neither executes it unseen."""
    for _ in range(2):
        with deploying.review(place, BUILT):
            pass
    first, second = (asked["ChangeSetName"] for asked in cloud.asked)
    assert first != second


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ("create", refusal("ValidationError", "Stack:id is in UPDATE_IN_PROGRESS state and can")),
        ("execute", refusal("InvalidChangeSetStatus")),
        ("execute", refusal("ChangeSetNotFoundException")),
    ],
)
def test_another_operator_was_quicker(
    place: Place, cloud: Cloud, operation: str, error: ClientError
) -> None:
    """Whoever is second is told so, and has changed nothing."""
    cloud.refused[operation] = error
    with pytest.raises(Overtaken, match="Another operator"):  # noqa: PT012 - one or the other
        with deploying.review(place, BUILT) as reviewed:
            pass
        carry_out(place, reviewed)
    assert cloud.executed == []


def test_first_deployment(place: Place, cloud: Cloud) -> None:
    """Where there is no stack nothing is prepared, so there is nothing to drop or to go back to."""
    cloud.stack = None
    with contextlib.suppress(KeyboardInterrupt), deploying.review(place, BUILT) as reviewed:
        raise KeyboardInterrupt
    assert reviewed == Review(None)

    cloud.made_by_execution = {"StackId": "id", "StackStatus": "REVIEW_IN_PROGRESS"}
    cloud.ends = ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    carry_out(place, reviewed)
    assert cloud.dropped == []
    (asked,), (done,) = cloud.asked, cloud.executed
    assert asked["ChangeSetType"] == "CREATE"
    assert asked["Parameters"] == [{"ParameterKey": TEMPLATE, "ParameterValue": "abc.json"}]
    assert asked["RollbackConfiguration"]["RollbackTriggers"] == []
    assert done["RetainExceptOnCreate"] is False


def test_a_first_deployment_that_does_not_work(place: Place, cloud: Cloud) -> None:
    """I am told that the stage is there, and that there is nothing to go back to."""
    cloud.ends = ["CREATE_COMPLETE"]
    with pytest.raises(Failed, match="no earlier release to go back") as told:
        carry_out(place, Review(None), lambda _: "Nobody can order.")
    assert told.value.result is Result.NEEDS_HANDS


@pytest.mark.parametrize("protected", [True, False])
def test_a_stage_is_protected_from_its_first_deployment_on(
    place: Place, cloud: Cloud, *, protected: bool
) -> None:
    """A stage that must not be deleted by mistake is protected before anything of it is made."""
    cloud.ends = ["CREATE_COMPLETE"]
    wanted = BUILT._replace(protected=protected)
    deploying.carry_out(place, wanted, Review(None), Progress(), fine)
    lifted = {"StackName": place.stack, "EnableTerminationProtection": True}
    assert cloud.lifted == [lifted] * protected


def test_change_set_without_changes(place: Place, cloud: Cloud) -> None:
    """An empty change set does not stay, and is not executed."""
    cloud.set_status = ("FAILED", UNCHANGED)
    with deploying.review(place, BUILT) as reviewed:
        pass
    assert not reviewed.changes
    carry_out(place, reviewed)
    assert (len(cloud.dropped), cloud.executed) == (1, [])


@pytest.mark.parametrize("why", [OperatorError("no"), KeyboardInterrupt()])
def test_what_is_not_agreed_to_is_dropped(place: Place, cloud: Cloud, why: BaseException) -> None:
    """However a review ends without a yes, no change set is left waiting."""
    with pytest.raises(type(why)), deploying.review(place, BUILT):
        raise why
    assert len(cloud.dropped) == 1


def test_what_fails_before(place: Place, cloud: Cloud) -> None:
    """What cannot be published, or is refused, is told in a sentence, and leaves nothing."""
    cloud.set_status = ("FAILED", "Template error: no.")
    with pytest.raises(OperatorError, match=r"refuses the change: Template error: no\."):
        deploying.review(place, BUILT).__enter__()
    assert len(cloud.dropped) == 1
    cloud.succeeds = False
    with pytest.raises(OperatorError, match="said stands above"):
        deploying.review(place, BUILT).__enter__()
    with pytest.raises(OperatorError, match="said stands above"):
        carry_out(place, Review(None))
    cloud.succeeds, cloud.set_status = True, ("CREATE_COMPLETE", "")
    cloud.ends = ["ROLLBACK_COMPLETE"]
    with pytest.raises(Failed, match=r"first deployment failed.*deploy again"):
        carry_out(place, Review(None))


@pytest.mark.parametrize(
    ("status", "result", "said"),
    [
        ("UPDATE_ROLLBACK_COMPLETE", Result.ROLLED_BACK, r"as it was\. Gate: a total is off\."),
        ("UPDATE_ROLLBACK_FAILED", Result.NEEDS_HANDS, "continue-update-rollback"),
        ("UPDATE_FAILED", Result.NEEDS_HANDS, "rollback-stack"),
    ],
)
def test_what_fails(place: Place, cloud: Cloud, status: str, result: Result, said: str) -> None:
    """I am told whether the stage is as it was, what failed first, and what to do."""
    cloud.events = [
        {
            "EventId": "1",
            "Timestamp": None,
            "LogicalResourceId": "Gate",
            "ResourceType": "Custom::ReleaseGate",
            "ResourceStatus": "UPDATE_FAILED",
            "ResourceStatusReason": "a total is off.",
        }
    ]
    cloud.ends = [status]
    with deploying.review(place, BUILT) as reviewed:
        pass
    with pytest.raises(Failed, match=said) as told:
        carry_out(place, reviewed)
    assert told.value.result is result


def watched(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the update be done, and CloudFormation watch alarms."""
    cloud.ends = ["UPDATE_IN_PROGRESS"]
    monkeypatch.setattr(watching.Watch, "_is_quiet", lambda _: True)


@pytest.mark.parametrize("late", [False, True])
def test_what_does_not_work_is_cancelled_while_alarms_are_watched(
    place: Place, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, *, late: bool
) -> None:
    """The front door does not answer: CloudFormation takes it back at once, and does not wait."""
    watched(cloud, monkeypatch)
    if late:
        cloud.refused["cancel"] = refusal("ValidationError", "CancelUpdateStack cannot be called")
        cloud.ends.append("UPDATE_ROLLBACK_COMPLETE")
    with deploying.review(place, BUILT) as reviewed:
        pass
    with pytest.raises(Failed, match=r"does not work: 502\. The stage is as it was") as told:
        carry_out(place, reviewed, lambda _: "502.")
    assert told.value.result is Result.ROLLED_BACK
    assert cloud.cancelled == (not late)


def test_a_cancelled_update_that_gets_stuck(
    place: Place, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where CloudFormation cannot go back I am told that the stage is not as it was."""
    watched(cloud, monkeypatch)
    cloud.cancel_ends = ["UPDATE_ROLLBACK_FAILED"]
    with deploying.review(place, BUILT) as reviewed:
        pass
    with pytest.raises(Failed, match="UPDATE_ROLLBACK_FAILED") as told:
        carry_out(place, reviewed, lambda _: "502.")
    assert told.value.result is Result.NEEDS_HANDS


def test_what_does_not_work_after_the_end(
    place: Place, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing is left to cancel, the template and the versions of before come back."""
    went: list[Any] = []
    monkeypatch.setattr(rolling_back, "turn", contextlib.nullcontext)
    monkeypatch.setattr(rolling_back, "where_aliases_point", lambda _: {"create_order": "7"})
    monkeypatch.setattr(rolling_back, "point", lambda _, points, __: went.append(points))
    monkeypatch.setattr(rolling_back, "undo", lambda _, back, __: went.append(back))
    cloud.refused["cancel"] = refusal("ValidationError", "CancelUpdateStack cannot be called")
    assert cloud.stack is not None
    cloud.stack["Parameters"] = [{"ParameterKey": TEMPLATE, "ParameterValue": "old.json"}]
    with deploying.review(place, BUILT) as reviewed:
        pass
    with pytest.raises(Failed, match="as it was") as told:
        carry_out(place, reviewed, lambda _: "502.")
    assert told.value.result is Result.ROLLED_BACK
    points, back = went
    assert points == {"create_order": "7"}
    assert (back.template["Description"], back.parameters[TEMPLATE]) == ("before", "old.json")


def test_alarms_that_are_watched_are_told(
    place: Place, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While CloudFormation watches I know for how long, and that I need not stay."""
    watched(cloud, monkeypatch)
    cloud.ends += ["UPDATE_COMPLETE"]
    with deploying.review(place, BUILT) as reviewed:
        pass
    (said,) = carry_out(place, reviewed)
    assert "watches 1 alarms for 15 minutes" in said
    assert "^C leaves that to it" in said


@pytest.mark.parametrize(
    ("status", "taken"), [("UPDATE_ROLLBACK_COMPLETE", True), ("UPDATE_COMPLETE", False)]
)
def test_a_deployment_that_goes_on(place: Place, cloud: Cloud, status: str, *, taken: bool) -> None:
    """It can be taken back by another operator, unless it has just ended."""
    cloud.executed, cloud.cancel_ends = [{}], [status]
    found = deploying.stack(place)
    assert found is not None
    assert deploying.take_back_what_goes_on(place, found, lambda _: None) is taken


def test_a_protected_stage_stays_protected(place: Place, cloud: Cloud) -> None:
    """The protection is what the release says, not what was left of it."""
    with deploying.review(place, BUILT) as reviewed:
        pass
    progress = Progress()
    deploying.carry_out(place, BUILT._replace(protected=True), reviewed, progress, fine)
    (lifted,) = cloud.lifted
    assert lifted["EnableTerminationProtection"] is True


def test_asset_that_cannot_be_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one of the errors that a command ends with."""

    def fail(_: Path) -> None:
        raise AssetError("It does not compile.")

    monkeypatch.setattr(deploying, "build_for_aws", fail)
    with pytest.raises(OperatorError, match="does not compile"):
        deploying.flaw_of_bytecode()


def test_what_stays(place: Place, cloud: Cloud) -> None:
    """What CloudFormation has kept is named when the rest is removed, in the role that made it."""
    cloud.ends = ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    cloud.events = [skipped("Orders", "orders-1")]
    told: list[Event] = []
    kept = deploying.remove(place, cast("Stack", deploying.stack(place)), told.append)
    assert [str(each) for each in kept] == ["Orders (AWS::DynamoDB::GlobalTable): orders-1"]
    assert [event.status for event in told] == ["DELETE_SKIPPED"]
    (asked,) = cloud.executed
    assert asked["StackName"] == "id"
    assert "cfn-exec-role" in asked["RoleARN"]
    assert cloud.ran == []


def skipped(name: str, physical_id: str) -> dict[str, Any]:
    """Give the event of a table that the template keeps."""
    return {
        "EventId": name,
        "Timestamp": dt.datetime(2026, 11, 30, tzinfo=dt.UTC),
        "LogicalResourceId": name,
        "ResourceType": "AWS::DynamoDB::GlobalTable",
        "PhysicalResourceId": physical_id,
        "ResourceStatus": "DELETE_SKIPPED",
    }


def test_a_removal_that_fails(place: Place, cloud: Cloud) -> None:
    """I am told that it failed, and how the stack is now."""
    cloud.ends = ["DELETE_FAILED"]
    with pytest.raises(OperatorError, match=f"{place.stack} is DELETE_FAILED"):
        deploying.remove(place, cast("Stack", deploying.stack(place)), lambda _: None)


@pytest.mark.parametrize("protected", [True, False])
def test_a_stack_that_never_worked(place: Place, cloud: Cloud, *, protected: bool) -> None:
    """The protection that the CDK CLI has put on it is lifted, and it is deleted."""
    cloud.stack = {
        "StackId": "id",
        "StackStatus": "ROLLBACK_COMPLETE",
        "EnableTerminationProtection": protected,
    }
    cloud.ends = ["DELETE_COMPLETE"]
    found = cast("Stack", deploying.stack(place))
    assert deploying.remains(place, found)
    deploying.clear(place, found, lambda _: None)
    lifted = {"StackName": "id", "EnableTerminationProtection": False}
    assert cloud.lifted == [lifted] * protected
    assert [asked["StackName"] for asked in cloud.executed] == ["id"]


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
        raise refusal("AccessDenied")

    cloud.describe_stacks = refuse  # type: ignore[method-assign, assignment]
    with pytest.raises(ClientError, match="AccessDenied"):
        deploying.stack(place)
