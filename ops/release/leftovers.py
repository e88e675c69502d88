"""What stacks of a stage have left on AWS, and how the stage comes back over it.

deletion, or a first deployment that fails ─► kept (Retain) ─► adopt: the new stack takes it over

CloudFormation's events say what each stack has kept, for 90 days after its end. The flags and the
signing key are not adopted: they are found by their names, and left as they are.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from ops.reach.errors import OperatorError
from ops.release import cdk, states

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from ops.release.account import Place
    from ops.release.change_set import Stack

_POOL = "AWS::Cognito::UserPool"


class _Lookup(NamedTuple):
    """How CloudFormation and the service itself name a thing of a type: both alike."""

    identifier: str
    service: str
    operation: str
    in_a_pool: bool = False


ADOPTABLE: Mapping[str, _Lookup] = {
    _POOL: _Lookup("UserPoolId", "cognito-idp", "describe_user_pool"),
    "AWS::Cognito::UserPoolClient": _Lookup(
        "ClientId", "cognito-idp", "describe_user_pool_client", in_a_pool=True
    ),
    "AWS::Cognito::UserPoolGroup": _Lookup("GroupName", "cognito-idp", "get_group", in_a_pool=True),
    "AWS::DynamoDB::GlobalTable": _Lookup("TableName", "dynamodb", "describe_table"),
    "AWS::KMS::Key": _Lookup("KeyId", "kms", "describe_key"),
}
"""What a new stack takes over; a test holds it against what the templates keep."""


class Kept(NamedTuple):
    """A resource that has outlived its stack."""

    logical_id: str
    kind: str
    name: str
    """What AWS calls it."""
    pool: str = ""
    """The user pool that its stack had."""

    def __str__(self) -> str:
        """Say it to a person."""
        return f"{self.logical_id} ({self.kind}): {self.name}"

    @property
    def identifiers(self) -> dict[str, str]:
        """What CloudFormation, and the service, know it by."""
        found = ADOPTABLE[self.kind]
        pool = {ADOPTABLE[_POOL].identifier: self.pool} if found.in_a_pool else {}
        return {**pool, found.identifier: self.name}


def kept_by(place: Place, stack_id: str) -> list[Kept]:
    """List what a stack has kept: what last became of it is that its deletion was skipped."""
    pages = place.client("cloudformation").get_paginator("describe_stack_events")
    last: dict[str, dict[str, Any]] = {}
    for page in pages.paginate(StackName=stack_id):
        for event in page["StackEvents"]:  # the newest first
            last.setdefault(event["LogicalResourceId"], event)
    kept = [
        Kept(name, event["ResourceType"], event["PhysicalResourceId"].rpartition("|")[2])
        for name, event in last.items()
        if event["ResourceStatus"] == "DELETE_SKIPPED"
    ]
    pool = next((each.name for each in kept if each.kind == _POOL), "")
    return [each._replace(pool=pool) for each in kept]


def adoptable(place: Place, found: Stack | None, template: Mapping[str, Any]) -> list[Kept]:
    """List what a stage has left on AWS that its next deployment can take over.

    Args:
        place: the stage and its account.
        found: its stack; what a failed deployment over it has left counts too.
        template: of the next deployment.

    Raises:
        OperatorError: when several have left the same thing.
    """
    stacks = _former(place) if found is None else _rolled_back(found)
    left = {
        kept: None
        for stack_id in stacks
        for kept in kept_by(place, stack_id)
        if kept.kind in ADOPTABLE
        and template["Resources"].get(kept.logical_id, {}).get("Type") == kept.kind
        and _is_there(place, kept)
    }
    _check_single(left)
    return list(left)


def adopt(place: Place, left: Iterable[Kept], assembly: Path) -> None:
    """Make the stage's stack of what is left; the deployment that follows adds the rest.

    Args:
        place: the stage and its account.
        left: what is taken over.
        assembly: that of the deployment.

    Raises:
        OperatorError: when CloudFormation does not take it.
    """
    stage, template = place.settings.stage, assembly
    if place.settings.asks_second_factor:
        template = cdk.synthesize(stage, taking_over=True)
    mapping = json.dumps({kept.logical_id: kept.identifiers for kept in left})
    options = ("--force", "--resource-mapping-inline", mapping)
    if not cdk.run("import", place.stack, *options, assembly=template):
        raise OperatorError(
            "CloudFormation does not take over what was left; what it said stands above. All of it "
            "is still there."
        )


def _former(place: Place) -> Iterator[str]:
    pages = place.client("cloudformation").get_paginator("list_stacks")
    for page in pages.paginate(StackStatusFilter=["DELETE_COMPLETE"]):
        for stack in page["StackSummaries"]:
            if stack["StackName"] == place.stack:
                yield stack["StackId"]


def _rolled_back(found: Stack) -> Iterator[str]:
    if found.status in states.ROLLED_BACK:
        yield found.stack_id


def _is_there(place: Place, kept: Kept) -> bool:
    found = ADOPTABLE[kept.kind]
    try:
        getattr(place.client(found.service), found.operation)(**kept.identifiers)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("ResourceNotFoundException", "NotFoundException"):
            return False
        raise
    return True


def _check_single(left: Iterable[Kept]) -> None:
    by_id: dict[str, list[str]] = {}
    for kept in left:
        by_id.setdefault(kept.logical_id, []).append(kept.name)
    for logical_id, names in by_id.items():
        if len(names) > 1:
            raise OperatorError(
                f"Several stacks of this stage have left a {logical_id}: {', '.join(names)}. "
                "Delete those that hold nothing, then deploy again."
            )
