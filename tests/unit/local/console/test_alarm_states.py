"""Alarms of the template have the states on the page that they would have on AWS."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from cloudwatch.contributor_insights import rule_of
from cloudwatch.time_range import MINUTE
from local.console import alarm_states
from local.console.alarm_states import AlarmStates, definitions
from local.copy.references import Resolver

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cloudwatch.contributor_insights import Rule
    from cloudwatch.time_range import TimeRange
    from cloudwatch.widgets import GraphLine
    from local.console.readings import Points, Readings

NOW = 29_590_000
"""Minutes since the Unix epoch: when it is in these tests."""


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        alarm_states,
        "time",
        SimpleNamespace(time=lambda: NOW * MINUTE + 30, monotonic=time.monotonic),
    )


ERRORS = {
    "AlarmName": "dev-errors",
    "AlarmDescription": "CRITICAL: Five failed.",
    "Namespace": "AWS/Lambda",
    "MetricName": "Errors",
    "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": "Function"}}],
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 5,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
}
SLOW = {
    **{name: value for name, value in ERRORS.items() if name != "Statistic"},
    "AlarmName": "dev-slow",
    "MetricName": "Duration",
    "ExtendedStatistic": "p95",
    "Threshold": 500,
}
OLD = {**ERRORS, "AlarmName": "dev-old", "MetricName": "Age", "Statistic": "Maximum", "Period": 60}
WORST = {
    "AlarmName": "dev-worst",
    "Metrics": [
        {
            "Id": "e1",
            "Expression": "INSIGHT_RULE_METRIC('rule', 'MaxContributorValue')",
            "Period": 300,
        }
    ],
    "EvaluationPeriods": 1,
    "Threshold": 2,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}
STRANGE = {**ERRORS, "AlarmName": "dev-strange", "ComparisonOperator": "LessThanLowerThreshold"}

RULE = rule_of({"LogGroupNames": ["log"], "Contribution": {"Keys": ["$.partnerId"]}})


class Measured:
    """Stands for the running stack: what was measured in each of the last minutes."""

    def __init__(self, points: Mapping[tuple[str, str], Mapping[int, float]]) -> None:
        """Take values by metric, statistic and how many minutes ago."""
        self._points = points
        self.rules: dict[str, Rule] = {"rule": RULE}
        self.asked: list[str] = []
        self.tries: list[int] = []

    def points(self, lines: Iterable[GraphLine], _: TimeRange, __: int) -> dict[str, Points]:
        """Give them to whoever asks for the function's."""
        found: dict[str, Points] = {}
        for line in lines:
            assert dict(line.dimensions) == {"FunctionName": "the-function"}
            self.asked.append(line.metric)
            ago = self._points.get((line.metric, line.stat), {})
            found[line.id] = {(NOW - minutes) * MINUTE: value for minutes, value in ago.items()}
        return found

    def records(self, _: Iterable[str], __: TimeRange) -> list[dict[str, Any]]:
        """Give a line for each failed try, so many minutes ago."""
        return [{"@timestamp": (NOW - ago) * 60_000, "partnerId": "acme"} for ago in self.tries]


def states(measured: Measured, *alarms: dict[str, Any]) -> dict[str, dict[str, Any]]:
    resources = {
        f"Alarm{number}": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm}
        for number, alarm in enumerate(alarms)
    }
    template = {"Resources": resources}
    found = definitions(template, Resolver(template, {"Function": "the-function"}))
    told = AlarmStates(cast("Readings", measured), found, "dev-").of([*found, "dev-other"])
    return {one["name"]: one for one in told}


def sums(**minutes: float) -> dict[tuple[str, str], dict[int, float]]:
    """Give so many errors in one sample each, by the minutes ago."""
    ago = {int(name.removeprefix("ago")): value for name, value in minutes.items()}
    return {("Errors", "Average"): ago, ("Errors", "SampleCount"): dict.fromkeys(ago, 1.0)}


def test_an_alarm_adds_up_a_period_and_says_since_when() -> None:
    """Errors of several minutes count together, under the function's name in this stack."""
    found = states(Measured(sums(ago4=2, ago3=2, ago2=1)), ERRORS)["errors"]
    assert (found["state"], found["description"]) == ("ALARM", "CRITICAL: Five failed.")
    assert found["reason"] == "ALARM for 2 min, OK before."


def test_an_alarm_that_is_quiet_is_well() -> None:
    """Nothing measured, and nothing bad about it."""
    found = states(Measured({}), ERRORS)["errors"]
    assert (found["state"], found["reason"]) == ("OK", "OK for the last 30 minutes or longer.")


@pytest.mark.parametrize(("slow", "state"), [(1, "OK"), (2, "ALARM")])
def test_a_percentile_is_that_of_all_minutes(slow: int, state: str) -> None:
    """One request of twenty may be slow, and two may not, whichever minute they fell in."""
    quantiles = [f"p{2.5 + 5 * step:g}" for step in range(20)]
    points: dict[tuple[str, str], dict[int, float]] = {
        ("Duration", stat): {2: 900.0 if place >= 20 - slow else 100.0}
        for place, stat in enumerate(quantiles)
    }
    points["Duration", "SampleCount"] = {2: 20}
    assert states(Measured(points), SLOW)["slow"]["state"] == state


def test_a_maximum_is_one() -> None:
    """An average below the threshold hides no peak."""
    points = {("Age", "Maximum"): {1: 7.0}, ("Age", "SampleCount"): {1: 4.0}}
    assert states(Measured(points), OLD)["old"]["state"] == "ALARM"


def test_a_rule_of_contributor_insights_raises_an_alarm() -> None:
    """The worst partner's tries are counted in the log lines."""
    measured = Measured({})
    assert states(measured, WORST)["worst"]["state"] == "OK"
    measured.tries = [2, 2, 3]
    assert states(measured, WORST)["worst"]["state"] == "ALARM"


def test_an_alarm_that_cannot_be_evaluated_says_so() -> None:
    """It has no state, rather than a wrong one; so has one that is not in the template."""
    found = states(Measured({}), STRANGE)
    assert found["strange"]["state"] == found["other"]["state"] == "UNKNOWN"
    assert "LessThanLowerThreshold" in found["strange"]["reason"]
    assert found["other"]["reason"] == "The template has no such alarm."
