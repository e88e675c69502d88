"""Who answers first has its way: accept, cancel, edit, auto-confirm and expiry at one moment."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from orders.consumer import Message
from orders.deadlines import message_of
from orders.flags import Decision
from orders.handlers import process_order
from orders.store import store
from project.checkout import ROOT
from tests.integration.api.test_exactly_once import at_once
from tests.integration.conftest import function_environment
from tests.integration.restaurants.kitchens import Kitchen
from tests.shared.stream_records import message, record

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration

CONFIRM = {"status": "CONFIRMED"}
CANCEL = {"status": "CANCELLED"}
FINAL = {"accept": "CONFIRMED", "cancel": "CANCELLED", "confirm": "CONFIRMED", "expire": "REJECTED"}


@pytest.fixture(scope="module")
def shared(stack: Endpoints) -> dict[str, Kitchen]:
    """The module's one kitchen: each makes create_order start anew."""
    del stack
    return {}


@pytest.fixture
def kitchen(stack: Endpoints, acme: Partner, bella: Partner, shared: dict[str, Kitchen]) -> Kitchen:
    if not shared:
        shared["one"] = Kitchen(stack, acme, bella)
    made = shared["one"]
    made.server, made.placer = acme, bella
    return made


@pytest.fixture
def worker(fresh_function: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[Message], str]:
    """process_order in this process, whose flag confirms every order."""
    del fresh_function

    class On:
        def decide(self, _flag: Any, _subject: str) -> Decision:
            return Decision(on=True, why="set")

    monkeypatch.setattr(process_order, "flags", On)
    return process_order.process_order


def test_a_restaurant_accepts_what_it_has_read(kitchen: Kitchen) -> None:
    """Over HTTP: 428 without the ETag, 412 with an old one, 200 with that of the order."""
    order_id = kitchen.place()["orderId"]
    assert kitchen.answer(order_id, CONFIRM).status_code == 428
    assert kitchen.answer(order_id, CONFIRM, If_Match="*").status_code == 428
    assert kitchen.placer.patch(order_id, {"note": "no onions"}).status_code == 200
    assert kitchen.answer(order_id, CONFIRM, If_Match='"1"').status_code == 412
    read = kitchen.server.http.get(f"{kitchen.path}/{order_id}")
    accepted = kitchen.answer(order_id, CONFIRM, If_Match=read.headers["ETag"])
    assert (accepted.status_code, accepted.json()["note"]) == (200, "no onions")


def test_a_hundred_at_once_have_one_winner(
    kitchen: Kitchen, worker: Callable[[Message], str]
) -> None:
    """Twenty each accept, cancel, expire, confirm and edit: one move, one entry, one event.

    Who edits before the move has edited; whoever comes after it is refused.
    """
    placed = kitchen.place()
    order_id = placed["orderId"]
    kitchen.time_is_up(placed)
    told = _told(kitchen, order_id)
    calls: dict[str, Callable[[], Any]] = {
        "accept": lambda: kitchen.answer(order_id, CONFIRM, If_Match='"1"').status_code,
        "cancel": lambda: kitchen.placer.patch(order_id, CANCEL).status_code,
        "expire": lambda: worker(Message(message(message_of(order_id)))),
        "confirm": lambda: worker(Message(message(told))),
        "edit": lambda: kitchen.placer.patch(order_id, {"note": "ring twice"}).status_code,
    }
    names = [name for name in calls for _ in range(20)]
    random.shuffle(names)
    answers = at_once([calls[name] for name in names])
    done = [name for name, answer in zip(names, answers, strict=True) if _is_done(name, answer)]
    order = kitchen.read(order_id)
    moved = Counter(name for name in done if name != "edit")
    entries = [entry["status"] for entry in order["history"]]
    first, *rest = moved
    # A confirmed order can still be cancelled, which is another move and entry.
    assert sum(moved.values()) == len(entries) - 1, (moved, entries)
    assert len(entries) == 2 or (entries[1:] == ["CONFIRMED", "CANCELLED"] and rest), entries
    assert {FINAL[name] for name in moved} == set(entries[1:]), (first, entries)
    assert order["version"] == len(done) + 1
    assert set(_codes(names, answers)) <= {200, 409, 412}


def test_most_races_are_decided_one_way_or_another(
    kitchen: Kitchen, worker: Callable[[Message], str]
) -> None:
    """Ten orders, each accepted, rejected and expired at one moment: each has one answer."""
    for _ in range(10):
        placed = kitchen.place()
        order_id = placed["orderId"]
        kitchen.time_is_up(placed)
        why = {"status": "REJECTED", "reason": {"code": "too-busy"}}
        answers = at_once(
            [
                lambda order_id=order_id: kitchen.answer(order_id, CONFIRM, If_Match='"1"'),
                lambda order_id=order_id, why=why: kitchen.answer(order_id, why),
                lambda order_id=order_id: worker(Message(message(message_of(order_id)))),
            ]
        )
        accepted, rejected = (answer.status_code == 200 for answer in answers[:2])
        expired = answers[2] == "unanswered"
        assert accepted + rejected + expired == 1, answers
        entry = kitchen.read(order_id)["history"][-1]
        if expired:
            assert (entry["status"], entry["reason"]) == ("REJECTED", "no-answer")
        else:
            assert entry["status"] == ("CONFIRMED" if accepted else "REJECTED")
        assert len(kitchen.read(order_id)["history"]) == 2


def test_a_worker_killed_at_any_step_leaves_one_rejection(
    stack: Endpoints, kitchen: Kitchen, worker: Callable[[Message], str]
) -> None:
    """Wherever it dies over a deadline, the message that comes again ends in one history entry."""
    ids = []
    for _ in range(120):
        placed = kitchen.place()
        kitchen.time_is_up(placed)
        ids.append(placed["orderId"])
    environment = {**os.environ, **function_environment(stack), "PYTHONPATH": str(ROOT)}
    driver = [sys.executable, "-m", "tests.integration.laboratories.killed_worker", *ids]
    done = subprocess.run(driver, env=environment, cwd=ROOT, capture_output=True, check=True)
    attempts = [json.loads(line) for line in done.stdout.splitlines()]
    assert attempts[-1]["died"] is None, "place more orders"
    died = {attempt["died"].partition(":")[0] for attempt in attempts[:-1]}
    assert died == {"process_order.py", "store.py"}
    outcomes = Counter()
    for attempt in attempts:
        outcomes[worker(Message(message(message_of(attempt["order"]))))] += 1
        order = kitchen.read(attempt["order"])
        assert [entry["status"] for entry in order["history"]] == ["PLACED", "REJECTED"]
        assert order["version"] == 2
    # Some died before the write and some after it: both sides were met.
    assert outcomes["unanswered"] > 0
    assert outcomes["answered"] > 0


def _told(kitchen: Kitchen, order_id: str) -> str:
    """Make the message that tells of an order's placing."""
    stored = store().get(order_id)
    assert stored is not None
    assert kitchen.restaurant == stored["restaurantId"]
    return json.dumps(record({**stored, "version": 1}))


def _is_done(name: str, answer: Any) -> bool:
    done = {"expire": "unanswered", "confirm": "confirmed"}
    return bool(answer == done.get(name, 200))


def _codes(names: list[str], answers: list[Any]) -> list[int]:
    of_http = {"accept", "cancel", "edit"}
    return [answer for name, answer in zip(names, answers, strict=True) if name in of_http]
