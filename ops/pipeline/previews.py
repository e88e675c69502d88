"""The stages of pull requests in an account: which there are, and which have outlived theirs.

A preview goes when its pull request closes. What that misses, a nightly look removes: one whose
pull request is not open any more, or that nobody has deployed for a week.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.settings import is_preview, stack_name

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable

_GONE = "DELETE_COMPLETE"
_ANY = stack_name("")


class Preview(NamedTuple):
    """The stage of a pull request."""

    stage: str
    """Such as `pr-12`."""
    status: str
    """Of its stack, as CloudFormation names it."""
    deployed: dt.datetime
    """When it was last deployed, or removed in vain."""

    @property
    def number(self) -> int:
        """The pull request's."""
        return int(self.stage.partition("-")[2])

    def days(self, now: dt.datetime) -> int:
        """Say how many whole days ago it was deployed."""
        return (now - self.deployed).days


class Overdue(NamedTuple):
    """A preview that is to go, and why."""

    preview: Preview
    why: str


def previews(cloudformation: Any) -> list[Preview]:
    """List the previews of an account and Region, the oldest pull request first.

    Args:
        cloudformation: a client.
    """
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    found = (_preview(stack) for page in pages for stack in page["Stacks"])
    return sorted(filter(None, found), key=lambda preview: preview.number)


def _preview(stack: dict[str, Any]) -> Preview | None:
    stage = stack["StackName"].removeprefix(_ANY)
    if stack["StackStatus"] == _GONE or stack["StackName"] != stack_name(stage):
        return None
    deployed = stack.get("LastUpdatedTime", stack["CreationTime"])
    return Preview(stage, stack["StackStatus"], deployed) if is_preview(stage) else None


def overdue(
    found: Iterable[Preview], *, still_open: Collection[int], days: int, now: dt.datetime
) -> list[Overdue]:
    """Pick the previews that are to go.

    Args:
        found: those that there are.
        still_open: the numbers of the pull requests that are open and want one.
        days: for how long one may stand that nobody deploys again.
        now: the time, with its zone.
    """
    due = []
    for preview in found:
        if preview.number not in still_open:
            due.append(Overdue(preview, f"pull request {preview.number} wants none any more"))
        elif preview.days(now) >= days:
            due.append(Overdue(preview, f"nobody has deployed it for {preview.days(now)} days"))
    return due
