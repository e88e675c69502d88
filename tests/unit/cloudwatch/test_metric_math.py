"""Metric math means here what CloudWatch's User Guide says that it means there.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwatch.metric_math import MetricMathError, evaluate, insight_rule_metric, parse

GAP = None


def series(*values: float | None, step: int = 60) -> dict[int, float]:
    return {step * n: float(value) for n, value in enumerate(values) if value is not None}


def shown(
    expression: str, metrics: dict[str, dict[int, float]], grid: int = 0
) -> list[float | None]:
    longest = max([grid, *(max(one, default=-60) // 60 + 1 for one in metrics.values())])
    points = [60 * n for n in range(longest)]
    (result,) = evaluate({"e": expression}, metrics, grid=points).values()
    assert not isinstance(result, list)
    return [result.get(at) for at in points]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("(m1 < m2)", [0, 0, 1, 0]),
        ("(m1 >= 30)", [1, 0, 0, 0]),
        ("(m1 > 15 AND m2 > 15)", [1, 0, 0, 0]),
        ("(m1 > 15 && m2 > 15)", [1, 0, 0, 0]),
        ("(m1 > 25 || m2 > 15)", [1, 0, 1, 0]),
    ],
)
def test_comparisons_are_those_of_the_guide(expression: str, expected: list[float]) -> None:
    """The guide's table of comparisons, its gaps included, comes out as printed there."""
    metrics = {"m1": series(30, 20, 0, 0), "m2": series(20, GAP, 20, GAP)}
    assert shown(expression, metrics) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("IF(m1, m2, m3)", [30, 0, 20, GAP, GAP]),
        ("IF(m1, 5, m3)", [5, 5, 20, GAP, GAP]),
        ("IF(m1, m2, 5)", [30, 0, 5, 5, GAP]),
        ("IF(m1, m2)", [30, 0, GAP, GAP, GAP]),
        ("IF(1, m2, m3)", [30, GAP, 0, 0, 30]),
        ("IF(0, m2, m3)", [0, 0, 20, GAP, 20]),
    ],
)
def test_conditions_are_those_of_the_guide(expression: str, expected: list[float | None]) -> None:
    """The guide's tables of IF come out as printed there."""
    metrics = {
        "m1": series(1, 1, 0, 0, GAP),
        "m2": series(30, GAP, 0, 0, 30),
        "m3": series(0, 0, 20, GAP, 20),
    }
    assert shown(expression, metrics) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m1 + m2", [5, 2, 8]),
        ("m1 / m2", [4, GAP, 3]),
        ("m2 / 2 - 1", [-0.5, GAP, 0]),
        ("-m1", [-4, -2, -6]),
        ("2 - 1 - m1", [-3, -1, -5]),
        ("2 + 3 * m1 ^ 2", [50, 14, 110]),
        ("(2 + 3) * m1", [20, 10, 30]),
        ("m1 > 3 OR m1 > 5 AND m1 > 99", [1, 0, 1]),
        ("m1 - MIN(m1)", [2, 0, 4]),
        ("m1 / AVG(m1)", [1, 0.5, 1.5]),
        ("SUM([m1, m2])", [5, 2, 8]),
        ("AVG([m1, m2])", [2.5, 1, 4]),
        ("MAX([m1, m2])", [4, 2, 6]),
        ("MIN([m1, m2])", [1, 2, 2]),
        ("SUM(100 * [m1, m2])", [500, 200, 800]),
        ("SUM(METRICS())", [5, 2, 8]),
        ("SUM(METRICS('m2'))", [1, GAP, 2]),
        ("ABS(m2 - m1)", [3, 2, 4]),
        ("CEIL(m1 / 4)", [1, 1, 2]),
        ("FLOOR(m1 / 4)", [1, 0, 1]),
        ("FILL(m2, 9)", [1, 9, 2]),
        ("FILL(m2, m1)", [1, 2, 2]),
        ("FILL(m2, REPEAT)", [1, 1, 2]),
        ("FILL(m2, LINEAR)", [1, 1.5, 2]),
        ("SUM(FILL([m1, m2], 1))", [5, 3, 8]),
        ("DIFF(m1)", [GAP, -2, 4]),
        ("RATE(m1) * 60", [GAP, -2, 4]),
        ("RUNNING_SUM(m1)", [4, 6, 12]),
        ("TIME_SERIES(7)", [7, 7, 7]),
        ("MINUTE(m2)", [0, 1, 2]),
        ("IF(HOUR(m1) < 1 AND DAY(m1) == 4, m1)", [4, 2, 6]),
    ],
)
def test_each_function_does_what_the_guide_says(
    expression: str, expected: list[float | None]
) -> None:
    """Arithmetic, functions and precedence, with a gap in one of two series."""
    assert shown(expression, {"m1": series(4, 2, 6), "m2": series(1, GAP, 2)}) == expected


def test_expressions_may_use_each_other() -> None:
    """The order in which they stand does not matter."""
    results = evaluate({"rate": "100 * total", "total": "a + 1"}, {"a": series(1, 2)})
    assert results["rate"] == series(200, 300)


def test_a_series_that_nobody_wrote_is_filled_all_over() -> None:
    """An alarm on what happens rarely sees zeros, not nothing."""
    assert shown("FILL(m1, 0)", {"m1": {}}, grid=3) == [0, 0, 0]


def test_contributor_insights_are_looked_up_by_rule_and_metric() -> None:
    """A rule's metric is found with and without quotes, and METRICS() leaves it out."""
    metrics = {insight_rule_metric("a-rule", "Sum"): series(3), "m": series(1)}
    for written in ("'Sum'", '"Sum"', "Sum"):
        expression = f"INSIGHT_RULE_METRIC('a-rule', {written}) + SUM(METRICS())"
        assert evaluate({"e": expression}, metrics)["e"] == series(4)


@pytest.mark.parametrize(
    ("expressions", "named"),
    [
        ({"e": "MEDIAN(m)"}, "MEDIAN"),
        ({"e": "m + x"}, "x is neither"),
        ({"e": "f", "f": "g + 1", "g": "e"}, "e needs f needs g needs e"),
        ({"e": "(m + 1"}, "its end"),
        ({"e": "m m"}, "m is not expected"),
        ({"e": "m $ 2"}, "no metric math"),
        ({"e": "SUM(m)"}, "wants a series"),
        ({"e": "SUM(m, m)"}, "SUM"),
        ({"e": "[m, 1]"}, "not numbers"),
        ({"e": "[m] + [m, m]"}, "lengths"),
        ({"e": "IF(m)"}, "IF"),
        ({"e": "IF([m], 1)"}, "no arrays"),
        ({"e": "FILL(m)"}, "FILL"),
        ({"e": "FILL(1, 0)"}, "a number where"),
        ({"e": "m + 'text'"}, "text"),
        ({"e": "TIME_SERIES(m)"}, "takes a number"),
        ({"e": "INSIGHT_RULE_METRIC('rule')"}, "INSIGHT_RULE_METRIC"),
        ({"e": "METRICS(1)"}, "a text"),
        ({"e": ""}, "its end"),
    ],
)
def test_what_is_no_expression_is_refused_by_name(expressions: dict[str, str], named: str) -> None:
    """Nobody has to guess which part of which expression is wrong."""
    with pytest.raises(MetricMathError, match=named):
        evaluate(expressions, {"m": series(1, 2)})


values = st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=6)


@given(values, values)
def test_division_never_makes_a_value_of_nothing(left: list[float], right: list[float]) -> None:
    """A point exists exactly where the divisor does and is not zero."""
    m1, m2 = series(*left), series(*right)
    result = evaluate({"e": "m1 / m2"}, {"m1": m1, "m2": m2})["e"]
    assert isinstance(result, dict)
    tiny = {at for at, value in m2.items() if value and not math.isfinite(m1.get(at, 0) / value)}
    assert set(result) == {at for at, value in m2.items() if value} - tiny


@given(st.integers(0, 99), st.integers(0, 99), st.integers(1, 99))
def test_precedence_is_that_of_arithmetic(a: int, b: int, c: int) -> None:
    """Expressions without brackets mean what they mean everywhere."""
    text = f"{a} - {b} * {c} / 7 + {a} ^ 2 + TIME_SERIES(0)"
    expected = a - b * c / 7 + a**2
    (value,) = evaluate({"e": text}, {}, grid=[0])["e"].values()  # type: ignore[union-attr] # one that is a number fails, too
    assert value == pytest.approx(expected)


@given(st.text(alphabet="m1+-*/^()[],<>=&|'\" FIL.", max_size=12))
def test_no_text_breaks_the_parser(text: str) -> None:
    """Whatever is written, the answer is a tree or a refusal."""
    with contextlib.suppress(MetricMathError):
        parse(text)
