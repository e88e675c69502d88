"""What CloudFormation does to a stack, told as it goes on.

    execute ─► IN_PROGRESS ─┬─► quiet: all is done, CloudFormation watches alarms
                            ├─► CLEANUP: the update has succeeded
                            └─► any other end

CloudFormation has no event that says when watching begins. It has begun once whatever was certain
to change has changed, nothing is under way, and no event comes for a while.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Mapping

QUIET_SECONDS = 20.0
"""So long without an event, with nothing under way: CloudFormation takes a second or two between
two resources."""

CLEANING = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
"""The update has succeeded; what it replaced is being deleted."""

UNDER_WAY = "UPDATE_IN_PROGRESS"
"""It goes on, or alarms are watched."""

_POLL_SECONDS = 2.0
"""Between two looks, once it takes a while; the first come sooner."""

_SOONER = 16
_STARTS, _FAILS = "_IN_PROGRESS", "_FAILED"


class Event(NamedTuple):
    """Something that happened to a resource, or to the stack itself."""

    id: str
    at: dt.datetime
    resource: str
    """Its logical id."""
    kind: str
    status: str
    reason: str

    @property
    def begins(self) -> bool:
        """Whether something begins by it."""
        return self.status.endswith(_STARTS)

    @property
    def failed(self) -> bool:
        """Whether something has failed."""
        return self.status.endswith(_FAILS)


@dataclass
class Watch:
    """One operation on a stack, looked at from its beginning.

    Args:
        cloudformation: the client.
        stack_id: whose events they are.
        certain: the logical ids that change for certain.
        told: is told each event.
        clock: monotonic seconds.
        sleep: waits for some seconds.
    """

    cloudformation: Any
    stack_id: str
    certain: frozenset[str] = frozenset()
    told: Callable[[Event], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    last: dict[str, Event] = field(default_factory=dict)
    """The latest event of each resource."""
    failures: list[Event] = field(default_factory=list)
    _seen: str = ""
    _since: float = 0.0

    def begin(self) -> None:
        """Remember what has happened already: only what comes after it is told."""
        newest = self.cloudformation.describe_stack_events(StackName=self.stack_id)["StackEvents"]
        self._seen = newest[0]["EventId"] if newest else ""
        self._since = self.clock()

    def follow(self, *, until_quiet: bool = False) -> str:
        """Wait for the end, and give the stack's status.

        Args:
            until_quiet: whether to come back as soon as all is done, too: with UNDER_WAY while
                CloudFormation watches alarms, with CLEANING while it deletes what was replaced.
        """
        waits = pauses(_POLL_SECONDS)
        while True:
            status = self._status()  # before its events: none of the last ones is missed
            for event in self._new():
                self._note(event)
            if not status.endswith(_STARTS):
                return status
            if until_quiet and (status == CLEANING or (status == UNDER_WAY and self._is_quiet())):
                return status
            self.sleep(next(waits))

    def _status(self) -> str:
        found = self.cloudformation.describe_stacks(StackName=self.stack_id)["Stacks"][0]
        return str(found["StackStatus"])

    def _new(self) -> list[Event]:
        """Give what has happened since, the oldest first."""
        pages = self.cloudformation.get_paginator("describe_stack_events")
        found: list[Event] = []
        for page in pages.paginate(StackName=self.stack_id):
            for item in page["StackEvents"]:
                if item["EventId"] == self._seen:
                    return self._told_until(found)
                found.append(_event(item))
        return self._told_until(found)

    def _told_until(self, found: list[Event]) -> list[Event]:
        if found:
            self._seen, self._since = found[0].id, self.clock()
        return found[::-1]

    def _note(self, event: Event) -> None:
        self.last[event.resource] = event
        if event.failed:
            self.failures.append(event)
        self.told(event)

    def _is_quiet(self) -> bool:
        others = [
            event for event in self.last.values() if event.kind != "AWS::CloudFormation::Stack"
        ]
        done = {event.resource for event in others if not event.begins}
        waits = self.clock() - self._since >= QUIET_SECONDS
        return waits and self.certain <= done and not any(event.begins for event in others)


def pauses(longest: float) -> Iterator[float]:
    """Give the seconds between looks at what ends at once or takes long: ever more of them."""
    pause = longest / _SOONER
    while True:
        yield pause
        pause = min(2 * pause, longest)


def certain(changes: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Name what a change set changes for certain, before its end; what it removes goes after it."""
    return frozenset(change["LogicalResourceId"] for change in changes if _is_certain(change))


def _is_certain(change: Mapping[str, Any]) -> bool:
    if change["Action"] == "Add":
        return True
    details = change.get("Details", [])
    return change["Action"] == "Modify" and any(
        detail.get("Evaluation") == "Static" and detail.get("ChangeSource") == "DirectModification"
        for detail in details
    )


def _event(item: Mapping[str, Any]) -> Event:
    return Event(
        item["EventId"],
        item["Timestamp"],
        item["LogicalResourceId"],
        item["ResourceType"],
        item["ResourceStatus"],
        item.get("ResourceStatusReason", ""),
    )
