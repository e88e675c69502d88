"""What the functions tell about themselves: one JSON log line for each request, and metrics.

Neither holds personal data: orders, partners and requests appear by their ids only.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger(service="orders", utc=True, location=None)
metrics = Metrics(namespace="FoodDelivery/Orders", service="orders")

ORDERS_CREATED = "OrdersCreated"
ORDERS_REPLAYED = "OrdersReplayed"
STATUS_CHANGES = "StatusChanges"


def count(metric: str) -> None:
    """Add one to a metric; it is written when the request ends."""
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=1)


def log_request(message: str, fields: dict[str, Any], *, failed: bool = False) -> None:
    """Write the one line of a request, and the metrics that it counted.

    Args:
        message: what happened, in a word or two.
        fields: ids, numbers and names that Logs Insights can query.
        failed: whether an exception is being handled; its traceback then goes into the line.
    """
    if failed:
        logger.exception(message, extra=fields)
    else:
        logger.info(message, extra=fields)
    if metrics.metric_set:
        metrics.flush_metrics()
