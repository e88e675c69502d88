"""What CloudWatch and X-Ray keep: figures by the minute, metrics of logs, pages, traces."""

from __future__ import annotations

import datetime as dt
import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from infrastructure import outputs
from ops.proof.probe import AtLeast, AtMost, Probe
from ops.proof.probes.messages import listening
from ops.proof.probes.requests import gateway_metric
from ops.proof.world import orders, reading
from ops.proof.world.cannot_tell import CannotTell
from ops.proof.world.reading import Metric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.proof.world.world import World

_LINES = 10_001
_AT_ONCE = 5_000
_REQUESTS = 400


def _minutes(world: World) -> Mapping[str, object]:
    metric, since = gateway_metric(world, "Count"), time.time()
    for _ in range(18):
        world.ask("GET", "/health")
        world.pause(10 * world.pace * world.pace)
    reading.sum_of(world, metric, since, least=18)
    values = reading.values(world, metric, since)
    return {
        "minutes with a value": len(values),
        "of them not full ones": sum(bool(at.second) for at in values),
        "requests in them": sum(values.values()),
    }


def _embedded(world: World) -> Mapping[str, object]:
    by, since = orders.partner(world), time.time()
    for _ in range(10):
        orders.place(world, by)
    of = {"service": "orders", "stage": world.target.stage}
    group = {"LogGroupName": reading.group_of(world, "create_order")}
    created = Metric("FoodDelivery/Orders", "OrdersCreated", of)
    incoming = Metric("AWS/Logs", "IncomingBytes", group)
    return {
        "placed": 10,
        "OrdersCreated": reading.sum_of(world, created, since, least=10),
        "IncomingBytes": reading.sum_of(world, incoming, since),
    }


def _pages(world: World) -> Mapping[str, object]:
    logs, group = world.client("logs"), f"/prove/{world.run}"
    logs.create_log_group(logGroupName=group)
    try:
        logs.create_log_stream(logGroupName=group, logStreamName="s")
        now = int(time.time() * 1_000)
        every = [
            {"timestamp": now + number // 3, "message": f"line {number}"}
            for number in range(_LINES)
        ]
        for first in range(0, _LINES, _AT_ONCE):
            logs.put_log_events(
                logGroupName=group, logStreamName="s", logEvents=every[first : first + _AT_ONCE]
            )
        found: list[list[str]] = []

        def all_there() -> bool:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
            found[:] = [[event["message"] for event in page["events"]] for page in pages]
            return sum(map(len, found)) >= _LINES

        world.until(all_there, 120, every=10)
    finally:
        logs.delete_log_group(logGroupName=group)
    lines = [line for page in found for line in page]
    return {"pages": len(found), "lines": len(lines), "different ones": len(set(lines))}


def _traced_message(world: World) -> Mapping[str, object]:
    topic = world.output(outputs.ORDER_CHANGES_TOPIC)
    root = reading.begin_trace()
    with listening(world, topic, raw=True) as url:
        world.pause(5 * world.pace)
        publish_traced(world, topic, root.header, json.dumps({"prove": world.run}))
        header = world.until(lambda: _header_of(world, url, world.run), 60, every=1)
    found = reading.segments(world, root.id, _has_topic, seconds=90 if world.local is None else 5)
    return {
        "the queue's header": root.id in (header or ""),
        "a segment of the topic": _has_topic(found),
    }


def publish_traced(world: World, topic: str, header: str, message: str) -> None:
    """Publish a message as a traced client does: with the tracing header."""
    sns = world.client("sns")

    def add(request: Any, **_: Any) -> None:
        request.headers["X-Amzn-Trace-Id"] = header

    sns.meta.events.register("before-sign.sns.Publish", add)
    try:
        sns.publish(TopicArn=topic, Message=message)
    finally:
        sns.meta.events.unregister("before-sign.sns.Publish", add)


def _header_of(world: World, url: str, wanted: str) -> str | None:
    page = world.client("sqs").receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=1,
        MessageSystemAttributeNames=["AWSTraceHeader"],
    )
    for message in page.get("Messages", []):
        if wanted in message["Body"]:
            return str(message.get("Attributes", {}).get("AWSTraceHeader", "none"))
    return None


def _has_topic(segments: list[dict[str, Any]]) -> bool:
    return any("SNS" in str(each.get("origin", "")) for each in segments)


def _topic_traces(world: World) -> Mapping[str, object]:
    return {"a segment of the topic": _traced_message(world)["a segment of the topic"]}


def _summaries(world: World, since: float, wanted: str) -> int:
    pages = (
        world.client("xray")
        .get_paginator("get_trace_summaries")
        .paginate(
            StartTime=dt.datetime.fromtimestamp(since, dt.UTC),
            EndTime=dt.datetime.now(dt.UTC),
            FilterExpression=wanted,
        )
    )
    return sum(len(page["TraceSummaries"]) for page in pages)


def _sampled(world: World) -> Mapping[str, object]:
    since, marker = time.time(), f"/nothing/{world.run}"
    for _ in range(_REQUESTS):
        world.ask("GET", marker)
    wanted = f'http.url CONTAINS "{marker}"'
    world.until(lambda: _summaries(world, since, wanted) > _REQUESTS / 25, 120, every=15)
    return {"requests": _REQUESTS, "recorded": _summaries(world, since, wanted)}


def _workers(world: World) -> Mapping[str, object]:
    by, since, traces = orders.partner(world), time.time(), []
    for _ in range(20):
        answer = orders.post(world, by, orders.example())
        header = answer.headers.get("x-amzn-trace-id", "")
        traces += [part[5:] for part in header.split(";") if part.startswith("Root=")]
        world.pause(1)
    if len(traces) < 20:
        raise CannotTell("Answers carried no X-Amzn-Trace-Id.")

    def recorded() -> int:
        wanted = (f'annotation.requestTraceId = "{trace}"' for trace in traces)
        return sum(_summaries(world, since, each) > 0 for each in wanted)

    world.until(lambda: recorded() >= 15, 150, every=30)
    return {"orders": len(traces), "recorded": recorded()}


def _queries(world: World) -> Mapping[str, object]:
    logs, stack = world.client("logs"), world.target.stack
    found = [
        one
        for one in logs.describe_query_definitions(maxResults=1000)["queryDefinitions"]
        if stack in one["name"] or any(stack in group for group in one.get("logGroupNames", []))
    ]
    states = []
    for one in found:
        started = logs.start_query(
            logGroupNames=one["logGroupNames"],
            queryString=one["queryString"],
            startTime=int(time.time()) - 3_600,
            endTime=int(time.time()),
        )
        query = started["queryId"]
        states.append(world.until(partial(_ended, logs, query), 60, every=2))
    drawn = world.client("cloudwatch").list_dashboards(DashboardNamePrefix=stack)
    return {
        "dashboards": len(drawn["DashboardEntries"]),
        "queries": len(states),
        "not complete": sum(state != "Complete" for state in states),
    }


def _ended(logs: Any, query: str) -> str:
    status = str(logs.get_query_results(queryId=query)["status"])
    return "" if status in ("Scheduled", "Running") else status


def _alarm_tells(world: World) -> Mapping[str, object]:
    cloudwatch, since = world.client("cloudwatch"), time.time()
    alarm = cloudwatch.describe_alarms(AlarmNamePrefix=f"{world.target.stack}-")["MetricAlarms"][0]
    (topic, *_) = alarm["AlarmActions"]
    cloudwatch.set_alarm_state(
        AlarmName=alarm["AlarmName"], StateValue="ALARM", StateReason="orders prove"
    )
    metric = Metric("AWS/SNS", "NumberOfMessagesPublished", {"TopicName": topic.rpartition(":")[2]})
    return {"published": reading.sum_of(world, metric, since)}


_RECORDS_ALL = "It records what asks for it, and samples nothing."

PROBES = (
    Probe(
        claim="minutes-of-figures",
        look=_minutes,
        expected={
            "minutes with a value": AtLeast(1),
            "of them not full ones": 0,
            "requests in them": AtLeast(18),
        },
        seconds=420,
    ),
    Probe(
        claim="embedded-metrics",
        look=_embedded,
        expected={"placed": 10, "OrdersCreated": AtLeast(10), "IncomingBytes": AtLeast(1)},
        seconds=240,
    ),
    Probe(
        claim="log-pages",
        look=_pages,
        expected={"pages": AtLeast(2), "lines": _LINES, "different ones": _LINES},
        seconds=60,
    ),
    Probe(
        claim="traces-through-messages",
        look=_traced_message,
        expected={"the queue's header": True},
        seconds=150,
    ),
    Probe(
        claim="topic-may-trace",
        look=_topic_traces,
        expected={"a segment of the topic": True},
        seconds=150,
    ),
    Probe(
        claim="sampling-where-it-begins",
        look=_sampled,
        expected={"requests": _REQUESTS, "recorded": AtMost(_REQUESTS / 4)},
        seconds=200,
        alone=True,
        emulator=_RECORDS_ALL,
    ),
    Probe(
        claim="workers-decide-themselves",
        look=_workers,
        expected={"orders": 20, "recorded": AtLeast(15)},
        seconds=240,
        emulator=_RECORDS_ALL,
    ),
    Probe(
        claim="dashboard-and-queries",
        look=_queries,
        expected={"dashboards": AtLeast(1), "queries": AtLeast(1), "not complete": 0},
        seconds=90,
        emulator="It runs no queries.",
    ),
    Probe(
        claim="alarms-reach-the-topic",
        look=_alarm_tells,
        expected={"published": AtLeast(1)},
        seconds=300,
        emulator="Its alarms publish nothing by their state.",
    ),
)
"""Each with what is seen where its claim holds."""
