"""The deadlines of served orders, as the template defines them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.settings import STAGES
from infrastructure.settings_validation import SettingError

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template

START = "ProcessingDeadlines"


def statements(template: Template, start: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = template.one("IAM::Policy", start)["PolicyDocument"]["Statement"]
    return found


def arn(template: Template, kind: str, start: str) -> dict[str, Any]:
    (found,) = (name for name, _ in template.all(kind) if name.startswith(start))
    return {"Fn::GetAtt": [found, "Arn"]}


def group(template: Template) -> str:
    name: str = template.one("Scheduler::ScheduleGroup", START)["Name"]
    return name


def allowed(template: Template, start: str, action: str) -> dict[str, Any]:
    (found,) = (s for s in statements(template, start) if s["Action"] == action)
    return found


def test_each_stage_has_a_group_of_its_own(template: Template) -> None:
    """The one-shots go with the stack, and no stage meets those of another."""
    stack = group(template).removesuffix("-deadlines")
    assert stack in template.one("CloudWatch::Dashboard")["DashboardName"]
    variables = template.one("Lambda::Function", "ProcessOrder")["Environment"]["Variables"]
    assert variables["DEADLINES_GROUP"] == group(template)


def test_a_one_shot_can_send_to_its_queue_and_do_nothing_else(template: Template) -> None:
    """Whoever got hold of a schedule could say that deadlines have come, and that is all."""
    queue = arn(template, "SQS::Queue", "ProcessingOrderProcessingQueue")
    sending, *encrypting = statements(template, f"{START}Role")
    assert sending == {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue}
    variables = template.one("Lambda::Function", "ProcessOrder")["Environment"]["Variables"]
    assert variables["DEADLINES_QUEUE"] == queue
    for statement in encrypting:  # where the queue has a key of your own
        assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        context = statement["Condition"]["StringEquals"]
        assert context["kms:EncryptionContext:aws:sqs:arn"] == [queue] or (
            context["kms:EncryptionContext:aws:sqs:arn"] == queue
        )


def test_only_schedules_of_the_group_take_the_role(template: Template) -> None:
    """Another schedule, of this account or of another, cannot work in the role's name."""
    role = template.one("IAM::Role", f"{START}Role")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    condition = trust["Condition"]["StringEquals"]
    assert condition["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
    parts = condition["aws:SourceArn"]["Fn::Join"][1]
    assert parts[-1] == f":schedule-group/{group(template)}"


def test_only_process_order_sets_deadlines(template: Template) -> None:
    """It makes schedules in that group alone, and passes that role, to the scheduler alone."""
    making = allowed(template, "ProcessOrderRole", "scheduler:CreateSchedule")
    assert json.dumps(making["Resource"]).endswith(f':schedule/{group(template)}/*"]]}}')
    role = arn(template, "IAM::Role", f"{START}Role")
    passing = allowed(template, "ProcessOrderRole", "iam:PassRole")
    assert passing == {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": role,
        "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
    }
    for name, policy in template.all("IAM::Policy"):
        if not name.startswith("ProcessOrder"):
            assert "scheduler:" not in json.dumps(policy["PolicyDocument"]), name
            assert "iam:PassRole" not in json.dumps(policy["PolicyDocument"]), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accept_minutes", 1),
        ("accept_minutes", 61),
        ("accept_minutes", True),
        ("accept_lead_minutes", 14),
        ("accept_lead_minutes", 1_441),
        ("accept_lead_minutes", "60"),
    ],
)
def test_times_to_answer_are_bounded(name: str, value: Any) -> None:
    """No restaurant has less than two minutes, and no customer waits for more than an hour."""
    with pytest.raises(SettingError, match=name):
        replace(STAGES["prod"], **{name: value})


def test_each_stage_says_how_long_restaurants_have(dev: Template, prod: Template) -> None:
    """Those who place and edit are told the same times; in dev nobody waits for ten minutes."""
    for template, minutes in ((dev, "2"), (prod, "10")):
        for function in ("CreateOrder", "UpdateOrder"):
            variables = template.one("Lambda::Function", function)["Environment"]["Variables"]
            assert variables["ACCEPT_MINUTES"] == minutes
            assert variables["ACCEPT_LEAD_MINUTES"] == "60"
