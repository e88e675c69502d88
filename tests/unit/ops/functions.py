"""Lambda in this process: functions, their versions and aliases, with the conditions of AWS."""

from __future__ import annotations

import copy
import itertools
from typing import Any

from botocore.exceptions import ClientError


def refused(code: str) -> ClientError:
    """Make AWS's refusal of a call."""
    return ClientError({"Error": {"Code": code, "Message": code}}, "Operation")


class Functions:
    """Functions by name; each is published once, and has the alias `live`, unless it is said."""

    def __init__(self, variables: dict[str, dict[str, str]], *, released: bool = True) -> None:
        """Deploy functions.

        Args:
            variables: by the function's name.
            released: whether they have versions and the alias.
        """
        self.latest: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, dict[str, dict[str, Any]]] = {}
        self.aliases: dict[str, dict[str, str]] = {}
        self.waited_for: list[str] = []
        self._revisions = itertools.count(1)
        for name, each in variables.items():
            self.latest[name] = self._configuration(name, each)
            self.versions[name] = {}
            if released:
                self.deploy(name, **each)

    def deploy(self, name: str, code: str = "code", **variables: str) -> None:
        """Publish a function with other code or variables, and let callers meet that."""
        self.latest[name] = self._configuration(name, variables) | {"CodeSha256": code}
        version = self.publish_version(FunctionName=name)["Version"]
        self.aliases[name] = {"FunctionVersion": version, "RevisionId": self._revision()}

    def called(self, name: str) -> dict[str, str]:
        """Give the variables that callers meet."""
        return self.variables(self.get_function_configuration(FunctionName=name, Qualifier="live"))

    def itself(self, name: str) -> dict[str, str]:
        """Give the variables of the function itself, which the next deployment publishes."""
        return self.variables(self.latest[name])

    @staticmethod
    def variables(configuration: dict[str, Any]) -> dict[str, str]:
        """Give those of a configuration."""
        found: dict[str, str] = configuration["Environment"]["Variables"]
        return found

    def _configuration(self, name: str, variables: dict[str, str]) -> dict[str, Any]:
        environment = {"Variables": dict(variables)}
        about = {"FunctionName": name, "Version": "$LATEST", "CodeSha256": "code", "Timeout": 3}
        about |= {"LastModified": "2026-11-30T09:00:00", "RevisionId": self._revision()}
        return {**about, "Environment": environment}

    def _revision(self) -> str:
        return f"revision-{next(self._revisions)}"

    def get_function_configuration(self, *, FunctionName: str, Qualifier: str = "") -> Any:  # noqa: N803 - AWS's own names
        version = Qualifier
        if Qualifier == "live":
            version = self.get_alias(FunctionName=FunctionName, Name="live")["FunctionVersion"]
        versions = {"": self.latest[FunctionName], **self.versions[FunctionName]}
        if version not in versions:
            raise refused("ResourceNotFoundException")
        return copy.deepcopy(versions[version])

    def update_function_configuration(
        self,
        *,
        FunctionName: str,  # noqa: N803
        RevisionId: str,  # noqa: N803
        Environment: Any,  # noqa: N803
    ) -> None:
        if self.latest[FunctionName]["RevisionId"] != RevisionId:
            raise refused("PreconditionFailedException")
        changed = {"Environment": copy.deepcopy(Environment), "RevisionId": self._revision()}
        self.latest[FunctionName] |= changed

    def publish_version(
        self,
        *,
        FunctionName: str,  # noqa: N803
        CodeSha256: str | None = None,  # noqa: N803
        RevisionId: str | None = None,  # noqa: N803
    ) -> Any:
        """Publish, or give the last one again where nothing has changed since."""
        latest, versions = self.latest[FunctionName], self.versions[FunctionName]
        if RevisionId not in (None, latest["RevisionId"]):
            raise refused("PreconditionFailedException")
        assert CodeSha256 in (None, latest["CodeSha256"])
        last = str(max(map(int, versions), default=0))
        if last in versions and _content(versions[last]) == _content(latest):
            return copy.deepcopy(versions[last])
        number = str(int(last) + 1)
        versions[number] = {**copy.deepcopy(latest), "Version": number}
        return copy.deepcopy(versions[number])

    def get_alias(self, *, FunctionName: str, Name: str) -> Any:  # noqa: N803
        assert Name == "live"
        if FunctionName not in self.aliases:
            raise refused("ResourceNotFoundException")
        return dict(self.aliases[FunctionName])

    def update_alias(self, *, FunctionName: str, FunctionVersion: str, **given: Any) -> Any:  # noqa: N803
        assert FunctionVersion in self.versions[FunctionName]
        if self.aliases[FunctionName]["RevisionId"] != given["RevisionId"]:
            raise refused("PreconditionFailedException")
        moved = {"FunctionVersion": FunctionVersion, "RevisionId": self._revision()}
        self.aliases[FunctionName] = moved
        return dict(moved)

    def delete_function(self, *, FunctionName: str, Qualifier: str) -> None:  # noqa: N803
        """Delete a version; one that an alias names is refused."""
        alias = self.aliases.get(FunctionName, {})
        if alias.get("FunctionVersion") == Qualifier:
            raise refused("ResourceConflictException")
        del self.versions[FunctionName][Qualifier]

    def list_versions_by_function(self, *, FunctionName: str) -> Any:  # noqa: N803
        every = [self.latest[FunctionName], *self.versions[FunctionName].values()]
        return {"Versions": copy.deepcopy(every)}

    def get_paginator(self, operation: str) -> Any:
        """Give one page of all."""
        assert operation == "list_versions_by_function"
        return _Pages(self)

    def get_waiter(self, name: str) -> Functions:
        """Wait for nothing; note for what."""
        assert name in ("function_updated_v2", "published_version_active")
        return self

    def wait(self, *, FunctionName: str, **_: str) -> None:  # noqa: N803
        self.waited_for.append(FunctionName)


class _Pages:
    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def paginate(self, **asked: Any) -> list[Any]:
        """Give the only one."""
        return [self._functions.list_versions_by_function(**asked)]


def _content(configuration: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(configuration.get(name) for name in ("CodeSha256", "Environment", "Timeout"))
