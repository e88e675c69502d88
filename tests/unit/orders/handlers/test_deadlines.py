"""The one-shots that remind the service of an order that nobody has answered."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import aws_api
from orders.aws_api import ApiError, Unreachable
from orders.deadlines import PRECISION_SECONDS, message_of, order_in, set_deadline
from orders.domain.ids import new_order_id, timestamp_of
from tests.shared.stream_records import NOW

QUEUE = "arn:aws:sqs:us-east-1:111122223333:queue"
ROLE = "arn:aws:iam::111122223333:role/deadlines"


class Scheduler:
    """Takes schedules, each name once."""

    def __init__(self) -> None:
        self.schedules: dict[str, dict[str, Any]] = {}
        self.fails: Exception | None = None

    def post(self, service: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        assert service == "scheduler"
        if self.fails is not None:
            raise self.fails
        if path in self.schedules:
            raise ApiError("ConflictException")
        self.schedules[path] = body
        return {}


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Scheduler:
    monkeypatch.setenv("DEADLINES_GROUP", "orders-deadlines")
    monkeypatch.setenv("DEADLINES_QUEUE", QUEUE)
    monkeypatch.setenv("DEADLINES_ROLE", ROLE)
    made = Scheduler()
    monkeypatch.setattr(aws_api, "post", made.post)
    return made


def test_a_one_shot_is_made_for_the_deadline(scheduler: Scheduler) -> None:
    """It runs once, at the deadline, and is gone then; it has the order's id and no more in it."""
    order_id = new_order_id(NOW)
    set_deadline(order_id, "2099-11-18T11:16:40.123Z")
    ((path, schedule),) = scheduler.schedules.items()
    assert path == f"/schedules/{order_id}.20991118T111641"
    assert len(path.rpartition("/")[2]) <= 64  # as AWS has it
    assert schedule == {
        "GroupName": "orders-deadlines",
        "ScheduleExpression": "at(2099-11-18T11:16:41)",  # not a moment too early
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {"Arn": QUEUE, "RoleArn": ROLE, "Input": message_of(order_id)},
    }
    assert json.loads(schedule["Target"]["Input"]) == {"deadlineOf": order_id}


def test_a_one_shot_is_never_asked_for_a_moment_that_has_passed(scheduler: Scheduler) -> None:
    """AWS refuses one: a deadline that is all but there is told a minute later."""
    before = datetime.now(UTC).replace(microsecond=0)
    set_deadline(new_order_id(NOW), timestamp_of(NOW))
    (schedule,) = scheduler.schedules.values()
    told = schedule["ScheduleExpression"].removeprefix("at(").removesuffix(")")
    ahead = datetime.fromisoformat(told).replace(tzinfo=UTC) - before
    assert ahead.total_seconds() >= PRECISION_SECONDS


def test_a_deadline_is_set_once(scheduler: Scheduler) -> None:
    """A message that comes twice makes no second one-shot, and is no failure."""
    order_id, deadline = new_order_id(NOW), timestamp_of(NOW)
    set_deadline(order_id, deadline)
    set_deadline(order_id, deadline)
    assert len(scheduler.schedules) == 1


def test_a_deadline_that_was_moved_is_another(scheduler: Scheduler) -> None:
    """An edit can move a deadline either way, whatever has been set before."""
    order_id = new_order_id(NOW)
    for moved in (0, 60_000, -60_000):
        set_deadline(order_id, timestamp_of(NOW + moved))
    assert len(scheduler.schedules) == 3


@pytest.mark.parametrize("error", [Unreachable("ThrottlingException"), ApiError("AccessDenied")])
def test_a_deadline_that_cannot_be_set_is_told(scheduler: Scheduler, error: Exception) -> None:
    """The message is tried again, and ends among the dead letters: no deadline is lost."""
    scheduler.fails = error
    with pytest.raises(type(error)):
        set_deadline(new_order_id(NOW), timestamp_of(NOW))


def test_a_deadline_s_message_names_its_order() -> None:
    """What is sent is what is read."""
    order_id = new_order_id(NOW)
    assert order_in(message_of(order_id)) == order_id
    assert PRECISION_SECONDS == 60  # EventBridge Scheduler user guide, "Schedule types"


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_anything_else_is_no_deadline(body: str) -> None:
    """Whatever comes into the queue ends no order."""
    assert order_in(body) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"deadlineOf": "42"},
        {"deadlineOf": 42},
        {"deadlineOf": None},
        {"deadlineOf": "6ba7b810-9dad-41d1-80b4-00c04fd430c8"},
        {"deadlineOf": new_order_id(NOW), "status": "REJECTED"},
    ],
)
def test_a_deadline_of_no_order_is_none(fields: dict[str, Any]) -> None:
    """A message that is nearly one is a dead letter, and is not guessed at."""
    assert order_in(json.dumps(fields)) is None


def test_a_nested_message_is_no_deadline() -> None:
    """Depth exhausts nothing."""
    assert order_in("[" * 100_000) is None
