"""What a deployment would change in a stack that is there, and what would be lost by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from infrastructure.stateful import FIXED_BESIDES, HOLDS, REMOVED
from ops.release import states

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Change = dict[str, Any]

CHANGE_SET = "food-delivery-orders-review"
"""The change set that is made to be looked at, and then executed or dropped."""

_UNCHANGED = ("didn't contain changes", "No updates are to be performed")


class Loss(NamedTuple):
    """A resource whose data a deployment would or might lose."""

    sentence: str
    """What happens to it, and what is lost by that."""
    reason: str | None = None
    """Why the release means it; None where it does not."""


class Stack(NamedTuple):
    """A stack that is there."""

    stack_id: str
    """Unlike its name, this still leads to it when it is deleted."""
    status: str
    protected: bool
    """Whether AWS refuses to delete it."""
    outputs: dict[str, str]


def stack_of(cloudformation: Any, name: str) -> Stack | None:
    """Describe a stack; None when there is none of this name, or none that was ever created."""
    try:
        found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    if found["StackStatus"] in states.ABSENT:
        return None
    outputs = {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])}
    protected = bool(found.get("EnableTerminationProtection"))
    return Stack(found["StackId"], found["StackStatus"], protected, outputs)


def changes_of(cloudformation: Any, stack: str) -> list[Change]:
    """List the resource changes of the change set; empty when there are none."""
    changes: list[Change] = []
    options = {"StackName": stack, "ChangeSetName": CHANGE_SET}
    while True:
        page = cloudformation.describe_change_set(**options)
        changes += [item["ResourceChange"] for item in page.get("Changes", [])]
        if not page.get("NextToken"):
            return changes
        options["NextToken"] = page["NextToken"]


def drop(cloudformation: Any, stack: str) -> None:
    """Drop the change set, if there is one."""
    cloudformation.delete_change_set(StackName=stack, ChangeSetName=CHANGE_SET)


def losses(changes: Iterable[Change], meant: Mapping[tuple[str, str], str]) -> Iterator[Loss]:
    """Name the resources whose data the changes would or might lose, each with what happens to it.

    A resource that is taken out of the template but kept on AWS counts too: a new, empty one takes
    its place in the service.

    Args:
        changes: those of the change set.
        meant: what the release declares to lose, as infrastructure.stateful reads it.
    """
    changes = list(changes)
    renewed = {change["LogicalResourceId"] for change in changes if _is_renewed(change)}
    for change in changes:
        name, kind = change["LogicalResourceId"], change["ResourceType"]
        if kind in HOLDS and (fate := _fate(change, renewed)):
            sentence = f"{name} ({kind}) {fate}: this loses {HOLDS[kind]}"
            yield Loss(sentence, _reason(meant, name, removed=change["Action"] == "Remove"))


def _reason(meant: Mapping[tuple[str, str], str], name: str, *, removed: bool) -> str | None:
    found = (
        why for (of, what), why in meant.items() if of == name and removed == (what == REMOVED)
    )
    return next(found, None)


def _fate(change: Change, renewed: set[str]) -> str | None:
    """Say what becomes of a resource that holds data; None when it goes on as it is."""
    if change["Action"] == "Remove":
        return "would leave the stack" if _is_kept(change) else "would be deleted"
    if change["Action"] != "Modify":
        return None
    if _touches(change, FIXED_BESIDES.get(change["ResourceType"], ()), renewed):
        return "would begin anew"
    if change["ResourceType"].startswith("Custom::"):
        return None  # CloudFormation cannot tell; what replaces ours is among the fixed
    if change.get("Replacement") == "True":
        return "would be replaced by an empty one"
    unsure = change.get("Replacement") == "Conditional"
    return "may be replaced by an empty one" if unsure and _is_renewable(change, renewed) else None


def _is_kept(change: Change) -> bool:
    return "Retain" in change.get("PolicyAction", "")


def _is_renewed(change: Change) -> bool:
    """Tell whether what others read of a resource, such as its ARN, is certain to change."""
    fixed = FIXED_BESIDES.get(change["ResourceType"], ())
    gone = change["Action"] == "Remove" or change.get("Replacement") == "True"
    return gone or _touches(change, fixed, set())


def _touches(change: Change, properties: Iterable[str], renewed: set[str]) -> bool:
    details = change.get("Details", [])
    return any(
        detail["Target"].get("Name") in properties and _is_certain(detail, renewed)
        for detail in details
    )


def _is_renewable(change: Change, renewed: set[str]) -> bool:
    """Tell whether a resource may really be replaced; where nothing is told it may."""
    details = [
        detail
        for detail in change.get("Details", [])
        if detail["Target"].get("RequiresRecreation", "Never") != "Never"
    ]
    return not details or any(_is_certain(detail, renewed) for detail in details)


def _is_certain(detail: dict[str, Any], renewed: set[str]) -> bool:
    """Tell whether a value changes, and not only may.

    CloudFormation does not know what an attribute will be of anything that it changes, such as the
    ARN of a function with new code. It stays what it is unless that thing is replaced.
    """
    if detail.get("ChangeSource") != "ResourceAttribute":
        return True
    return detail.get("CausingEntity", "").partition(".")[0] in renewed
