"""What a stage's template says that it runs, and what it does run.

template ─► alias ─► version ─┐
                              ├─ side by side: `Function`, which `differences.py` compares
Lambda ───► alias, versions ──┘
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure import outputs
from infrastructure.functions import LIVE
from ops.live import aliases
from project.json_object import json_object
from project.release import Release, parsed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.live.aliases import Alias, Version
    from ops.reach.target import Target

_ALIAS, _FUNCTION = "AWS::Lambda::Alias", "AWS::Lambda::Function"
_DEPLOYING = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
_UNDER_WAY = "_IN_PROGRESS"


class Resource(NamedTuple):
    """A resource of the stack, as CloudFormation lists it."""

    kind: str
    physical: str
    status: str
    updated: dt.datetime
    checked: str
    """What its last drift detection found, such as NOT_CHECKED."""


class Function(NamedTuple):
    """A function with versions: what the template says of it, and what it is."""

    name: str
    """As this repository calls it, such as `create_order`."""
    function: str
    """As AWS calls it."""
    wanted: str | None
    """The version to which the template points the alias; None where it has no such alias."""
    code: tuple[str, str] | None
    """The bucket and key of the template's code, where that is in a bucket."""
    alias: Alias | None
    kept: tuple[Version, ...]
    """All published versions, newest first."""
    latest: Version

    def version(self, number: str | None) -> Version | None:
        """Give a version that is kept; None for one that is gone, or for none."""
        return next((each for each in self.kept if each.version == number), None)


class Stack(NamedTuple):
    """A stage's stack."""

    stack_id: str
    status: str
    reason: str
    """Why it is so, if CloudFormation says it."""
    changed: dt.datetime | None
    """When its last operation began."""
    monitored_until: dt.datetime | None
    """Until when CloudFormation watches the alarms of an operation whose resources are all there;
    None where it watches none."""
    release: Release | None
    """What the output says that the stage runs."""
    resources: Mapping[str, Resource]
    """By their ids in the template."""

    @property
    def under_way(self) -> bool:
        """Whether resources are being changed."""
        return self.status.endswith(_UNDER_WAY) and self.monitored_until is None


def stack_of(target: Target) -> Stack:
    """Read a stage's stack."""
    cloudformation = target.client("cloudformation")
    found = cloudformation.describe_stacks(StackName=target.stack)["Stacks"][0]
    resources = _resources(cloudformation, target.stack)
    return Stack(
        stack_id=found["StackId"],
        status=found["StackStatus"],
        reason=found.get("StackStatusReason", ""),
        changed=found.get("LastUpdatedTime") or found.get("CreationTime"),
        monitored_until=_monitored_until(found, resources),
        release=release_in(target.outputs.get(outputs.RELEASE, "")),
        resources=resources,
    )


def release_in(text: str) -> Release | None:
    """Read a release; None where the stage was deployed before it had one."""
    try:
        return parsed(text)
    except ValueError:
        return None


def functions_of(target: Target, stack: Stack) -> list[Function]:
    """Read what each function with versions should run, and what it runs."""
    client, template = target.client("lambda"), template_of(target)
    wanted, code = _wanted(template, stack), _code(template, stack)
    return [
        Function(
            name=name,
            function=function,
            wanted=wanted.get(function),
            code=code.get(function),
            alias=aliases.alias_of(client, function),
            kept=tuple(aliases.published(client, function)),
            latest=aliases.latest(client, function),
        )
        for name, function in aliases.functions(target).items()
    ]


def template_of(target: Target) -> dict[str, Any]:
    """Read the template that the stack was deployed with."""
    cloudformation = target.client("cloudformation")
    body = cloudformation.get_template(StackName=target.stack, TemplateStage="Processed")
    found = body["TemplateBody"]
    return dict(found) if not isinstance(found, str) else json_object(found) or {}


def _resources(cloudformation: Any, stack: str) -> dict[str, Resource]:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return {
        item["LogicalResourceId"]: Resource(
            item["ResourceType"],
            item.get("PhysicalResourceId", ""),
            item["ResourceStatus"],
            item["LastUpdatedTimestamp"],
            item.get("DriftInformation", {}).get("StackResourceDriftStatus", "NOT_CHECKED"),
        )
        for page in pages
        for item in page["StackResourceSummaries"]
    }


def _monitored_until(
    found: Mapping[str, Any], resources: Mapping[str, Resource]
) -> dt.datetime | None:
    """Say until when alarms can take an operation back, once all its resources are there."""
    minutes = found.get("RollbackConfiguration", {}).get("MonitoringTimeInMinutes", 0)
    busy = any(each.status.endswith(_UNDER_WAY) for each in resources.values())
    if found["StackStatus"] not in _DEPLOYING or not minutes or busy or not resources:
        return None
    began = found.get("LastUpdatedTime") or found["CreationTime"]
    last = max(each.updated for each in resources.values())
    # Before the first resource changes, the last one to have changed is of the operation before.
    return last + dt.timedelta(minutes=minutes) if last >= began else None


def _wanted(template: Mapping[str, Any], stack: Stack) -> dict[str, str]:
    """Give the version that the template has each function's alias point to, by AWS's names."""
    found: dict[str, str] = {}
    for resource in template.get("Resources", {}).values():
        if resource["Type"] == _ALIAS and resource["Properties"].get("Name") == LIVE:
            function = _physical(stack, resource["Properties"]["FunctionName"])
            version = _physical(stack, resource["Properties"]["FunctionVersion"])
            if function and version:
                found[function] = version.rpartition(":")[2]
    return found


def _code(template: Mapping[str, Any], stack: Stack) -> dict[str, tuple[str, str]]:
    """Give where the template's code of each function is, by AWS's names."""
    region, account = stack.stack_id.split(":")[3:5]
    found: dict[str, tuple[str, str]] = {}
    for logical, resource in template.get("Resources", {}).items():
        if resource["Type"] == _FUNCTION and logical in stack.resources:
            code = resource["Properties"].get("Code", {})
            bucket, key = code.get("S3Bucket"), code.get("S3Key")
            if isinstance(bucket, dict):
                bucket = str(bucket.get("Fn::Sub", ""))
                bucket = bucket.replace("${AWS::AccountId}", account)
                bucket = bucket.replace("${AWS::Region}", region)
            if bucket and isinstance(key, str):
                found[stack.resources[logical].physical] = (bucket, key)
    return found


def _physical(stack: Stack, value: Any) -> str:
    """Give what AWS calls the resource that a value names by Ref or Fn::GetAtt."""
    match value:
        case {"Ref": str(logical)} | {"Fn::GetAtt": [str(logical), *_]} if (
            logical in stack.resources
        ):
            return stack.resources[logical].physical
        case str(text):
            return text
    return ""
