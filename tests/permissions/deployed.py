"""The roles of a deployed stack and what they grant, with the names and ARNs of the deployment."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ops.reach.clients import clients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints


class Grant(NamedTuple):
    """The least that can be granted: one action on one resource, under a statement's conditions."""

    role: str
    action: str
    resource: str
    condition: dict[str, Any]

    @property
    def statement(self) -> dict[str, Any]:
        """The grant alone, as a statement of a policy."""
        written = {"Effect": "Allow", "Action": self.action, "Resource": self.resource}
        return {**written, "Condition": self.condition} if self.condition else written

    def __str__(self) -> str:
        """Tell it to a person."""
        under = f" under {json.dumps(self.condition)}" if self.condition else ""
        return f"{short(self.role)}: {self.action} on {self.resource}{under}"


class Asked(NamedTuple):
    """Something that was asked of AWS in a role's name."""

    role: str
    action: str
    resource: str
    context: dict[str, str | list[str]]

    def __str__(self) -> str:
        """Tell it to a person."""
        keys = f" with {json.dumps(self.context)}" if self.context else ""
        return f"{short(self.role)}: {self.action} on {self.resource}{keys}"


Policies = dict[str, list[dict[str, Any]]]
"""The policies of each role."""


class Deployed:
    """A stack as CloudFormation has made it: every intrinsic function is resolved."""

    def __init__(self, endpoints: Endpoints) -> None:
        """Look at a running copy."""
        self.client = clients(endpoints.aws_endpoint_url)
        self.template: dict[str, Any] = self._template(endpoints.stack_name)
        found = self.client("cloudformation").describe_stack_resources(
            StackName=endpoints.stack_name
        )
        self.ids: dict[str, str] = {
            item["LogicalResourceId"]: item["PhysicalResourceId"]
            for item in found["StackResources"]
            if item.get("PhysicalResourceId")
        }

    def all(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give physical id and properties of each resource of a type such as `Lambda::Function`."""
        for name, resource in self.template["Resources"].items():
            if resource["Type"] == f"AWS::{kind}":
                yield self.ids[name], resource.get("Properties", {})

    @cached_property
    def roles(self) -> dict[str, str]:
        """The names of the stack's roles by their ARNs."""
        iam = self.client("iam")
        names = [name for name, _ in self.all("IAM::Role")]
        return {iam.get_role(RoleName=name)["Role"]["Arn"]: name for name in names}

    @cached_property
    def policies(self) -> Policies:
        """The policies of each role that are the stack's own."""
        iam = self.client("iam")
        return {
            arn: [
                iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
            ]
            for arn, name in self.roles.items()
        }

    @cached_property
    def of_aws(self) -> dict[str, list[str]]:
        """The managed policies of AWS that roles have, where they have any."""
        iam = self.client("iam")
        found = {}
        for arn, name in self.roles.items():
            attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
            if attached:
                found[arn] = [policy["PolicyArn"] for policy in attached]
        return found

    def _template(self, stack: str) -> dict[str, Any]:
        body = self.client("cloudformation").get_template(StackName=stack)["TemplateBody"]
        template: dict[str, Any] = json.loads(body) if isinstance(body, str) else body
        return template


def grants_of(policies: Policies) -> list[Grant]:
    """Take policies apart into grants.

    Raises:
        ValueError: for a statement that grants by saying what it does not grant.
    """
    return [
        Grant(role, action, resource, statement.get("Condition", {}))
        for role, documents in policies.items()
        for document in documents
        for statement in document["Statement"]
        if _allows(statement)
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]


def _allows(statement: dict[str, Any]) -> bool:
    if "NotAction" in statement or "NotResource" in statement:
        raise ValueError(f"not to be taken apart: {statement}")
    return bool(statement["Effect"] == "Allow")


def listed(value: Any) -> list[Any]:
    """Give what a policy says once or as a list, as a list."""
    return value if isinstance(value, list) else [value]


def short(role: str) -> str:
    """Give a role's name without account and path."""
    return role.rpartition("/")[2]


def recorded(text: str) -> list[Asked]:
    """Read a recording: JSON lines, as local/inside/recording.py writes them."""
    return [Asked(**json.loads(line)) for line in text.splitlines()]
