"""The alias through which a function is called, and the versions that it could point to.

function ─┬─ $LATEST   what was deployed last, or changed since; nobody calls it
          ├─ 8, 7, 6   what was published: it never changes again
          └─ live ───► 8
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from infrastructure import outputs
from infrastructure.functions import LIVE, released_names
from ops.reach.errors import Overtaken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.target import Target

LATEST = "$LATEST"
"""What Lambda calls the function itself, which can be changed at any time."""

_MISSING = "ResourceNotFoundException"
_CHANGED_MEANWHILE = ("PreconditionFailedException", "ResourceConflictException")


class Alias(NamedTuple):
    """Where an alias points, with the revision that a change of it goes with."""

    version: str
    revision: str


class Version(NamedTuple):
    """Something that a function could run."""

    version: str
    """A number, or `$LATEST`."""
    code_sha256: str
    """Of its code, in base64."""
    modified: str
    """When it was published; of `$LATEST`, when it was last changed. ISO 8601, as Lambda has it."""
    variables: dict[str, str]

    @property
    def number(self) -> int:
        """The version's number; 0 for `$LATEST`."""
        return int(self.version) if self.version.isdigit() else 0


def functions(target: Target) -> dict[str, str]:
    """Name the stage's functions that have versions, each with what AWS calls it."""
    wanted = {name: outputs.function(name) for name in released_names()}
    return {
        name: target.outputs[output] for name, output in wanted.items() if output in target.outputs
    }


def alias_of(client: Any, function: str) -> Alias | None:
    """Read where a function's alias points.

    Args:
        client: of Lambda.
        function: as AWS calls it.

    Returns:
        None where it has no such alias: it was deployed before there was one, or somebody has
        deleted it.
    """
    try:
        found = client.get_alias(FunctionName=function, Name=LIVE)
    except ClientError as error:
        if _code(error) == _MISSING:
            return None
        raise
    return Alias(found["FunctionVersion"], found["RevisionId"])


def point(client: Any, function: str, version: str, *, revision: str) -> Alias:
    """Point a function's alias to a version, at once and with all of its weight.

    Args:
        client: of Lambda.
        function: as AWS calls it.
        version: the number of one that is kept.
        revision: of the alias as it was looked at.

    Raises:
        Overtaken: when somebody has moved the alias since; it stays where they put it.
    """
    try:
        found = client.update_alias(
            FunctionName=function,
            Name=LIVE,
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": {}},
            RevisionId=revision,
        )
    except ClientError as error:
        if _code(error) not in _CHANGED_MEANWHILE:
            raise
        raise Overtaken(
            f"Somebody else has moved the alias {LIVE} of {function} since you looked. "
            "Nothing was written to it. Look where it points now (`orders status`), then repeat "
            "the command if it is still right."
        ) from None
    return Alias(found["FunctionVersion"], found["RevisionId"])


def published(client: Any, function: str) -> list[Version]:
    """List the versions of a function that are kept, newest first; without `$LATEST`."""
    found = (each for each in _versions(client, function) if each.number)
    return sorted(found, key=lambda each: each.number, reverse=True)


def latest(client: Any, function: str) -> Version:
    """Read what the function itself is now: what the next version would be published from."""
    return _version(client.get_function_configuration(FunctionName=function))


def _versions(client: Any, function: str) -> Iterator[Version]:
    pages = client.get_paginator("list_versions_by_function")
    for page in pages.paginate(FunctionName=function):
        yield from map(_version, page["Versions"])


def _version(found: dict[str, Any]) -> Version:
    variables = found.get("Environment", {}).get("Variables", {})
    return Version(found["Version"], found["CodeSha256"], found["LastModified"], dict(variables))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
