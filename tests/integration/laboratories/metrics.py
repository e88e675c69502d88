"""What an emulator's CloudWatch tells after things have happened that AWS measures."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from tests.shared.people import aws

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ops.reach.endpoints import Endpoints
    from tests.shared.people import Reachable

SAMPLED_SECONDS = 40.0
_POLL_SECONDS = 0.5


class Figure(NamedTuple):
    """A metric, as CloudWatch names it."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]


def figure(
    endpoints: Reachable, wanted: Figure, stat: str = "Sum", start: datetime | None = None
) -> float | None:
    """Read one value over the last hour, or since a time; None when there is none."""
    now = datetime.now(UTC)
    dimensions = [{"Name": name, "Value": value} for name, value in wanted.dimensions.items()]
    metric = {
        "Namespace": wanted.namespace,
        "MetricName": wanted.name,
        "Dimensions": dimensions,
    }
    query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": stat}}
    answer = aws(endpoints, "cloudwatch").get_metric_data(
        MetricDataQueries=[query],
        StartTime=start or now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
    )
    values = answer["MetricDataResults"][0]["Values"]
    return float(values[-1]) if values else None


def appears(endpoints: Endpoints, wanted: Figure, seconds: float = 5.0) -> float | None:
    """Wait for a metric's first value."""
    deadline = time.monotonic() + seconds
    while (value := figure(endpoints, wanted)) is None and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return value


def of_api(endpoints: Endpoints, name: str) -> Figure:
    """Name a metric of the API's stage."""
    (api,) = (
        item
        for item in aws(endpoints, "apigateway").get_rest_apis(limit=500)["items"]
        if item["id"] in endpoints.api_url
    )
    return Figure("AWS/ApiGateway", name, {"ApiName": api["name"], "Stage": "v1"})


def of_function(endpoints: Endpoints, function: str, name: str) -> Figure:
    """Name a metric of one of the service's functions."""
    return Figure("AWS/Lambda", name, {"FunctionName": endpoints.functions[function]})


def of_partners_table(endpoints: Endpoints, name: str, **more: str) -> Figure:
    """Name a metric of the table of partners."""
    return Figure("AWS/DynamoDB", name, {"TableName": endpoints.tables["partners"], **more})


def early_in_the_minute(endpoints: Endpoints) -> float | None:
    """Publish a value at a minute's beginning, and ask for it from a moment later on."""
    wanted = Figure("Laboratory", uuid.uuid4().hex, {"kind": "early"})
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    dimensions = [{"Name": name, "Value": value} for name, value in wanted.dimensions.items()]
    datum = {"MetricName": wanted.name, "Dimensions": dimensions, "Value": 7, "Timestamp": minute}
    aws(endpoints, "cloudwatch").put_metric_data(Namespace=wanted.namespace, MetricData=[datum])
    return figure(endpoints, wanted, start=minute + timedelta(seconds=30))


def visit(endpoints: Endpoints, path: str = "/health", **headers: str) -> int:
    """Make a request to the API; gives its status."""
    return httpx.get(f"{endpoints.api_url}{path}", headers=headers, timeout=60).status_code


def access_log(endpoints: Endpoints) -> list[dict[str, Any]]:
    """Read the lines of the API's access log."""
    gateway, logs = aws(endpoints, "apigateway"), aws(endpoints, "logs")
    api = of_api(endpoints, "").dimensions["ApiName"]
    (found,) = (item for item in gateway.get_rest_apis()["items"] if item["name"] == api)
    stage = gateway.get_stage(restApiId=found["id"], stageName="v1")
    group = stage["accessLogSettings"]["destinationArn"].partition(":log-group:")[2]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    return [json.loads(event["message"]) for page in pages for event in page["events"]]


def used_queue(endpoints: Reachable) -> str:
    """Make a queue that was sent two messages, of which one is deleted; gives its name."""
    sqs, name = aws(endpoints, "sqs"), f"laboratory-{uuid.uuid4().hex[:8]}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    entries = [{"Id": str(number), "MessageBody": "x"} for number in range(2)]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return name


def used_topic(endpoints: Endpoints) -> tuple[str, str]:
    """Make a topic that has sent one message to a queue; gives both names."""
    sns, sqs = aws(endpoints, "sns"), aws(endpoints, "sqs")
    name = f"laboratory-{uuid.uuid4().hex[:8]}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = asked["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=name)["TopicArn"]
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="x")
    return name, name


def logged(endpoints: Endpoints, lines: Iterable[str]) -> str:
    """Write lines to a log group of their own, three in each millisecond; gives its name."""
    logs, group = aws(endpoints, "logs"), f"/laboratory/{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    now = int(time.time() * 1_000)
    events = [
        {"timestamp": now + number // 3, "message": line} for number, line in enumerate(lines)
    ]
    for first in range(0, len(events), 10_000):  # AWS takes no more at once
        batch = events[first : first + 10_000]
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=batch)
    return group


def read_by_page(endpoints: Endpoints, group: str, limit: int) -> list[str]:
    """Read a log group to its end, so many events at a time."""
    pages = aws(endpoints, "logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName=group, limit=limit)
    return [event["message"] for page in found for event in page["events"]]


def embedded(name: str, value: float) -> str:
    """Write a metric as functions do."""
    directive = {
        "Namespace": "Laboratory",
        "Dimensions": [["kind"]],
        "Metrics": [{"Name": name, "Unit": "Count"}],
    }
    document = {"_aws": {"Timestamp": int(time.time() * 1_000), "CloudWatchMetrics": [directive]}}
    return json.dumps({**document, "kind": "embedded", name: value})
