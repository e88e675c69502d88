"""Which dead letters are meant, where the pipe's do not say whose order they are about."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ops.dead_letters import choice
from ops.dead_letters.letters import QUEUES, DeadLetter
from ops.dead_letters.queues import Depth
from ops.reach.target import Target

PROCESSING, NOTIFICATIONS, RESTAURANTS, PIPE = QUEUES.values()


@pytest.fixture
def depths(monkeypatch: pytest.MonkeyPatch) -> dict[str, Depth]:
    """What SQS counts in each queue."""
    counted = {queue.letters: Depth(waiting=0, in_flight=0) for queue in QUEUES.values()}
    monkeypatch.setattr(choice, "depth", lambda _, url: counted[url])
    return counted


@pytest.fixture
def target(depths: dict[str, Depth]) -> Target:
    nothing: Any = None
    return Target("stage it", "stack", lambda _: nothing, {name: name for name in depths}, "")


def test_queues_for_an_order(target: Target, depths: dict[str, Depth]) -> None:
    """The pipe is left out where an order is asked for, and is named if anything is in it."""
    assert choice.queues(target, None, "o-1") == ([PROCESSING, NOTIFICATIONS, RESTAURANTS], [])
    depths[PIPE.letters] = Depth(waiting=1, in_flight=0)
    assert choice.queues(target, None, "o-1") == ([PROCESSING, NOTIFICATIONS, RESTAURANTS], [PIPE])
    assert choice.queues(target, None, None) == (list(QUEUES.values()), [])
    assert choice.queues(target, PIPE, None) == ([PIPE], [])


def letter(order_id: str, *, age: float) -> DeadLetter:
    sent = time.time() - age
    told: dict[str, Any] = {"queue": "processing", "message_id": "m", "reason": "", "body": ""}
    return DeadLetter(**told, received=1, sent_at=sent, order_id=order_id)


def test_wanted() -> None:
    """Letters are chosen by their order, or by their age; or all are."""
    by_order, by_age = choice.wanted("o-1"), choice.wanted(None, 60)
    assert by_order is not None
    assert by_age is not None
    assert [by_order(letter(each, age=0)) for each in ("o-1", "o-2")] == [True, False]
    assert [by_age(letter("o", age=age)) for age in (61, 30)] == [True, False]
    assert choice.wanted(None) is None


@pytest.mark.parametrize(("waiting", "found"), [(7, 7), (0, 2)])
def test_matching(
    target: Target,
    depths: dict[str, Depth],
    monkeypatch: pytest.MonkeyPatch,
    waiting: int,
    found: int,
) -> None:
    """SQS's estimate is taken, but not its word that there is nothing; others' hands are told."""
    depths[PROCESSING.letters] = Depth(waiting=waiting, in_flight=3)
    monkeypatch.setattr(choice, "count", lambda *_: 2)
    assert choice.matching(target, PROCESSING, None) == (found, 3)
    assert choice.matching(target, PROCESSING, choice.wanted("o-1")) == (2, 3)
