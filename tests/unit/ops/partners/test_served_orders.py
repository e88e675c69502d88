"""Orders that wait are moved to who serves their restaurant, and each only once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from ops.partners import served_orders
from ops.partners.served_orders import OPEN, WAITING, Moved, move
from ops.reach.target import Target
from orders.domain.serving.servers import Bound
from tests.shared.examples import order
from tests.shared.stream_records import customers_order, partners_order, typed

if TYPE_CHECKING:
    from collections.abc import Callable

ACME = Bound("acme", ("acme", "bella"))


class Table:
    """A table of orders that takes what is conditional on who serves one and on its version."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.seen: list[dict[str, Any]] = []
        self.meanwhile: Callable[[dict[str, Any]], None] = lambda _: None
        self.variables = {"ACCEPT_MINUTES": "10", "ACCEPT_LEAD_MINUTES": "60"}

    def get_function_configuration(self, **_: Any) -> dict[str, Any]:
        return {"Environment": {"Variables": self.variables}}

    def get_paginator(self, name: str) -> Table:
        assert name == "scan"
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        statuses = [v["S"] for k, v in asked["ExpressionAttributeValues"].items() if k[1] == "s"]
        found = [
            dict(item)
            for item in self.items
            if item["status"]["S"] in statuses and "synthetic" not in item
        ]
        return [{"Items": found[:1]}, {"Items": found[1:]}]

    def update_item(self, **given: Any) -> None:
        (item,) = [i for i in self.items if i["orderId"] == given["Key"]["orderId"]]
        self.meanwhile(item)
        values = given["ExpressionAttributeValues"]
        if item["version"] != values[":version"] or item.get("servedBy") != values.get(":served"):
            error: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}
            error["Item"] = dict(item)
            raise ClientError(error, "UpdateItem")
        item.pop("traceId", None)
        item.pop("servedBy", None)
        item["version"] = {"N": str(int(item["version"]["N"]) + 1)}
        if ":wanted" in values:
            item["servedBy"] = values[":wanted"]
        if ":deadline" in values:
            item["acceptBy"] = values[":deadline"]

    def served(self) -> list[str | None]:
        return [item.get("servedBy", {}).get("S") for item in self.items]


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    monkeypatch.setattr(served_orders, "_PAUSE_SECONDS", 0)
    made = Table()
    whole = order(restaurantId="rest-1")
    for item in (customers_order(whole, "ann"), partners_order(whole), customers_order(whole, "b")):
        made.items.append(typed({**item, "traceId": "1-2-3"}))
    made.items[2]["status"] = {"S": "CONFIRMED"}
    return made


@pytest.fixture
def target(table: Table) -> Target:
    outputs = {"OrdersTable": "orders", "CreateOrderFunction": "placing"}
    return Target("it", "stack", lambda _: table, outputs, "")


def test_orders_that_wait_go_to_who_serves_now(table: Table, target: Target) -> None:
    """People's go there; the server's own stay its own; what is under way stays where it is."""
    moved = Moved()
    move(target, "rest-1", ACME, WAITING, moved)
    assert table.served() == ["acme#rest-1", None, None]
    assert (moved.orders, moved.busy) == (1, 0)
    assert table.items[0]["version"] == {"N": "2"}
    assert "traceId" not in table.items[0]
    move(target, "rest-1", ACME, WAITING, moved)
    assert moved.orders == 1, "said again, it finds nothing to do"


def test_with_open_all_that_have_not_ended_go(table: Table, target: Target) -> None:
    """A restaurant that changes its system takes along what is in the oven."""
    move(target, "rest-1", Bound("", ("acme",)), OPEN, moved := Moved())
    assert table.served() == ["#rest-1"] * 3
    assert moved.orders == 3
    move(target, "rest-1", None, OPEN, moved)
    assert table.served() == [None] * 3


def test_who_takes_over_has_the_whole_time_to_answer(table: Table, target: Target) -> None:
    """An order that waits has a deadline from now on, and later where it is scheduled; no other."""
    table.items[1].pop("partnerId")
    table.items[1]["scheduledFor"] = {"S": "2999-01-01T12:00:00Z"}
    move(target, "rest-1", ACME, OPEN, Moved())
    soon, scheduled, accepted = (item.get("acceptBy", {}).get("S") for item in table.items)
    left = datetime.fromisoformat(soon) - datetime.now(UTC)
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)
    assert (scheduled, accepted) == ("2999-01-01T11:00:00.000Z", None)


def test_a_stage_without_deadlines_gets_none(table: Table, target: Target) -> None:
    """Functions of the release before know nothing of deadlines, and would keep none."""
    table.variables = {}
    move(target, "rest-1", ACME, WAITING, Moved())
    assert "acceptBy" not in table.items[0]


def test_what_is_accepted_at_that_moment_stays(table: Table, target: Target) -> None:
    """Either the old server has accepted an order, or the new one finds it: never both."""

    def accept(item: dict[str, Any]) -> None:
        if item["status"]["S"] == "PLACED":
            item.update(status={"S": "CONFIRMED"}, version={"N": "2"})

    table.meanwhile = accept
    move(target, "rest-1", ACME, WAITING, moved := Moved())
    assert table.served() == [None] * 3
    assert (moved.orders, moved.busy) == (0, 0)


def test_what_is_edited_at_that_moment_is_moved_all_the_same(table: Table, target: Target) -> None:
    """A customer's edit comes between: the order is looked at again, and moved."""
    edits = iter([True])

    def edit(item: dict[str, Any]) -> None:
        if next(edits, False):
            item["version"] = {"N": "2"}

    table.meanwhile = edit
    move(target, "rest-1", ACME, WAITING, moved := Moved())
    assert table.served()[0] == "acme#rest-1"
    assert (moved.orders, table.items[0]["version"]) == (1, {"N": "3"})


def test_an_order_that_never_stands_still_is_told(table: Table, target: Target) -> None:
    """It stays where it was, and whoever runs the command repeats it."""

    def edit(item: dict[str, Any]) -> None:
        item["version"] = {"N": str(int(item["version"]["N"]) + 1)}

    table.meanwhile = edit
    move(target, "rest-1", ACME, WAITING, moved := Moved())
    assert (moved.orders, moved.busy) == (0, 1)


def test_orders_of_partners_that_may_not_order_there_are_told(table: Table, target: Target) -> None:
    """Where nothing was moved I learn whose orders wait, as I may have forgotten a placer."""
    table.items[0]["partnerId"] = {"S": "bella"}
    move(target, "rest-1", Bound("delta"), WAITING, moved := Moved())
    acme = table.items[1]["partnerId"]["S"]
    assert (moved.orders, moved.others) == (0, {"bella": 1, acme: 1})
    move(target, "rest-1", Bound("delta", ("bella", acme)), WAITING, moved := Moved())
    assert (moved.orders, moved.others) == (2, {})
