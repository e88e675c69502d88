"""A dashboard's body is read as CloudWatch reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwatch.widgets import COLUMNS, GraphLine, Widget, widgets_of


def body(*widgets: dict[str, Any], **more: Any) -> str:
    return json.dumps({"widgets": widgets, **more})


def metric(*rows: list[Any], **properties: Any) -> dict[str, Any]:
    return {"type": "metric", "properties": {"metrics": list(rows), **properties}}


def only(*rows: list[Any], **properties: Any) -> tuple[GraphLine, ...]:
    (widget,) = widgets_of(body(metric(*rows, **properties), periodOverride="inherit"))
    return widget.lines


def test_a_point_repeats_what_stands_above_it() -> None:
    """It is the part at the same place in the metric before."""
    rows = ["AWS/Lambda", "Errors", "FunctionName", "one"], [".", "Throttles", ".", "."]
    assert [(line.namespace, line.metric, dict(line.dimensions)) for line in only(*rows)] == [
        ("AWS/Lambda", "Errors", {"FunctionName": "one"}),
        ("AWS/Lambda", "Throttles", {"FunctionName": "one"}),
    ]


def test_three_points_repeat_as_many_as_are_missing() -> None:
    """They stand for all but what follows them; options are no part of the metric."""
    first = ["AWS/ApiGateway", "Latency", "ApiName", "orders", "Stage", "v1"]
    lines = only(first, ["...", {"stat": "p99"}], ["...", "v2", {"label": "other"}])
    assert [line.dimensions["Stage"] for line in lines] == ["v1", "v1", "v2"]
    assert [line.stat for line in lines] == ["Average", "p99", "Average"]
    assert lines[2].label == "other"


def test_an_expression_does_not_count_as_the_metric_before() -> None:
    """A metric after an expression repeats the metric before the expression."""
    lines = only(["N", "A", "D", "x"], [{"expression": "m1*2", "id": "e1"}], [".", "B", ".", "."])
    assert (lines[2].namespace, dict(lines[2].dimensions)) == ("N", {"D": "x"})
    assert (lines[1].expression, lines[1].metric, lines[1].id) == ("m1*2", "", "e1")


def test_a_line_takes_what_it_does_not_say_from_its_widget() -> None:
    """Statistic and period are the widget's, unless the metric has its own."""
    lines = only(["N", "A"], ["N", "B", {"stat": "Sum", "period": 60}], stat="p95", period=300)
    assert [(line.stat, line.period) for line in lines] == [("p95", 300), ("Sum", 60)]


def test_the_period_adapts_unless_the_dashboard_insists() -> None:
    """CloudWatch chooses the period by the time that is shown; ours is short, so it is a minute."""
    widget = metric(["N", "A"], period=300)
    assert widgets_of(body(widget))[0].lines[0].period == 60
    assert widgets_of(body(widget, periodOverride="inherit"))[0].lines[0].period == 300


def test_lines_without_labels_are_told_apart() -> None:
    """Several lines of one metric are named by their last dimension, others by the metric."""
    same = only(["N", "A", "Queue", "one"], ["N", "A", "Queue", "two"])
    assert [line.label for line in same] == ["one", "two"]
    assert [line.label for line in only(["N", "A", "Q", "x"], ["N", "B", "Q", "x"])] == ["A", "B"]


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("${LABEL}, ${PROP('Stat')}", "A, Sum"),
        ("${PROP('Dim.Queue')} of ${PROP('Namespace')}", "one of N"),
        ("last ${LAST}, most ${MAX}, least ${MIN}", "last 3, most 3, least 1"),
        ("mean ${AVG}, all ${SUM}", "mean 2, all 4"),
        ("${PROP('Unknown')}${OTHER}", "--"),
    ],
)
def test_a_label_may_tell_values(label: str, shown: str) -> None:
    """The dynamic parts of a label are filled in."""
    (line,) = only(["N", "A", "Queue", "one", {"label": label, "stat": "Sum"}])
    assert line.named(iter([1.0, 3.0])) == shown


def test_a_label_tells_of_no_values() -> None:
    """Where there is no value, there are two dashes, as in the console."""
    (line,) = only(["N", "A", {"label": "${LAST} ${AVG}"}])
    assert line.named([]) == "-- --"


def test_a_query_asks_for_the_same() -> None:
    """What GetMetricData is asked is what the line says."""
    (line,) = only(["N", "A", "Queue", "one", {"id": "m1", "stat": "p99", "period": 60}])
    assert line.query() == {
        "Id": "m1",
        "MetricStat": {
            "Metric": {
                "Namespace": "N",
                "MetricName": "A",
                "Dimensions": [{"Name": "Queue", "Value": "one"}],
            },
            "Period": 60,
            "Stat": "p99",
        },
    }


def test_widgets_without_a_place_come_below() -> None:
    """CloudWatch puts them under one another."""
    text = {"type": "text", "properties": {"markdown": "# Hello"}}
    placed = {**text, "x": 12, "y": 3, "width": 12, "height": 2}
    widgets = widgets_of(body(placed, text, text))
    assert [(widget.x, widget.y) for widget in widgets] == [(12, 3), (0, 5), (0, 11)]


def test_only_colors_reach_the_page() -> None:
    """What stands for a color and is none is left out."""
    lines = only(["N", "A", {"color": "#d62728"}], ["N", "B", {"color": "red;position:fixed"}])
    assert [line.color for line in lines] == ["#d62728", None]


def test_limits_and_axes_reach_the_page() -> None:
    """Annotations that are lines, and the bounds of both axes, are told; pairs of lines are not."""
    limits = [{"value": 500, "label": "promised", "yAxis": "right"}, [{"value": 1}, {"value": 2}]]
    given_ = metric(
        ["N", "A"],
        annotations={"horizontal": limits},
        yAxis={"left": {"min": 0, "label": "ms"}},
        title="Latency",
    )
    shown = widgets_of(body(given_))[0].shown(4)
    assert (shown["index"], shown["title"], shown["view"]) == (4, "Latency", "timeSeries")
    assert shown["axes"]["left"] == {"label": "ms", "min": 0.0, "max": None}
    assert [(one["value"], one["axis"]) for one in shown["thresholds"]] == [(500.0, "right")]


places = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["metric", "text", "alarm", "log", "explorer"]),
        "width": st.integers(1, 40),
        "height": st.integers(1, 20),
        "properties": st.just({}),
    }
)


@given(st.lists(places, max_size=8))
def test_no_widget_leaves_the_grid(given_: list[dict[str, Any]]) -> None:
    """Widgets that say no place neither overlap nor stand out of the columns."""
    widgets = widgets_of(body(*given_))
    assert all(w.x >= 0 and w.x + w.width <= COLUMNS for w in widgets)
    assert all(not overlap(a, b) for i, a in enumerate(widgets) for b in widgets[:i])


def overlap(one: Widget, other: Widget) -> bool:
    beside = one.x < other.x + other.width and other.x < one.x + one.width
    return beside and one.y < other.y + other.height and other.y < one.y + one.height
