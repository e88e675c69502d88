"""What carries an order's change: the stream's pipe, the topic, the queues and their filters."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

from infrastructure import outputs
from ops.dead_letters import letters as dead_letters
from ops.dead_letters import queues
from ops.dead_letters.redrive import redrive
from ops.proof.probe import AtLeast, AtMost, Probe
from ops.proof.world import orders, reading
from ops.proof.world.cannot_tell import CannotTell
from ops.proof.world.reading import Metric
from project.json_object import json_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ops.proof.world.world import World

_PROCESSING = "order_processing"
_SECONDS = 60.0


@contextlib.contextmanager
def listening(world: World, topic: str, *, raw: bool = False) -> Iterator[str]:
    """Have a queue of the run's own hear a topic; gives its URL."""
    sqs, sns, name = world.client("sqs"), world.client("sns"), f"prove-{uuid.uuid4().hex[:8]}"
    url = str(sqs.create_queue(QueueName=name)["QueueUrl"])
    subscription = ""
    try:
        arn = queues.arn(sqs, url)
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        subscription = sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"RawMessageDelivery": str(raw).lower()},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        yield url
    finally:
        if subscription:
            sns.unsubscribe(SubscriptionArn=subscription)
        sqs.delete_queue(QueueUrl=url)


def received(world: World, url: str, seconds: float, wanted: str) -> list[str]:
    """Receive from a queue until a body holds a text, or the time is over; gives all bodies."""
    found: list[str] = []

    def enough() -> bool:
        page = world.client("sqs").receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1
        )
        for message in page.get("Messages", []):
            found.append(message["Body"])
            world.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return any(wanted in body for body in found)

    world.until(enough, seconds, every=1)
    return found


def _one_record(world: World) -> Mapping[str, object]:
    by = orders.partner(world)
    with listening(world, world.output(outputs.ORDER_CHANGES_TOPIC)) as url:
        world.pause(5 * world.pace)
        order = orders.place(world, by)["orderId"]
        bodies = received(world, url, _SECONDS, order)
    ours = [body for body in bodies if order in body]
    if not ours:
        raise CannotTell("No change of the order came to the queue within a minute.")
    record = json_object((json_object(ours[0]) or {}).get("Message", "")) or {}
    image = record.get("dynamodb", {}).get("NewImage", {})
    return {
        "is one record": record.get("eventName", "") == "INSERT",
        "of the order": image.get("orderId", {}).get("S", "") == order,
        "whole": {"items", "status", "customerId"} <= image.keys(),
    }


def _by_the_pipe(world: World) -> Mapping[str, object]:
    by = orders.partner(world)
    pipe = world.client("pipes").describe_pipe(Name=world.output(outputs.ORDER_CHANGES_PIPE))
    return {"state": pipe["CurrentState"], "heard": len(_heard(world, "process_order", by))}


def _heard(world: World, function: str, by: Any, **changes: Any) -> list[dict[str, Any]]:
    """Place an order, and give the lines of a function about it."""
    since, order = time.time(), orders.place(world, by, **changes)["orderId"]
    group = reading.group_of(world, function)
    return reading.lines(world, group, since, order, '"message":"message"')


def _filtered(world: World) -> Mapping[str, object]:
    partner, customer = orders.partner(world), world.callers.person("customer")
    since = time.time()
    theirs = orders.place(world, partner)["orderId"]
    own = orders.place(world, customer)["orderId"]
    told = {"partner's": theirs, "customer's": own}
    seen: dict[str, object] = {}
    for function in ("process_order", "notify_partner"):
        group = reading.group_of(world, function)
        for name, order in told.items():
            least = 0 if (function, name) == ("notify_partner", "customer's") else 1
            lines = reading.lines(world, group, since, order, '"message":"message"', least=least)
            seen[f"{function} of a {name}"] = len({line["messageId"] for line in lines})
    return seen


def _pipe_counts(world: World) -> Mapping[str, object]:
    by, since = orders.partner(world), time.time()
    for _ in range(5):
        orders.place(world, by)
    of = {"PipeName": world.output(outputs.ORDER_CHANGES_PIPE)}
    metric = Metric("AWS/EventBridge/Pipes", "Invocations", of)
    return {"changes": 5, "Invocations": reading.sum_of(world, metric, since, least=1)}


def _topic_counts(world: World) -> Mapping[str, object]:
    by, since = orders.partner(world), time.time()
    for _ in range(5):
        orders.place(world, by)
    name = world.output(outputs.ORDER_CHANGES_TOPIC).rpartition(":")[2]
    metric = Metric("AWS/SNS", "NumberOfMessagesPublished", {"TopicName": name})
    published = reading.sum_of(world, metric, since, least=5)
    return {"placed": 5, "NumberOfMessagesPublished": published}


def _queue_counts(world: World) -> Mapping[str, object]:
    url, since = world.output(outputs.dead_letters("restaurant_notifications")), time.time()
    sqs = world.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"prove": world.run}))
    of = {"QueueName": url.rpartition("/")[2]}
    metric = Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", of)
    try:
        visible = reading.sum_of(world, metric, since, seconds=1_100)
    finally:
        received(world, url, 20, world.run)
    return {"visible": visible, "seconds": round(time.time() - since)}


def _partial(world: World) -> Mapping[str, object]:
    by, group = orders.partner(world, "refusing", world.refusing_url), "notify_partner"
    with listening(world, world.output(outputs.ORDER_CHANGES_TOPIC), raw=True) as url:
        world.pause(5 * world.pace)
        order = orders.place(world, by)["orderId"]
        bodies = [body for body in received(world, url, _SECONDS, order) if order in body]
    if not bodies:
        raise CannotTell("No change of the order came to the queue within a minute.")
    since, deleted = time.time(), json.dumps({"eventName": "REMOVE", "dynamodb": {"Keys": {}}})
    sent = world.client("sqs").send_message_batch(
        QueueUrl=world.output(outputs.PARTNER_RETRIES),
        Entries=[
            {"Id": str(number), "MessageBody": body, "MessageGroupId": world.run}
            for number, body in enumerate([bodies[0], *[deleted] * 9])
        ],
    )["Successful"]
    ids = {each["Id"]: each["MessageId"] for each in sent}
    bad, good = ids["0"], [number for name, number in ids.items() if name != "0"]
    lines = reading.lines(world, reading.group_of(world, group), since, bad, least=2, seconds=600)
    every = reading.lines(world, reading.group_of(world, group), since, '"messageId"', least=0)
    times = Counter(line.get("messageId") for line in every)
    return {
        "tries of the bad one": len(lines),
        "the good ones": len(good),
        "tries of them": sum(times[each] for each in good),
    }


def _redriven(world: World) -> Mapping[str, object]:
    main = world.output(outputs.queue(_PROCESSING))
    dead = world.output(outputs.dead_letters(_PROCESSING))
    by = orders.partner(world)
    world.pause(10)  # what came before is older than what is looked for
    sqs, since = world.client("sqs"), time.time()
    order = orders.place(world, by)["orderId"]
    body = json.dumps({"eventName": "REMOVE", "dynamodb": {"Keys": {"orderId": {"S": order}}}})
    sqs.send_message(QueueUrl=dead, MessageBody=body)
    world.pause(5)
    arns = {"SourceArn": queues.arn(sqs, dead), "DestinationArn": queues.arn(sqs, main)}
    sqs.start_message_move_task(**arns)
    group = reading.group_of(world, "process_order")
    lines = reading.lines(world, group, since, '"outcome":"deleted"')
    return {"processed": len(lines), "left": reading.waiting_in(world, dead)}


def _stands_still(world: World) -> Mapping[str, object]:
    by, name = orders.partner(world), world.output(outputs.ORDER_CHANGES_PIPE)
    pipes, minutes = world.client("pipes"), 8.0
    pipes.stop_pipe(Name=name)
    try:
        _reached(world, name, "STOPPED")
        order = orders.place(world, by)["orderId"]
        world.pause(minutes * 60 * (1 if world.local is None else 0.003))
        before = orders.status_of(world, by, order)
    finally:
        pipes.start_pipe(Name=name)
    _reached(world, name, "RUNNING")
    group = reading.group_of(world, "process_order")
    lines = reading.lines(world, group, time.time() - 60, order, '"message":"message"')
    return {"while it stood": before, "processed after that": len(lines)}


def _reached(world: World, pipe: str, state: str) -> None:
    pipes = world.client("pipes")
    if not world.until(lambda: pipes.describe_pipe(Name=pipe)["CurrentState"] == state, 240):
        raise CannotTell(f"The pipe was not {state} after four minutes.")


def _pipe_fails(world: World) -> Mapping[str, object]:
    by, iam = orders.partner(world), world.client("iam")
    letters = world.output(outputs.PIPE_DEAD_LETTERS)
    pipe = world.client("pipes").describe_pipe(Name=world.output(outputs.ORDER_CHANGES_PIPE))
    name, role = f"prove-{world.run}", pipe["RoleArn"].rpartition("/")[2]
    denied = {"Effect": "Deny", "Action": "sns:Publish", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=policy)
    try:
        world.pause(60)
        order = orders.place(world, by)["orderId"]
        world.until(lambda: reading.waiting_in(world, letters), 4_000, every=30)
        before = orders.status_of(world, by, order)
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    world.pause(60)
    found = dead_letters.look(world.target, dead_letters.QUEUES["pipe"], limit=10).letters
    report = dead_letters.Report("pipe", len(found))
    redrive(world.target, dead_letters.QUEUES["pipe"], report, lambda _: None)
    after = world.until(lambda: orders.status_of(world, by, order) != "PLACED", 120)
    return {
        "dead letters": len(found),
        "of them with a place": sum(letter.place is not None for letter in found),
        "the order meanwhile": before,
        "sent back": report.done,
        "then confirmed": after,
    }


def _latency(world: World) -> Mapping[str, object]:
    by, since = orders.partner(world), time.time()
    for _ in range(20):
        orders.place(world, by)
        world.pause(1 * world.pace)
    of = {"service": "orders", "stage": world.target.stage}
    metric = Metric("FoodDelivery/Orders", "StreamLatency", of)

    def seen() -> list[float]:
        return list(reading.values(world, metric, since, "p95").values())

    found = world.until(seen, reading.METRIC_SECONDS, every=15)
    if not found:
        raise CannotTell("There was no StreamLatency after seven minutes.")
    return {"p95 in milliseconds": round(max(found))}


def _another_topic(world: World) -> Mapping[str, object]:
    sns, sqs = world.client("sns"), world.client("sqs")
    queue = world.output(outputs.queue(_PROCESSING))
    topic = sns.create_topic(Name=f"prove-{world.run}")["TopicArn"]
    since = time.time()
    try:
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queues.arn(sqs, queue))
        world.pause(10)
        sns.publish(TopicArn=topic, Message=f"stranger {world.run}")
        world.pause(30)
    finally:
        sns.delete_topic(TopicArn=topic)
    group = reading.group_of(world, "process_order")
    lines = reading.lines(world, group, since, '"malformed"', least=0)
    by = orders.partner(world)
    return {"of a stranger's topic": len(lines), "of ours": len(_heard(world, "process_order", by))}


PROBES = (
    Probe(
        claim="pipe-one-record-a-message",
        look=_one_record,
        expected={"is one record": True, "of the order": True, "whole": True},
        seconds=60,
    ),
    Probe(
        claim="pipe-trusts-with-account",
        look=_by_the_pipe,
        expected={"state": "RUNNING", "heard": AtLeast(1)},
        seconds=60,
    ),
    Probe(
        claim="filter-on-bodies",
        look=_filtered,
        expected={
            "process_order of a partner's": 1,
            "process_order of a customer's": 1,
            "notify_partner of a partner's": AtLeast(1),
            "notify_partner of a customer's": 0,
        },
        seconds=90,
    ),
    Probe(
        claim="pipe-metrics",
        look=_pipe_counts,
        expected={"changes": 5, "Invocations": AtLeast(1)},
        seconds=240,
    ),
    Probe(
        claim="topic-metrics",
        look=_topic_counts,
        expected={"placed": 5, "NumberOfMessagesPublished": AtLeast(5)},
        seconds=240,
    ),
    Probe(
        claim="queue-metrics",
        aside=True,
        look=_queue_counts,
        expected={"visible": AtLeast(1), "seconds": AtMost(18 * 60)},
        seconds=1_080,
    ),
    Probe(
        claim="partial-batches",
        look=_partial,
        expected={"tries of the bad one": AtLeast(2), "the good ones": 9, "tries of them": 9},
        seconds=600,
    ),
    Probe(
        claim="queues-redrive-themselves",
        look=_redriven,
        expected={"processed": AtLeast(1), "left": 0},
        seconds=90,
        alone=True,
        emulator="It has no StartMessageMoveTask.",
    ),
    Probe(
        claim="stream-keeps-a-day",
        seconds=620,
        look=_stands_still,
        expected={
            "while it stood": "PLACED",
            "processed after that": AtLeast(1),
        },
        alone=True,
    ),
    Probe(
        claim="pipe-role-and-retries",
        look=_pipe_fails,
        expected={
            "dead letters": AtLeast(1),
            "of them with a place": AtLeast(1),
            "the order meanwhile": "PLACED",
            "sent back": AtLeast(1),
            "then confirmed": True,
        },
        seconds=2_400,
        alone=True,
        emulator="Its pipe has no dead letters.",
    ),
    Probe(
        claim="stream-to-worker-in-seconds",
        look=_latency,
        expected={"p95 in milliseconds": AtMost(2_000)},
        seconds=300,
        emulator="Its times mean nothing.",
    ),
    Probe(
        claim="only-our-topic-fills-the-queues",
        look=_another_topic,
        expected={"of a stranger's topic": 0, "of ours": AtLeast(1)},
        seconds=120,
        emulator="Its roles are not enforced.",
    ),
)
"""Each with what is seen where its claim holds."""
