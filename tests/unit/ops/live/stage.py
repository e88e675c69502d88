"""A stage in this process, as the commands about what runs now ask AWS for it."""

from __future__ import annotations

import datetime as dt
import itertools
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from infrastructure import outputs
from infrastructure.settings import stack_name
from ops.reach.target import Target

FUNCTIONS = {"create_order": "create", "get_order": "get"}
START = dt.datetime(2026, 11, 30, 9, tzinfo=dt.UTC)


def refused(code: str, message: str = "no") -> ClientError:
    """Make AWS's refusal of a call."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class Lambda:
    """Functions with versions and an alias, and the conditions that AWS keeps."""

    def __init__(self) -> None:
        self.functions: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, list[dict[str, Any]]] = {}
        self.aliases: dict[str, dict[str, Any]] = {}
        self._revisions = itertools.count(1)

    def deploy(self, function: str, code: str, **variables: str) -> None:
        """Give a function code and variables, publish it, and point the alias to that."""
        self.change(function, code, **variables)
        versions = self.versions.setdefault(function, [])
        number = str(len(versions) + 1)
        versions.append({**self.functions[function], "Version": number})
        self.aliases[function] = {"FunctionVersion": number, "RevisionId": self._revision()}

    def change(self, function: str, code: str, **variables: str) -> None:
        """Change the function itself, and publish nothing."""
        self.functions[function] = {
            "FunctionName": function,
            "Version": "$LATEST",
            "CodeSha256": code,
            "LastModified": START.isoformat(),
            "Environment": {"Variables": variables},
        }

    def get_alias(self, *, FunctionName: str, Name: str) -> Any:  # noqa: N803 - AWS's own names
        assert Name == "live"
        if FunctionName not in self.aliases:
            raise refused("ResourceNotFoundException")
        return dict(self.aliases[FunctionName])

    def update_alias(
        self,
        *,
        FunctionName: str,  # noqa: N803
        Name: str,  # noqa: N803
        FunctionVersion: str,  # noqa: N803
        RoutingConfig: Any,  # noqa: N803
        RevisionId: str,  # noqa: N803
    ) -> Any:
        assert RoutingConfig == {"AdditionalVersionWeights": {}}
        if self.get_alias(FunctionName=FunctionName, Name=Name)["RevisionId"] != RevisionId:
            raise refused("PreconditionFailedException")
        moved = {"FunctionVersion": FunctionVersion, "RevisionId": self._revision()}
        self.aliases[FunctionName] = moved
        return dict(moved)

    def get_function_configuration(self, *, FunctionName: str) -> Any:  # noqa: N803
        return dict(self.functions[FunctionName])

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_versions_by_function"
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, *, FunctionName: str) -> Any:  # noqa: N803
        """Give a page for each version, as AWS may."""
        every = [self.functions[FunctionName], *self.versions[FunctionName]]
        return ({"Versions": [dict(version)]} for version in every)

    def _revision(self) -> str:
        return f"revision-{next(self._revisions)}"


class Stage:
    """All services of it."""

    def __init__(self) -> None:
        self.functions = Lambda()
        self.services: dict[str, Any] = {"lambda": self.functions}
        named = {outputs.function(name): real for name, real in FUNCTIONS.items()}
        self.outputs: dict[str, str] = named
        stack = stack_name("dev")
        self.target = Target("stage dev", stack, self.services.__getitem__, self.outputs, "cure")
