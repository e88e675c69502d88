"""What is computed of chance is what counting all cases gives."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwatch.alarms import AlarmError, read
from tests.alarms.chances import Window, false_alarms, missed, window


def poisson(mean: float, count: int) -> float:
    return math.exp(-mean) * mean**count / math.factorial(count)


@pytest.mark.parametrize("errors", [1, 2, 3, 5])
@pytest.mark.parametrize("mean", [0.05, 0.4, 1.5])
def test_false_alarms_are_those_of_all_cases(errors: int, mean: float) -> None:
    """Of two windows one minute apart, the first has too few errors, the second enough."""
    counted = math.fsum(
        math.prod(poisson(mean, count) for count in counts)
        for counts in itertools.product(range(18), repeat=3)
        if sum(counts[:2]) < errors <= sum(counts[1:])
    )
    found = false_alarms(Window(minutes=2, errors=errors, requests=mean), 1, share=1)
    assert found == pytest.approx(counted)


def test_a_burn_is_missed_when_no_window_has_enough() -> None:
    """Windows side by side: all of them must have too few."""
    few = math.fsum(poisson(3.0, count) for count in range(5))
    assert missed(Window(5, 5, 12), within=60, share=0.05) == pytest.approx(few**12)
    assert missed(Window(60, 5, 1), within=60, share=0.05) == pytest.approx(few)
    assert missed(Window(60, 1, 100), within=30) == 1


@given(st.integers(1, 60), st.integers(1, 40), st.floats(0.1, 500))
def test_chances_are_chances(minutes: int, errors: int, requests: float) -> None:
    """At any load, and however the alarm is set."""
    watched = Window(minutes, errors, requests)
    assert 0 <= false_alarms(watched, 1) <= 1
    assert 0 <= missed(watched) <= 1 + 1e-9


def alarm(**changes: object) -> dict[str, object]:
    metric = {"Namespace": "Shop", "MetricName": "Errors", "Statistic": "Sum", "Period": 300}
    rule = {"Threshold": 5, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}
    return {**metric, **rule, "EvaluationPeriods": 1, **changes}


def test_an_alarm_is_asked_how_many_errors_it_takes() -> None:
    """The number is not said again: it comes from the alarm itself."""
    assert window(read(alarm()), 68) == Window(5, 5, 68)


@pytest.mark.parametrize(
    "changes",
    [{"EvaluationPeriods": 2}, {"MetricName": "Latency"}, {"Threshold": 10_000}],
)
def test_other_alarms_have_no_such_chances(changes: dict[str, object]) -> None:
    """What the formulas do not describe is refused."""
    with pytest.raises(AlarmError):
        window(read(alarm(**changes)), 68)
