"""What a deployment would change in a stack that is there, and what would be lost by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHANGE_SET = "food-delivery-orders-review"
"""The change set that is made to be looked at, and then executed or dropped."""

_STATEFUL = ("AWS::DynamoDB::", "AWS::Cognito::UserPool", "AWS::S3::Bucket", "AWS::SQS::Queue")
_UNCHANGED = ("didn't contain changes", "No updates are to be performed")


class Stack(NamedTuple):
    """A stack that is there."""

    protected: bool
    """Whether AWS refuses to delete it."""
    outputs: dict[str, str]


def stack_of(cloudformation: Any, name: str) -> Stack | None:
    """Describe a stack; None when there is none of this name, or none that was ever created."""
    try:
        found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError:
        return None
    if found["StackStatus"] in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE"):
        return None
    outputs = {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])}
    return Stack(bool(found.get("EnableTerminationProtection")), outputs)


def changes_of(cloudformation: Any, stack: str) -> list[dict[str, Any]]:
    """List the resource changes of the change set; empty when there are none."""
    changes: list[dict[str, Any]] = []
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


def losses(changes: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Name the resources whose data the changes would or might lose, each with what happens to it.

    A resource that is taken out of the template but kept on AWS counts too: a new, empty one takes
    its place in the service.
    """
    for change in changes:
        if not change["ResourceType"].startswith(_STATEFUL):
            continue
        what = f"{change['LogicalResourceId']} ({change['ResourceType']})"
        if change["Action"] == "Remove":
            kept = "Retain" in change.get("PolicyAction", "")
            yield f"{what} would leave the stack" if kept else f"{what} would be deleted"
        elif change.get("Replacement") in ("True", "Conditional"):
            sure = change["Replacement"] == "True"
            yield f"{what} {'would' if sure else 'may'} be replaced by an empty one"
