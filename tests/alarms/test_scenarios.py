"""What AWS does not send is not there in the scenarios either."""

from __future__ import annotations

import re

import pytest

from cloudwatch.alarms import Metric, Recorded
from ops.costs.traffic import DAYS
from project.checkout import ROOT
from tests.alarms.scenarios import (
    CLOSES,
    OPENS,
    QUEUE_SLEEPS,
    QUEUE_WAKES,
    SCENARIOS,
    TRAFFIC,
    Stage,
    rates,
    record,
)

SERVING = "restaurant_notifications"
STAGE = Stage(
    api={"ApiName": "api", "Stage": "v1"},
    functions={name: name for name in rates()},
    reserved={"create_order": 100},
    queues={"order_processing": "work", "partner_notifications": "tell", SERVING: "serve"},
    dead={
        "order_processing": "dead-work",
        "partner_notifications": "dead-tell",
        SERVING: "dead-serve",
        "pipe": "dead-pipe",
    },
    retries="retries",
    dies_after={"order_processing": (9, 8), "partner_notifications": (51, 8), SERVING: (51, 8)},
    tables={"orderId": "Orders", "key": "Keys", "apiKeyId": "Partners"},
    indexes=dict.fromkeys(("by-customer", "by-partner", "by-server"), "Orders"),
    ceiling=1_000,
    pipe="pipe",
    topic="topic",
    rule="rule",
    own={"service": "orders", "stage": "prod"},
    people={"UserPool": "pool", "UserPoolClient": "client"},
    firewall={"WebACL": "acl", "Rule": "ALL", "Region": "us-east-1"},
)
OTHER = STAGE._replace(own={"service": "orders", "stage": "dev"})


def minutes(recorded: Recorded, namespace: str, name: str, **dimensions: str) -> dict[int, float]:
    """Give the sum of each minute in which there is a sample."""
    metric = Metric(namespace, name, tuple(sorted(dimensions.items())))
    found = recorded.samples.get(metric, {})
    return {at: sum(v * n for v, n in samples.items()) for at, samples in found.items()}


@pytest.fixture(scope="module")
def night() -> Recorded:
    return record(STAGE, SCENARIOS["healthy night"], OTHER)


def test_functions_that_are_not_called_have_no_errors(night: Recorded) -> None:
    """Neither errors nor requests are measured while everything is closed."""
    names = [("AWS/Lambda", "Errors", {"FunctionName": "create_order"})]
    names.append(("AWS/ApiGateway", "5XXError", {"ApiName": "api", "Stage": "v1"}))
    for namespace, name, dimensions in names:
        hours = {at // 60 % 24 for at in minutes(night, namespace, name, **dimensions)}
        assert hours
        assert all(hour >= OPENS or hour < CLOSES for hour in hours)


def test_queues_fall_asleep_and_take_their_time_to_wake(night: Recorded) -> None:
    """SQS measures nothing after six idle hours, and for a quarter of an hour after those."""
    happens = SCENARIOS["healthy night"].happens
    measured = minutes(night, "AWS/SQS", "NumberOfMessagesSent", QueueName="work")
    asleep = [at for at in SCENARIOS["healthy night"].span if at not in measured]
    opening = happens + 60 * ((OPENS - CLOSES) % 24)
    assert abs(asleep[0] - happens - QUEUE_SLEEPS) <= 1
    assert opening + QUEUE_WAKES - 1 <= asleep[-1] <= opening + QUEUE_WAKES + 1


def test_dead_letter_queues_that_nobody_used_are_not_measured(night: Recorded) -> None:
    """Their alarms must not take that for a fault."""
    name = "ApproximateNumberOfMessagesVisible"
    assert minutes(night, "AWS/SQS", name, QueueName="dead-pipe") == {}


def test_dynamodb_says_nothing_of_what_went_well(night: Recorded) -> None:
    """Throttles and errors are measured when there are some, and not as zeros."""
    names = {metric.name for metric in night.samples}
    assert "ConsumedWriteCapacityUnits" in names
    assert not names & {"ReadThrottleEvents", "WriteThrottleEvents", "SystemErrors"}


def test_the_load_is_that_of_the_model_of_costs() -> None:
    """An hour of a healthy day has as many requests as `ops.costs.traffic` says."""
    recorded = record(STAGE, SCENARIOS["healthy lunch"], OTHER)
    counted = minutes(recorded, "AWS/ApiGateway", "Count", ApiName="api", Stage="v1")
    a_minute = TRAFFIC.requests / DAYS / TRAFFIC.busy_hours / 60
    assert sum(counted.values()) / len(counted) == pytest.approx(a_minute, rel=0.01)
    errors = minutes(recorded, "AWS/ApiGateway", "5XXError", ApiName="api", Stage="v1")
    assert sum(errors.values()) / sum(counted.values()) == pytest.approx(0.002, rel=0.1)


def test_scenarios_are_the_same_each_time() -> None:
    """Nothing in them is left to chance."""
    one, other = (record(STAGE, SCENARIOS["5 % fail"], OTHER) for _ in range(2))
    assert one == other


def test_the_readme_counts_the_situations() -> None:
    """The number that a reader is told is that of the situations that are tried."""
    said = re.search(r"tried in (\d+) situations", (ROOT / "README.md").read_text())
    assert said is not None
    assert int(said[1]) == len(SCENARIOS)
