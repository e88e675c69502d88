"""What Lambda does: it starts our code, counts runs, keeps logs, repeats what failed."""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from ops.proof.probe import AtLeast, Probe
from ops.proof.world import orders, reading
from ops.proof.world.aws import code_of
from ops.proof.world.reading import Metric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.proof.world.world import World

_SOME = 20
_OF_IMPORTS = ("ImportModuleError", "No module named", "Unable to import")
_API = ("create_order", "get_order", "list_orders", "update_order")


def _all_start(world: World) -> Mapping[str, object]:
    by, since = orders.partner(world), time.time()
    order = orders.place(world, by)["orderId"]
    tag = orders.read(world, by, order).headers.get("etag", "")
    answers = {
        "create_order": orders.post(world, by, orders.example()).status,
        "get_order": orders.read(world, by, order).status,
        "list_orders": world.ask("GET", "/partner/orders?limit=1", by.headers).status,
        "update_order": orders.patch(world, by, order, {"note": "n"}, tag).status,
    }
    worker = reading.group_of(world, "process_order")
    heard = reading.lines(world, worker, since, order, '"message":"message"')
    groups = [reading.group_of(world, name) for name in (*_API, "process_order")]
    return {
        "below 500": sum(status < 500 for status in answers.values()),
        "the worker's lines": len(heard),
        "errors of an import": sum(_faults(world, group, since) for group in groups),
    }


def _faults(world: World, group: str, since: float) -> int:
    pages = (
        world.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=group, startTime=int(since * 1_000))
    )
    texts = [event["message"] for page in pages for event in page["events"]]
    return sum(any(fault in text for fault in _OF_IMPORTS) for text in texts)


def _roles_are_taken(world: World) -> Mapping[str, object]:
    seen = _all_start(world)
    return {
        "functions that ran": seen["below 500"],
        "a worker that ran": seen["the worker's lines"],
    }


def _logged(world: World) -> Mapping[str, object]:
    by, since = orders.partner(world), time.time()
    answers = [
        world.ask("GET", f"/partner/orders/{uuid.uuid4()}", by.headers) for _ in range(_SOME)
    ]
    ids = {answer.request_id for answer in answers}
    group = reading.group_of(world, "get_order")
    lines = reading.lines(world, group, since, '"message":"request"', least=_SOME)
    ours = [line for line in lines if line.get("requestId") in ids]
    return {"requests": len(ids), "lines": len(ours)}


def _throttle(world: World) -> Mapping[str, object]:
    name, since = world.function("create_parameters"), time.time()
    client = world.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        world.pause(10 * world.pace)
        refused = [
            code_of(lambda: client.invoke(FunctionName=name, Payload=b"{}")) for _ in range(3)
        ]
    finally:
        client.delete_function_concurrency(FunctionName=name)
    of = {"FunctionName": name}
    throttles = reading.sum_of(world, Metric("AWS/Lambda", "Throttles", of), since, least=3)
    runs = reading.values(world, Metric("AWS/Lambda", "Invocations", of), since)
    return {
        "refused": refused.count("TooManyRequestsException"),
        "Throttles": throttles,
        "Invocations": sum(runs.values()),
    }


def _environments(world: World) -> Mapping[str, object]:
    by, since = orders.partner(world), time.time()
    event = json.dumps({"prove": world.run}).encode()
    name, number = world.function("get_order"), 50
    client = world.client("lambda")

    def one(_: int) -> bytes:
        answer = client.invoke(FunctionName=name, Payload=event, LogType="Tail")
        return base64.b64decode(answer.get("LogResult", ""))

    began = time.monotonic()
    tails = world.at_once(number, one)
    seconds = time.monotonic() - began
    group = reading.group_of(world, "get_order")
    streams = world.client("logs").describe_log_streams(
        logGroupName=group, orderBy="LastEventTime", descending=True, limit=50
    )["logStreams"]
    fresh = [each for each in streams if each.get("creationTime", 0) >= since * 1_000]
    del by
    return {
        "calls": len(tails),
        "environments": len(fresh),
        "starts": sum(b"Init Duration" in tail for tail in tails),
        "seconds": round(seconds, 1),
    }


def _repeated(world: World) -> Mapping[str, object]:
    name, since = world.function("create_parameters"), time.time()
    event = {
        "RequestType": "Update",
        "ResponseURL": f"{world.api_url}/nothing",
        "StackId": "arn:aws:cloudformation:us-east-1:1:stack/prove/1",
        "RequestId": world.run,
        "LogicalResourceId": f"Prove{world.run}",
        "PhysicalResourceId": "prove",
        "ResourceType": "Custom::Parameters",
        "ResourceProperties": {},
    }
    world.client("lambda").invoke(
        FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode()
    )
    metric = Metric("AWS/Lambda", "Invocations", {"FunctionName": name})
    world.pause(240)
    return {"runs": reading.sum_of(world, metric, since, least=3)}


def _retries(world: World) -> Mapping[str, object]:
    by = orders.partner(world, "refusing", world.refusing_url)
    since, order = time.time(), orders.place(world, by)["orderId"]
    group = reading.group_of(world, "notify_partner")
    lines = reading.lines(world, group, since, order, '"outcome":"retry"')
    denied = reading.lines(world, group, since, "AccessDenied", least=0)
    return {"lines with retry": len(lines), "AccessDenied": len(denied)}


def _postponed(world: World) -> Mapping[str, object]:
    by = orders.partner(world, "refusing", world.refusing_url)
    since, order = time.time(), orders.place(world, by)["orderId"]
    group = reading.group_of(world, "notify_partner")
    wanted = (order, '"outcome":"retry"', f'"eventId":"{order}.1"')
    lines: list[dict[str, Any]] = []
    deadline = time.monotonic() + (700 if world.local is None else 60)
    while len(lines) < 3 and time.monotonic() < deadline:
        lines = reading.lines(world, group, since, *wanted, least=3)
    times = sorted(line["timestamp"] for line in lines)
    if len(times) < 3:
        return {"tries": len(times), "first pause": 0.0, "second pause": 0.0}
    return {
        "tries": len(times),
        "first pause": _between(times[0], times[1]),
        "second pause": _between(times[1], times[2]),
    }


def _between(one: str, other: str) -> float:
    import datetime as dt  # noqa: PLC0415 - one probe needs it

    first, second = dt.datetime.fromisoformat(one), dt.datetime.fromisoformat(other)
    return round((second - first).total_seconds(), 1)


def _heartbeat(world: World) -> Mapping[str, object]:
    metric = Metric(
        "AWS/Lambda", "Invocations", {"FunctionName": world.function("place_heartbeat")}
    )
    since = time.time()
    world.pause(900)
    return {"runs in a quarter of an hour": reading.sum_of(world, metric, since, least=2)}


def _trusted(world: World) -> Mapping[str, object]:
    name = world.function("place_heartbeat")
    metric = Metric("AWS/Lambda", "Invocations", {"FunctionName": name})
    return {"runs": reading.sum_of(world, metric, time.time() - 1_800, seconds=600)}


PROBES = (
    Probe(
        claim="nothing-but-our-code",
        look=_all_start,
        expected={"below 500": 4, "the worker's lines": AtLeast(1), "errors of an import": 0},
        seconds=90,
    ),
    Probe(
        claim="lambda-trusts-with-account",
        look=_roles_are_taken,
        expected={"functions that ran": 4, "a worker that ran": AtLeast(1)},
        seconds=90,
    ),
    Probe(
        claim="logs-of-a-run",
        look=_logged,
        expected={"requests": _SOME, "lines": _SOME},
        seconds=90,
    ),
    Probe(
        claim="function-metrics",
        look=_throttle,
        expected={"refused": 3, "Throttles": AtLeast(3), "Invocations": 0},
        seconds=240,
        alone=True,
    ),
    Probe(
        claim="an-environment-a-request",
        look=_environments,
        expected={"calls": 50, "environments": AtLeast(25)},
        seconds=60,
        alone=True,
        emulator="It runs one of a few processes.",
    ),
    Probe(
        claim="asynchronous-calls-are-repeated",
        look=_repeated,
        expected={"runs": AtLeast(3)},
        seconds=500,
        emulator="It makes an asynchronous call once.",
    ),
    Probe(
        claim="a-batch-needs-the-permission-for-one",
        look=_retries,
        expected={"lines with retry": AtLeast(1), "AccessDenied": 0},
        seconds=120,
    ),
    Probe(
        claim="postponed-by-the-worker",
        look=_postponed,
        expected={
            "tries": AtLeast(3),
            "first pause": AtLeast(1),
            "second pause": AtLeast(4),
        },
        seconds=700,
    ),
    Probe(
        claim="schedule-calls",
        aside=True,
        look=_heartbeat,
        expected={"runs in a quarter of an hour": AtLeast(2)},
        seconds=1_200,
        emulator="Its stage dev has no heartbeat.",
    ),
    Probe(
        claim="schedule-trusts-with-group",
        aside=True,
        look=_trusted,
        expected={"runs": AtLeast(1)},
        seconds=600,
        emulator="Its stage dev has no heartbeat.",
    ),
)
"""Each with what is seen where its claim holds."""
