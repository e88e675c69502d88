"""Reads what a time's orders took: log lines, metrics, and how the orders are stored.

log lines ─► Consumption ─┐
orders ────► Units ───────┼─► Spending
metrics ───► Carried ─────┘
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from cloudwatch.time_range import MINUTE
from infrastructure import outputs
from infrastructure.functions import QUEUES, construct_id, names
from ops.costs.consumption import ACCESS_LOG, Consumption, Units, units_of
from ops.costs.spending import Carried, Spending
from ops.costs.traffic import OCCASIONAL
from ops.reach.errors import OperatorError
from orders.domain.ids import timestamp_in
from orders.settings import BY_CUSTOMER, BY_PARTNER, BY_SERVER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cloudwatch.time_range import TimeRange
    from ops.reach.target import Target

_SAMPLE = 100  # orders whose size is looked at; BatchGetItem takes as many at once
_TABLES = (outputs.ORDERS_TABLE, outputs.IDEMPOTENCY_TABLE, outputs.PARTNERS_TABLE)
_LIVE_QUEUES = tuple(outputs.queue(queue.name) for queue in QUEUES)
_TRAFFIC = ("NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted")
_HASH = re.compile("[0-9A-F]{8}$")  # CDK's, at the end of a logical id
_ACCESS_LOGS = "ApiAccessLogs"


def spending(target: Target, window: TimeRange) -> Spending:
    """Read what a time's orders took, all of it.

    Args:
        target: the deployment.
        window: the time.

    Raises:
        OperatorError: when no order was placed in it.
    """
    consumed = consumption(target, window)
    if not consumed.orders:
        minutes = window.seconds // MINUTE
        raise OperatorError(
            f"No order was placed in {target.name} in the last {minutes} min, so none took "
            "anything. Look further back with --minutes, or place some: make load"
        )
    units = sample(target, consumed.placed)
    return Spending(consumed, units, carried(target, window))


def consumption(target: Target, window: TimeRange) -> Consumption:
    """Read the log lines of a time."""
    consumed, logs = Consumption(), target.client("logs")
    pages = logs.get_paginator("filter_log_events")
    for source, group in _log_groups(target):
        asked = {"logGroupName": group, "startTime": window.start * 1_000}
        for page in pages.paginate(**asked, endTime=window.end * 1_000 - 1):
            for event in page["events"]:
                consumed.take(source, event["message"])
    return consumed


def _log_groups(target: Target) -> Iterator[tuple[str, str]]:
    """Name the log groups of functions that orders call, and of the API's accesses."""
    rare = {handler.split(".")[-2] for handler in OCCASIONAL}
    known = {f"{construct_id(name)}Logs": name for name in names() if name not in rare}
    known[_ACCESS_LOGS] = ACCESS_LOG
    pages = target.client("cloudformation").get_paginator("list_stack_resources")
    for page in pages.paginate(StackName=target.stack):
        for resource in page["StackResourceSummaries"]:
            name = _HASH.sub("", resource["LogicalResourceId"])
            if resource["ResourceType"] == "AWS::Logs::LogGroup" and name in known:
                yield known[name], resource["PhysicalResourceId"]


def sample(target: Target, order_ids: list[str]) -> Units:
    """Compute by DynamoDB's rule what some of the orders took.

    Raises:
        OperatorError: when none of them is there any more.
    """
    table = target.output(outputs.ORDERS_TABLE)
    keys = [
        {"orderId": {"S": order_id}, "timestamp": {"S": timestamp_in(order_id)}}
        for order_id in islice(order_ids, _SAMPLE)
    ]
    answer = target.client("dynamodb").batch_get_item(RequestItems={table: {"Keys": keys}})
    read = TypeDeserializer().deserialize
    found = [
        {name: _plain(read(value)) for name, value in item.items()}
        for item in answer["Responses"][table]
    ]
    if not found:
        raise OperatorError("None of the orders that the log names is there any more.")
    return units_of(found)


def _plain(value: Any) -> Any:
    """Give boto3's numbers as Python's."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, str | bool) or value is None:
        return value
    return int(value) if value == int(value) else float(value)


def carried(target: Target, window: TimeRange) -> Carried:
    """Read what CloudWatch counted of messages, and of units where it counts any."""
    topic = {"TopicName": target.output(outputs.ORDER_CHANGES_TOPIC).rpartition(":")[2]}
    queues = [{"QueueName": target.output(name).rpartition("/")[2]} for name in _LIVE_QUEUES]
    queued = [_counts(target, window, ("AWS/SQS", metric), queues) for metric in _TRAFFIC]
    used = [
        _counts(
            target, window, ("AWS/DynamoDB", f"Consumed{kind}CapacityUnits"), [*_tables(target)]
        )
        for kind in ("Write", "Read")
    ]
    published = _counts(target, window, ("AWS/SNS", "NumberOfMessagesPublished"), [topic])
    written, read = (sum(counts) if counts else None for counts in used)
    return Carried(sum(published), sum(map(sum, queued)), written, read)


def _tables(target: Target) -> Iterator[dict[str, str]]:
    """Give the dimensions of each table and index."""
    for output in _TABLES:
        yield {"TableName": target.output(output)}
    for index in (BY_CUSTOMER, BY_PARTNER, BY_SERVER):
        yield {"TableName": target.output(outputs.ORDERS_TABLE), "GlobalSecondaryIndexName": index}


def _counts(
    target: Target, window: TimeRange, metric: tuple[str, str], of: list[dict[str, str]]
) -> list[float]:
    """Read the sums of a metric, for each of some dimensions and each minute that has any."""
    namespace, name = metric
    queries = [
        {"Id": f"m{number}", "MetricStat": {"Metric": asked, "Period": MINUTE, "Stat": "Sum"}}
        for number, asked in enumerate(_metric(namespace, name, dimensions) for dimensions in of)
    ]
    pages = target.client("cloudwatch").get_paginator("get_metric_data")
    answers = pages.paginate(
        MetricDataQueries=queries,
        StartTime=datetime.fromtimestamp(window.start, UTC),
        EndTime=datetime.fromtimestamp(window.end, UTC),
    )
    return [
        value for page in answers for one in page["MetricDataResults"] for value in one["Values"]
    ]


def _metric(namespace: str, name: str, dimensions: Mapping[str, str]) -> dict[str, Any]:
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {"Namespace": namespace, "MetricName": name, "Dimensions": named}
