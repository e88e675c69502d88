"""Who answers first has its way: accept, cancel, edit, auto-confirm and expiry at one moment."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from orders.consumer import Message
from orders.deadlines import message_of
from orders.flags import Decision
from orders.handlers import process_order
from orders.store import Unavailable, store
from project.checkout import ROOT
from tests.integration.api.test_exactly_once import at_once
from tests.integration.conftest import function_environment
from tests.integration.laboratories.killed_worker import AN_HOUR
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
def work(fresh_function: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """process_order in this process; its flag confirms every order, and each deadline has come."""
    del fresh_function

    class On:
        def decide(self, _flag: Any, _subject: str) -> Decision:
            return Decision(on=True, why="set")

    monkeypatch.setattr(process_order, "flags", On)
    monkeypatch.setattr(process_order, "_now", lambda: time.time_ns() // 1_000_000 + AN_HOUR)

    def taken(body: str) -> str:
        """Take a message, which comes again while the database does not answer."""
        for _ in range(10):
            with contextlib.suppress(Unavailable):
                return process_order.process_order(Message(message(body)))
        raise AssertionError("the database does not answer")

    return taken


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


def test_a_hundred_at_once_have_one_winner(kitchen: Kitchen, work: Callable[[str], str]) -> None:
    """Twenty each accept, cancel, expire, confirm and edit: one move, one entry, one version.

    Who edits before the move has edited; whoever comes after it is refused.
    """
    placed = kitchen.place()
    order_id = placed["orderId"]
    told = _told(kitchen, order_id)
    calls: dict[str, Callable[[], Any]] = {
        "accept": lambda: kitchen.answer(order_id, CONFIRM, If_Match='"1"').status_code,
        "cancel": lambda: kitchen.placer.patch(order_id, CANCEL).status_code,
        "expire": lambda: work(message_of(order_id)),
        "confirm": lambda: work(told),
        "edit": lambda: kitchen.placer.patch(order_id, {"note": "ring twice"}).status_code,
    }
    names = [name for name in calls for _ in range(20)]
    random.shuffle(names)
    answers = at_once([calls[name] for name in names])
    done = [name for name, answer in zip(names, answers, strict=True) if _is_done(name, answer)]
    order = kitchen.read(order_id)
    moved = [name for name in done if name != "edit"]
    entries = [entry["status"] for entry in order["history"]]
    assert entries[0] == "PLACED"
    # A confirmed order can still be cancelled, which is another move and entry.
    assert len(entries) == 2 or entries[1:] == ["CONFIRMED", "CANCELLED"], entries
    assert sorted(FINAL[name] for name in moved) == sorted(entries[1:]), (moved, entries)
    assert order["version"] == len(done) + 1
    assert {answer for answer in answers if isinstance(answer, int)} <= {200, 409, 412}


def test_each_order_has_one_answer(kitchen: Kitchen, work: Callable[[str], str]) -> None:
    """Five orders, each accepted, rejected and expired at one moment: one of these it is."""
    why = {"status": "REJECTED", "reason": {"code": "too-busy"}}
    for _ in range(5):
        order_id = kitchen.place()["orderId"]
        answers = at_once(
            [
                lambda of=order_id: kitchen.answer(of, CONFIRM, If_Match='"1"').status_code,
                lambda of=order_id: kitchen.answer(of, why).status_code,
                lambda of=order_id: work(message_of(of)),
            ]
        )
        won = [answer in (200, "unanswered") for answer in answers]
        assert sum(won) == 1, answers
        _, entry = kitchen.read(order_id)["history"]
        status = "CONFIRMED" if won[0] else "REJECTED"
        assert (entry["status"], entry["by"]) == (status, "service" if won[2] else "partner")
        assert entry.get("reason") == (None, "too-busy", "no-answer")[won.index(True)]


def test_a_worker_killed_at_any_step_leaves_one_rejection(
    stack: Endpoints, kitchen: Kitchen, work: Callable[[str], str]
) -> None:
    """Wherever it dies over a deadline, the message that comes again ends in one history entry."""
    ids = [kitchen.place()["orderId"] for _ in range(30)]
    environment = {**os.environ, **function_environment(stack), "PYTHONPATH": str(ROOT)}
    driver = [sys.executable, "-m", "tests.integration.laboratories.killed_worker", *ids]
    done = subprocess.run(driver, env=environment, cwd=ROOT, capture_output=True, check=True)
    attempts = [json.loads(line) for line in done.stdout.splitlines()]
    assert attempts[-1]["died"] is None
    died = {attempt["died"].partition(":")[0] for attempt in attempts[:-1]}
    assert died == {"process_order.py", "store.py"}
    met = [attempt["order"] for attempt in attempts]
    # Some died before the write, over the first order; some after it, each over its own.
    assert met.count(ids[0]) > 10
    assert len(set(met)) > 2
    for order_id in dict.fromkeys(met):
        assert work(message_of(order_id)) == "answered"
        order = kitchen.read(order_id)
        assert [entry["status"] for entry in order["history"]] == ["PLACED", "REJECTED"]
        assert order["version"] == 2


def _told(kitchen: Kitchen, order_id: str) -> str:
    """Make the message that tells of an order's placing."""
    stored = store().get(order_id)
    assert stored is not None
    assert kitchen.restaurant == stored["restaurantId"]
    return json.dumps(record({**stored, "version": 1}))


def _is_done(name: str, answer: Any) -> bool:
    done = {"expire": "unanswered", "confirm": "confirmed"}
    return bool(answer == done.get(name, 200))
