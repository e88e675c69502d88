"""What process_order does with an order that waits for its restaurant, and when its time is up."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from orders import deadlines
from orders.consumer import Message, Retry
from orders.deadlines import message_of
from orders.domain.ids import timestamp_of
from orders.domain.lifecycle import Role, Status
from orders.domain.serving.servers import ACCEPT_BY, SERVED_BY
from orders.flags import Decision
from orders.handlers import notify_partner, process_order
from orders.metrics import ORDERS_UNANSWERED, STATUS_CHANGES
from orders.order_changes import Malformed
from orders.settings import MAX_RECEIVES
from orders.store import Refused
from tests.shared.stream_records import item, message, record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orders.domain.changes import Change
    from orders.domain.order import Item


class World:
    """One stored order, and the deadlines that were set."""

    def __init__(self) -> None:
        self.order: Item | None = served(600)
        self.on = False
        self.changes: list[Change] = []
        self.set: list[tuple[str, str]] = []

    def update(
        self, order_id: str, change: Change, owner: None, versions: Iterable[int] | None
    ) -> Item:
        order = self.order
        assert owner is None
        if (
            order is None
            or order["orderId"] != order_id
            or order["status"] not in change.only_from
            or (versions is not None and order["version"] not in versions)
            or (change.overdue and (SERVED_BY not in order or order[ACCEPT_BY] > change.at))
        ):
            raise Refused(order)
        self.changes.append(change)
        assert change.to is not None
        self.order = {**order, "status": change.to.value, "version": order["version"] + 1}
        return self.order

    def decide(self, _flag: Any, _subject: str) -> Decision:
        return Decision(on=self.on, why="set")


def served(seconds: float, **changes: Any) -> Item:
    """Store an order that somebody serves, with so many seconds left to answer it."""
    deadline = timestamp_of(int((time.time() + seconds) * 1_000))
    return item(**{SERVED_BY: "acme#rest-1", ACCEPT_BY: deadline, **changes})


def told(new: Item, receives: int = 1) -> Message:
    return Message(message(json.dumps(record(new)), receives=receives))


def reminder(order_id: str, receives: int = 1) -> Message:
    return Message(message(message_of(order_id), receives=receives))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(process_order, "store", lambda: made)
    monkeypatch.setattr(process_order, "flags", lambda: made)
    monkeypatch.setattr(deadlines, "set_deadline", lambda *which: made.set.append(which))
    return made


def wait(world: World, order: Item, receives: int = 1) -> str:
    world.order = order
    return process_order.process_order(told(order, receives))


def remind(world: World, order: Item | None, receives: int = 1) -> tuple[str, Message]:
    world.order = order
    one = reminder((order or item())["orderId"], receives)
    return process_order.process_order(one), one


def test_an_order_that_is_left_waiting_has_a_deadline(world: World) -> None:
    """Whoever serves it has until then; the log says when that is."""
    order, one = served(600), told(served(600))
    assert wait(world, order) == "waiting"
    assert world.set == [(order["orderId"], order[ACCEPT_BY])]
    assert process_order.process_order(one) == "waiting"
    assert one.notes[ACCEPT_BY] == one.change.new[ACCEPT_BY]
    assert not world.changes


def test_an_order_that_nobody_serves_waits_as_long_as_it_may(world: World) -> None:
    """Where nobody has to answer, nothing ends the wait; what an edit has left there counts not."""
    for order in (item(), item(**{ACCEPT_BY: timestamp_of(0)})):
        assert wait(world, order) == "waiting"
    assert not world.set
    assert not world.changes


def test_an_order_that_is_confirmed_at_once_needs_no_deadline(world: World) -> None:
    """Where orders are confirmed by the service nobody is waited for."""
    world.on = True
    assert wait(world, served(600)) == "confirmed"
    assert not world.set


def test_an_order_whose_time_is_up_already_is_rejected(world: World) -> None:
    """After hours in which no message came through, no customer waits any longer."""
    assert wait(world, served(-1)) == "unanswered"
    assert [(change.to, change.by) for change in world.changes] == [(Status.REJECTED, Role.SERVICE)]
    assert not world.set


def test_what_is_nearer_than_a_schedule_is_exact_waits_by_itself(world: World) -> None:
    """The message comes again when the time is up, and not a minute later."""
    with pytest.raises(Retry) as caught:
        wait(world, served(30))
    assert 28 <= caught.value.after <= 30
    assert not world.set
    assert wait(world, served(30), receives=MAX_RECEIVES) == "waiting"  # it cannot come again
    assert len(world.set) == 1


def test_an_order_that_nobody_answered_is_rejected(world: World) -> None:
    """The service says so, counts it, and the log names the restaurant by its id."""
    outcome, one = remind(world, served(-1, version=3))
    assert outcome == "unanswered"
    (change,) = world.changes
    assert dict(change.why) == {"reason": "no-answer"}
    assert one.counts == [STATUS_CHANGES, ORDERS_UNANSWERED]
    assert one.notes["restaurantId"] == item()["restaurantId"]
    assert (one.notes["orderStatus"], one.notes["version"]) == ("REJECTED", 4)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.PLACED])
def test_an_order_that_was_answered_stays_as_it_is(world: World, status: Status) -> None:
    """A deadline that comes for an order which has gone further does nothing, in silence."""
    outcome, one = remind(world, served(-1, status=status.value))
    assert outcome == "answered"
    assert not world.changes
    assert not one.counts


def test_an_order_that_is_gone_or_served_no_more_stays_as_it_is(world: World) -> None:
    """A restaurant that was unbound meanwhile has nothing to answer."""
    assert remind(world, None)[0] == "answered"
    unbound = {name: value for name, value in served(-1).items() if name != SERVED_BY}
    assert remind(world, unbound)[0] == "waiting"
    assert not world.changes
    assert not world.set


def test_a_deadline_that_was_moved_is_waited_for(world: World) -> None:
    """An order that is scheduled for later meanwhile is not rejected, and not forgotten."""
    order = served(3_600)
    assert remind(world, order)[0] == "waiting"
    assert world.set == [(order["orderId"], order[ACCEPT_BY])]
    with pytest.raises(Retry):
        remind(world, served(20))
    assert not world.changes


def test_a_deadline_is_no_change_of_an_order(world: World) -> None:
    """It has no order in it, only whose: what sends webhooks can make nothing of it."""
    order_id = item()["orderId"]
    one = reminder(order_id)
    nobody = {"partnerId": None, "side": None, "requestTraceId": None}
    assert one.about == {"orderId": order_id, **nobody}
    with pytest.raises(Malformed):
        notify_partner.notify_partner(one)
    assert not world.changes


@pytest.mark.parametrize("body", ['{"deadlineOf": 1}', '{"deadlineOf"', "{}", "null", "[]"])
def test_what_is_neither_is_a_dead_letter(body: str) -> None:
    """Poison ends where operators look."""
    with pytest.raises(Malformed):
        Message(message(body))
