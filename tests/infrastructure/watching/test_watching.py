"""What watches the service reaches somebody, and looks at what it says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from infrastructure.functions import Caller, construct_id, names

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template

MORE = ("GreaterThanThreshold", "GreaterThanOrEqualToThreshold")
SILENCE = ("AlarmsHeartbeatFailing", "AlarmsNoOrders")
"""Alarms on what is missing: for them no data is the worst of all."""


def named(node: Any) -> set[str]:
    """Give the ids of all resources that something refers to."""
    text = json.dumps(node)
    return {*re.findall(r'"Ref": "(\w+)"', text), *re.findall(r'"Fn::GetAtt": \["(\w+)"', text)}


def test_every_alarm_tells_somebody(template: Template) -> None:
    """Each alarm goes to the topic of alarms, when it comes, and none is switched off."""
    (topic,) = (name for name, _ in template.all("SNS::Topic") if name.startswith("Alarms"))
    for name, alarm in template.all("CloudWatch::Alarm"):
        assert alarm["AlarmActions"] == [{"Ref": topic}], name
        assert alarm.get("ActionsEnabled", True) is True, name


def test_silence_alarms_where_it_is_the_fault(template: Template) -> None:
    """A heartbeat or orders that do not come raise an alarm; everywhere else no data is well.

    An alarm on DynamoDB's metrics says what CloudWatch does with it, which is to ignore it.
    """
    for name, alarm in template.all("CloudWatch::Alarm"):
        wanted = "breaching" if name.startswith(SILENCE) else "notBreaching"
        if "AWS/DynamoDB" in json.dumps(alarm):
            wanted = "ignore"
        assert alarm["TreatMissingData"] == wanted, name


def test_an_alarm_comes_after_what_it_names(template: Template) -> None:
    """An alarm on a rule of Contributor Insights is made when the rule is there."""
    rules = {rule["RuleName"]: name for name, rule in template.all("CloudWatch::InsightRule")}
    named: dict[str, str] = {}
    for name, alarm in template.document["Resources"].items():
        if alarm["Type"] == "AWS::CloudWatch::Alarm":
            found = re.search(r"INSIGHT_RULE_METRIC\('([^']+)'", json.dumps(alarm))
            named |= {name: rules[found[1]]} if found else {}
    assert named
    for name, rule in named.items():
        assert rule in template.document["Resources"][name]["DependsOn"]


def test_every_dead_letter_alarms(template: Template) -> None:
    """Each queue of dead letters has one alarm, which goes off at the first.

    So has that of the retries, for webhooks that are due: but not at the first moment.
    """
    dead = {name for name, _ in template.all("SQS::Queue") if "DeadLetters" in name}
    dead |= {name for name, _ in template.all("SQS::Queue") if "PartnerRetries" in name}
    watched: list[str] = []
    for name, alarm in template.all("CloudWatch::Alarm"):
        if "ApproximateNumberOfMessagesVisible" in json.dumps(alarm):
            watched.extend(named({**alarm, "AlarmActions": [], "OKActions": []}))
            assert (alarm["ComparisonOperator"], alarm["Threshold"]) == (MORE[0], 0), name
    assert sorted(watched) == sorted(dead)


def test_nobody_raises_alarms_but_cloudwatch(template: Template) -> None:
    """Whoever is not this account's CloudWatch, or comes without TLS, publishes to no topic."""
    for name, policy in template.all("SNS::TopicPolicy"):
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Allow":
                assert set(statement["Principal"]) == {"Service"}, name
                assert "aws:SourceAccount" in json.dumps(statement["Condition"]), name


def test_what_alarms_say_is_encrypted(template: Template) -> None:
    """In every stage, by a key that CloudWatch may use: or nobody would hear the alarm."""
    key = template.one("SNS::Topic", "Alarms")["KmsMasterKeyId"]["Fn::GetAtt"][0]
    policy = template.document["Resources"][key]["Properties"]["KeyPolicy"]["Statement"]
    (alarms,) = (s for s in policy if s["Principal"] == {"Service": "cloudwatch.amazonaws.com"})
    assert alarms["Effect"] == "Allow"
    assert set(alarms["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}


def test_the_dashboard_shows_every_function(template: Template) -> None:
    """Whichever function of the API or of a queue fails, its figures are there."""
    shown = named(template.one("CloudWatch::Dashboard")["DashboardBody"])
    for name in names(Caller.API, Caller.QUEUE):
        start = f"{construct_id(name)}Function"
        assert any(found.startswith(start) for found in shown), name
