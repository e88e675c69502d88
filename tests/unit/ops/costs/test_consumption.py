"""What orders took is counted from log lines, and from the orders as they are stored."""

from __future__ import annotations

import json
from collections import Counter

import msgspec
import pytest

from ops.costs.consumption import (
    ACCESS_LOG,
    Consumption,
    as_placed,
    key_record,
    units_of,
)
from ops.costs.units import item_bytes
from orders.callers import Caller
from orders.domain.lifecycle import Role
from orders.domain.order import NewPartnerOrder
from orders.handlers.create_order import _claim
from tests.shared import spent_orders
from tests.shared.examples import ORDER
from tests.shared.spent_orders import request, stored


@pytest.fixture
def consumed() -> Consumption:
    return spent_orders.consumed()


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
