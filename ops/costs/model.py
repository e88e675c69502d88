"""A month's bill from a template, a traffic model and the price table; pure, and nothing hidden.

template ─► resources by type ─► one function for each priced type ─► lines in dollars
                                 (a type that is neither priced nor in FREE is an error)

The lines of WAF and of sign-in stand apart: one is a choice of the stage, the other grows with
customers and not with orders.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.functions import BY_NAME, NOTIFYING, Caller, names
from infrastructure.settings import Capacity
from ops.costs import prices
from ops.costs.free_resources import FREE, FREE_PREFIXES
from ops.costs.prices import GB
from ops.costs.traffic import (
    DAYS,
    DEFAULT_SAMPLING,
    HOURS,
    OCCASIONAL,
    SECONDS,
    HeartbeatRun,
    Sampling,
    TableUse,
    Traffic,
    chunks,
)
from ops.reach.errors import OperatorError
from orders.domain.synthetic import KEPT_DAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ops.costs.prices import Price

WAF, SIGN_IN = "AWS WAF", "Cognito"
"""The services that are counted apart."""

WEB_ACL = "AWS::WAFv2::WebACL"
FIREWALL_RULES = 7
"""How many rules infrastructure/edge/firewall.py gives a stage that has a firewall."""

OFTEN_RENEWED = 2
"""Renewals of a key that AWS bills; from the third on it asks no more."""

_OF_REQUESTS = "AWS::ApiGateway::Stage"  # of the rule for them

_DISTRIBUTION = "AWS::CloudFront::Distribution"

ALARMS_OF_SCALING = 4
"""Alarms that auto-scaling makes for the reads or the writes of each table and index."""


class Unpriced(OperatorError):
    """The template holds what the model does not know; it would be wrong to leave it out."""

    def __init__(self, what: str) -> None:
        """Say what it is, in a few words."""
        super().__init__(
            f"The template holds what has no price here: {what}. "
            "model.py, free_resources.py and traffic.py in ops/costs say what is known."
        )


@dataclass(frozen=True, kw_only=True)
class BillLine:
    """One line of the bill.

    Args:
        service: as AWS's bill names it, shortly.
        name: what is paid for.
        quantity: units a month.
        price: of a unit.
        settled: whether AWS surely bills it; the other lines are not in any total.
    """

    service: str
    name: str
    quantity: float
    price: Price
    settled: bool = True

    @property
    def dollars(self) -> float:
        """Dollars a month."""
        return self.price.of(self.quantity)


class Month(NamedTuple):
    """What the lines of one bill are computed from."""

    resources: Mapping[str, Sequence[Mapping[str, Any]]]
    traffic: Traffic
    customers: float
    metrics: int

    def some(self, kind: str) -> Sequence[Mapping[str, Any]]:
        """Give the properties of each resource of a type."""
        return self.resources.get(kind, ())


def bill(
    template: Mapping[str, Any],
    traffic: Traffic,
    *,
    customers: float = 0,
    metrics: int = 0,
    capacity: Capacity | None = None,
) -> list[BillLine]:
    """Compute a month's bill.

    Args:
        template: a CloudFormation template.
        traffic: the load.
        customers: people who sign in, a month.
        metrics: custom metrics that the code writes; those of filters are in the template.
        capacity: what all tables would have; None for what the template gives them.

    Raises:
        Unpriced: when the template holds something that the model does not know.
    """
    resources = _by_type(template)
    if unknown := unpriced(template):
        raise Unpriced(f"neither priced nor known to be free: {', '.join(sorted(unknown))}")
    if capacity is not None:
        tables = resources.get(_TABLE, [])
        resources[_TABLE] = [_with_capacity(table, capacity) for table in tables]
    month = Month(resources, _watched(resources, traffic), customers, metrics)
    return [
        line
        for kind, of in _PRICED.items()
        if kind in resources
        for line in of(month)
        if line.quantity
    ]


def unpriced(template: Mapping[str, Any]) -> set[str]:
    """Give the template's types that the model knows neither as priced nor as free."""
    return {
        kind
        for kind in _by_type(template)
        if kind not in _PRICED and kind not in FREE and not kind.startswith(tuple(FREE_PREFIXES))
    }


def total(lines: Sequence[BillLine], *, apart: tuple[str, ...] = (WAF, SIGN_IN)) -> float:
    """Add up what AWS surely bills, without some services."""
    return sum(line.dollars for line in lines if line.settled and line.service not in apart)


def by_service(lines: Sequence[BillLine]) -> dict[str, list[BillLine]]:
    """Group the settled lines by their service, the dearest first."""
    groups: dict[str, list[BillLine]] = {}
    for line in lines:
        if line.settled:
            groups.setdefault(line.service, []).append(line)
    dearest = sorted(groups, key=lambda name: -total(groups[name], apart=()))
    return {name: groups[name] for name in dearest}


def carries(template: Mapping[str, Any], traffic: Traffic, capacity: Capacity) -> bool:
    """Tell whether a capacity is enough for the busy hours of every table and index.

    Their peaks are above their average: close to the limit, requests are throttled at lunch.
    """
    busy = DAYS * traffic.busy_hours * 3_600
    resources = _by_type(template)
    traffic = _watched(resources, traffic)
    return all(
        use.writes / busy <= capacity.ceiling_of("write")
        and use.reads / busy <= capacity.ceiling_of("read")
        for table in resources.get(_TABLE, ())
        for _, use in _uses(table, traffic)
    )


def _by_type(template: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for resource in template["Resources"].values():
        found.setdefault(resource["Type"], []).append(resource.get("Properties", {}))
    return found


def _watched(resources: Mapping[str, Any], traffic: Traffic) -> Traffic:
    """Add the requests of the web client, where the template hosts it."""
    return traffic.watched() if _DISTRIBUTION in resources else traffic


def _web_client(month: Month) -> Iterator[BillLine]:
    traffic = month.traffic
    loads = traffic.orders * traffic.page_loads
    yield BillLine(
        service="CloudFront",
        name="files of the web client",
        quantity=loads * traffic.page_files,
        price=prices.WEB_REQUEST,
    )
    yield BillLine(
        service="CloudFront",
        name="what they weigh",
        quantity=loads * traffic.page_bytes / GB,
        price=prices.WEB_OUT,
    )


def _api(month: Month) -> Iterator[BillLine]:
    traffic = month.traffic
    yield BillLine(
        service="API Gateway",
        name="requests",
        quantity=traffic.requests,
        price=prices.API_REQUEST,
    )
    yield BillLine(
        service="Data transfer",
        name="answers and webhooks",
        quantity=traffic.bytes_out / GB,
        price=prices.DATA_OUT,
    )


def _stage(month: Month) -> Iterator[BillLine]:
    """Traces and access logs of the API; those of functions are counted with them."""
    (stage,) = month.some("AWS::ApiGateway::Stage")
    if stage.get("CacheClusterEnabled"):
        raise Unpriced("a cache of API Gateway's stage")
    traffic = month.traffic
    if stage.get("TracingEnabled"):
        recorded = traffic.traced(traffic.requests, _sampling(month))
        yield _traces("requests", recorded)
    if "AccessLogSetting" in stage:
        yield from _logs("access logs", traffic.requests * traffic.access_bytes, month)


def _sampling(month: Month) -> Sampling:
    """Read the rule for requests; X-Ray's default holds where there is none."""
    rules = [rule["SamplingRule"] for rule in month.some("AWS::XRay::SamplingRule")]
    for rule in rules:
        if rule["ServiceType"] == _OF_REQUESTS:
            return Sampling(rule["ReservoirSize"], rule["FixedRate"])
    return DEFAULT_SAMPLING


def _traces(name: str, quantity: float) -> BillLine:
    return BillLine(
        service="X-Ray", name=f"traces of {name}", quantity=quantity, price=prices.TRACE
    )


def _traces_of_workers(month: Month, calls: Mapping[str, float]) -> Iterator[BillLine]:
    """Traces of the workers: nobody decides before them, so Lambda does, by a rate of its own.

    The pipe publishes without a trace's header, and a topic records "if the sampled flag in the
    tracing header is true" (CDK, TracingConfig). Lambda's rate cannot be configured
    (lambda/latest/dg/services-xray.html). docs/tracing.md has the two other cases.
    """
    for name, number in calls.items():
        yield _traces(name, month.traffic.traced(number))


def _logs(name: str, size: float, month: Month) -> Iterator[BillLine]:
    days = max((g.get("RetentionInDays", 3_650) for g in month.some(_LOG_GROUP)), default=0)
    kept = size * month.traffic.compression * days / DAYS / GB
    yield BillLine(
        service="CloudWatch Logs", name=name, quantity=size / GB, price=prices.LOG_INGESTION
    )
    yield BillLine(
        service="CloudWatch Logs", name=f"{name}, kept", quantity=kept, price=prices.LOG_STORAGE
    )


def _functions(month: Month) -> Iterator[BillLine]:
    traffic, calls = month.traffic, month.traffic.calls()
    functions = [item for item in month.some(_FUNCTION) if item["Handler"] not in OCCASIONAL]
    named = {item["Handler"].split(".")[-2]: item for item in functions}
    if unknown := named.keys() - calls.keys():
        raise Unpriced(f"functions that the traffic model does not know: {sorted(unknown)}")
    requests = sum(calls[name] for name in named)
    yield BillLine(service="Lambda", name="calls", quantity=requests, price=prices.LAMBDA_REQUEST)
    for name, function in named.items():
        seconds = calls[name] * traffic.milliseconds(name) / 1_000
        arm = function.get("Architectures") == ["arm64"]
        yield BillLine(
            service="Lambda",
            name=f"{name}, time",
            quantity=seconds * function.get("MemorySize", 128) / 1_024,
            price=prices.LAMBDA_ARM if arm else prices.LAMBDA_X86,
        )
    fed = [name for name, function in named.items() if _is_fed(name) and _is_traced(function)]
    yield from _traces_of_workers(month, {name: calls[name] for name in fed})
    size = requests * (traffic.log_bytes + traffic.platform_bytes)
    yield from _logs("functions", size, month)
    yield from _logs("metrics", traffic.counting() * traffic.metric_bytes, month)
    # AWS bills a metric for the hours in which it is sent.
    yield BillLine(
        service="CloudWatch",
        name="metrics of the code",
        quantity=month.metrics * traffic.busy_share,
        price=prices.CUSTOM_METRIC,
    )


def _is_fed(name: str) -> bool:
    """Tell workers: the requests' traces do not reach them."""
    return BY_NAME[name].caller is Caller.QUEUE


def _is_traced(function: Mapping[str, Any]) -> bool:
    return bool(function.get("TracingConfig", {}).get("Mode") == "Active")


def _tables(month: Month) -> Iterator[BillLine]:
    stored = recovered = 0.0
    for table in month.some(_TABLE):
        uses = dict(_uses(table, month.traffic))
        key = _hash_key(table)
        for name, use in uses.items():
            yield from _throughput(f"{key} {name}".strip(), use, table, name, month.traffic)
        stored += sum(use.stored for use in uses.values())
        if any(_recovers(replica) for replica in table["Replicas"]):
            recovered += uses[""].stored
    kept = {"stored, with indexes": (stored, prices.TABLE_STORAGE)}
    kept["under recovery"] = (recovered, prices.TABLE_RECOVERY)
    for name, (size, price) in kept.items():
        yield BillLine(service="DynamoDB", name=name, quantity=size / GB, price=price)
    yield from _stream(month)


def _uses(table: Mapping[str, Any], traffic: Traffic) -> Iterator[tuple[str, TableUse]]:
    """Give the use of a table, under no name, and of each of its indexes."""
    key, indexes = _hash_key(table), traffic.indexes()
    if key not in traffic.tables():
        raise Unpriced(f"a table by {key}, which the traffic model does not know")
    yield "", traffic.tables()[key]
    for index in table.get("GlobalSecondaryIndexes", ()):
        if index["IndexName"] not in indexes:
            raise Unpriced(f"an index {index['IndexName']}, which the traffic model does not know")
        yield index["IndexName"], indexes[index["IndexName"]]


def _hash_key(table: Mapping[str, Any]) -> str:
    (key,) = (part["AttributeName"] for part in table["KeySchema"] if part["KeyType"] == "HASH")
    return str(key)


def _recovers(replica: Mapping[str, Any]) -> bool:
    specification = replica.get("PointInTimeRecoverySpecification", {})
    return bool(specification.get("PointInTimeRecoveryEnabled"))


def _throughput(
    name: str, use: TableUse, table: Mapping[str, Any], index: str, traffic: Traffic
) -> Iterator[BillLine]:
    wanted = {"writes": use.writes, "reads": use.reads}
    if table.get("BillingMode") == "PAY_PER_REQUEST":
        priced = {"writes": prices.WRITE_UNIT, "reads": prices.READ_UNIT}
        for what, units in wanted.items():
            yield BillLine(
                service="DynamoDB", name=f"{name} {what}", quantity=units, price=priced[what]
            )
        return
    scaled = {"writes": prices.WRITE_CAPACITY, "reads": prices.READ_CAPACITY}
    for what, units in wanted.items():
        hours = capacity_hours(units, _scaling(table, index, what), traffic.busy_hours)
        yield BillLine(
            service="DynamoDB", name=f"{name} {what}", quantity=hours, price=scaled[what]
        )
    yield BillLine(
        service="CloudWatch",
        name=f"alarms of scaling, {name}",
        quantity=ALARMS_OF_SCALING * len(scaled),
        price=prices.ALARM,
    )


def capacity_hours(units: float, capacity: Capacity, busy_hours: float) -> float:
    """Give the capacity units of a month times the hours for which they are there.

    Auto-scaling holds what the busy hours need at the target, and the least in the idle ones;
    what is needed above the most is throttled and costs nothing.
    """
    busy = DAYS * busy_hours
    needed = units / (busy * 3_600) / (capacity.target_percent / 100)
    held = min(max(needed, capacity.min_provisioned), capacity.max_provisioned)
    return held * busy + capacity.min_provisioned * (HOURS - busy)


def _scaling(table: Mapping[str, Any], index: str, what: str) -> Capacity:
    """Read the auto-scaling of a table or an index; that of reads stands with the replica."""
    verb = what.removesuffix("s").capitalize()
    owner = table if what == "writes" else table["Replicas"][0]
    if index:
        (owner,) = (i for i in owner["GlobalSecondaryIndexes"] if i["IndexName"] == index)
    scaling = owner[f"{verb}ProvisionedThroughputSettings"][f"{verb}CapacityAutoScalingSettings"]
    return Capacity(
        min_provisioned=scaling["MinCapacity"],
        max_provisioned=scaling["MaxCapacity"],
        target_percent=scaling["TargetTrackingScalingPolicyConfiguration"]["TargetValue"],
    )


def _with_capacity(table: Mapping[str, Any], capacity: Capacity) -> Mapping[str, Any]:
    """Give a table as it would be with another capacity, as far as its cost goes."""
    names = [index["IndexName"] for index in table.get("GlobalSecondaryIndexes", ())]
    writes, reads = (_scaled(verb, capacity) for verb in ("Write", "Read"))
    (replica,) = table["Replicas"]
    return {
        **table,
        **writes,
        "BillingMode": _MODES[capacity.mode.value],
        "GlobalSecondaryIndexes": [{"IndexName": name, **writes} for name in names],
        "Replicas": [
            {
                **replica,
                **reads,
                "GlobalSecondaryIndexes": [{"IndexName": name, **reads} for name in names],
            }
        ],
    }


def _scaled(verb: str, capacity: Capacity) -> dict[str, Any]:
    settings = {
        "MinCapacity": capacity.min_provisioned,
        "MaxCapacity": capacity.max_provisioned,
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": capacity.target_percent},
    }
    return {
        f"{verb}ProvisionedThroughputSettings": {f"{verb}CapacityAutoScalingSettings": settings}
    }


def _stream(month: Month) -> Iterator[BillLine]:
    """What the pipe reads: "calls made by consumers of any other kind" than Lambda are charged.

    Lambda polls a shard four times a second, and so, we take it, does a pipe
    (amazondynamodb/latest/developerguide/CostOptimization_StreamsUsage.html).
    """
    if month.some(_PIPE):
        traffic = month.traffic
        yield BillLine(
            service="DynamoDB",
            name="reads of the stream by the pipe",
            quantity=SECONDS * traffic.shards * traffic.shard_polls,
            price=prices.STREAM_READ,
        )


def _pipe(month: Month) -> Iterator[BillLine]:
    traffic = month.traffic
    yield BillLine(
        service="EventBridge Pipes",
        name="changes",
        quantity=traffic.events * chunks(traffic.change_bytes) * len(month.some(_PIPE)),
        price=prices.PIPE_REQUEST,
    )


def _topic(month: Month) -> Iterator[BillLine]:
    traffic, subscriptions = month.traffic, month.some("AWS::SNS::Subscription")
    yield BillLine(
        service="SNS",
        name="changes",
        quantity=traffic.events * chunks(traffic.change_bytes),
        price=prices.TOPIC_REQUEST,
    )
    filters = [one for one in subscriptions if one.get("FilterPolicyScope") == "MessageBody"]
    yield BillLine(
        service="SNS",
        name="filters of messages' bodies",
        quantity=len(filters) * traffic.events * traffic.change_bytes / GB,
        price=prices.PAYLOAD_FILTER,
    )
    # Mails of alarms are free up to a thousand a month.
    if others := {one["Protocol"] for one in subscriptions} - {"sqs", "email"}:
        raise Unpriced(f"subscriptions by {sorted(others)}")


def _queues(month: Month) -> Iterator[BillLine]:
    """Each message is sent, received and deleted; and Lambda polls whether there is one or not."""
    traffic, calls = month.traffic, month.traffic.calls()
    messages = sum(calls[name] for name in names(Caller.QUEUE))
    yield BillLine(
        service="SQS",
        name="messages",
        quantity=3 * messages * chunks(traffic.change_bytes),
        price=prices.QUEUE_REQUEST,
    )
    pollers = traffic.pollers * len(month.some("AWS::Lambda::EventSourceMapping"))
    yield BillLine(
        service="SQS",
        name="Lambda's polls",
        quantity=pollers * SECONDS / traffic.poll_seconds,
        price=prices.QUEUE_REQUEST,
    )


def _keys(month: Month) -> Iterator[BillLine]:
    keys = month.some("AWS::KMS::Key")
    # What is billed at the end: a renewed key costs as much again, twice.
    renewed = sum(1 for key in keys if key.get("EnableKeyRotation"))
    yield BillLine(service="KMS", name="keys", quantity=len(keys), price=prices.KEY)
    yield BillLine(
        service="KMS",
        name=f"their renewals, from year {OFTEN_RENEWED + 1} on",
        quantity=OFTEN_RENEWED * renewed,
        price=prices.KEY,
        settled=False,
    )
    encrypted = [table for table in month.some(_TABLE) if _has_own_key(table)]
    if encrypted:
        calls = month.traffic.key_calls * (month.traffic.requests + 3 * month.traffic.events)
        yield BillLine(service="KMS", name="requests", quantity=calls, price=prices.KEY_REQUEST)


def _has_own_key(table: Mapping[str, Any]) -> bool:
    return any("SSESpecification" in replica for replica in table["Replicas"])


def _firewall(month: Month) -> Iterator[BillLine]:
    acls = month.some(WEB_ACL)
    rules = sum(len(acl["Rules"]) for acl in acls)
    requests = month.traffic.requests * len(acls)
    yield BillLine(service=WAF, name="web ACL", quantity=len(acls), price=prices.WEB_ACL)
    yield BillLine(service=WAF, name="rules", quantity=rules, price=prices.WEB_ACL_RULE)
    yield BillLine(service=WAF, name="requests", quantity=requests, price=prices.WEB_ACL_REQUEST)


def _user_pool(month: Month) -> Iterator[BillLine]:
    for pool in month.some("AWS::Cognito::UserPool"):
        plan = plan_of(pool)
        yield BillLine(
            service=SIGN_IN,
            name=f"customers on {plan.capitalize()}",
            quantity=month.customers,
            price=prices.SIGN_IN[plan],
        )


def plan_of(pool: Mapping[str, Any]) -> str:
    """Give a user pool's feature plan; AWS's default is Essentials."""
    return str(pool.get("UserPoolTier", "ESSENTIALS"))


def _alarms(month: Month) -> Iterator[BillLine]:
    alarms = month.some("AWS::CloudWatch::Alarm")
    metrics = sum(max(_metrics_of(alarm), 1) for alarm in alarms)
    yield BillLine(service="CloudWatch", name="alarms", quantity=metrics, price=prices.ALARM)


def _metrics_of(alarm: Mapping[str, Any]) -> int:
    return sum(1 for metric in alarm.get("Metrics", ()) if "MetricStat" in metric)


def _each(
    service: str, name: str, kind: str, price: Price
) -> Callable[[Month], Iterator[BillLine]]:
    """Make the function of a type of which each resource costs the same."""

    def lines(month: Month) -> Iterator[BillLine]:
        yield BillLine(service=service, name=name, quantity=len(month.some(kind)), price=price)

    return lines


def _parameters(month: Month) -> Iterator[BillLine]:
    advanced = [p for p in month.some("AWS::SSM::Parameter") if p.get("Tier") == "Advanced"]
    yield BillLine(
        service="Parameter Store",
        name="advanced parameters",
        quantity=len(advanced),
        price=prices.ADVANCED_PARAMETER,
    )


def _schedules(month: Month) -> Iterator[BillLine]:
    """The heartbeat, on lines of its own: it costs the same whether anybody orders or not."""
    runs = sum(_runs(schedule) for schedule in month.some(_SCHEDULE))
    for service, name, quantity, price in _heartbeat(month, HeartbeatRun()):
        yield BillLine(
            service=service, name=f"{name} of the heartbeat", quantity=runs * quantity, price=price
        )


def _deadlines(month: Month) -> Iterator[BillLine]:
    """The one-shots that no template has: each runs once; a group itself costs nothing."""
    groups = [group for group in month.some(_GROUP) if group["Name"].endswith("-deadlines")]
    yield BillLine(
        service="EventBridge Scheduler",
        name="deadlines of served orders",
        quantity=len(groups) * month.traffic.deadlines,
        price=prices.SCHEDULE_RUN,
    )


def _runs(schedule: Mapping[str, Any]) -> float:
    """Give how often a schedule calls in a month."""
    found = re.fullmatch(r"rate\(([0-9]+) minutes?\)", schedule["ScheduleExpression"])
    if not found or "PlaceHeartbeat" not in str(schedule["Target"]["Arn"]):
        raise Unpriced("a schedule that the traffic model does not know")
    return HOURS * 60 / int(found[1])


def _heartbeat(month: Month, run: HeartbeatRun) -> Iterator[tuple[str, str, float, Price]]:
    """Give the units of one run: the service, what is paid for, how many, and the price.

    What it writes is counted as on demand, though provisioned capacity would have room for it.
    """
    traffic = month.traffic
    called = (one for one in month.some(_FUNCTION) if NOTIFYING not in one["Handler"])
    memory = max(function.get("MemorySize", 128) for function in called) / 1_024
    others_ms = traffic.warm_ms + run.cold_share * traffic.cold_ms
    own_ms = run.own_ms + run.cold_share * traffic.cold_ms
    seconds = (own_ms + (run.calls - 1) * others_ms) / 1_000
    log_bytes = run.calls * (traffic.log_bytes + traffic.platform_bytes)
    log_bytes += run.requests * traffic.access_bytes
    # Nothing decides before its own call and its messages, each of which is first in its second.
    traced = 1 + run.requests * _share(month) + run.messages
    filters = len(month.some("AWS::SNS::Subscription"))
    yield "EventBridge Scheduler", "runs", 1, prices.SCHEDULE_RUN
    yield "API Gateway", "requests", run.requests, prices.API_REQUEST
    yield "Data transfer", "answers", run.requests * traffic.answer_bytes / GB, prices.DATA_OUT
    yield "Lambda", "calls", run.calls, prices.LAMBDA_REQUEST
    yield "Lambda", "time", seconds * memory, prices.LAMBDA_ARM
    yield "DynamoDB", "writes", run.write_units, prices.WRITE_UNIT
    yield "DynamoDB", "reads", run.read_units, prices.READ_UNIT
    kept = run.order_bytes * KEPT_DAYS / DAYS / GB
    yield "DynamoDB", "orders", kept, prices.TABLE_STORAGE
    yield "EventBridge Pipes", "changes", run.changes, prices.PIPE_REQUEST
    yield "SNS", "changes", run.changes, prices.TOPIC_REQUEST
    filtered = filters * run.changes * run.change_bytes / GB
    yield "SNS", "filters", filtered, prices.PAYLOAD_FILTER
    yield "SQS", "messages", 3 * run.messages, prices.QUEUE_REQUEST
    yield "CloudWatch Logs", "lines", log_bytes / GB, prices.LOG_INGESTION
    yield "X-Ray", "traces", traced, prices.TRACE
    yield WAF, "requests", run.requests * len(month.some(WEB_ACL)), prices.WEB_ACL_REQUEST


def _share(month: Month) -> float:
    """Give the share that is recorded of requests that come alone in their second."""
    sampling = _sampling(month)
    return 1.0 if sampling.reservoir else sampling.fixed_rate


_FUNCTION = "AWS::Lambda::Function"
_LOG_GROUP = "AWS::Logs::LogGroup"
_PIPE = "AWS::Pipes::Pipe"
_SCHEDULE = "AWS::Scheduler::Schedule"
_GROUP = "AWS::Scheduler::ScheduleGroup"
_TABLE = "AWS::DynamoDB::GlobalTable"
_MODES = {"on-demand": "PAY_PER_REQUEST", "provisioned": "PROVISIONED"}

_COMPOSITE, _DASHBOARD = "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard"
_RULE = "AWS::CloudWatch::InsightRule"
_FILTER = "AWS::Logs::MetricFilter"

_PRICED: Mapping[str, Callable[[Month], Iterator[BillLine]]] = {
    "AWS::ApiGateway::RestApi": _api,
    "AWS::ApiGateway::Stage": _stage,
    _DISTRIBUTION: _web_client,
    _FUNCTION: _functions,
    _TABLE: _tables,
    _PIPE: _pipe,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queues,
    "AWS::KMS::Key": _keys,
    _SCHEDULE: _schedules,
    _GROUP: _deadlines,
    WEB_ACL: _firewall,
    "AWS::Cognito::UserPool": _user_pool,
    "AWS::CloudWatch::Alarm": _alarms,
    _COMPOSITE: _each("CloudWatch", "composite alarms", _COMPOSITE, prices.COMPOSITE_ALARM),
    _DASHBOARD: _each("CloudWatch", "dashboards", _DASHBOARD, prices.DASHBOARD),
    _RULE: _each("CloudWatch", "rules of Contributor Insights", _RULE, prices.INSIGHT_RULE),
    _FILTER: _each("CloudWatch", "metrics of filters", _FILTER, prices.CUSTOM_METRIC),
    "AWS::SSM::Parameter": _parameters,
}
