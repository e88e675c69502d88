"""A stage that is released to: what it runs, and what becomes of a deployment."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from local.copy.deployment import Deployment
from ops.reach.clients import ACCOUNT, REGION, clients
from ops.reach.errors import LocalError
from ops.reach.layout import SHARED
from ops.reach.target import Target
from tests.releases.release import FUNCTION, Release, key_of, of_type

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints

BACK = "UPDATE_ROLLBACK_COMPLETE"
DONE = "UPDATE_COMPLETE"

_AT_ONCE = 10
_A_FEW = 5
"""Deployments whose versions may stay: to look which are met takes forty requests."""

_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
LIVE = "live"
_ALIAS = "AWS::Lambda::Alias"


class Outcome(NamedTuple):
    """What became of a deployment."""

    status: str
    reason: str
    """Why it failed, as CloudFormation tells whoever deploys; empty where it did not."""


class Stage:
    """The stack of a running copy."""

    def __init__(self, stack: Endpoints) -> None:
        """Take what is deployed now as the good release."""
        self.stack = stack
        self.client = clients(stack.aws_endpoint_url)
        self._deployment = Deployment(self.client, stack.stack_name)
        self.template = self.deployed()
        self._unpruned = 0

    def deployed(self) -> dict[str, Any]:
        """Give the template that the stack has now."""
        answer = self.client("cloudformation").get_template(StackName=self.stack.stack_name)
        body = answer["TemplateBody"]
        found: dict[str, Any] = json.loads(body) if isinstance(body, str) else body
        return found

    def deploy(self, release: Release, over: dict[str, Any] | None = None) -> Outcome:
        """Deploy a release as an update, through CloudFormation, and wait until that has ended.

        Args:
            release: what is otherwise in it.
            over: than in this template; than in the good release, if none is given.
        """
        self._unpruned += 1
        code = release.code(SHARED / "asset")
        if code is not None:
            self.client("s3").put_object(Bucket=_BUCKET, Key=key_of(code), Body=code)
        template = release.template(over or self.template, code)
        try:
            self._deployment.deploy(json.dumps(template), {})
        except LocalError as error:
            return Outcome(self.status(), str(error))
        return Outcome(self.status(), "")

    def target(self) -> Target:
        """Give the stage as commands reach it."""
        stack = self.stack.stack_name
        described = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}
        return Target("stage dev", stack, self.client, outputs, "orders deploy")

    def status(self) -> str:
        """Give the stack's status."""
        described = self.client("cloudformation").describe_stacks(StackName=self.stack.stack_name)
        return str(described["Stacks"][0]["StackStatus"])

    def live(self) -> dict[str, str]:
        """Give the version that customers meet, of each function that has one."""
        functions = self.client("lambda")
        return {
            name: functions.get_alias(FunctionName=self.stack.functions[name], Name=LIVE)[
                "FunctionVersion"
            ]
            for name in self.released()
        }

    def latest(self) -> dict[str, str]:
        """Give the digest of the code that each function was given last."""
        functions = self.client("lambda")
        return {
            name: functions.get_function_configuration(FunctionName=function)["CodeSha256"]
            for name, function in self.stack.functions.items()
        }

    def released(self) -> list[str]:
        """Name the functions that have an alias."""
        names = {}
        for logical_id, function in of_type(self.template, FUNCTION).items():
            names[logical_id] = function["Properties"]["Handler"].split(".")[-2]
        aliases = of_type(self.template, _ALIAS).values()
        return sorted(names[alias["Properties"]["FunctionName"]["Ref"]] for alias in aliases)

    def prune(self) -> None:
        """Remove the versions that nobody meets, where some came: one holds all of its code here.

        What the template names stays, though an alias has been moved from it: the gate asks it.
        """
        if self._unpruned < _A_FEW:
            return
        self._unpruned = 0
        functions, unmet = self.client("lambda"), []
        named = set(self._deployment.physical_ids().values())
        for name, met in self.live().items():
            function = self.stack.functions[name]
            versions = functions.list_versions_by_function(FunctionName=function)["Versions"]
            unmet += [
                (function, one["Version"])
                for one in versions[1:]
                if one["Version"] != met and one["FunctionArn"] not in named
            ]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for done in [pool.submit(self._remove, *each) for each in unmet]:
                done.result()

    def _remove(self, function: str, version: str) -> None:
        self.client("lambda").delete_function(FunctionName=function, Qualifier=version)
