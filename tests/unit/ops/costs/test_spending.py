"""What orders took is shared out over them, and set beside the model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ops.costs.consumption import units_of
from ops.costs.prices import MILLION
from ops.costs.spending import Carried, Quantity, Spending, unseen
from tests.shared import spent_orders
from tests.shared.spent_orders import TEMPLATE, stored

if TYPE_CHECKING:
    from ops.costs.consumption import Consumption


@pytest.fixture
def consumed() -> Consumption:
    return spent_orders.consumed()


def spending(consumed: Consumption) -> Spending:
    units = units_of([stored("acme"), stored("acme"), stored()])
    return Spending(consumed, units, Carried(published=7, queued=12))


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


def test_reads_are_what_dynamodb_told(consumed: Consumption) -> None:
    """Each line's own units are taken, of lists as of single orders."""
    assert spending(consumed).quantities()["DynamoDB", "reads"].units == 2 + 0.5


def test_where_dynamodb_counts_its_word_is_taken(consumed: Consumption) -> None:
    """On AWS the tables' own metrics say what was consumed, transactions with it."""
    counted = replace(spending(consumed), carried=Carried(7, 12, written=99, read=11))
    found = counted.quantities()
    assert found["DynamoDB", "writes"] == Quantity(99, "CloudWatch")
    assert found["DynamoDB", "reads"] == Quantity(11, "CloudWatch")


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


def test_traffic_is_what_was_seen(consumed: Consumption) -> None:
    """The model is asked for the same requests for each order, and not for its own guess."""
    traffic = spending(consumed).traffic(100)
    assert traffic.requests_per_order == pytest.approx(1 + 5 / 3)
    assert traffic.partners == pytest.approx(2 / 3)
    assert traffic.auto_confirmed == 1
    assert traffic.page_orders == 3
    assert spending(replace(consumed, pages=[], asked=consumed.asked)).traffic(100).page_orders == 0
