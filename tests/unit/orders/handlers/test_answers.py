"""A restaurant answers: it accepts what it has read, says when it is ready, and has its time."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from orders.domain.changes import expire
from orders.domain.ids import timestamp_of
from orders.handlers import update_order
from orders.store import Refused, store
from tests.shared.events import event
from tests.unit.orders.handlers.test_serving import ANN, STAFF, WHY, World, world

if TYPE_CHECKING:
    from orders.domain.order import Item

__all__ = ["world"]  # the fixture

MINUTES, LEAD = 10, 60  # of tests/unit/conftest.py


def ahead(**time_left: float) -> str:
    """Give a moment that is so far ahead, as it is sent."""
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(**time_left)
    return moment.isoformat().replace("+00:00", "Z")


def answer(
    world: World, item: Item, body: dict[str, Any], **headers: str
) -> tuple[int, dict[str, Any]]:
    """Answer as the staff of rest-2."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return world.served("patch", STAFF, "rest-2", item, body=body, headers=sent)


def edit(item: Item, body: dict[str, Any], key: str | None = None) -> tuple[int, dict[str, Any]]:
    """Change an order as its customer."""
    headers = {} if key is None else {"Idempotency-Key": key}
    sent = event(
        "PATCH", "/orders", order_id=item["orderId"], body=body, claims=ANN, headers=headers
    )
    told = update_order.handler(sent, None)
    return told["statusCode"], json.loads(told["body"])


def stored(item: Item) -> Item:
    """Read an order as it is stored."""
    found = store().get(item["orderId"])
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def edits_are_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let customers edit."""
    monkeypatch.setattr(update_order, "_check_edits", lambda _: None)


def test_a_served_order_has_a_deadline_from_its_placing(world: World) -> None:
    """Who asks a restaurant is told until when it can answer; nobody else waits for one."""
    served, unserved = world.place(ANN, "rest-2"), world.place(ANN, "rest-42", "k-2")
    placed = datetime.fromisoformat(served["timestamp"])
    assert datetime.fromisoformat(served["acceptBy"]) - placed == timedelta(minutes=MINUTES)
    assert "acceptBy" not in unserved
    assert world.served("one", STAFF, "rest-2", served)[1]["acceptBy"] == served["acceptBy"]


@pytest.mark.parametrize("headers", [{}, {"If_Match": "*"}, {"If_None_Match": '"9"'}])
def test_a_restaurant_accepts_what_it_has_read(world: World, headers: dict[str, str]) -> None:
    """Without the order's ETag it is refused: the customer may just have changed the order."""
    item = world.place(ANN, "rest-2")
    status, problem = answer(world, item, {"status": "CONFIRMED"}, **headers)
    assert (status, problem["type"].rpartition(":")[2]) == (428, "precondition-required")
    assert problem["errors"][0]["pointer"] == "If-Match"
    assert stored(item)["status"] == "PLACED"


def test_an_edit_in_between_is_not_accepted_unseen(world: World) -> None:
    """The restaurant's ETag is of the order before: it has to look again."""
    item = world.place(ANN, "rest-2")
    assert edit(item, {"note": "no onions"})[0] == 200
    assert answer(world, item, {"status": "CONFIRMED"}, If_Match='"1"')[0] == 412
    assert answer(world, item, {"status": "CONFIRMED"}, If_Match='"2"')[0] == 200


def test_other_answers_need_no_etag(world: World) -> None:
    """A kitchen that cannot cook rejects whatever the order has become."""
    item = world.place(ANN, "rest-2")
    assert answer(world, item, {"status": "REJECTED", "reason": WHY})[0] == 200


def test_a_restaurant_says_when_it_will_be_ready(world: World) -> None:
    """The time comes with its acceptance, and can change until it is ready."""
    item, first, later = world.place(ANN, "rest-2"), ahead(minutes=20), ahead(minutes=35)
    body = {"status": "CONFIRMED", "readyAt": first}
    status, shown = answer(world, item, body, If_Match='"1"')
    assert (status, shown["readyAt"], shown["status"]) == (200, first, "CONFIRMED")
    status, shown = answer(world, item, {"readyAt": later})
    assert (status, shown["readyAt"], len(shown["history"])) == (200, later, 2)
    assert answer(world, item, {"status": "PREPARING"})[0] == 200
    assert answer(world, item, {"readyAt": first})[0] == 200
    assert answer(world, item, {"status": "READY"})[0] == 200
    status, problem = answer(world, item, {"readyAt": later})
    assert (status, problem["type"].rpartition(":")[2]) == (409, "move-not-allowed")
    assert problem["detail"].endswith("change its readyAt only while it is CONFIRMED, PREPARING")
    assert stored(item)["readyAt"] == first


def test_a_placed_order_has_no_time_to_be_ready(world: World) -> None:
    """Whoever says when it is ready accepts it first."""
    item = world.place(ANN, "rest-2")
    assert answer(world, item, {"readyAt": ahead(minutes=20)})[0] == 409


@pytest.mark.parametrize(
    "moment",
    [
        lambda: ahead(minutes=-1),
        lambda: ahead(days=8, minutes=5),  # from when it is sent, not from when it was collected
        "2026-11-22T12:00:00+01:00",
        "2026-11-22T12:00:00",
        "soon",
        None,
        42,
    ],
)
@pytest.mark.parametrize("move", [{"status": "CONFIRMED"}, {}])
def test_a_time_to_be_ready_is_in_the_next_eight_days(
    world: World, moment: Any, move: dict[str, str]
) -> None:
    """It is in UTC and ahead, however it is sent."""
    item = world.place(ANN, "rest-2")
    sent = moment() if callable(moment) else moment
    status, problem = answer(world, item, {**move, "readyAt": sent}, If_Match='"1"')
    assert (status, problem["errors"][0]["pointer"]) == (400, "#/readyAt")
    assert stored(item)["version"] == 1


@pytest.mark.parametrize("status", ["PREPARING", "READY", "PICKED_UP", "DELIVERED"])
def test_a_time_to_be_ready_goes_with_no_other_move(world: World, status: str) -> None:
    """A dish that is ready needs no time for it."""
    item = world.place(ANN, "rest-2")
    body = {"status": status, "readyAt": ahead(minutes=20)}
    told, problem = answer(world, item, body)
    assert (told, problem["errors"][0]["pointer"]) == (400, "#/readyAt")
    rejected = {"status": "REJECTED", "reason": WHY, "readyAt": ahead(minutes=20)}
    assert answer(world, item, rejected)[0] == 400


def test_customers_and_placers_cannot_say_when_it_is_ready(world: World) -> None:
    """The time is the restaurant's to tell."""
    item = world.place(ANN, "rest-2")
    status, problem = edit(item, {"readyAt": ahead(minutes=20)})
    assert (status, problem["errors"][0]["pointer"]) == (400, "#/readyAt")


@pytest.mark.parametrize(
    ("scheduled", "left"),
    [({"hours": 20}, {"hours": 19}), ({"minutes": 20}, {"minutes": MINUTES})],
)
def test_an_order_that_is_scheduled_anew_has_a_deadline_anew(
    world: World, scheduled: dict[str, float], left: dict[str, float]
) -> None:
    """The restaurant has its minutes from the edit on, and until an hour before the new time."""
    item = world.place(ANN, "rest-2")
    before = time.time()
    assert edit(item, {"scheduledFor": ahead(**scheduled)})[0] == 200
    deadline = datetime.fromisoformat(stored(item)["acceptBy"]).timestamp()
    assert abs(deadline - before - timedelta(**left).total_seconds()) < 60


def test_an_order_for_now_after_all_is_not_rejected_at_once(world: World) -> None:
    """Whoever takes the time away gives the restaurant its minutes, however long ago it was."""
    item = world.place(ANN, "rest-2")
    assert edit(item, {"scheduledFor": ahead(hours=20)})[0] == 200
    assert edit(item, {"scheduledFor": None})[0] == 200
    left = datetime.fromisoformat(stored(item)["acceptBy"]).timestamp() - time.time()
    assert 0 < left <= MINUTES * 60


def test_an_order_that_nobody_serves_shows_no_deadline_after_an_edit(world: World) -> None:
    """What an edit has to write blindly is seen by nobody, and ends nothing."""
    item = world.place(ANN, "rest-42")
    status, shown = edit(item, {"scheduledFor": ahead(hours=20)})
    assert status == 200
    assert "acceptBy" not in shown
    in_ten_years = int((time.time() + 10 * 365 * 86_400) * 1_000)
    with pytest.raises(Refused):
        store().update(item["orderId"], expire(in_ten_years), None, None)


def test_a_repeated_edit_is_still_that_edit(world: World) -> None:
    """The deadline, which is another at each moment, is no part of what was asked for."""
    item, body = world.place(ANN, "rest-2"), {"scheduledFor": ahead(hours=20)}
    assert edit(item, body, "key-1")[0] == 200
    kept = stored(item)
    time.sleep(0.002)
    assert edit(item, body, "key-1")[0] == 200
    assert stored(item) == kept


def test_an_order_expires_once_its_time_is_up_and_not_before(world: World) -> None:
    """The deadline is part of the write's condition, as it stands in that moment."""
    item = world.place(ANN, "rest-2")
    deadline = int(datetime.fromisoformat(item["acceptBy"]).timestamp() * 1_000)
    with pytest.raises(Refused) as caught:
        store().update(item["orderId"], expire(deadline - 1), None, None)
    assert caught.value.item == stored(item)
    ended = store().update(item["orderId"], expire(deadline), None, None)
    assert (ended["status"], ended["history"][-1]["reason"]) == ("REJECTED", "no-answer")
    assert ended["history"][-1]["at"] == timestamp_of(deadline)
    assert answer(world, item, {"status": "CONFIRMED"}, If_Match='"2"')[0] == 409
