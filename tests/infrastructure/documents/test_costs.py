"""What a month costs, computed from the templates."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import costs as cost_docs
from infrastructure.settings import STAGES, Capacity, CapacityMode
from infrastructure.watching.budget import EXPECTED_COSTS
from ops.costs import prices
from ops.costs.allowances import ALLOWANCES, off
from ops.costs.free_resources import FREE, FREE_PREFIXES
from ops.costs.model import (
    FIREWALL_RULES,
    SIGN_IN,
    WAF,
    BillLine,
    Unpriced,
    bill,
    capacity_hours,
    total,
    unpriced,
)
from ops.costs.prices import Price, Tier
from ops.costs.report import CostReport, in_own_account
from ops.costs.traffic import DAYS, Traffic, chunks
from orders.metrics import METRICS
from project.markdown import with_blocks

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template

TODAY = Traffic(orders_per_day=3_500)
ORDERS = 3_500 * 365 / 12
HEARTBEATS = 12 * 24 * 365 / 12
MOST, MOST_AT_LIST_PRICE = 34.0, 42.5
"""Dollars a month that prod may cost, WAF and sign-in apart: on a bill on which nothing else
stands, and where others use up what AWS gives each account for nothing."""

loads = st.floats(0, 1e8)


def lines_of(template: Template, traffic: Traffic = TODAY, **options: Any) -> list[BillLine]:
    return bill(template.document, traffic, metrics=len(METRICS), **options)


def dollars_of(lines: list[BillLine], service: str, start: str = "") -> float:
    chosen = [line for line in lines if line.service == service and line.name.startswith(start)]
    assert chosen, (service, start)
    return sum(line.dollars for line in chosen if line.settled)


def with_resource(template: Template, kind: str, **properties: Any) -> dict[str, Any]:
    document = copy.deepcopy(template.document)
    document["Resources"]["Another"] = {"Type": kind, "Properties": properties}
    return document


def test_a_firewall_has_as_many_rules_as_are_billed(prod: Template) -> None:
    """Who has no firewall is told the price of the one that a stage would get."""
    acl: dict[str, Any] = prod.one("WAFv2::WebACL")
    assert len(acl["Rules"]) == FIREWALL_RULES


def grown(lines: dict[str, float], recorded: dict[str, float]) -> list[str]:
    """Say which lines cost more than when they were recorded."""
    return [
        f"{name}: {recorded.get(name, 0.0):.2f} → {now:.2f}"
        for name, now in sorted(lines.items(), key=lambda item: -item[1])
        if now >= recorded.get(name, 0.0) + 0.01
    ]


def test_prod_costs_at_most_34_dollars(prod: Template) -> None:
    """3,500 orders a day cost 34 dollars a month in an account of its own; if not: what grew."""
    lines = cost_docs.record(prod.document, STAGES["prod"])["lines"]
    ours = {name: cost for name, cost in lines.items() if not name.startswith(WAF)}
    recorded = json.loads(EXPECTED_COSTS.read_text())["prod"]["lines"]
    what_grew = "\n".join(["What grew:", *grown(ours, recorded)])
    assert in_own_account(lines_of(prod)) <= MOST, what_grew
    assert total(lines_of(prod)) <= MOST_AT_LIST_PRICE, what_grew


def test_allowances_take_off_no_more_than_is_used(prod: Template) -> None:
    """What is free for everybody is free once, and no line becomes an income."""
    lines = lines_of(prod)
    for allowance in ALLOWANCES:
        of_this = [line for line in lines if line.price is allowance.price]
        cost = sum(line.dollars for line in of_this if line.settled)
        assert 0 <= allowance.off(of_this) <= cost + 1e-9
        assert allowance.off([*of_this, *of_this]) <= allowance.quantity * allowance.price.dollars
    assert 0 < off(lines) < total(lines)


def test_allowances_by_hand() -> None:
    """Of 13 metrics of alarms ten are free; of two, both."""
    (alarms,) = (one for one in ALLOWANCES if one.price is prices.ALARM)
    line = BillLine(service="CloudWatch", name="alarms", quantity=13, price=prices.ALARM)
    assert alarms.off([line]) == pytest.approx(1.0)
    assert alarms.off([replace(line, quantity=2)]) == pytest.approx(0.2)


def test_what_grew_is_named() -> None:
    """A line that is new or dearer is named with both figures, the dearest first."""
    now = {"same": 1.0, "dearer": 2.5, "new": 3.0, "cheaper": 0.5}
    before = {"same": 1.0, "dearer": 2.0, "cheaper": 0.7}
    assert grown(now, before) == ["new: 0.00 → 3.00", "dearer: 2.00 → 2.50"]


@pytest.mark.parametrize("stage", STAGES)
def test_recorded_costs(templates: dict[str, Template], stage: str) -> None:
    """What budgets are made from is what the model says; `make docs` records it."""
    recorded = json.loads(EXPECTED_COSTS.read_text())[stage]
    assert recorded == cost_docs.record(templates[stage].document, STAGES[stage])


@pytest.mark.parametrize("document", [cost_docs.README, cost_docs.COSTS], ids=lambda p: p.name)
def test_documents_show_the_command_s_figures(prod: Template, document: Any) -> None:
    """The tables in the documents are those of `orders cost`; `make docs` writes them."""
    text = document.read_text()
    blocks = cost_docs.blocks(cost_docs.report_of(prod.document))
    assert with_blocks(text, blocks) == text


def test_every_type_is_priced_or_free(template: Template) -> None:
    """No resource of any stage is left out of the bill unseen."""
    assert unpriced(template.document) == set()


def test_a_new_type_stops_the_bill(prod: Template) -> None:
    """Whoever adds a kind of resource has to say what it costs."""
    document = with_resource(prod, "AWS::EC2::NatGateway")
    with pytest.raises(Unpriced, match="AWS::EC2::NatGateway"):
        bill(document, TODAY)


def test_a_new_function_stops_the_bill(prod: Template) -> None:
    """A function that the traffic model does not know is not free."""
    document = with_resource(prod, "AWS::Lambda::Function", Handler="orders.handlers.mine.handler")
    with pytest.raises(Unpriced, match="mine"):
        bill(document, TODAY)


def test_free_types_have_reasons() -> None:
    """Each type that costs nothing says why."""
    for kind, reason in {**FREE, **FREE_PREFIXES}.items():
        assert len(reason.split()) >= 3, kind


@pytest.mark.parametrize("name", prices.all_prices())
def test_each_price_has_its_source(name: str) -> None:
    """A price says whose page it is from, in what unit, and when it was compared."""
    price = prices.all_prices()[name]
    assert price.dollars > 0
    assert price.unit
    assert price.page.startswith("https://aws.amazon.com/")
    assert price.seen is None or price.seen.startswith("https://")
    assert price.checked.year >= 2026
    assert list(price.tiers) == sorted(price.tiers)


def test_tiers() -> None:
    """Each part of a quantity is paid at the price of its own tier."""
    price = Price(dollars=3, unit="x", page="", seen=None, tiers=(Tier(10, 2), Tier(20, 1)))
    assert [price.of(quantity) for quantity in (0, 10, 15, 25)] == [0, 30, 40, 55]


def test_requests_by_hand(prod: Template) -> None:
    """API Gateway and WAF: 14 requests an order at 3.50 and 0.60 dollars a million.

    And four for each heartbeat.
    """
    lines = lines_of(prod)
    requests = (ORDERS * 14 + 4 * HEARTBEATS) / 1e6
    assert dollars_of(lines, "API Gateway") == pytest.approx(requests * 3.50)
    assert dollars_of(lines, WAF) == pytest.approx(5 + 7 * 1 + requests * 0.60)


def test_writes_by_hand(prod: Template) -> None:
    """DynamoDB: a transaction takes twice the units, and each index one more write.

    The deadline of a served order, which is half of them, is a write that is refused.
    """
    lines, million = lines_of(prod), ORDERS / 1e6
    assert dollars_of(lines, "DynamoDB", "orderId writes") == pytest.approx(
        million * (2 * 2 + 5 * 2 + 2 / 2) * 0.625
    )
    assert dollars_of(lines, "DynamoDB", "orderId by-customer writes") == pytest.approx(
        million * (2 + 5 * 2) * 0.625
    )
    assert dollars_of(lines, "DynamoDB", "key writes") == pytest.approx(million * 2 * 0.625)


def test_polls_by_hand(prod: Template) -> None:
    """SQS: five pollers on each of four queues ask every 20 seconds, orders or none."""
    for traffic in (TODAY, Traffic(orders_per_day=0)):
        polls = dollars_of(lines_of(prod, traffic), "SQS", "Lambda's polls")
        assert polls == pytest.approx(4 * 5 * 3 * 1_440 * DAYS * 0.40 / 1e6)


def test_a_key_costs_a_dollar(prod: Template, hardened: Template) -> None:
    """A key of one's own for all data costs a dollar more, and its requests."""
    assert dollars_of(lines_of(prod), "KMS", "keys") == 1
    assert dollars_of(lines_of(hardened), "KMS", "keys") == 2
    assert dollars_of(lines_of(hardened), "KMS", "requests") > 0


def test_watching_by_hand(prod: Template, hardened: Template) -> None:
    """Hosting the web client costs little, and its looks are counted: they cost most of it.

    A customer's order is looked at 18 times while it waits, 15 times after, ten times in a hidden
    tab, with one preflight; a kitchen of 20 orders a day looks at its list each 20 seconds.
    """
    with_client, without = lines_of(hardened), lines_of(prod)
    looks = 0.5 * (18 + 15 + 10 + 1) + 0.25 / 20 * 12 * 3_600 / 20
    more = dollars_of(with_client, "API Gateway", "requests") - dollars_of(
        without, "API Gateway", "requests"
    )
    assert more == pytest.approx(ORDERS * looks * 3.50 / 1e6)
    files = dollars_of(with_client, "CloudFront", "files")
    assert files == pytest.approx(ORDERS * 0.5 * 5 * 1.00 / 1e6)
    assert more > 10 * dollars_of(with_client, "CloudFront")
    assert not [line for line in without if line.service == "CloudFront"]


def test_traces(dev: Template, prod: Template) -> None:
    """Prod records a tenth of the requests; X-Ray's default would record more than half."""
    sampled = dollars_of(lines_of(prod), "X-Ray", "traces of requests")
    assert sampled == pytest.approx(ORDERS * 14 * 0.1 * 5 / 1e6)
    assert dollars_of(lines_of(dev), "X-Ray", "traces of requests") > 5 * sampled


def test_traces_of_workers(prod: Template) -> None:
    """Lambda records the first message of each second and a twentieth of the rest."""
    lines = lines_of(prod)
    told = ORDERS * (3 + 2) * 1.05
    for name, messages in (("process_order", ORDERS * 1.5), ("notify_partner", told)):
        all_of_them = messages * 5 / 1e6
        cost = dollars_of(lines, "X-Ray", f"traces of {name}")
        assert 0.8 * all_of_them < cost < all_of_them


def test_deadlines_by_hand(prod: Template) -> None:
    """Each served order, which is half of them, has a one-shot; 14 million a month are free."""
    cost = dollars_of(lines_of(prod), "EventBridge Scheduler", "deadlines of served orders")
    assert cost == pytest.approx(ORDERS / 2 / 1e6 * 1.00)
    (allowance,) = (one for one in ALLOWANCES if one.price is prices.SCHEDULE_RUN)
    assert allowance.off(lines_of(prod)) == pytest.approx(cost + HEARTBEATS / 1e6)
    confirmed = lines_of(prod, replace(TODAY, auto_confirmed=1))
    assert not [line for line in confirmed if line.name == "deadlines of served orders"]


def test_traces_cost_less_than_four_dollars(prod: Template) -> None:
    """At today's load X-Ray is below four dollars in prod, of which the workers are most."""
    traces = {line.name: line.dollars for line in lines_of(prod) if line.service == "X-Ray"}
    workers = traces["traces of process_order"] + traces["traces of notify_partner"]
    assert sum(traces.values()) < 4
    assert sum(traces.values()) - workers < 1


def test_reads_of_the_stream_by_hand(prod: Template, dev: Template) -> None:
    """The pipe asks each of four shards four times a second, whether anybody orders or not.

    AWS takes 2.5 million reads a month off, once an account.
    """
    for template, traffic in ((prod, TODAY), (dev, Traffic(orders_per_day=0))):
        lines = lines_of(template, traffic)
        reads = [line for line in lines if line.name == "reads of the stream by the pipe"]
        assert sum(line.dollars for line in reads) == pytest.approx(
            4 * 4 * 86_400 * DAYS * 0.02 / 1e5
        )
        (allowance,) = (one for one in ALLOWANCES if one.price is prices.STREAM_READ)
        assert allowance.off(lines) == pytest.approx(0.50)


@pytest.mark.parametrize(
    ("kind", "properties", "cost"),
    [
        ("CloudWatch::Alarm", {}, 0.10),
        ("CloudWatch::Alarm", {"Metrics": [{"MetricStat": {}}, {"MetricStat": {}}]}, 0.20),
        ("CloudWatch::CompositeAlarm", {}, 0.50),
        ("CloudWatch::Dashboard", {}, 3.00),
        ("Logs::MetricFilter", {}, 0.30),
        ("SSM::Parameter", {"Tier": "Advanced"}, 0.05),
        ("SSM::Parameter", {}, 0.00),
        ("KMS::Key", {}, 1.00),
        ("WAFv2::WebACLAssociation", {}, 0.00),
    ],
)
def test_what_another_resource_costs(
    dev: Template, kind: str, properties: dict[str, Any], cost: float
) -> None:
    """Alarms, dashboards and the like add their price to the bill."""
    document = with_resource(dev, f"AWS::{kind}", **properties)
    more = total(bill(document, TODAY)) - total(bill(dev.document, TODAY))
    assert more == pytest.approx(cost)


def test_the_heartbeat_by_hand(prod: Template, dev: Template) -> None:
    """It costs some dozens of cents, on lines of its own, however many orders there are."""
    for traffic in (TODAY, Traffic(orders_per_day=0)):
        lines = {
            f"{line.service}, {line.name.removesuffix(' of the heartbeat')}": line.dollars
            for line in lines_of(prod, traffic)
            if line.name.endswith(" of the heartbeat")
        }
        assert 0.1 < sum(lines.values()) < 0.6
        millions = HEARTBEATS / 1e6
        assert lines["EventBridge Scheduler, runs"] == pytest.approx(millions * 1.00)
        assert lines["API Gateway, requests"] == pytest.approx(4 * millions * 3.50)
        assert lines["DynamoDB, writes"] == pytest.approx(13 * millions * 0.625)
        # its function, one in ten of its requests, and its message to process_order
        assert lines["X-Ray, traces"] == pytest.approx((1 + 0.4 + 1) * millions * 5)
    assert not [line for line in lines_of(dev) if "heartbeat" in line.name]


def test_an_unknown_schedule_stops_the_bill(prod: Template) -> None:
    """A schedule that calls something else, or at other times, is not free."""
    known = prod.one("Scheduler::Schedule")
    for other in (
        {**known, "ScheduleExpression": "cron(0 * * * ? *)"},
        {**known, "Target": {"Arn": "arn:aws:lambda:us-east-1:111122223333:function:mine"}},
    ):
        document = with_resource(prod, "AWS::Scheduler::Schedule", **other)
        with pytest.raises(Unpriced, match="schedule"):
            bill(document, TODAY)


def test_sign_in(prod: Template) -> None:
    """Each plan's cost for the customers is told, and which of them the template has."""
    plans = {plan.name: plan for plan in CostReport(prod.document, TODAY, 20_000).plans()}
    assert [name for name, plan in plans.items() if plan.used] == ["Essentials"]
    assert plans["Essentials"].dollars == pytest.approx(300)
    assert plans["Essentials"].beyond_free == pytest.approx(150)
    assert plans["Lite"].dollars < plans["Essentials"].dollars < plans["Plus"].dollars
    assert dollars_of(lines_of(prod, customers=20_000), SIGN_IN) == pytest.approx(300)


def test_capacity_modes(prod: Template, provisioned: Template) -> None:
    """Provisioned capacity costs more today, and less where the load is steady and fits it."""
    choice = Capacity(mode=CapacityMode.PROVISIONED)
    today = total(lines_of(prod)), total(lines_of(prod, capacity=choice))
    assert today[0] < today[1]
    more = replace(TODAY, orders_per_day=50_000)
    assert total(lines_of(prod, more)) > total(lines_of(prod, more, capacity=choice))
    # The same whether the template has it or would have it.
    same = [dollars_of(lines_of(provisioned, capacity=c), "DynamoDB") for c in (None, choice)]
    assert same[0] == pytest.approx(same[1])


def test_the_least_capacity_is_paid_idle_or_not() -> None:
    """Five units cost the whole month, and never more than a hundred are paid."""
    capacity = Capacity(mode=CapacityMode.PROVISIONED)
    assert capacity_hours(0, capacity, 12) == pytest.approx(5 * DAYS * 24)
    assert capacity_hours(1e12, capacity, 12) == pytest.approx((100 + 5) * DAYS * 12)


def test_what_is_too_small_is_said(prod: Template) -> None:
    """A capacity that cannot carry a load is not praised as cheap."""
    on_demand, provisioned = CostReport(prod.document, TODAY).capacities()
    assert "too small" not in "".join(on_demand[1:4])
    assert "too small" in provisioned[3]


def test_what_is_not_sure_is_in_no_total(prod: Template) -> None:
    """What AWS may not bill is told beside the bill."""
    lines = lines_of(prod)
    unsettled = [line for line in lines if not line.settled]
    assert unsettled
    settled = [line for line in lines if line.settled]
    assert total(lines, apart=()) == pytest.approx(sum(line.dollars for line in settled))


@given(load=loads, customers=st.floats(0, 1e8))
def test_a_bill_is_never_absurd(load: float, customers: float) -> None:
    """Whatever the load, each line is a number of dollars, and not below nothing."""
    for line in bill(SMALL, Traffic(orders_per_day=load), customers=customers):
        assert line.dollars >= 0
        assert math.isfinite(line.dollars)


@given(load=loads, more=loads)
def test_more_load_costs_more(load: float, more: float) -> None:
    """The bill grows with the load, and no faster than it."""
    low, high = sorted((load, more))
    less, much = (total(bill(SMALL, Traffic(orders_per_day=n))) for n in (low, high))
    assert less <= much + 1e-6
    ten = total(bill(SMALL, Traffic(orders_per_day=10 * low)))
    assert ten <= 10 * less + 1e-6


@given(size=st.integers(0, 10**7))
def test_messages_are_counted_in_chunks(size: int) -> None:
    """AWS counts each begun 64 KB as a request, and an empty message as one."""
    assert (chunks(size) - 1) * 65_536 < max(size, 1) <= chunks(size) * 65_536


def _table(key: str, *indexes: str) -> dict[str, Any]:
    return {
        "Type": "AWS::DynamoDB::GlobalTable",
        "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
            "GlobalSecondaryIndexes": [{"IndexName": index} for index in indexes],
            "Replicas": [
                {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
            ],
        },
    }


SMALL: dict[str, Any] = {
    "Resources": {
        "Api": {"Type": "AWS::ApiGateway::RestApi"},
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {"TracingEnabled": True, "AccessLogSetting": {}},
        },
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}},
        "Orders": _table("orderId", "by-customer", "by-partner", "by-server"),
        "Keys": _table("key"),
        "Pipe": {"Type": "AWS::Pipes::Pipe"},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Mapping": {"Type": "AWS::Lambda::EventSourceMapping"},
        "Acl": {"Type": "AWS::WAFv2::WebACL", "Properties": {"Rules": [{}]}},
        "Pool": {"Type": "AWS::Cognito::UserPool"},
        "Key": {"Type": "AWS::KMS::Key"},
        "Worker": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Handler": "orders.handlers.process_order.handler",
                "TracingConfig": {"Mode": "Active"},
            },
        },
    }
}
"""A template with a resource of each kind whose cost follows the load."""
