"""What the functions tell about themselves: one JSON log line for each request, and metrics.

Neither holds personal data: orders, partners and requests appear by their ids only.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any

# Powertools marks botocore's calls as its own and so imports it, where there is one: in Lambda
# there is. Nothing here calls through botocore, so start-up need not pay for it.
_NO_BOTOCORE = "botocore" not in sys.modules
if _NO_BOTOCORE:
    sys.modules["botocore"] = None  # type: ignore[assignment]  # documented: import then fails

from aws_lambda_powertools import Logger, Metrics  # noqa: E402
from aws_lambda_powertools.metrics import MetricUnit  # noqa: E402

if _NO_BOTOCORE:
    del sys.modules["botocore"]

logger = Logger(service="orders", utc=True, location=None)
metrics = Metrics(namespace="FoodDelivery/Orders", service="orders")

ORDERS_CREATED = "OrdersCreated"
ORDERS_REPLAYED = "OrdersReplayed"
STATUS_CHANGES = "StatusChanges"


def count(metric: str) -> None:
    """Add one to a metric; it is written when the request ends."""
    metrics.add_metric(name=metric, unit=MetricUnit.Count, value=1)


def log_request(fields: dict[str, Any], error: Exception | None) -> None:
    """Write the one line of a request, and the metrics that it counted.

    Args:
        fields: ids, numbers and names that Logs Insights can query.
        error: what nobody foresaw; the line tells its type and where it was raised, but not its
            message, which may quote what a customer wrote.
    """
    if error is None:
        log = logger.warning if fields["status"] == 503 else logger.info
        log("request", extra=fields)
    else:
        logger.error("request failed", extra={**fields, **_origin(error)})
    if metrics.metric_set:
        metrics.flush_metrics()


def _origin(error: Exception) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    stack = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "stack": stack}
