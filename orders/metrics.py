"""The service's own metrics, by name: what the code counts, and alarms, dashboard and docs show.

Each costs money by the month, and once more for each combination of dimensions. So there are few,
with one set of dimensions, service and stage: two stages of an account write no metric together.
Reasons, partners, flags, round trips and units stand in the log lines, where Logs Insights counts
them for nothing until somebody asks.
"""

from __future__ import annotations

from orders.named_tuple import NamedTuple

NAMESPACE = "FoodDelivery/Orders"

SERVICE = "orders"
"""The service's name, in metrics and in log lines."""

COUNT, MILLISECONDS = "Count", "Milliseconds"


def dimensions_of(stage: str) -> dict[str, str]:
    """Give the dimensions of all metrics of a stage.

    CloudWatch knows a metric by its namespace, name and dimensions, for a whole account and Region:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
    """
    return {"service": SERVICE, "stage": stage}


class Metric(NamedTuple):
    """A metric: its name and unit in CloudWatch, and what it says."""

    name: str
    unit: str
    meaning: str


ORDERS_CREATED = Metric("OrdersCreated", COUNT, "Orders placed.")
ORDERS_REPLAYED = Metric(
    "OrdersReplayed", COUNT, "Repeated requests that were answered with the order of the first."
)
ORDERS_REFUSED = Metric(
    "OrdersRefused",
    COUNT,
    "Requests to place an order that the function refused; `problem` in their log lines says why.",
)
STATUS_CHANGES = Metric("StatusChanges", COUNT, "Orders that went to another status.")
ORDERS_UNANSWERED = Metric(
    "OrdersUnanswered",
    COUNT,
    "Orders rejected because their restaurant did not answer in time; `restaurantId` in their log "
    "lines says which.",
)
PROCESSING_LATENCY = Metric(
    "ProcessingLatency", MILLISECONDS, "From the placing of an order until it was processed."
)
STREAM_LATENCY = Metric(
    "StreamLatency",
    MILLISECONDS,
    "From the stream's record of a new order, to the second, until it was processed.",
)
WEBHOOKS_DELIVERED = Metric("WebhooksDelivered", COUNT, "Webhooks that a partner accepted.")
WEBHOOKS_RETRIED = Metric("WebhooksRetried", COUNT, "Tries that failed and will be repeated.")
WEBHOOKS_GIVEN_UP = Metric("WebhooksGivenUp", COUNT, "Webhooks that became dead letters.")

METRICS = (
    ORDERS_CREATED,
    ORDERS_REPLAYED,
    ORDERS_REFUSED,
    STATUS_CHANGES,
    ORDERS_UNANSWERED,
    PROCESSING_LATENCY,
    STREAM_LATENCY,
    WEBHOOKS_DELIVERED,
    WEBHOOKS_RETRIED,
    WEBHOOKS_GIVEN_UP,
)
"""All that the code counts."""
