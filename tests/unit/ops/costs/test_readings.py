"""What a time's orders took is read from the metrics that CloudWatch has."""

from __future__ import annotations

from typing import Any

import pytest

from cloudwatch.time_range import latest
from ops.costs import readings
from ops.costs.consumption import Consumption
from ops.costs.spending import Carried
from ops.reach.errors import OperatorError
from ops.reach.target import Target


class CloudWatch:
    """Counts 2 in each of two minutes for what it is told to know."""

    def __init__(self, known: str) -> None:
        self.known = known
        self.asked: list[Any] = []

    def get_paginator(self, _: str) -> CloudWatch:
        return self

    def paginate(self, **asked: Any) -> list[Any]:
        self.asked.append(asked)
        results = [
            {"Values": [2.0, 2.0] if self.known in one["MetricStat"]["Metric"]["Namespace"] else []}
            for one in asked["MetricDataQueries"]
        ]
        return [{"MetricDataResults": results}]


OUTPUTS = {
    "OrderChangesTopic": "arn:aws:sns:us-east-1:1:topic",
    "OrderProcessingQueue": "https://sqs/1/processing",
    "PartnerNotificationsQueue": "https://sqs/1/notifications",
    "OrdersTable": "orders",
    "IdempotencyTable": "keys",
    "PartnersTable": "partners",
}


@pytest.mark.parametrize(
    ("known", "found"),
    [
        ("AWS/SNS", Carried(4, 0)),
        ("AWS/SQS", Carried(0, 2 * 3 * 4)),
        ("AWS/DynamoDB", Carried(0, 0, written=6 * 4, read=6 * 4)),
    ],
)
def test_metrics_are_added_up(known: str, found: Carried) -> None:
    """Each queue, table and index is asked for; where nobody counts units there are none."""
    metrics = CloudWatch(known)
    target = Target("stage dev", "s", lambda _: metrics, OUTPUTS, "")
    assert readings.carried(target, latest(2)) == found
    names = {
        (dimension["Name"], dimension["Value"])
        for asked in metrics.asked
        for query in asked["MetricDataQueries"]
        for dimension in query["MetricStat"]["Metric"]["Dimensions"]
    }
    assert ("QueueName", "processing") in names
    indexes = {value for name, value in names if name == "GlobalSecondaryIndexName"}
    assert indexes == {"by-customer", "by-partner", "by-server"}


def test_without_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing was ordered there is nothing to share out, and a sentence says so."""
    monkeypatch.setattr(readings, "consumption", lambda *_: Consumption())
    target = Target("stage dev", "food-delivery-orders-dev", lambda _: None, {}, "make deploy")
    with pytest.raises(OperatorError, match=r"No order was placed in stage dev in the last 5 min"):
        readings.spending(target, latest(5))
