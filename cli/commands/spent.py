"""`orders spent`: dollars for each order from what the last hour really took, beside the model."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options, terminal
from cli.options import Json, Local, Stage  # noqa: TC001 - Typer reads the annotations
from cloudwatch.time_range import MINUTE, TimeRange, latest
from infrastructure.settings import FUNCTIONS, construct_id, settings_of
from ops.reach import templates
from ops.reach.errors import OperatorError
from orders.domain.ids import timestamp_in
from orders.settings import BY_CUSTOMER, BY_PARTNER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ops.costs.consumption import Consumption, Units
    from ops.costs.spending import Carried, Row, Spending
    from ops.reach.target import Target

_SAMPLE = 100  # orders whose size is looked at; BatchGetItem takes as many at once
_LONGEST = 24 * 60  # of minutes; logs of more are too many to read
_TABLES = ("OrdersTable", "IdempotencyTable", "PartnersTable")
_LIVE_QUEUES = ("OrderProcessingQueue", "PartnerNotificationsQueue")
_TRAFFIC = ("NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted")
_HASH = re.compile("[0-9A-F]{8}$")  # CDK's, at the end of a logical id
_ACCESS_LOGS = "ApiAccessLogs"

Minutes = Annotated[
    int,
    typer.Option(
        "--minutes", metavar="N", min=1, max=_LONGEST, help="How far to look back, at most a day."
    ),
]


def spent(
    *, minutes: Minutes = 60, stage: Stage = None, local: Local = False, json_: Json = False
) -> None:
    """Say what an order really took in dollars, from logs and metrics, beside the cost model.

    Prices are those of `orders cost`. docs/performance/cost.md tells how each figure is found,
    and which are not known.
    """
    target = options.find(stage, local=local)
    with terminal.waiting(f"Reading what {target.name} has logged …"):
        seen = look(target, latest(minutes), local=local)
    with terminal.waiting(f"Synthesizing stage {target.stage} …"):
        template = templates.synthesized(target.stage)
    load = settings_of(target.stage).budget.orders_per_day
    rows = seen.rows(template, load)
    if json_:
        terminal.as_json(_document(seen, rows))
    else:
        _print(seen, rows, template, load)


def look(target: Target, span: TimeRange, *, local: bool) -> Spending:
    """Read what a time's orders took.

    Args:
        target: the deployment.
        span: the time.
        local: whether it is the local run.

    Raises:
        OperatorError: when no order was placed in it.
    """
    from ops.costs.spending import Spending  # noqa: PLC0415 - the handlers' telemetry comes along

    consumed = consumption(target, span)
    if not consumed.orders:
        minutes = span.seconds // MINUTE
        raise OperatorError(
            f"No order was placed in {target.name} in the last {minutes} min, so none took "
            "anything. Look further back with --minutes, or place some: make load"
        )
    units = sample(target, consumed.placed)
    return Spending(consumed, units, carried(target, span), pages_by_rule=local)


def consumption(target: Target, span: TimeRange) -> Consumption:
    """Read the log lines of a time."""
    from ops.costs.consumption import Consumption  # noqa: PLC0415 - as above

    consumed, logs = Consumption(), target.client("logs")
    pages = logs.get_paginator("filter_log_events")
    for source, group in _log_groups(target):
        asked = {"logGroupName": group, "startTime": span.start * 1_000}
        for page in pages.paginate(**asked, endTime=span.end * 1_000 - 1):
            for event in page["events"]:
                consumed.take(source, event["message"])
    return consumed


def _log_groups(target: Target) -> Iterator[tuple[str, str]]:
    """Name the log groups of functions that orders call, and of the API's accesses."""
    from ops.costs.consumption import ACCESS_LOG  # noqa: PLC0415 - as above
    from ops.costs.traffic import OCCASIONAL  # noqa: PLC0415 - as above

    rare = {handler.split(".")[-2] for handler in OCCASIONAL}
    known = {f"{construct_id(name)}Logs": name for name in FUNCTIONS if name not in rare}
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
    from boto3.dynamodb.types import TypeDeserializer  # noqa: PLC0415 - boto3 takes its time

    from ops.costs.consumption import units_of  # noqa: PLC0415 - as above

    table = target.output("OrdersTable")
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


def carried(target: Target, span: TimeRange) -> Carried:
    """Read what CloudWatch counted of messages, and of units where it counts any."""
    from ops.costs.spending import Carried  # noqa: PLC0415 - as above

    topic = {"TopicName": target.output("OrderChangesTopic").rpartition(":")[2]}
    queues = [{"QueueName": target.output(name).rpartition("/")[2]} for name in _LIVE_QUEUES]
    queued = [_counts(target, span, ("AWS/SQS", metric), queues) for metric in _TRAFFIC]
    used = [
        _counts(target, span, ("AWS/DynamoDB", f"Consumed{kind}CapacityUnits"), [*_tables(target)])
        for kind in ("Write", "Read")
    ]
    published = _counts(target, span, ("AWS/SNS", "NumberOfMessagesPublished"), [topic])
    written, read = (sum(counts) if counts else None for counts in used)
    return Carried(sum(published), sum(map(sum, queued)), written, read)


def _tables(target: Target) -> Iterator[dict[str, str]]:
    """Give the dimensions of each table and index."""
    for output in _TABLES:
        yield {"TableName": target.output(output)}
    for index in (BY_CUSTOMER, BY_PARTNER):
        yield {"TableName": target.output("OrdersTable"), "GlobalSecondaryIndexName": index}


def _counts(
    target: Target, span: TimeRange, metric: tuple[str, str], of: list[dict[str, str]]
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
        StartTime=datetime.fromtimestamp(span.start, UTC),
        EndTime=datetime.fromtimestamp(span.end, UTC),
    )
    return [
        value for page in answers for one in page["MetricDataResults"] for value in one["Values"]
    ]


def _metric(namespace: str, name: str, dimensions: Mapping[str, str]) -> dict[str, Any]:
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {"Namespace": namespace, "MetricName": name, "Dimensions": named}


def _document(seen: Spending, rows: list[Row]) -> dict[str, Any]:
    consumed = seen.consumed
    return {
        "orders": consumed.orders,
        "replays": consumed.replays,
        "syntheticRequests": consumed.synthetic,
        "requestsByFunction": dict(consumed.asked),
        "units": vars(seen.units),
        "lines": [{**row._asdict(), "differencePercent": row.difference} for row in rows],
        "dollarsPerOrder": sum(row.seen_dollars for row in rows) / 1e6,
        "modelledDollarsPerOrder": sum(row.modelled_dollars for row in rows) / 1e6,
    }


def _print(seen: Spending, rows: list[Row], template: Mapping[str, Any], load: float) -> None:
    from ops.costs.spending import unseen  # noqa: PLC0415 - as above

    consumed = seen.consumed
    requests = sum(consumed.asked.values())
    terminal.say(
        f"{terminal.counted(consumed.orders, 'order')}, {requests / consumed.orders:.1f} requests "
        f"each; dollars for a million orders in us-east-1, the model's at the same traffic.\n"
    )
    columns = ("Service", "What", "An order took", "Model", "Dollars", "Model ", "More", "Read in")
    terminal.table(columns, [*map(_cells, rows), _total(rows)])
    others = unseen(template, rows, seen.traffic(load))
    terminal.note("")
    terminal.note("Not seen; the model's dollars for a million orders:")
    for (service, name), dollars in sorted(others.items(), key=lambda one: -one[1]):
        terminal.note(f"  {service}, {name}: {dollars:.2f}")


def _cells(row: Row) -> tuple[str, ...]:
    more = "–" if row.difference is None else f"{row.difference:+.0f} %"
    return (
        row.service,
        row.name,
        _amount(row.seen),
        _amount(row.modelled),
        f"{row.seen_dollars:,.2f}",
        f"{row.modelled_dollars:,.2f}",
        more,
        row.source,
    )


def _amount(number: float) -> str:
    return f"{number:.3g}" if number < 1_000 else f"{number:,.0f}"


def _total(rows: list[Row]) -> tuple[str, ...]:
    seen, modelled = (
        sum(getattr(row, name) for row in rows) for name in ("seen_dollars", "modelled_dollars")
    )
    more = f"{100 * (seen / modelled - 1):+.0f} %" if modelled else "–"
    return ("Total", "", "", "", f"{seen:,.2f}", f"{modelled:,.2f}", more, "")
