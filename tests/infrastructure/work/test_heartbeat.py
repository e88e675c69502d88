"""The heartbeat, as the template defines it: in prod, and not in dev."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.functions import LIVE, Caller, names
from infrastructure.settings import STAGES
from infrastructure.settings_validation import SettingError
from orders.heartbeat import REQUESTS
from tests.infrastructure.work.test_encryption import READING, WRITING

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template

KINDS = (
    "Scheduler::Schedule",
    "ApiGateway::ApiKey",
    "ApiGateway::UsagePlanKey",
)
NAME = "food-delivery-orders-prod-heartbeat"


@pytest.fixture(params=["prod", "prod-hardened"])
def beating(request: pytest.FixtureRequest, templates: dict[str, Template]) -> Template:
    """Each variant that has a heartbeat."""
    return templates[request.param]


def the_id(template: Template, kind: str, start: str = "") -> str:
    (found,) = (name for name, _ in template.all(kind) if name.startswith(start))
    return found


def arn(template: Template, kind: str, start: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [the_id(template, kind, start), "Arn"]}


def key(template: Template) -> dict[str, Any]:
    return {"Ref": the_id(template, "ApiGateway::ApiKey")}


def statements(template: Template, start: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = template.one("IAM::Policy", start)["PolicyDocument"]["Statement"]
    return found


@pytest.mark.parametrize("variant", ["dev", "dev-provisioned"])
def test_dev_has_none(templates: dict[str, Template], variant: str) -> None:
    """Where nobody is called at night, nothing places orders by itself."""
    for kind in KINDS:
        assert not list(templates[variant].all(kind)), kind
    (gates,) = templates[variant].all("Lambda::EventInvokeConfig")
    assert gates[0].startswith("ReleaseGate")
    assert "heartbeat" not in json.dumps(templates[variant].document["Outputs"]).lower()


def test_it_beats_every_five_minutes(beating: Template) -> None:
    """The schedule calls the function on the minute, and says for which."""
    schedule = beating.one("Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "rate(5 minutes)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule.get("State", "ENABLED") == "ENABLED"
    target = schedule["Target"]
    assert target["Arn"] == {"Ref": the_id(beating, "Lambda::Alias", "PlaceHeartbeat")}
    assert json.loads(target["Input"]) == {"scheduledTime": "<aws.scheduler.scheduled-time>"}


def test_a_failed_run_is_one_failure(beating: Template) -> None:
    """Nothing repeats it, or the alarm would count one trouble thrice; nor is an old one run."""
    config = beating.one("Lambda::EventInvokeConfig", "PlaceHeartbeat")
    assert config["FunctionName"] == {"Ref": the_id(beating, "Lambda::Function", "PlaceHeartbeat")}
    assert config["Qualifier"] == LIVE
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (0, 60)
    retries = beating.one("Scheduler::Schedule")["Target"]["RetryPolicy"]
    assert retries == {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60}


def test_the_schedule_s_role_calls_the_function_and_nothing_else(beating: Template) -> None:
    """Only schedules of this group may take it; AWS compares with the group."""
    schedule = beating.one("Scheduler::Schedule")
    assert schedule["GroupName"] == {
        "Ref": the_id(beating, "Scheduler::ScheduleGroup", "Heartbeat")
    }
    assert beating.one("Scheduler::ScheduleGroup", "Heartbeat")["Name"] == NAME
    assert schedule["Target"]["RoleArn"] == arn(beating, "IAM::Role", "HeartbeatRole")
    role = beating.one("IAM::Role", "HeartbeatRole")
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    condition = trust["Condition"]["StringEquals"]
    assert condition["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert condition["aws:SourceArn"]["Fn::Join"][1][-1] == f":schedule-group/{NAME}"
    (statement,) = statements(beating, "HeartbeatRole")
    assert statement == {
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": {"Ref": the_id(beating, "Lambda::Alias", "PlaceHeartbeat")},
    }


def test_the_key_s_value_is_in_no_template(beating: Template) -> None:
    """AWS makes it; the function's environment has the key's id alone."""
    assert "Value" not in beating.one("ApiGateway::ApiKey")
    assert beating.one("ApiGateway::ApiKey")["Enabled"] is True
    function = beating.one("Lambda::Function", "PlaceHeartbeat")
    assert function["Environment"]["Variables"]["HEARTBEAT_KEY_ID"] == key(beating)


def test_the_function_reads_its_own_key_and_enters_it(beating: Template) -> None:
    """It reads no other key, and can make no other key a partner's."""
    found = {str(s["Action"]): s for s in statements(beating, "PlaceHeartbeatRole")}
    reading = found["apigateway:GET"]["Resource"]["Fn::Join"][1]
    assert reading[0].endswith("::/apikeys/")
    assert reading[1:] == [key(beating)]
    entering = found["dynamodb:PutItem"]
    assert entering["Resource"] == arn(beating, "DynamoDB::GlobalTable", "DataPartners")
    only = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [key(beating)]}}
    assert entering["Condition"] == only


def test_the_function_writes_with_your_key(hardened: Template) -> None:
    """Where the tables have a key of your own, the entry is encrypted with it, by DynamoDB only."""
    found = [s for s in statements(hardened, "PlaceHeartbeatRole") if "kms:" in str(s["Action"])]
    given = [s["Action"] if isinstance(s["Action"], list) else [s["Action"]] for s in found]
    assert {action for actions in given for action in actions} == {
        *READING,
        *WRITING,
        "kms:DescribeKey",
    }
    for statement in found:
        through = statement["Condition"]["StringEquals"]["kms:ViaService"]
        assert "dynamodb." in str(through)


def test_the_key_is_good_for_heartbeats_and_little_more(beating: Template) -> None:
    """Whoever got hold of it could not flood anything: a plan of its own, with a small quota."""
    joined = beating.one("ApiGateway::UsagePlanKey")
    plan_id = the_id(beating, "ApiGateway::UsagePlan", "HeartbeatPlan")
    assert (joined["KeyId"], joined["UsagePlanId"]) == (key(beating), {"Ref": plan_id})
    plan = beating.one("ApiGateway::UsagePlan", "HeartbeatPlan")
    needed = len(REQUESTS) * 24 * 12
    assert needed < plan["Quota"]["Limit"] <= 4 * needed
    assert plan["Quota"]["Period"] == "DAY"
    assert len(REQUESTS) <= plan["Throttle"]["BurstLimit"] <= 4 * len(REQUESTS)
    assert plan["Throttle"]["RateLimit"] <= len(REQUESTS)


def test_partners_get_no_place_on_its_plan(beating: Template) -> None:
    """The outputs by which operators find the plans name the partners' only."""
    outputs = {name for name in beating.document["Outputs"] if name.startswith("UsagePlan")}
    assert outputs == {f"UsagePlan{plan.capitalize()}" for plan in STAGES["prod"].plans}


def test_it_knocks_at_the_address_that_partners_use(prod: Template, hardened: Template) -> None:
    """The API's own domain where there is one, and AWS's address where there is none."""
    for template in (prod, hardened):
        function = template.one("Lambda::Function", "PlaceHeartbeat")
        url = function["Environment"]["Variables"]["API_URL"]
        assert url == template.document["Outputs"]["ApiUrl"]["Value"]


def test_nothing_of_the_api_waits_for_it(beating: Template) -> None:
    """The heartbeat needs the API, which stands without it."""
    for name, resource in beating.document["Resources"].items():
        if "Heartbeat" not in name and resource["Type"] != "AWS::SSM::Parameter":
            assert "Heartbeat" not in json.dumps(resource), name


def test_the_first_run_comes_when_all_is_there(beating: Template) -> None:
    """The schedule waits for the key's place on the plan and for the role's permission."""
    waits = beating.resource("Scheduler::Schedule", "Heartbeat")["DependsOn"]
    assert the_id(beating, "ApiGateway::UsagePlanKey") in waits
    assert [name for name in waits if name.startswith("HeartbeatRoleDefaultPolicy")]


@pytest.mark.parametrize("minutes", [0, 61, True, "5"])
def test_intervals_are_whole_minutes_up_to_an_hour(minutes: Any) -> None:
    """A setting that would alarm too late, or not deploy, is refused at once."""
    with pytest.raises(SettingError, match="heartbeat_minutes"):
        replace(STAGES["dev"], heartbeat_minutes=minutes)


def test_a_stage_without_it_has_not_its_function() -> None:
    """What goes through the functions of a stage finds it where it is, and only there."""
    assert not set(names(Caller.SCHEDULE)) & set(STAGES["dev"].functions)
    assert set(names(Caller.SCHEDULE)) < set(STAGES["prod"].functions)
    with pytest.raises(SettingError, match="place_heartbeat"):
        replace(STAGES["dev"], reserved_concurrency={"place_heartbeat": 1})
