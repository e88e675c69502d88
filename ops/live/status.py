"""Whether a stage is as it was deployed, and which release that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ops.live import deployed, differences, history
from ops.live.deployed import Stack, release_in
from ops.live.differences import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.live.deployed import Function
    from ops.reach.target import Target
    from project.release import Release

_FAILED = "_FAILED"
_DASH = "-"


class Status(NamedTuple):
    """A stage, as it is."""

    stack: Stack
    parameter: Release | None
    """The release that the stage's parameter says; the stack's is in its output."""
    functions: list[Function]
    differences: list[Difference]
    alarms: list[str]
    """Those that are on."""

    @property
    def as_deployed(self) -> bool:
        """Whether nothing differs but what commands have changed on purpose."""
        return all(each.meant for each in self.differences)


def status(target: Target) -> Status:
    """Look at a stage."""
    stack = deployed.stack_of(target)
    functions = deployed.functions_of(target, stack)
    parameter = _parameter(target)
    found = list(_of_stack(target, stack))
    found += _of_release(target, stack.release, parameter)
    if not stack.under_way:  # meanwhile some functions are those of one release, some of the other
        found += [each for one in functions for each in differences.of(target, one)]
    return Status(stack, parameter, functions, found, alarms_on(target))


def alarms_on(target: Target) -> list[str]:
    """Name the stage's alarms that are on, without what their names begin with."""
    prefix = f"{target.stack}{_DASH}"
    pages = target.client("cloudwatch").get_paginator("describe_alarms")
    asked = {"AlarmNamePrefix": prefix, "StateValue": "ALARM"}
    found = [
        alarm["AlarmName"].removeprefix(prefix)
        for page in pages.paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"], **asked)
        for kind in ("MetricAlarms", "CompositeAlarms")
        for alarm in page.get(kind, [])
    ]
    return sorted(found)


def _parameter(target: Target) -> Release | None:
    ssm = target.client("ssm")
    try:
        found = ssm.get_parameter(Name=history.parameter(target.stage))["Parameter"]
    except ssm.exceptions.ParameterNotFound:
        return None
    return release_in(found["Value"])


def _of_stack(target: Target, stack: Stack) -> Iterator[Difference]:
    if stack.under_way:
        says = f"{stack.status}: what runs is some of one release and some of the other"
        yield Difference("stack", "state", says, "Look again when it is done")
    elif stack.status.endswith(_FAILED):
        says = f"{stack.status}{f': {stack.reason}' if stack.reason else ''}"
        remedy = f"This says what leads out of it: {target.cure}"
        yield Difference("stack", "state", says, remedy)


def _of_release(
    target: Target, output: Release | None, parameter: Release | None
) -> Iterator[Difference]:
    if output is None:
        says = "does not say which release it has: it was deployed by an older one"
        yield Difference("stack", "release", says, f"Deploy this release: {target.cure}")
    elif parameter != output:
        found = str(parameter) if parameter else "none"
        says = f"says {output}, and its parameter {found}: somebody has changed that"
        yield Difference("stack", "release", says, f"Deploy it again: {target.cure}")
