"""The emulator's figures stay few and exact, whatever comes; rules and references are read."""

from __future__ import annotations

import copy
import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwatch.contributor_insights import metric, rule_of
from local.copy.references import Resolver, UnresolvedError
from local.inside.metric_store import MOST_RECORDS, Series, milliseconds
from local.inside.service_metrics import embedded_metrics

BASE = {"Unit": "Count", "Dimensions": {"service": "orders"}}


def point(at: float, value: float, **more: Any) -> dict[str, Any]:
    return {"Timestamp": at, "Value": value, **BASE, **more}


@given(st.lists(st.tuples(st.integers(0, 600), st.sampled_from([0.0, 1.0, 2.5])), max_size=200))
def test_nothing_is_lost_and_little_is_kept(values: list[tuple[int, float]]) -> None:
    """Each minute's sum and count are those of its values, in one record for each that differs."""
    series = Series()
    for at, value in values:
        series.append(point(at, value))
    for minute in range(0, 660, 60):
        came = [value for at, value in values if at // 60 * 60 == minute]
        kept = [one for one in series if one["Timestamp"] == minute]
        assert sum(one["Count"] for one in kept) == len(came)
        assert sum(one["Value"] * one["Count"] for one in kept) == pytest.approx(sum(came))
        assert len(kept) == len(set(came))


def test_a_series_has_an_end() -> None:
    """Ever new values drop the oldest ones."""
    series = Series()
    for number in range(MOST_RECORDS + 10):
        series.append(point(60 * number, float(number)))
    assert len(series) <= MOST_RECORDS
    assert list(series)[-1]["Value"] == MOST_RECORDS + 9


def test_what_is_too_old_goes() -> None:
    """Values and statistics before a time are forgotten."""
    series = Series()
    series.append(point(60, 1.0))
    series.append(point(60, 1.0, _stat={"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}))
    series.append(point(120, 1.0))
    series.forget(120)
    assert [one["Timestamp"] for one in series] == [120]


def test_a_saved_series_is_the_same() -> None:
    """What is saved as JSON and loaded gives the same points, and so does ministack's own form."""
    series = Series()
    for at, value in ((5, 1.0), (50, 1.0), (70, 2.0)):
        series.append(point(at, value))
    series.append(point(5, 2.0, _stat={"SampleCount": 2, "Sum": 4, "Minimum": 1, "Maximum": 3}))
    saved = json.loads(json.dumps(copy.deepcopy(series)))
    assert list(Series.saved(saved)) == list(series)
    assert list(Series.saved(list(series))) == list(series)
    assert series[0] == point(0, 1.0, Count=2.0)


def test_threads_lose_no_count() -> None:
    """Functions run beside one another, and each of their values counts."""
    series = Series()

    def count() -> None:
        for _ in range(2_000):
            series.append(point(0, 1.0))

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one["Count"] for one in series] == [16_000]


@given(st.floats(1e-6, 1e4))
def test_durations_have_three_digits(seconds: float) -> None:
    """Rounding is by half a percent at most."""
    assert milliseconds(seconds) == pytest.approx(seconds * 1_000, rel=0.005)


def line(**members: Any) -> str:
    directive = {
        "Namespace": "N",
        "Dimensions": [["service"], ["service", "route"]],
        "Metrics": [{"Name": "Served", "Unit": "Count"}, {"Name": "Times"}],
    }
    document = {"_aws": {"Timestamp": 90_000, "CloudWatchMetrics": [directive]}}
    given_ = {"service": "orders", "route": "GET", "Served": 1, "Times": [2, 3]}
    return json.dumps({**document, **given_, **members})


def test_a_line_is_a_metric_for_each_set_of_dimensions() -> None:
    """As on AWS: each set is a metric of its own, and a list is several values."""
    found = list(embedded_metrics(line(), 0))
    assert [name for name, _ in found] == [
        ("N", "Served", {"service": "orders"}),
        ("N", "Times", {"service": "orders"}),
        ("N", "Served", {"service": "orders", "route": "GET"}),
        ("N", "Times", {"service": "orders", "route": "GET"}),
    ]
    assert found[0][1] == (90.0, "Count", 1.0, None, None, None)
    assert found[1][1] == (90.0, "None", None, [2.0, 3.0], None, None)


@pytest.mark.parametrize(
    "text",
    ['"_aws"', "{", '{"_aws": 3}', '{"_aws": {"CloudWatchMetrics": [3]}}', line(Served="many")],
)
def test_a_line_that_keeps_to_no_format_is_no_metric(text: str) -> None:
    """It stays a log line, and hurts nobody."""
    assert list(embedded_metrics(text, 0)) == []


RULE = {
    "LogGroupNames": ["group"],
    "Contribution": {
        "Keys": ["$.partnerId"],
        "Filters": [
            {"Match": "$.outcome", "In": ["retry", "dead"]},
            {"Match": "$.eventId", "IsPresent": True},
        ],
    },
    "AggregateOn": "Count",
}


def tried(minute: int, partner: str, outcome: str, **more: Any) -> dict[str, Any]:
    at = 60_000 * minute
    return {"@timestamp": at, "partnerId": partner, "outcome": outcome, "eventId": "1", **more}


def test_a_rule_finds_the_worst_contributor() -> None:
    """Only lines that the filters let through count, for each period on its own."""
    records = [
        *(tried(0, "acme", "retry") for _ in range(3)),
        tried(0, "bella", "dead"),
        tried(0, "bella", "delivered"),
        {"@timestamp": 0, "partnerId": "bella", "outcome": "retry"},
        tried(5, "bella", "retry"),
    ]
    rule = rule_of(RULE)
    assert metric(rule, "MaxContributorValue", records, 300) == {0: 3.0, 300: 1.0}
    assert metric(rule, "UniqueContributors", records, 300) == {0: 2.0, 300: 1.0}
    assert metric(rule, "SampleCount", records, 300) == {0: 4.0, 300: 1.0}
    assert metric(rule, "MaxContributorValue", [], 300) == {}
    with pytest.raises(KeyError):
        metric(rule, "Median", records, 300)


def test_a_rule_can_add_up_a_field() -> None:
    """A rule that aggregates on a sum adds the field's values."""
    contribution = {**RULE["Contribution"], "ValueOf": "$.bytes"}  # type: ignore[dict-item] # RULE is JSON
    rule = rule_of({**RULE, "Contribution": contribution, "AggregateOn": "Sum"})
    records = [tried(0, "acme", "retry", bytes=number) for number in (10, 32)]
    assert metric(rule, "MaxContributorValue", records, 60) == {0: 42.0}
    assert metric(rule, "Average", records, 60) == {0: 21.0}


TEMPLATE = {
    "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}, "Log": {"Type": "AWS::Logs::LogGroup"}}
}
RESOLVER = Resolver(TEMPLATE, {"Queue": "http://127.0.0.1/1/orders", "Log": "/log"}, "dev")


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Ref": "Log"}, "/log"),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Fn::GetAtt": ["Queue", "QueueName"]}, "orders"),
        ({"Fn::Join": ["-", [{"Ref": "AWS::StackName"}, "x"]]}, "dev-x"),
        ({"Fn::Sub": "${AWS::StackName}:${Queue.QueueName}"}, "dev:orders"),
        ([{"Name": {"Ref": "Log"}}, 3, None], [{"Name": "/log"}, 3, None]),
    ],
)
def test_references_are_resolved(value: Any, resolved: Any) -> None:
    """They mean what they mean in the running stack."""
    assert RESOLVER.resolve(value) == resolved


@pytest.mark.parametrize(
    "value", [{"Ref": "Nothing"}, {"Fn::GetAtt": ["Log", "Arn"]}, {"Fn::ImportValue": "x"}]
)
def test_other_references_are_said(value: Any) -> None:
    """Nothing is made up."""
    with pytest.raises(UnresolvedError):
        RESOLVER.resolve(value)
