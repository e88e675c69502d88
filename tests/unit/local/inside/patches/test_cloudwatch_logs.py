"""Lines in the embedded metric format become metrics, and no others do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.inside.patches.cloudwatch_logs import embedded_metrics


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
