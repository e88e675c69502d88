"""A change set of our own: what it would change in a stack that is there, and lose by it.

The CDK's command line has no option for alarms that take a deployment back, so we make it here.
Each has a name of its own: of two operators neither executes what the other has reviewed.
"""

from __future__ import annotations

import time
import uuid
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from infrastructure.stateful import FIXED_BESIDES, HOLDS, REMOVED
from ops.reach.errors import OperatorError, Overtaken
from ops.release import states
from ops.release.triggers import NOTHING, Triggers
from ops.release.watching import pauses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Change = dict[str, Any]

CHANGE_SET = "food-delivery-orders-review"
"""How the names of ours begin: made to be looked at, then executed or dropped."""

_UNCHANGED = ("didn't contain changes", "No updates are to be performed")
_UNDER_WAY = "_IN_PROGRESS"
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
_POLL_SECONDS = 1.0
_LONGEST_SECONDS = 600.0
_OUTDATED = ("InvalidChangeSetStatus", "ChangeSetNotFound")


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
    parameters: Mapping[str, str] = MappingProxyType({})
    """Those of its template."""


class Wanted(NamedTuple):
    """A template that a stack is to have."""

    stack: str
    template_url: str
    role: str
    """As whom CloudFormation makes things."""
    parameters: Mapping[str, str] = MappingProxyType({})
    tags: Mapping[str, str] = MappingProxyType({})
    triggers: Triggers = NOTHING
    """The alarms that take it back."""


def create(cloudformation: Any, wanted: Wanted, *, first: bool = False) -> str | None:
    """Let CloudFormation say what it would do to a stack.

    Args:
        cloudformation: a client.
        wanted: what the stack is to have.
        first: whether the stack is to be made by it; otherwise it is there.

    Returns:
        The change set's ARN; None where nothing would change.

    Raises:
        OperatorError: when CloudFormation refuses the template.
    """
    arn = _begun(cloudformation, wanted, "CREATE" if first else "UPDATE")
    refused = _refusal(cloudformation, wanted.stack, arn)
    if refused is None:
        return arn
    drop(cloudformation, wanted.stack, arn)
    if any(sign in refused for sign in _UNCHANGED):
        return None
    raise OperatorError(f"CloudFormation refuses the change: {refused.rstrip('.')}.")


def _begun(cloudformation: Any, wanted: Wanted, kind: str) -> str:
    try:
        made = cloudformation.create_change_set(
            StackName=wanted.stack,
            ChangeSetName=f"{CHANGE_SET}-{uuid.uuid4().hex[:12]}",
            ChangeSetType=kind,
            TemplateURL=wanted.template_url,
            RoleARN=wanted.role,
            Capabilities=_CAPABILITIES,
            Parameters=_items("ParameterKey", "ParameterValue", wanted.parameters),
            Tags=_items("Key", "Value", wanted.tags),
            RollbackConfiguration=wanted.triggers.configuration,
        )
    except ClientError as error:
        if _UNDER_WAY not in error.response["Error"]["Message"]:
            raise
        raise Overtaken(
            f"Another operator is changing {wanted.stack} at this moment. Nothing was changed by "
            "this command. Wait until that is done, then repeat it if it is still right."
        ) from None
    return str(made["Id"])


def execute(cloudformation: Any, stack: str, change_set: str, *, first: bool = False) -> None:
    """Carry out a change set; if that fails, what it has made goes again, kept things included.

    Where the stack is made by it those stay, for the next deployment to take over.

    Raises:
        Overtaken: when another operator has changed the stack since it was made.
    """
    try:
        cloudformation.execute_change_set(
            StackName=stack, ChangeSetName=change_set, RetainExceptOnCreate=not first
        )
    except ClientError as error:
        if not error.response["Error"]["Code"].startswith(_OUTDATED):
            raise
        raise Overtaken(
            "Another operator has changed this stage since you looked. Nothing was changed by "
            "this command. Look again: orders status; then repeat it if it is still right."
        ) from None


def _items(key: str, value: str, of: Mapping[str, str]) -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in of.items()]


def _refusal(cloudformation: Any, stack: str, change_set: str) -> str | None:
    """Wait until a change set is made; gives why there is none, if there is none."""
    until, waits = time.monotonic() + _LONGEST_SECONDS, pauses(_POLL_SECONDS)
    while True:
        found = cloudformation.describe_change_set(StackName=stack, ChangeSetName=change_set)
        if found["Status"] == "CREATE_COMPLETE":
            return None
        if found["Status"] == "FAILED" or time.monotonic() > until:
            return str(found.get("StatusReason") or f"it is {found['Status']} for ten minutes")
        time.sleep(next(waits))


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
    parameters = {
        item["ParameterKey"]: item.get("ParameterValue", "") for item in found.get("Parameters", [])
    }
    return Stack(found["StackId"], found["StackStatus"], protected, outputs, parameters)


def changes_of(cloudformation: Any, stack: str, change_set: str) -> list[Change]:
    """List the resource changes of a change set."""
    changes: list[Change] = []
    options = {"StackName": stack, "ChangeSetName": change_set}
    while True:
        page = cloudformation.describe_change_set(**options)
        changes += [item["ResourceChange"] for item in page.get("Changes", [])]
        if not page.get("NextToken"):
            return changes
        options["NextToken"] = page["NextToken"]


class ResourceChange(NamedTuple):
    """What becomes of a resource, in short."""

    action: str
    """`add`, `change`, `replace`, `may replace` or `remove`."""
    kind: str
    """Its type, without `AWS::`."""
    resource: str
    """Its logical id."""
    properties: tuple[str, ...] = ()
    """Those that change."""


_ACTIONS = {"Add": "add", "Remove": "remove", "Modify": "change", "Import": "add"}
_REPLACEMENTS = {"True": "replace", "Conditional": "may replace"}


def in_short(changes: Iterable[Change]) -> list[ResourceChange]:
    """Say what changes, resource by resource: what goes or is replaced first."""
    order = ("remove", "replace", "may replace", "add", "change")
    found = map(_in_short, changes)
    return sorted(found, key=lambda one: (order.index(one.action), one.kind, one.resource))


def _in_short(change: Change) -> ResourceChange:
    action = _REPLACEMENTS.get(change.get("Replacement", ""), _ACTIONS[change["Action"]])
    targets = (detail["Target"] for detail in change.get("Details", []))
    names = {target.get("Name") or target["Attribute"] for target in targets}
    kind = change["ResourceType"].removeprefix("AWS::")
    return ResourceChange(action, kind, change["LogicalResourceId"], tuple(sorted(names)))


def drop(cloudformation: Any, stack: str, change_set: str) -> None:
    """Drop a change set, if it is there."""
    cloudformation.delete_change_set(StackName=stack, ChangeSetName=change_set)


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
