"""Alarms are evaluated here as CloudWatch's User Guide says that they are there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwatch.alarms import (
    AlarmError,
    Metric,
    Reading,
    Recorded,
    State,
    percentile,
    read,
    states,
    text,
    verdict,
)

OK, ALARM, NO_DATA = State.OK, State.ALARM, State.INSUFFICIENT_DATA
KEEP = None
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html,
# "How alarm state is evaluated when data is missing": both tables, the newest point on the right.
ALL_OF_THREE = {
    "0 - X - X": (OK, OK, OK, OK),
    "0 - - - -": (OK, OK, OK, OK),
    "- - - - -": (NO_DATA, KEEP, ALARM, OK),
    "0 X X - X": (ALARM, ALARM, ALARM, ALARM),
    "- - X - -": (ALARM, KEEP, ALARM, OK),
}
TWO_OF_THREE = {
    "0 - X - X": (ALARM, ALARM, ALARM, ALARM),
    "0 0 X 0 X": (ALARM, ALARM, ALARM, ALARM),
    "0 - X - -": (OK, OK, ALARM, OK),
    "- - - - 0": (OK, OK, ALARM, OK),
    "- - - X -": (ALARM, KEEP, ALARM, OK),
}
# The same page, "Avoiding premature transitions to alarm state".
PREMATURE = {"- - - - X": False, "- - - X -": False, "- - - X 0": False, "- - X - 0": False}


def points(drawn: str) -> list[bool | None]:
    return [{"0": False, "X": True, "-": None}[sign] for sign in reversed(drawn.split())]


@pytest.mark.parametrize("before", [OK, ALARM])
@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize(
    ("drawn", "needed", "expected"),
    [(drawn, 3, row) for drawn, row in ALL_OF_THREE.items()]
    + [(drawn, 2, row) for drawn, row in TWO_OF_THREE.items()],
)
def test_missing_data_counts_as_in_the_guide(
    drawn: str, needed: int, expected: tuple[State | None, ...], treatment: str, before: State
) -> None:
    """Each cell of both tables on missing data comes out as printed."""
    cell = expected[TREATMENTS.index(treatment)]
    found = verdict(points(drawn), 3, needed, treatment, before)
    assert found == (before if cell is KEEP else cell)


@pytest.mark.parametrize("drawn", PREMATURE)
def test_an_alarm_is_not_raised_prematurely(drawn: str) -> None:
    """A single breaching point waits for the next ones, if what is missing is just missing."""
    assert verdict(points(drawn), 3, 3, "missing", OK) is OK


def alarm(**changes: Any) -> dict[str, Any]:
    return {
        "Namespace": "Shop",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "Function", "Value": {"Ref": "Create"}}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 5,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        **changes,
    }


ERRORS = Metric("Shop", "Errors", (("Function", "Create"),))


def recorded(*counts: dict[float, float] | None) -> Recorded:
    minutes = {100 + n: one for n, one in enumerate(counts) if one is not None}
    return Recorded({ERRORS: minutes}, {})


def found(properties: dict[str, Any], data: Recorded, count: int, **reading: Any) -> list[State]:
    return states(read(properties), data, range(100, 100 + count), Reading(**reading))


@pytest.mark.parametrize(
    ("statistic", "value"),
    [
        ({"Statistic": "Sum"}, 30),
        ({"Statistic": "Average"}, 7.5),
        ({"Statistic": "Minimum"}, 2),
        ({"Statistic": "Maximum"}, 20),
        ({"Statistic": "SampleCount"}, 4),
        ({"ExtendedStatistic": "p50"}, 4),
        ({"ExtendedStatistic": "p75"}, 4),
        ({"ExtendedStatistic": "p99.9"}, 20),
    ],
)
@pytest.mark.parametrize(
    ("comparison", "offset", "expected"),
    [
        ("GreaterThanThreshold", 0, OK),
        ("GreaterThanThreshold", -0.01, ALARM),
        ("GreaterThanOrEqualToThreshold", 0, ALARM),
        ("GreaterThanOrEqualToThreshold", 0.01, OK),
        ("LessThanThreshold", 0, OK),
        ("LessThanThreshold", 0.01, ALARM),
        ("LessThanOrEqualToThreshold", 0, ALARM),
        ("LessThanOrEqualToThreshold", -0.01, OK),
    ],
)
def test_statistics_and_comparisons(
    statistic: dict[str, str], value: float, comparison: str, offset: float, expected: State
) -> None:
    """Each statistic over a period of several minutes, compared in each way."""
    properties = alarm(Period=180, ComparisonOperator=comparison, Threshold=value + offset)
    del properties["Statistic"]
    data = recorded({2: 1}, {4: 2, 7: 0}, {20: 1})
    assert found(properties | statistic, data, 3)[-1] is expected


def test_periods_slide_by_the_minute() -> None:
    """Five minutes that hold enough errors are found wherever the clock stands."""
    data = recorded({0: 9}, {1: 2}, {1: 2}, {0: 9}, {0: 9}, {1: 1}, {0: 9})
    assert found(alarm(Period=300), data, 7) == [OK] * 5 + [ALARM, OK]


def test_m_of_n() -> None:
    """Two of three periods must breach, side by side or not."""
    properties = alarm(EvaluationPeriods=3, DatapointsToAlarm=2)
    data = recorded({5: 1}, {0: 1}, {5: 1}, {0: 1}, {0: 1})
    assert found(properties, data, 5) == [OK, OK, ALARM, OK, OK]


def test_what_is_late_counts_once_it_is_there() -> None:
    """Samples that come two minutes late raise the alarm two minutes later."""
    data = recorded({0: 1}, {5: 1}, {0: 1}, {0: 1}, {0: 1})
    properties = alarm(TreatMissingData="notBreaching")
    assert found(properties, data, 5, late=2, spare=0) == [OK] * 5
    assert found(properties, data, 5, late=2)[3] is ALARM


def test_metric_math_is_evaluated_over_the_metrics_periods() -> None:
    """An alarm on an expression compares what the expression gives."""
    stat = {"Period": 120, "Stat": "Sum"}
    names = {"errors": "Errors", "calls": "Calls"}
    queries = [
        {
            "Id": name,
            "ReturnData": False,
            "MetricStat": {**stat, "Metric": {"Namespace": "Shop", "MetricName": metric}},
        }
        for name, metric in names.items()
    ]
    math = {"Id": "e", "Expression": "IF(FILL(errors, 0) >= 3, 100 * errors / calls, 0)"}
    properties = {
        "Metrics": [math, *queries],
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    samples = {
        Metric("Shop", "Errors", ()): {101: {1.0: 2.0}, 102: {1.0: 1.0}},
        Metric("Shop", "Calls", ()): {at: {1.0: 100.0} for at in range(99, 105)},
    }
    assert found(properties, Recorded(samples, {}), 4) == [OK, OK, ALARM, OK]


def test_contributor_insights_know_the_worst() -> None:
    """The most of one contributor within the period counts, not all together."""
    query = {
        "Id": "e",
        "Expression": "INSIGHT_RULE_METRIC('rule', 'MaxContributorValue')",
        "Period": 120,
    }
    properties = {
        "Metrics": [query],
        "EvaluationPeriods": 1,
        "Threshold": 5,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    }
    minutes = {100: {"a": 3.0, "b": 3.0}, 101: {"b": 2.0}, 102: {"a": 4.0}}
    result = found(properties, Recorded({}, {"rule": minutes}), 4)
    assert result == [OK, ALARM, OK, OK]


def test_percentiles_of_few_samples_can_keep_the_state() -> None:
    """With EvaluateLowSampleCountPercentile `ignore`, ten slow requests of ten change nothing."""
    properties = alarm(ExtendedStatistic="p90", EvaluateLowSampleCountPercentile="ignore")
    del properties["Statistic"]
    data = recorded({1: 100}, {9: 99}, {9: 100}, {1: 10}, {1: 100})
    assert found(properties, data, 5) == [OK, OK, ALARM, ALARM, OK]
    properties["EvaluateLowSampleCountPercentile"] = "evaluate"
    assert found(properties, data, 5) == [OK, ALARM, ALARM, OK, OK]


def test_dynamodbs_metrics_keep_the_state() -> None:
    """Alarms on AWS/DynamoDB ignore what is missing, whatever TreatMissingData says."""
    assert read(alarm(Namespace="AWS/DynamoDB")).missing == "ignore"
    assert read(alarm()).missing == "missing"
    stated = alarm(Namespace="AWS/DynamoDB", TreatMissingData="breaching")
    assert read(stated).missing == "ignore"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"Period": 10}, "less than a minute"),
        ({"Period": 3600, "EvaluationPeriods": 25}, "by the hour"),
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm"),
        ({"TreatMissingData": "good"}, "TreatMissingData good"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "GreaterThanUpper"),
        ({"Statistic": "TM90"}, "TM90"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "percentiles"),
        ({"Metrics": []}, "one series"),
        ({"Metrics": [{"Id": "e", "Expression": "SUM(m)", "Period": 60}]}, "SUM depends"),
        ({"Metrics": [{"Id": "e", "Expression": "RATE(m)", "Period": 60}]}, "RATE depends"),
        ({"Metrics": [{"Id": "e", "Expression": "FILL(m, REPEAT)", "Period": 60}]}, "FILL dep"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(changes: dict[str, Any], named: str) -> None:
    """An alarm is evaluated as AWS does, or not at all."""
    with pytest.raises(AlarmError, match=named):
        read(alarm(**changes))


def test_the_same_thing_is_always_the_same_text() -> None:
    """A reference to another attribute of a resource is another text."""
    assert text({"Ref": "Queue"}) == "Queue"
    assert text({"Fn::GetAtt": ["Queue", "QueueName"]}) == "Queue.QueueName"
    assert text({"Fn::Join": ["-", ["a", {"Ref": "Stage"}]]}) == "a-Stage"
    assert text({"Fn::Sub": "a-${Stage}-${Queue.Arn}"}) == "a-Stage-Queue.Arn"
    with pytest.raises(AlarmError, match="Select"):
        text({"Fn::Select": [0, []]})


@given(st.lists(st.sampled_from([True, False, None]), min_size=5, max_size=5), st.integers(1, 3))
def test_breaching_is_never_laxer_than_not_breaching(drawn: list[bool | None], needed: int) -> None:
    """Whatever is missing, the treatments are ordered as their names promise."""
    severe, mild = (
        verdict(drawn, 3, needed, treatment, OK) for treatment in ("breaching", "notBreaching")
    )
    assert severe is ALARM or mild is OK


@given(st.dictionaries(st.floats(-1e3, 1e3), st.integers(1, 9), min_size=1), st.floats(1, 100))
def test_a_percentile_is_a_value_that_was_measured(histogram: dict[float, int], p: float) -> None:
    """So many percent of the samples are not above it, and fewer are below."""
    value = percentile(dict(histogram), p)
    total = sum(histogram.values())
    assert value in histogram
    assert sum(n for v, n in histogram.items() if v <= value) >= total * p / 100 - 1e-6
    assert sum(n for v, n in histogram.items() if v < value) <= total * p / 100
