"""Alarms take a deployment back: those that are there, and none that would end it at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from documents.stateful_changes import released
from infrastructure.settings import STAGES, settings_of
from ops.release.account import Place
from ops.release.triggers import ALARMS, KIND, NOTHING, find


class CloudWatch:
    """The alarms of a stage, by their states."""

    def __init__(self, **states: str) -> None:
        self.states = {name.replace("_", "-"): state for name, state in states.items()}
        self.asked: list[str] = []

    def describe_alarms(self, *, AlarmNames: list[str]) -> dict[str, Any]:  # noqa: N803 - AWS's
        self.asked = AlarmNames
        there = ((name, f"food-delivery-orders-prod-{name}") for name in self.states)
        return {
            "MetricAlarms": [
                {"AlarmName": full, "AlarmArn": f"arn:{full}", "StateValue": self.states[name]}
                for name, full in there
                if full in AlarmNames
            ]
        }


def place(cloudwatch: CloudWatch) -> Place:
    account: Any = SimpleNamespace(client=lambda _: cloudwatch)
    return Place(settings_of("prod"), account)


def test_what_is_watched() -> None:
    """What is there and quiet is watched for the stage's minutes; what fires is named."""
    cloudwatch = CloudWatch(
        api_errors_fast="OK",
        heartbeat_failing="INSUFFICIENT_DATA",
        process_order_errors_fast="ALARM",
    )
    found = find(place(cloudwatch))
    assert [arn.partition("prod-")[2] for arn in found.arns] == [
        "api-errors-fast",
        "heartbeat-failing",
    ]
    assert found.firing == ("food-delivery-orders-prod-process-order-errors-fast",)
    assert found.configuration == {
        "RollbackTriggers": [{"Arn": arn, "Type": KIND} for arn in found.arns],
        "MonitoringTimeInMinutes": STAGES["prod"].release.monitor_minutes,
    }


def test_no_alarm_is_no_wait() -> None:
    """A stage without one of these alarms is not made to wait for nothing."""
    assert find(place(CloudWatch())) == NOTHING
    forgets = {"RollbackTriggers": [], "MonitoringTimeInMinutes": 0}
    assert NOTHING.configuration == forgets, "those of the deployment before would be kept"


def test_they_are_alarms_of_the_template() -> None:
    """Each is an alarm of prod by its name, and CloudFormation takes five at most."""
    names = {
        one["Properties"]["AlarmName"].removeprefix("food-delivery-orders-prod-")
        for one in released("prod")["Resources"].values()
        if one["Type"] == KIND
    }
    assert set(ALARMS) <= names
    assert len(ALARMS) <= 5
