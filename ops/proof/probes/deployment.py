"""What CloudFormation does: it takes the template, changes what it showed, and names things."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infrastructure import outputs
from ops.proof.probe import AtLeast, Like, OneOf, Probe
from ops.proof.world.cannot_tell import CannotTell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.proof.world.world import World

_TAG = "proof"
_CREATED = OneOf(("CREATE_COMPLETE", "UPDATE_COMPLETE"))
_NOTHING_IS_DONE = ("FAILED", "CREATE_COMPLETE")
_SECONDS = 1_200.0


def _update(world: World) -> tuple[set[str], list[dict[str, Any]], str]:
    """Give the stack another tag; gives what the change set shows, the events, and the end."""
    cloudformation, stack = world.client("cloudformation"), world.target.stack
    found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    tags = [tag for tag in found.get("Tags", []) if tag["Key"] != _TAG]
    name = f"prove-{uuid.uuid4().hex[:8]}"
    cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName=name,
        UsePreviousTemplate=True,
        Parameters=[
            {"ParameterKey": each["ParameterKey"], "UsePreviousValue": True}
            for each in found.get("Parameters", [])
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        Tags=[*tags, {"Key": _TAG, "Value": world.run}],
    )
    shown = world.until(lambda: _changes(cloudformation, stack, name), 300)
    if not shown:
        raise CannotTell("The change set was not ready after five minutes.")
    before = {event["EventId"] for event in _events(cloudformation, stack)}
    cloudformation.execute_change_set(StackName=stack, ChangeSetName=name)
    world.pause(5)
    status = world.until(lambda: _ended(cloudformation, stack), _SECONDS, every=15)
    events = [e for e in _events(cloudformation, stack) if e["EventId"] not in before]
    return shown, events, status


def _changes(cloudformation: Any, stack: str, name: str) -> set[str]:
    """List what a change set changes: nothing as long as it is being made."""
    found = cloudformation.describe_change_set(StackName=stack, ChangeSetName=name)
    if found["Status"] not in _NOTHING_IS_DONE:
        return set()
    if found["Status"] == "FAILED":
        raise CannotTell(f"The change set failed: {found.get('StatusReason', '')[:200]}")
    changes = list(found["Changes"])
    while token := found.get("NextToken"):
        found = cloudformation.describe_change_set(
            StackName=stack, ChangeSetName=name, NextToken=token
        )
        changes += found["Changes"]
    return {change["ResourceChange"]["LogicalResourceId"] for change in changes}


def _events(cloudformation: Any, stack: str) -> list[dict[str, Any]]:
    try:
        pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
        return [event for page in pages for event in page["StackEvents"]]
    except ClientError as error:
        raise CannotTell(f"The stack's events could not be read: {error}") from None


def _ended(cloudformation: Any, stack: str) -> str:
    status = str(cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
    return "" if status.endswith("_IN_PROGRESS") else status


def _taken(world: World) -> Mapping[str, object]:
    cloudformation, stack = world.client("cloudformation"), world.target.stack
    first = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    shown, _, status = _update(world)
    return {"first": first, "changes": len(shown), "second": status}


def _as_shown(world: World) -> Mapping[str, object]:
    shown, events, status = _update(world)
    touched = {event["LogicalResourceId"] for event in events} - {world.target.stack}
    replaced = {
        event["LogicalResourceId"]
        for event in events
        if event["ResourceStatus"].startswith(("CREATE", "DELETE"))
    }
    return {
        "ends": status,
        "shown": len(shown),
        "done and not shown": len(touched - shown),
        "replaced": len(replaced),
    }


def _named(world: World) -> Mapping[str, object]:
    name = world.output(outputs.ORDER_CHANGES_PIPE)
    pipe = world.client("pipes").describe_pipe(Name=name)
    return {
        "the output is the name": pipe["Name"] == name,
        "name": "the stack's" if name.startswith(world.target.stack) else "another",
        "state": pipe["CurrentState"],
    }


PROBES = (
    Probe(
        claim="template-is-taken",
        seconds=240,
        look=_taken,
        expected={"first": _CREATED, "changes": AtLeast(1), "second": "UPDATE_COMPLETE"},
        alone=True,
        emulator="Its change sets know no tags of a stack.",
    ),
    Probe(
        claim="shown-is-executed",
        seconds=240,
        look=_as_shown,
        expected={
            "ends": "UPDATE_COMPLETE",
            "shown": AtLeast(1),
            "done and not shown": 0,
            "replaced": 0,
        },
        alone=True,
        emulator="Its change sets know no tags of a stack.",
    ),
    Probe(
        claim="names-that-cloudformation-makes",
        look=_named,
        expected={"the output is the name": True, "state": "RUNNING", "name": Like(".+")},
    ),
)
"""Each with what is seen where its claim holds."""
