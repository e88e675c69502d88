"""Situations, as the metrics that CloudWatch would get of them: what the alarms are proven with.

    template ─► Stage: the names under which its resources are measured
    scenario ─► Conditions before and after something happens, here and in the account's other stage
    both     ─► Recorded: samples of every minute, as AWS and our code would have sent them

Nothing is left to chance: requests come evenly through the busy hours, at the rates of
`ops.costs.traffic`, and one of a hundred fails when one of a hundred is said to. What chance adds,
`tests.alarms.chances` computes. What is not sent matters as much as what is: a function that is not
called has no errors, not zero of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudwatch.alarms import Metric, Recorded, text
from infrastructure.functions import (
    LIVE,
    NOTIFICATIONS,
    NOTIFYING,
    PROCESSING,
    QUEUES,
    RESTAURANTS,
    Caller,
    names,
    queues_of,
)
from infrastructure.settings import STAGES
from ops.costs.traffic import DAYS, TableUse, Traffic
from orders.heartbeat import REQUESTS
from orders.metrics import NAMESPACE, ORDERS_CREATED, ORDERS_UNANSWERED, dimensions_of
from orders.settings import RETRY_SECONDS, STAGE, WAIT_SPREAD, WEBHOOK_WAITS, longest_wait

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cloudwatch.alarms import Contributions, Minutes
    from infrastructure.functions import Queue

    Resources = Mapping[str, Mapping[str, Any]]
    _Series = Mapping[Any, dict[int, dict[Any, float]]]


TRAFFIC = Traffic(orders_per_day=STAGES["prod"].budget.orders_per_day)
"""The load of a day."""

_TOLD_TO_SERVERS = TRAFFIC.served_webhooks / TRAFFIC.events
"""Of each change, so many messages to whoever serves the order."""

_PROD = STAGES["prod"]
_HOURS = _PROD.opening_hours
assert _HOURS is not None  # prod has all that a stage may have
OPENS, CLOSES = _HOURS.opens, _HOURS.closes
"""Hours of the day, UTC; those of prod, and the load of every stage keeps them."""

(HEARTBEAT,) = names(Caller.SCHEDULE)
(SIGN_IN,) = names(Caller.SIGN_IN)

SIGN_INS = 2
"""A minute, renewals included, in busy hours."""

HEARTBEAT_MINUTES = _PROD.heartbeat_minutes or 0
"""How often our own order is placed, by the function HEARTBEAT."""

QUEUE_WAKES = 15
"""Minutes, at most, until SQS measures a queue that was not used.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-monitoring-using-cloudwatch.html
"""

QUEUE_SLEEPS = 6 * 60
"""Minutes after which SQS measures an unused queue no longer (as above)."""

MIDNIGHT = 29_400_480
"""The minute, counted from 1970, at which a Monday begins: 2025-11-24, 00:00 UTC."""

GATEWAY_MS = 25
"""What API Gateway and the way to the function add to a request."""


class Stage(NamedTuple):
    """The names under which the resources of a template are measured, as `text` writes them.

    Args:
        api: dimensions of the API's stage.
        functions: by module.
        reserved: concurrent executions reserved, by function.
        queues: by the names that they have in endpoints.json.
        dead: the dead-letter queues, likewise, and the pipe's as `pipe`.
        retries: the queue in which webhooks wait for their next try.
        dies_after: minutes from a message's first try to its death, by queue: when the worker
            says itself that it failed, and when it is killed.
        tables: by partition key.
        indexes: the table of each index.
        ceiling: the most units a second of a table or index.
        pipe: its name.
        topic: the name of the one that it tells.
        rule: the rule of Contributor Insights.
        own: dimensions of the metrics that its functions write.
        people: dimensions of the user pool.
        firewall: those of its web ACL's rules together; empty where there is none.
    """

    api: Mapping[str, str]
    functions: Mapping[str, str]
    reserved: Mapping[str, int]
    queues: Mapping[str, str]
    dead: Mapping[str, str]
    retries: str
    dies_after: Mapping[str, tuple[int, int]]
    tables: Mapping[str, str]
    indexes: Mapping[str, str]
    ceiling: float
    pipe: str
    topic: str
    rule: str
    own: Mapping[str, str]
    people: Mapping[str, str]
    firewall: Mapping[str, str]


def stage_of(resources: Resources) -> Stage:
    """Find what is measured in the Resources of a template."""
    functions = dict(_functions(resources))
    tables = {
        resource["Properties"]["KeySchema"][0]["AttributeName"]: (name, resource["Properties"])
        for name, resource in _of(resources, "DynamoDB::GlobalTable")
    }
    queues = {queue.name: _queue_of(resources, functions, queue) for queue in QUEUES}
    ((pipe_name, pipe),) = _of(resources, "Pipes::Pipe")
    ((_, api),) = _of(resources, "ApiGateway::RestApi")
    ((_, api_stage),) = _of(resources, "ApiGateway::Stage")
    ((_, rule),) = _of(resources, "CloudWatch::InsightRule")
    source = pipe["Properties"]["SourceParameters"]["DynamoDBStreamParameters"]
    pipe_dead = _named(resources, text(source["DeadLetterConfig"]["Arn"]))
    return Stage(
        api={
            "ApiName": text(api["Properties"]["Name"]),
            "Stage": text(api_stage["Properties"]["StageName"]),
        },
        functions=functions,
        reserved=_reserved(resources, functions),
        queues={name: _queue_name(resources, queue) for name, queue in queues.items()},
        dead={
            **{name: _queue_name(resources, _dead(resources, q)) for name, q in queues.items()},
            "pipe": _queue_name(resources, pipe_dead),
        },
        retries=_queue_name(resources, _retries_of(resources, functions["notify_partner"])),
        dies_after={
            queue.name: _dies_after(resources, functions[queue.feeds], queues[queue.name])
            for queue in QUEUES
        },
        tables={key: text(table.get("TableName", name)) for key, (name, table) in tables.items()},
        indexes={
            index["IndexName"]: text(table.get("TableName", name))
            for name, table in tables.values()
            for index in table.get("GlobalSecondaryIndexes", ())
        },
        ceiling=_ceiling(next(table for _, table in tables.values())),
        pipe=text(pipe["Properties"].get("Name", pipe_name)),
        topic=text({"Fn::GetAtt": [pipe["Properties"]["Target"]["Ref"], "TopicName"]}),
        rule=text(rule["Properties"]["RuleName"]),
        own=dimensions_of(_variables(resources, functions["create_order"])[STAGE]),
        people=_people(resources),
        firewall=_firewall(resources),
    )


def _people(resources: Resources) -> dict[str, str]:
    kinds = ("UserPool", "UserPoolClient")
    return {kind: next(name for name, _ in _of(resources, f"Cognito::{kind}")) for kind in kinds}


def _firewall(resources: Resources) -> dict[str, str]:
    for _, acl in _of(resources, "WAFv2::WebACL"):
        name = acl["Properties"]["VisibilityConfig"]["MetricName"]
        return {"WebACL": name, "Rule": "ALL", "Region": _PROD.region}
    return {}


def beside(resources: Resources) -> Resources:
    """Give the Resources of the account's other stage, under other ids.

    What AWS names is named apart in each stack; what we name ourselves keeps its name, and is the
    same thing here as there if the two names are one.
    """
    found: Resources = _renamed(dict(resources), set(resources))
    return {f"Other{name}": resource for name, resource in found.items()}


def _renamed(node: Any, ids: set[str]) -> Any:
    match node:
        case {"Ref": str(name)} if name in ids:
            return {"Ref": f"Other{name}"}
        case {"Fn::GetAtt": [name, *rest]} if name in ids:
            return {"Fn::GetAtt": [f"Other{name}", *rest]}
        case dict():
            return {key: _renamed(value, ids) for key, value in node.items()}
        case list():
            return [_renamed(value, ids) for value in node]
    return node


def _of(resources: Resources, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return (pair for pair in resources.items() if pair[1]["Type"] == f"AWS::{kind}")


def _functions(resources: Resources) -> Iterator[tuple[str, str]]:
    """Give the measured name of each of our functions, by module; its Ref is its name."""
    for name, function in _of(resources, "Lambda::Function"):
        match str(function["Properties"].get("Handler", "")).split("."):
            case ["orders", "handlers", module, "handler"]:
                yield module, text(function["Properties"].get("FunctionName", name))


def _reserved(resources: Resources, functions: Mapping[str, str]) -> dict[str, int]:
    by_name = {name: module for module, name in functions.items()}
    return {
        by_name[name]: function["Properties"]["ReservedConcurrentExecutions"]
        for name, function in _of(resources, "Lambda::Function")
        if name in by_name and "ReservedConcurrentExecutions" in function["Properties"]
    }


def _named(resources: Resources, arn: str) -> str:
    """Give the logical id of a resource by its ARN."""
    name = arn.removesuffix(".Arn")
    assert name in resources, arn
    return name


def _queue_of(resources: Resources, functions: Mapping[str, str], queue: Queue) -> str:
    """Find a queue to which a function's messages come first: that which the topic tells."""
    told = _sources(resources, functions[queue.feeds]) & _told(resources)
    (found,) = (name for name in told if queue.construct_id in name)
    return found


def _retries_of(resources: Resources, function: str) -> str:
    """Find the queue that only the function itself sends to."""
    (queue,) = _sources(resources, function) - _told(resources)
    return queue


def _sources(resources: Resources, function: str) -> set[str]:
    return {
        _named(resources, text(source["Properties"]["EventSourceArn"]))
        for _, source in _of(resources, "Lambda::EventSourceMapping")
        if _called(resources, source["Properties"]["FunctionName"]) == function
    }


def _called(resources: Resources, name: Any) -> str:
    """Give the function that something calls by its alias."""
    return text(resources[name["Ref"]]["Properties"]["FunctionName"])


def _told(resources: Resources) -> set[str]:
    return {
        _named(resources, text(subscription["Properties"]["Endpoint"]))
        for _, subscription in _of(resources, "SNS::Subscription")
        if subscription["Properties"]["Protocol"] == "sqs"
    }


def _dead(resources: Resources, queue: str) -> str:
    policy = resources[queue]["Properties"]["RedrivePolicy"]
    return _named(resources, text(policy["deadLetterTargetArn"]))


def _queue_name(resources: Resources, queue: str) -> str:
    """Give the measured name of a queue; its Ref is its address, so not the name."""
    own = resources[queue].get("Properties", {}).get("QueueName")
    return f"{queue}.QueueName" if own is None else text(own)


def _dies_after(resources: Resources, function: str, queue: str) -> tuple[int, int]:
    properties = resources[queue]["Properties"]
    tries = properties["RedrivePolicy"]["maxReceiveCount"]
    variables = _variables(resources, function)
    said = longest_wait(float(variables[RETRY_SECONDS]))
    if WEBHOOK_WAITS in variables:
        waits = map(float, variables[WEBHOOK_WAITS].split())
        said = max(said, (1 + WAIT_SPREAD) * sum(waits))
    return math.ceil(said / 60), math.ceil(tries * properties["VisibilityTimeout"] / 60)


def _variables(resources: Resources, function: str) -> Mapping[str, str]:
    variables: Mapping[str, str] = resources[function]["Properties"]["Environment"]["Variables"]
    return variables


def _ceiling(table: Mapping[str, Any]) -> float:
    on_demand = table.get("WriteOnDemandThroughputSettings")
    if on_demand is not None:
        return float(on_demand["MaxWriteRequestUnits"])
    scaling = table["WriteProvisionedThroughputSettings"]["WriteCapacityAutoScalingSettings"]
    return float(scaling["MaxCapacity"])


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """How the service does in a minute.

    Args:
        load: of the busy hours' load; there is none in the other hours.
        unreachable: whether no request at all arrives.
        failing: share of calls whose function crashes.
        heartbeat: whether the schedule calls the heartbeat.
        crashes: requests that fail besides, in that minute.
        slow: share of API requests that take a second.
        refused: share of calls that Lambda refuses.
        busy: share of a reservation that is in use.
        killed: whether the workers are killed over each message.
        standing: whether the workers are not called at all.
        repeated: share of webhooks that a partner does not take at the first try.
        retries_stand: whether nobody takes the webhooks that are due for another try.
        sign_in_fails: share of calls in which the function crashes that Cognito asks before it
            makes tokens.
        partner_gone: whether a partner, who has a third of all webhooks, does not answer.
        letters: whether a dead letter has come into each dead-letter queue.
        looked_at: whether somebody asks the dead-letter queues for messages.
        throttled: requests a minute that DynamoDB refuses.
        tables_fail: requests a minute in which DynamoDB itself fails.
        used: share of a table's ceiling that is in use; 0 for what the load takes.
        pipe_fails: whether the pipe's target takes nothing.
        pipe_stands: whether the pipe does nothing at all.
        unanswered: share of served orders that their restaurants do not answer in time.
        sign_ups: people a minute who sign up, beside the one of ten minutes.
        blocked: requests a minute that the firewall blocks, beside the one of a minute.
    """

    load: float = 1
    unreachable: bool = False
    failing: float = 0
    heartbeat: bool = True
    crashes: int = 0
    slow: float = 0
    refused: float = 0
    busy: float = 0
    killed: bool = False
    standing: bool = False
    repeated: float = 0
    partner_gone: bool = False
    retries_stand: bool = False
    sign_in_fails: float = 0
    letters: bool = False
    looked_at: bool = False
    throttled: int = 0
    tables_fail: float = 0
    used: float = 0
    pipe_fails: bool = False
    pipe_stands: bool = False
    unanswered: float = 0
    sign_ups: int = 0
    blocked: int = 0


BACKGROUND = Conditions(failing=0.002, unanswered=0.01)
"""A healthy day: two requests of a thousand fail, of all kinds of reasons; and one restaurant of a
hundred has not looked."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Something that happens.

    Args:
        meaning: for people.
        begins: the hour, UTC, at which it is looked at first.
        before: minutes until it happens, which are healthy.
        healthy: how it is before, and afterwards.
        changed: how it is while it lasts.
        other: how another stage of the account does meanwhile; None where there is none.
        lasts: minutes; None for all the time that is looked at.
        watched: minutes from when it happens that are looked at.
    """

    meaning: str
    begins: int = OPENS + 2
    before: int = 90
    healthy: Conditions = BACKGROUND
    changed: Conditions
    other: Conditions | None = None
    lasts: int | None = None
    watched: int = 120

    @property
    def span(self) -> range:
        """All minutes, from 1970."""
        first = MIDNIGHT + 60 * self.begins
        return range(first, first + self.before + self.watched)

    @property
    def happens(self) -> int:
        """The minute in which it happens."""
        return self.span.start + self.before

    def conditions(self, minute: int) -> Conditions:
        """Say how the service does in a minute."""
        since = minute - self.happens
        going_on = since >= 0 and (self.lasts is None or since < self.lasts)
        found = self.changed if going_on else self.healthy
        return found if _is_open(minute) and not found.unreachable else replace(found, load=0)


def _is_open(minute: int) -> bool:
    hour = minute // 60 % 24
    return OPENS <= hour < CLOSES if OPENS < CLOSES else hour >= OPENS or hour < CLOSES


def _changed(**changes: Any) -> Conditions:
    return replace(BACKGROUND, **changes)


_ALL_AT_ONCE = _changed(
    failing=0.5,
    heartbeat=False,
    slow=0.5,
    refused=0.1,
    busy=1,
    killed=True,
    partner_gone=True,
    retries_stand=True,
    sign_in_fails=1,
    letters=True,
    throttled=10,
    tables_fail=5,
    used=1,
    pipe_fails=True,
    unanswered=1,
    sign_ups=100,
    blocked=100,
)
"""Whatever can go wrong while there are requests."""

SCENARIOS: Mapping[str, Scenario] = {
    "healthy night": Scenario(
        meaning="Nobody but the heartbeat orders from closing to opening; then the day begins.",
        begins=CLOSES - 2,
        before=120,
        changed=BACKGROUND,
        watched=60 * ((OPENS - CLOSES) % 24) + 60,
    ),
    "healthy lunch": Scenario(
        meaning="Two of a thousand requests fail, as on any day.", changed=BACKGROUND, watched=240
    ),
    "new stack": Scenario(
        meaning="The stack was made just now, and customers order: nothing was measured before.",
        before=0,
        changed=BACKGROUND,
    ),
    "unlucky error": Scenario(
        meaning="One request fails, on a day without any other error.",
        healthy=Conditions(),
        changed=Conditions(crashes=1),
        lasts=1,
    ),
    "quiet hours": Scenario(
        meaning="A thirtieth of the load, of which one request fails and a tenth is slow.",
        healthy=Conditions(load=1 / 30),
        changed=Conditions(load=1 / 30, crashes=1, slow=0.1),
        lasts=1,
    ),
    "2 % fail": Scenario(
        meaning="Two of a hundred requests fail, and as many messages end their worker.",
        changed=_changed(failing=0.02),
    ),
    "5 % fail": Scenario(meaning="Five of a hundred fail.", changed=_changed(failing=0.05)),
    "10 % fail": Scenario(meaning="One of ten fails.", changed=_changed(failing=0.1)),
    "outage": Scenario(meaning="All requests and messages fail.", changed=_changed(failing=1)),
    "outage at night": Scenario(
        meaning="All requests fail, while nobody is up but the heartbeat.",
        begins=CLOSES + 3,
        changed=_changed(failing=1),
    ),
    "silence": Scenario(
        meaning="Nobody orders, though everything works.", changed=_changed(load=0)
    ),
    "unreachable": Scenario(
        meaning="No request arrives any more.", changed=_changed(unreachable=True)
    ),
    "heartbeat stands": Scenario(
        meaning="The schedule does not call the heartbeat any more.",
        changed=_changed(heartbeat=False),
    ),
    "slow API": Scenario(meaning="One of ten requests takes a second.", changed=_changed(slow=0.1)),
    "workers killed": Scenario(
        meaning="Both workers are killed over each message, or meet a bug in each.",
        changed=_changed(killed=True),
    ),
    "workers stand": Scenario(
        meaning="Both workers are not called any more.", changed=_changed(standing=True)
    ),
    "partner gone": Scenario(
        meaning="A partner with a third of all webhooks does not answer, for more than a day.",
        changed=_changed(partner_gone=True),
        watched=31 * 60,
    ),
    "partner falters": Scenario(
        meaning="One webhook of fourteen must be sent again.", changed=_changed(repeated=1 / 14)
    ),
    "retries stand": Scenario(
        meaning="The same, and nobody takes the webhooks that are due for another try.",
        changed=_changed(partner_gone=True, retries_stand=True),
    ),
    "dead letters": Scenario(
        meaning="One message dies in each queue.", changed=_changed(letters=True)
    ),
    "letters looked at": Scenario(
        meaning="Somebody asks each dead-letter queue, and all are empty.",
        changed=_changed(looked_at=True),
    ),
    "pipe fails": Scenario(
        meaning="The topic takes nothing from the pipe.", changed=_changed(pipe_fails=True)
    ),
    "pipe stands": Scenario(meaning="The pipe was stopped.", changed=_changed(pipe_stands=True)),
    "concurrency used up": Scenario(
        meaning="Functions run as often as they may; one call of ten is refused.",
        changed=_changed(refused=0.1, busy=1),
    ),
    "concurrency scarce": Scenario(
        meaning="A function runs nine of ten times that are reserved for it.",
        changed=_changed(busy=0.9),
    ),
    "tables throttle": Scenario(
        meaning="DynamoDB refuses four requests a minute.", changed=_changed(throttled=4)
    ),
    "tables fail": Scenario(
        meaning="DynamoDB itself fails in four requests a minute.",
        changed=_changed(tables_fail=4),
    ),
    "tables falter": Scenario(
        meaning="DynamoDB itself fails in two requests of five minutes.",
        changed=_changed(tables_fail=0.4),
    ),
    "tables near ceiling": Scenario(
        meaning="A table uses nine tenths of what it may.", changed=_changed(used=0.9)
    ),
    "restaurants silent": Scenario(
        meaning="No restaurant answers any more.", changed=_changed(unanswered=1)
    ),
    "restaurants falter": Scenario(
        meaning="Three orders of twenty are not answered in time.",
        changed=_changed(unanswered=0.15),
    ),
    "sign-in fails": Scenario(
        meaning="The function crashes that Cognito asks before it makes tokens.",
        changed=_changed(sign_in_fails=1),
    ),
    "sign-in falters": Scenario(
        meaning="The same, in one of five calls.", changed=_changed(sign_in_fails=0.2)
    ),
    "campaign": Scenario(
        meaning="Five new customers a minute sign up, because of a campaign.",
        changed=_changed(sign_ups=5),
    ),
    "sign-ups by machine": Scenario(
        meaning="Twenty strangers a minute sign up.", changed=_changed(sign_ups=20)
    ),
    "firewall blocks": Scenario(
        meaning="The firewall blocks a hundred requests a minute.", changed=_changed(blocked=100)
    ),
    "other stage busy": Scenario(
        meaning="Nobody orders here at night; the account's other stage is busy.",
        begins=CLOSES + 1,
        changed=BACKGROUND,
        other=BACKGROUND,
    ),
    "other stage dead": Scenario(
        meaning="All is well here; in the account's other stage everything goes wrong.",
        changed=BACKGROUND,
        other=_ALL_AT_ONCE,
    ),
    "unreachable, other not": Scenario(
        meaning="No request arrives here any more; the account's other stage is busy.",
        changed=_changed(unreachable=True),
        other=BACKGROUND,
    ),
}
"""By name."""

_PIPE_FAILURES = ("ExecutionFailed", "ExecutionTimeout", "ExecutionThrottled")
"""How the pipe's executions may fail; here they take turns."""

_OPERATIONS = (
    ("orderId", "TransactWriteItems"),
    ("orderId", "UpdateItem"),
    ("orderId", "GetItem"),
    ("orderId", "Query"),
    ("key", "TransactWriteItems"),
)
"""What is asked of tables, by their partition keys; here they fail in turns."""

_STEPS = dict(
    zip(REQUESTS, ("create_order", "get_order", "create_order", "update_order"), strict=True)
)
"""Which functions the heartbeat's requests come to."""

A_THIRD = 1 / 3
SECOND_MS = 1_000


def record(stage: Stage, scenario: Scenario, other: Stage) -> Recorded:
    """Write down all that would have been measured.

    Args:
        stage: the one that is looked at.
        scenario: what happens.
        other: the account's other stage, in scenarios that have it.
    """
    found = _Recorder(stage, scenario).recorded()
    if scenario.other is None:
        return found
    others = _Recorder(other, scenario, other=scenario.other).recorded()
    return Recorded(
        _together(found.samples, others.samples),
        _together(found.contributions, others.contributions),
    )


def _together(one: _Series, other: _Series) -> _Series:
    """Add up what two stages send: whatever both send under one name is one thing."""
    found = {name: {at: {**values} for at, values in by.items()} for name, by in one.items()}
    for name, minutes in other.items():
        for at, values in minutes.items():
            there = found.setdefault(name, {}).setdefault(at, {})
            for value, count in values.items():
                there[value] = there.get(value, 0.0) + count
    return found


@dataclass
class _Recorder:
    """Goes through a scenario by the minute."""

    stage: Stage
    scenario: Scenario
    other: Conditions | None = None
    """How it does all the time, if it is the account's other stage."""
    samples: dict[Metric, Minutes] = field(default_factory=dict)
    by_name: dict[tuple[str, ...], Minutes] = field(default_factory=dict)
    """The same, quicker to find: the dimensions of a metric of ours are told by their values."""
    failed_tries: Contributions = field(default_factory=dict)
    owed: dict[str, float] = field(default_factory=dict)
    queue_used: dict[str, int] = field(default_factory=dict)
    queue_woke: dict[str, int] = field(default_factory=dict)
    letters: dict[str, int] = field(default_factory=dict)
    tables_failed: int = 0

    def recorded(self) -> Recorded:
        for queue in self.stage.queues.values():
            self.queue_used[queue] = self.queue_woke[queue] = self.scenario.span.start - 60
        for minute in self.scenario.span:
            self._minute(minute, self.other or self.scenario.conditions(minute))
        return Recorded(self.samples, {self.stage.rule: self.failed_tries})

    def _minute(self, minute: int, now: Conditions) -> None:
        calls = {
            function: self._whole(function, rate * now.load) for function, rate in rates().items()
        }
        own = dict(calls)
        self._heartbeat(minute, now, calls)
        done = self._api(minute, now, calls)
        # What the heartbeat does is neither counted nor told to partners.
        placed = min(done["create_order"], own["create_order"])
        changed = placed + min(done["update_order"], own["update_order"])
        told = self._pipe(minute, now, done, changed)
        self._workers(minute, now, told)
        self._tables(minute, now)
        self._strangers(minute, now)
        self._sign_in(minute, now)
        self._add(minute, NAMESPACE, ORDERS_CREATED.name, self.stage.own, {1: placed})
        expired = self._whole("unanswered", placed * TRAFFIC.served * now.unanswered)
        self._add(minute, NAMESPACE, ORDERS_UNANSWERED.name, self.stage.own, {1: expired})

    def _strangers(self, minute: int, now: Conditions) -> None:
        """Record sign-ups, and what the firewall blocks, which somebody always sends."""
        signed_up = now.sign_ups + self._whole("sign-ups", now.load / 10)
        self._add(minute, "AWS/Cognito", "SignUpSuccesses", self.stage.people, {1: signed_up})
        if self.stage.firewall:
            blocked = {1.0: now.blocked + 1.0}
            self._add(minute, "AWS/WAFV2", "BlockedRequests", self.stage.firewall, blocked)

    def _sign_in(self, minute: int, now: Conditions) -> None:
        """Record what Cognito asks before it makes tokens, in a stage that has it."""
        if SIGN_IN in self.stage.functions:
            calls = self._whole("sign-ins", SIGN_INS * now.load)
            share = max(now.sign_in_fails, now.failing)
            refused = self._whole("sign-ins refused", calls * now.refused)
            crashed = self._whole("sign-ins failed", (calls - refused) * share)
            self._function(minute, now, SIGN_IN, (calls - refused, crashed, refused))

    def _heartbeat(self, minute: int, now: Conditions, calls: dict[str, int]) -> None:
        """Let the heartbeat place its order, if the stage has one; adds to the calls."""
        has_heartbeat = now.heartbeat and HEARTBEAT in self.stage.functions
        if not has_heartbeat or minute % HEARTBEAT_MINUTES:
            return
        fails = now.unreachable or now.failing == 1
        self._function(minute, now, HEARTBEAT, (1, int(fails), 0))
        if not now.unreachable:
            steps = ("create_order",) if fails else _STEPS.values()
            for function in steps:
                calls[function] += 1

    def _add(
        self,
        minute: int,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        samples: Mapping[float, float],
    ) -> None:
        """Write down samples of a metric, if there are any."""
        taken = {float(value): float(count) for value, count in samples.items() if count}
        self._write(minute, namespace, name, dimensions, taken)

    def _write(
        self,
        minute: int,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        taken: dict[float, float],
    ) -> None:
        if taken:
            known = (namespace, name, *dimensions.values())
            if known not in self.by_name:
                metric = Metric(namespace, name, tuple(sorted(dimensions.items())))
                self.by_name[known] = self.samples.setdefault(metric, {})
            self.by_name[known][minute] = taken

    def _whole(self, what: str, rate: float) -> int:
        """Give whole events of a rate a minute: what is left over counts for the next minute."""
        owed = self.owed.get(what, 0.0) + rate
        whole = math.floor(owed + 1e-9)
        self.owed[what] = owed - whole
        return whole

    def _api(self, minute: int, now: Conditions, calls: Mapping[str, int]) -> dict[str, int]:
        """Record API and functions; gives the calls that went well."""
        failed, refused = {}, {}
        for function in names(Caller.API):
            refused[function] = self._whole(f"{function} refused", calls[function] * now.refused)
            run = calls[function] - refused[function]
            crashed = self._whole(f"{function} failed", run * now.failing)
            crashed += now.crashes if function == "get_order" else 0
            self._function(minute, now, function, (run, min(crashed, run), refused[function]))
            failed[function] = min(crashed, run) + refused[function]
        requests = sum(calls[function] for function in names(Caller.API))
        # DynamoDB's refusals and failures are answered with 503.
        self.tables_failed = self._whole("tables failed", now.tables_fail)
        errors = min(sum(failed.values()) + now.throttled + self.tables_failed, requests)
        slow = self._whole("slow", requests * now.slow)
        cold = self._whole("cold", (requests - slow) * TRAFFIC.cold_share)
        usual = GATEWAY_MS + TRAFFIC.warm_ms
        latencies = {
            usual: requests - slow - cold,
            usual + TRAFFIC.cold_ms: cold,
            SECOND_MS: slow,
        }
        metrics: dict[str, Mapping[float, float]] = {
            "Count": {1: requests},
            "5XXError": {1: errors, 0: requests - errors},
            "4XXError": {0: requests},
            "Latency": latencies,
        }
        for name, samples in metrics.items():
            self._add(minute, "AWS/ApiGateway", name, self.stage.api, samples)
        return {function: calls[function] - failed[function] for function in names(Caller.API)}

    def _function(
        self, minute: int, now: Conditions, function: str, counted: tuple[int, int, int]
    ) -> None:
        """Record a function: calls, those that crashed, and those that were refused."""
        calls, crashed, refused = counted
        milliseconds = TRAFFIC.milliseconds(function)
        running = math.ceil(calls * milliseconds / 60_000)
        if function in self.stage.reserved and calls:
            running = max(running, round(self.stage.reserved[function] * now.busy))
        called = self.stage.functions[function]
        dimensions = {"FunctionName": called}
        by_alias = {**dimensions, "Resource": f"{called}:{LIVE}"}
        metrics: dict[str, Mapping[float, float]] = {
            "Invocations": {1: calls},
            "Errors": {1: crashed, 0: calls - crashed},
            "Throttles": {1: refused, 0: calls},
            "Duration": {milliseconds: calls},
            "ConcurrentExecutions": {running: min(calls, 1)},
        }
        for name, samples in metrics.items():
            taken = {float(value): float(count) for value, count in samples.items() if count}
            for each in (dimensions, by_alias):
                self._write(minute, "AWS/Lambda", name, each, taken)

    def _pipe(
        self, minute: int, now: Conditions, done: Mapping[str, int], changed: int
    ) -> dict[str, int]:
        """Record the pipe; gives the messages that come to each worker's queue."""
        taken = 0 if now.pipe_stands else done["create_order"] + done["update_order"]
        failed = taken if now.pipe_fails else 0
        kind = _PIPE_FAILURES[minute % len(_PIPE_FAILURES)]
        for name, count in {
            "Invocations": taken,
            kind: failed,
            "TargetStageFailed": failed,
        }.items():
            self._add(minute, "AWS/EventBridge/Pipes", name, self._pipe_name, {1: count})
        told = not (now.pipe_stands or now.pipe_fails)
        topic, published = {"TopicName": self.stage.topic}, {1.0: float(taken - failed)}
        self._add(minute, "AWS/SNS", "NumberOfMessagesPublished", topic, published)
        # Each served order comes a second time, when its deadline does.
        due = self._whole("deadlines", done["create_order"] * TRAFFIC.served)
        return {
            PROCESSING.name: done["create_order"] * told + due,
            NOTIFICATIONS.name: self._whole("webhooks", changed * TRAFFIC.partners * told),
            RESTAURANTS.name: self._whole("to servers", changed * _TOLD_TO_SERVERS * told),
        }

    @property
    def _pipe_name(self) -> dict[str, str]:
        return {"PipeName": self.stage.pipe}

    def _workers(self, minute: int, now: Conditions, told: Mapping[str, int]) -> None:
        since = minute - self.scenario.happens
        for worker in names(Caller.QUEUE):
            messages = sum(told[queue.name] for queue in queues_of(worker))
            calls = 0 if now.standing else messages
            refused = self._whole(f"{worker} refused", calls * now.refused)
            run = calls - refused
            crashed = run if now.killed else self._whole(f"{worker} failed", run * now.failing)
            self._function(minute, now, worker, (run, crashed, refused))
        for queue in QUEUES:
            said, killed = self.stage.dies_after[queue.name]
            # A webhook that its partner does not take waits in the queue of retries.
            retries = now.partner_gone and queue.feeds == NOTIFYING and not now.retries_stand
            oldest = since if now.standing else killed * now.killed
            waited = 60 * min(max(since, 0), oldest)
            self._queue(minute, self.stage.queues[queue.name], told[queue.name], waited)
            dies = (now.killed and since > killed) or (retries and since > said)
            self._dead_letters(minute, queue.name, now, dies=dies)
        self._dead_letters(minute, "pipe", now, dies=False)
        if now.partner_gone:  # one is due, at times, in the moment when SQS looks
            due = 1 if now.retries_stand else minute % 2
            self._queue(minute, self.stage.retries, 1, due)
        share = A_THIRD if now.partner_gone else now.repeated
        sent = told[NOTIFICATIONS.name] + told[RESTAURANTS.name]
        tries = self._whole("failed tries", sent * share)
        if tries:
            self.failed_tries[minute] = {"a partner": float(tries)}

    def _queue(
        self, minute: int, queue: str, sent: int, oldest_seconds: float, *, used: bool = False
    ) -> None:
        """Record a queue; SQS measures those that are used, and those that hold messages."""
        if sent or oldest_seconds or used:
            if minute - self.queue_used.get(queue, -QUEUE_SLEEPS) >= QUEUE_SLEEPS:
                self.queue_woke[queue] = minute + QUEUE_WAKES
            self.queue_used[queue] = minute
        asleep = minute - self.queue_used.get(queue, minute - QUEUE_SLEEPS) >= QUEUE_SLEEPS
        if asleep or minute < self.queue_woke[queue]:
            return
        for name, value in {
            "ApproximateNumberOfMessagesVisible": int(bool(oldest_seconds)),
            "ApproximateAgeOfOldestMessage": oldest_seconds,
            "NumberOfMessagesSent": sent,
        }.items():
            self._add(minute, "AWS/SQS", name, {"QueueName": queue}, {value: 1})

    def _dead_letters(self, minute: int, name: str, now: Conditions, *, dies: bool) -> None:
        queue = self.stage.dead[name]
        if dies or now.letters:
            self.letters.setdefault(queue, minute)
        since = minute - self.letters.get(queue, minute)
        self._queue(
            minute,
            queue,
            int(self.letters.get(queue) == minute),
            60 * since + 1 if queue in self.letters else 0,
            used=now.looked_at,
        )

    def _tables(self, minute: int, now: Conditions) -> None:
        a_minute = now.load / (DAYS * TRAFFIC.busy_hours * 60)
        for key, (dimensions, use) in self._used.items():
            writes = use.writes * a_minute
            if now.used and key == "orderId":
                writes = max(writes, 60 * self.stage.ceiling * now.used)
            for name, units in (("Write", writes), ("Read", use.reads * a_minute)):
                # Requests use a unit or two each: what counts is their sum.
                metric = f"Consumed{name}CapacityUnits"
                self._add(minute, "AWS/DynamoDB", metric, dimensions, {1: units})
        self._table_faults(minute, now)

    @cached_property
    def _used(self) -> dict[str, tuple[dict[str, str], TableUse]]:
        """The dimensions of each table and index, and its use in a month."""
        names = {key: {"TableName": table} for key, table in self.stage.tables.items()}
        used = {key: (names[key], use) for key, use in TRAFFIC.tables().items()}
        for index, use in TRAFFIC.indexes().items():
            dimensions = {"TableName": self.stage.indexes[index], "GlobalSecondaryIndexName": index}
            used[index] = (dimensions, use)
        return used

    def _table_faults(self, minute: int, now: Conditions) -> None:
        """Record what DynamoDB refuses and fails to do; it says nothing of what went well."""
        if not now.load:
            return
        for dimensions, _ in self._used.values():
            for name in ("ReadThrottleEvents", "WriteThrottleEvents"):
                self._add(minute, "AWS/DynamoDB", name, dimensions, {1: now.throttled})
        key, operation = _OPERATIONS[minute % len(_OPERATIONS)]
        dimensions = {"TableName": self.stage.tables[key], "Operation": operation}
        failed: dict[float, float] = {1: self.tables_failed}
        self._add(minute, "AWS/DynamoDB", "SystemErrors", dimensions, failed)


@cache
def rates() -> Mapping[str, float]:
    """Give the calls a minute of each function in a busy hour."""
    minutes = DAYS * TRAFFIC.busy_hours * 60
    return {function: calls / minutes for function, calls in TRAFFIC.calls().items()}
