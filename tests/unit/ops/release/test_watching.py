"""What CloudFormation does is told once, in order, and its end is not missed."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.release import watching
from ops.release.watching import (
    CLEANING,
    QUIET_SECONDS,
    UNDER_WAY,
    Event,
    Watch,
    certain,
    pauses,
)

AT = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)


class Cloud:
    """A stack whose story goes on with each look at it."""

    def __init__(self, *story: tuple[str, list[tuple[str, str]]]) -> None:
        self.story = list(story)
        self.events: list[dict[str, Any]] = []
        self.status = "UPDATE_COMPLETE"
        self.now = 0.0

    def describe_stack_events(self, **_: str) -> dict[str, Any]:
        return {"StackEvents": self.events[::-1]}

    def get_paginator(self, _: str) -> Any:
        newest = self.events[::-1]
        pages = [{"StackEvents": newest[i : i + 2]} for i in range(0, len(newest), 2)]
        return SimpleNamespace(paginate=lambda **_: pages)

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        if self.story:
            self.status, happened = self.story.pop(0)
            for resource, status in happened:
                self.add(resource, status)
        return {"Stacks": [{"StackStatus": self.status}]}

    def add(self, resource: str, status: str, kind: str = "AWS::SQS::Queue") -> None:
        self.events.append(
            {
                "EventId": str(len(self.events)),
                "Timestamp": AT,
                "LogicalResourceId": resource,
                "ResourceType": "AWS::CloudFormation::Stack" if resource == "stack" else kind,
                "ResourceStatus": status,
                "ResourceStatusReason": "no" if status.endswith("FAILED") else "",
            }
        )

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def watch(cloud: Cloud, *names: str) -> tuple[Watch, list[Event]]:
    told: list[Event] = []
    made = Watch(cloud, "id", frozenset(names), told.append, lambda: cloud.now, cloud.sleep)
    cloud.add("stack", "CREATE_COMPLETE")
    made.begin()
    return made, told


def test_events_are_told_once_and_in_order() -> None:
    """I read what happens as it happens; nothing of an earlier deployment."""
    cloud = Cloud(
        (UNDER_WAY, [("A", "UPDATE_IN_PROGRESS"), ("B", "UPDATE_IN_PROGRESS"), ("B", "X_FAILED")]),
        (UNDER_WAY, []),
        ("UPDATE_ROLLBACK_COMPLETE", [("A", "UPDATE_COMPLETE")]),
    )
    made, told = watch(cloud)
    assert made.follow() == "UPDATE_ROLLBACK_COMPLETE"
    assert [event.resource for event in told] == ["A", "B", "B", "A"]
    assert [event.reason for event in made.failures] == ["no"]


def test_alarms_are_watched() -> None:
    """When all that was certain is done and it is quiet, CloudFormation is watching alarms."""
    cloud = Cloud(
        (UNDER_WAY, [("stack", "UPDATE_IN_PROGRESS"), ("A", "UPDATE_IN_PROGRESS")]),
        (UNDER_WAY, [("A", "UPDATE_COMPLETE")]),
    )
    made, _ = watch(cloud, "A")
    assert made.follow(until_quiet=True) == UNDER_WAY
    assert cloud.now >= QUIET_SECONDS
    cloud.story = [("UPDATE_COMPLETE", [])]
    assert made.follow() == "UPDATE_COMPLETE"


@pytest.mark.parametrize(
    "happened",
    [
        [],
        [("A", "UPDATE_IN_PROGRESS")],
        [("A", "UPDATE_COMPLETE"), ("B", "UPDATE_IN_PROGRESS")],
        [("B", "UPDATE_COMPLETE")],
    ],
)
def test_a_long_step_is_no_quiet(happened: list[tuple[str, str]]) -> None:
    """A resource that takes minutes is not mistaken for the end."""
    minutes: list[tuple[str, list[tuple[str, str]]]] = [(UNDER_WAY, [])] * 200
    cloud = Cloud((UNDER_WAY, happened), *minutes, ("UPDATE_COMPLETE", []))
    made, _ = watch(cloud, "A")
    assert made.follow(until_quiet=True) == "UPDATE_COMPLETE"


def test_cleaning_is_success_already() -> None:
    """The front door is tried as soon as the update has succeeded, not after the tidying up."""
    cloud = Cloud((CLEANING, []), ("UPDATE_COMPLETE", []))
    made, _ = watch(cloud)
    assert made.follow(until_quiet=True) == CLEANING
    assert made.follow() == "UPDATE_COMPLETE"


@given(
    st.lists(st.sampled_from([UNDER_WAY, CLEANING, "UPDATE_ROLLBACK_IN_PROGRESS"]), max_size=30),
    st.sampled_from(["UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED"]),
)
def test_the_end_is_the_stacks(story: list[str], end: str) -> None:
    """Whatever a stack goes through, its last status is what the deployment ended with."""
    cloud = Cloud(*((status, []) for status in story), (end, [("A", "UPDATE_COMPLETE")]))
    made, told = watch(cloud)
    assert made.follow() == end
    assert [event.resource for event in told] == ["A"]


def test_what_is_certain() -> None:
    """What may stay as it is, or goes only in the end, is not waited for."""
    direct = {"Evaluation": "Static", "ChangeSource": "DirectModification", "Target": {}}
    follows = {"Evaluation": "Dynamic", "ChangeSource": "ResourceAttribute", "Target": {}}
    changes: list[dict[str, Any]] = [
        {"Action": "Add", "LogicalResourceId": "New"},
        {"Action": "Modify", "LogicalResourceId": "Changed", "Details": [follows, direct]},
        {"Action": "Modify", "LogicalResourceId": "Perhaps", "Details": [follows]},
        {"Action": "Remove", "LogicalResourceId": "Gone"},
    ]
    assert certain(changes) == {"New", "Changed"}
    assert watching.certain([]) == frozenset()


def test_what_ends_at_once_is_seen_at_once() -> None:
    """The first looks come soon, and no later one after more than was asked for."""
    waits = pauses(2.0)
    assert [next(waits) for _ in range(7)] == [0.125, 0.25, 0.5, 1, 2, 2, 2]
