"""Rules of Contributor Insights find who contributes most."""

from __future__ import annotations

from typing import Any

import pytest

from cloudwatch.contributor_insights import metric, rule_of

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
