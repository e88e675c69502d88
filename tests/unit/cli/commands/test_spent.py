"""What orders took is counted from log lines, and set beside the model."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.commands import spent
from cloudwatch.time_range import latest
from ops.costs.consumption import (
    ACCESS_LOG,
    Consumption,
    as_placed,
    key_record,
    list_units,
    units_of,
)
from ops.costs.prices import MILLION
from ops.costs.spending import Carried, Quantity, Spending, unseen
from ops.costs.units import item_bytes
from ops.reach import templates
from ops.reach.errors import OperatorError
from ops.reach.target import Target
from orders.callers import Caller
from orders.domain.changes import place, place_for_partner
from orders.domain.lifecycle import Role
from orders.domain.order import NewOrder, NewPartnerOrder
from orders.handlers.create_order import _claim
from tests.shared.examples import ORDER

REPORT = (
    "REPORT RequestId: 1\tDuration: 99.5 ms\tBilled Duration: 100 ms\t"
    "Memory Size: 512 MB\tMax Memory Used: 40 MB\tInit Duration: 90 ms"
)
MOMENT = 1_790_000_000_000

TEMPLATE = {
    "Resources": {
        "Api": {"Type": "AWS::ApiGateway::RestApi"},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Pipe": {"Type": "AWS::Pipes::Pipe"},
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Dashboard": {"Type": "AWS::CloudWatch::Dashboard"},
        "Create": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Handler": "orders.handlers.create_order.handler",
                "Architectures": ["arm64"],
                "MemorySize": 512,
            },
        },
        "Orders": {
            "Type": "AWS::DynamoDB::GlobalTable",
            "Properties": {
                "BillingMode": "PROVISIONED",
                "KeySchema": [{"AttributeName": "orderId", "KeyType": "HASH"}],
                "Replicas": [{}],
            },
        },
    }
}


def request(route: str = "POST /orders", **changes: Any) -> str:
    line = {"route": route, "status": 201, "readUnits": 0.0, "writeUnits": 0.0, "coldStart": False}
    placed = {"caller": "customer", "orderId": "o", "replayed": False}
    return json.dumps({"message": "request", **line, **placed, **changes})


def stored(partner: str | None = None, **changes: Any) -> dict[str, Any]:
    """Give the example order as it is stored when it was placed."""
    if partner:
        body = msgspec.convert({**ORDER, **changes}, NewPartnerOrder)
        return place_for_partner(body, partner, MOMENT)
    own = {name: value for name, value in ORDER.items() if name != "customerId"}
    return place(msgspec.convert({**own, **changes}, NewOrder), "ann", Role.CUSTOMER, MOMENT)


@pytest.fixture
def consumed() -> Consumption:
    """Two orders of a partner, one of a customer; a change, two reads and a list of three."""
    found = Consumption()
    for number, caller in enumerate(("partner", "partner", "customer")):
        found.take("create_order", request(caller=caller, orderId=f"o{number}"))
        found.take("create_order", REPORT)
    found.take("create_order", request(replayed=True))
    found.take("create_order", request(status=422))
    patch = "PATCH /orders/{orderId}"
    found.take("update_order", request(patch, status=200, writeUnits=3.0, coldStart=True))
    found.take("update_order", request(patch, status=409, writeUnits=1.0))
    for _ in range(2):
        found.take("get_order", request("GET /orders/{orderId}", status=200, readUnits=1.0))
    found.take("list_orders", request("GET /orders", status=200, readUnits=0.5, orders=3))
    confirmed = {"message": "message", "outcome": "confirmed", "writeUnits": 3.0}
    for _ in range(3):
        found.take("process_order", json.dumps(confirmed))
    for _ in range(9):
        access = {"route": "/orders", "status": "201", "responseLength": "1000"}
        found.take(ACCESS_LOG, json.dumps(access))
    return found


def test_lines_are_counted(consumed: Consumption) -> None:
    """Orders, repetitions, changes, units, calls, time, and the bytes of answers and logs."""
    assert (consumed.orders, consumed.partner_orders, consumed.replays) == (3, 2, 1)
    assert consumed.asked == {
        "create_order": 5,
        "update_order": 2,
        "get_order": 2,
        "list_orders": 1,
    }
    assert (consumed.changed, consumed.cold, consumed.confirmed) == (1, 1, 3)
    assert consumed.calls == {"create_order": 3}
    assert consumed.gigabyte_seconds["create_order"] == pytest.approx(3 * 0.1 * 0.5)
    assert consumed.told_writes == Counter(update_order=4, process_order=9)
    assert consumed.told_reads["get_order"] == 2
    assert (consumed.requests, consumed.answer_bytes) == (9, 9_000)
    assert consumed.pages == [3]


def test_log_bytes_are_apart_by_kind() -> None:
    """Lines that are metrics, access logs, and all others are weighed each for itself."""
    found, metric = Consumption(), json.dumps({"_aws": {"Timestamp": 1}, "OrdersCreated": [1]})
    found.take("create_order", "START RequestId: ü")
    found.take("create_order", metric)
    found.take(ACCESS_LOG, "{}")
    assert found.log_bytes == {
        "functions": len("START RequestId: ü".encode()),
        "metrics": len(metric),
        "access logs": 2,
    }


def test_the_heartbeats_orders_are_none() -> None:
    """What the service places for itself is no order, and is told."""
    found = Consumption()
    found.take("create_order", request(synthetic=True))
    assert (found.orders, found.synthetic) == (0, 1)


def test_units_are_those_of_the_orders_as_they_were_placed() -> None:
    """A partner's order takes two units twice over and one in each index; its growth is no part."""
    order = stored("acme")
    grown = {**order, "history": order["history"] * 6}
    assert as_placed(grown) == order
    units = units_of([grown])
    assert units.placing == 2 + 2 + 2 * 1  # order and record in a transaction, two indexes
    assert units.replaying == 2 + 2
    assert units.order_bytes == item_bytes(order) < 1_024
    assert units_of([stored()]).placing == 2 + 2 + 1


def test_the_record_has_the_size_of_the_real_one() -> None:
    """The record that a key's size is taken from is as large as the one that the function makes."""
    for order, caller in (
        (stored("acme"), Caller(Role.PARTNER, "acme")),
        (stored(), Caller(Role.CUSTOMER, "ann")),
    ):
        claim = _claim(caller, "any key", msgspec.convert(ORDER, NewPartnerOrder))
        real = {"key": claim.key, "requestHash": claim.request_hash}
        guessed = key_record(order)
        assert {name: len(guessed[name]) for name in real} == {k: len(v) for k, v in real.items()}


def test_lists_take_what_their_pages_hold() -> None:
    """A page is read as a whole, four kilobytes a unit, half of it as lists may be behind."""
    assert list_units([0, 1, 20], 1_000) == 0.5 + 0.5 + 5 * 0.5


def spending(consumed: Consumption, **options: Any) -> Spending:
    units = units_of([stored("acme"), stored("acme"), stored()])
    return Spending(consumed, units, Carried(published=7, queued=12), **options)


def test_each_order_has_its_share(consumed: Consumption) -> None:
    """Dollars are what was seen, times the price, over the orders; the model stands beside."""
    rows = {(row.service, row.name): row for row in spending(consumed).rows(TEMPLATE, 3_500)}
    requests = rows["API Gateway", "requests"]
    assert requests.seen == 3
    assert requests.modelled == pytest.approx(1 + 2 / 3 + 2 / 3 + 1 / 3)
    assert requests.seen_dollars == pytest.approx(3 * 3.50)
    assert requests.difference == pytest.approx(100 * (3 / (8 / 3) - 1))
    time = rows["Lambda", "create_order, time"]
    assert time.seen_dollars == pytest.approx(0.1 * 0.5 * 0.0000133334 * MILLION)
    assert rows["SQS", "messages"].seen == 4
    assert rows["SNS", "changes"].seen == pytest.approx(7 / 3)


def test_writes_are_what_dynamodb_told_and_what_its_rule_says(consumed: Consumption) -> None:
    """Changes and confirmations are taken from the log, transactions from the items' sizes."""
    seen = spending(consumed)
    placed = 6 + 6 + 5
    assert seen.write_units() == pytest.approx(placed + 1 * seen.units.replaying + 9 + 4)
    rows = {(row.service, row.name): row for row in seen.rows(TEMPLATE, 3_500)}
    # On demand whatever the template has: capacity that is held is no order's.
    assert rows["DynamoDB", "writes"].seen_dollars == pytest.approx(seen.write_units() / 3 * 0.625)


def test_the_emulators_word_on_pages_is_not_taken(consumed: Consumption) -> None:
    """Where every page is told to be the smallest, its size counts; elsewhere what was told."""
    consumed.pages[:] = [20]
    reads = ("DynamoDB", "reads")
    assert spending(consumed).quantities()[reads].units == 2 + 0.5
    by_rule = spending(consumed, pages_by_rule=True).quantities()[reads]
    assert by_rule.units > 2 + 0.5
    assert "sizes" in by_rule.source


def test_where_dynamodb_counts_its_word_is_taken(consumed: Consumption) -> None:
    """On AWS the tables' own metrics say what was consumed, transactions with it."""
    counted = replace(spending(consumed), carried=Carried(7, 12, written=99, read=11))
    found = counted.quantities()
    assert found["DynamoDB", "writes"] == Quantity(99, "CloudWatch")
    assert found["DynamoDB", "reads"] == Quantity(11, "CloudWatch")


class CloudWatch:
    """Counts 2 in each of two minutes for what it is told to know."""

    def __init__(self, known: str) -> None:
        self.known = known
        self.asked: list[Any] = []

    def get_paginator(self, _: str) -> CloudWatch:
        return self

    def paginate(self, **asked: Any) -> list[Any]:
        self.asked.append(asked)
        results = [
            {"Values": [2.0, 2.0] if self.known in one["MetricStat"]["Metric"]["Namespace"] else []}
            for one in asked["MetricDataQueries"]
        ]
        return [{"MetricDataResults": results}]


OUTPUTS = {
    "OrderChangesTopic": "arn:aws:sns:us-east-1:1:topic",
    "OrderProcessingQueue": "https://sqs/1/processing",
    "PartnerNotificationsQueue": "https://sqs/1/notifications",
    "OrdersTable": "orders",
    "IdempotencyTable": "keys",
    "PartnersTable": "partners",
}


@pytest.mark.parametrize(
    ("known", "found"),
    [
        ("AWS/SNS", Carried(4, 0)),
        ("AWS/SQS", Carried(0, 2 * 3 * 4)),
        ("AWS/DynamoDB", Carried(0, 0, written=5 * 4, read=5 * 4)),
    ],
)
def test_metrics_are_added_up(known: str, found: Carried) -> None:
    """Each queue, table and index is asked for; where nobody counts units there are none."""
    metrics = CloudWatch(known)
    target = Target("stage dev", "s", lambda _: metrics, OUTPUTS, "")
    assert spent.carried(target, latest(2)) == found
    names = {
        (dimension["Name"], dimension["Value"])
        for asked in metrics.asked
        for query in asked["MetricDataQueries"]
        for dimension in query["MetricStat"]["Metric"]["Dimensions"]
    }
    assert ("QueueName", "processing") in names
    assert ("GlobalSecondaryIndexName", "by-partner") in names


def test_what_no_order_causes_is_no_orders(consumed: Consumption) -> None:
    """Dashboards and polls cost the same at twice the orders, and are not shared out."""
    seen = spending(consumed)
    rows = seen.rows(TEMPLATE, 3_500)
    others = unseen(TEMPLATE, rows, seen.traffic(3_500))
    assert ("CloudWatch", "dashboards") not in others
    assert ("SQS", "Lambda's polls") not in others
    assert others["DynamoDB", "stored, with indexes"] > 0
    assert not others.keys() & {(row.service, row.name) for row in rows}


def test_a_line_that_the_model_has_for_nothing_has_no_difference(consumed: Consumption) -> None:
    """Nothing is no base for percent."""
    row = spending(consumed).rows(TEMPLATE, 3_500)[0]
    assert row._replace(modelled=0).difference is None


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, consumed: Consumption) -> Consumption:
    """A deployment of which all has been read."""
    target = Target("the local run", "food-delivery-orders-dev", lambda _: None, {}, "make run")
    monkeypatch.setattr("cli.options.find", lambda *_, **__: target)
    monkeypatch.setattr(templates, "synthesized", lambda _: TEMPLATE)
    monkeypatch.setattr(spent, "consumption", lambda *_: consumed)
    monkeypatch.setattr(spent, "sample", lambda *_: units_of([stored("acme")]))
    monkeypatch.setattr(spent, "carried", lambda *_: Carried(7, 12))
    return consumed


def test_table(running: Consumption) -> None:
    """The table says where each figure was read, and what of the model was not seen."""
    result = CliRunner().invoke(app, ["spent", "--local"])
    assert result.exit_code == 0, result.output
    assert running.orders == 3
    assert "3 orders, 3.3 requests each" in result.output
    writes = re.compile(r"^DynamoDB +writes .* transactions by their items' sizes", re.MULTILINE)
    assert writes.search(result.output)
    assert "DynamoDB, stored, with indexes" in result.output


def test_json(running: Consumption) -> None:
    """Programs get each line, and the dollars of an order both ways."""
    document = json.loads(CliRunner().invoke(app, ["spent", "--local", "--json"]).stdout)
    assert document["orders"] == running.orders
    total = sum(line["seen_dollars"] for line in document["lines"])
    assert document["dollarsPerOrder"] == pytest.approx(total / MILLION)
    assert document["modelledDollarsPerOrder"] > 0


def test_without_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing was ordered there is nothing to share out, and a sentence says so."""
    monkeypatch.setattr(spent, "consumption", lambda *_: Consumption())
    target = Target("stage dev", "food-delivery-orders-dev", lambda _: None, {}, "make deploy")
    with pytest.raises(OperatorError, match=r"No order was placed in stage dev in the last 5 min"):
        spent.look(target, latest(5), local=False)


def test_a_span_is_of_whole_minutes() -> None:
    """CloudWatch counts minutes: the one that is not over is in."""
    span = latest(5)
    assert span.start % 60 == span.end % 60 == 0
    assert span.end - span.start == 300


def test_traffic_is_what_was_seen(consumed: Consumption) -> None:
    """The model is asked for the same requests for each order, and not for its own guess."""
    traffic = spending(consumed).traffic(100)
    assert traffic.requests_per_order == pytest.approx(1 + 5 / 3)
    assert traffic.partners == pytest.approx(2 / 3)
    assert traffic.auto_confirmed == 1
    assert traffic.page_orders == 3
    assert spending(replace(consumed, pages=[], asked=consumed.asked)).traffic(100).page_orders == 0
