"""What CloudWatch, X-Ray and queues tell afterwards."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure import outputs
from orders.routes import STAGE
from project.json_object import json_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ops.proof.world.world import World

_MINUTE = 60
METRIC_SECONDS = 420.0
"""How long AWS's own metrics are waited for, at most."""
LOG_SECONDS = 90.0


class Metric(NamedTuple):
    """A metric, as CloudWatch names it."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]


def minute_of(now: float) -> dt.datetime:
    """Give the beginning of a minute."""
    return dt.datetime.fromtimestamp(now // _MINUTE * _MINUTE, dt.UTC)


def values(
    world: World, metric: Metric, since: float, stat: str = "Sum"
) -> dict[dt.datetime, float]:
    """Read a metric's values by the minute, since a moment."""
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions.items()]
    stated = {
        "Metric": {
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            "Dimensions": dimensions,
        },
        "Period": _MINUTE,
        "Stat": stat,
    }
    answer = world.client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": stated}],
        StartTime=minute_of(since),
        EndTime=minute_of(time.time()) + dt.timedelta(minutes=2),
    )
    found = answer["MetricDataResults"][0]
    return dict(zip(found["Timestamps"], found["Values"], strict=True))


def sum_of(
    world: World,
    metric: Metric,
    since: float,
    *,
    least: float = 1,
    seconds: float = METRIC_SECONDS,
) -> float:
    """Wait until a metric's sum since a moment is not below a number; gives what it is then."""
    seen = [0.0]

    def enough() -> bool:
        seen[0] = float(sum(values(world, metric, since).values()))
        return seen[0] >= least

    world.until(enough, seconds * (1 if world.local is None else 0.15), every=15)
    return seen[0]


def group_of(world: World, function: str) -> str:
    """Give the log group of a function."""
    found = world.client("lambda").get_function_configuration(FunctionName=world.function(function))
    name = found.get("LoggingConfig", {}).get("LogGroup")
    return str(name or f"/aws/lambda/{found['FunctionName']}")


def access_log(world: World) -> str:
    """Give the log group of the front door's access log."""
    stage = world.client("apigateway").get_stage(
        restApiId=world.output(outputs.REST_API_ID), stageName=STAGE
    )
    arn: str = stage["accessLogSettings"]["destinationArn"]
    return arn.partition(":log-group:")[2].removesuffix(":*")


def lines(
    world: World,
    group: str,
    since: float,
    *wanted: str,
    least: int = 1,
    seconds: float = LOG_SECONDS,
) -> list[dict[str, Any]]:
    """Wait for lines in JSON of a log group that hold all of some texts; gives what there is.

    Args:
        world: where to look.
        group: the log group's name.
        since: seconds since the Unix epoch.
        wanted: texts that are all in the line.
        least: how many lines are waited for.
        seconds: how long, on AWS.
    """
    found: list[dict[str, Any]] = []

    def enough() -> bool:
        pages = (
            world.client("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=group, startTime=int((since - 5) * 1_000))
        )
        texts = [event["message"] for page in pages for event in page["events"]]
        chosen = [text for text in texts if all(each in text for each in wanted)]
        found[:] = [line for line in map(json_object, chosen) if line is not None]
        return len(found) >= least

    world.until(enough, seconds * (1 if world.local is None else 0.2), every=5)
    return found


class Root(NamedTuple):
    """A trace that a probe begins."""

    id: str
    parent: str

    @property
    def header(self) -> str:
        """Give it as the tracing header."""
        return f"Root={self.id};Parent={self.parent};Sampled=1"


def begin_trace() -> Root:
    """Begin a trace."""
    return Root(f"1-{int(time.time()):08x}-{secrets.token_hex(12)}", secrets.token_hex(8))


def segments(
    world: World, trace: str, whole: Callable[[list[dict[str, Any]]], bool], seconds: float = 90
) -> list[dict[str, Any]]:
    """Wait until a trace is whole; gives its segments."""
    found: list[dict[str, Any]] = []

    def enough() -> bool:
        traces = world.client("xray").batch_get_traces(TraceIds=[trace])["Traces"]
        found[:] = [json.loads(one["Document"]) for each in traces for one in each["Segments"]]
        return whole(found)

    world.until(enough, seconds, every=5)
    return found


def waiting_in(world: World, queue: str) -> int:
    """Count the messages of a queue, hidden and delayed ones too."""
    names = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    )
    asked = world.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=list(names))
    return sum(int(asked["Attributes"].get(name, 0)) for name in names)
