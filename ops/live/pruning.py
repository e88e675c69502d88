"""Old versions of functions are deleted: code of them all counts against an account's 75 GB.

Kept are what an alias points to, what the newest releases named (the template's own among them: a
rollback of CloudFormation points to it), and the latest others. What an operator's command has
published, such as another level, goes first: whoever wants it publishes it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ops.live import aliases, history
from ops.live.function_variables import MARK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ops.live.aliases import Version
    from ops.reach.target import Target

_GONE, _POINTED_TO = "ResourceNotFoundException", "ResourceConflictException"


def prune(target: Target, keep: int) -> int:
    """Delete the versions that are too many; gives how many those were.

    Args:
        target: the stage.
        keep: how many versions of each function stay, and those of how many releases.
    """
    client, deleted = target.client("lambda"), 0
    entries = history.entries(target)[:keep]
    for name, function in aliases.functions(target).items():
        alias = aliases.alias_of(client, function)
        live = alias.version if alias else ""
        named = {entry.functions[name] for entry in entries if name in entry.functions}
        for version in superfluous(aliases.published(client, function), live, keep, named):
            try:
                client.delete_function(FunctionName=function, Qualifier=version)
            except ClientError as error:
                if error.response["Error"]["Code"] not in (_GONE, _POINTED_TO):
                    raise
            else:
                deleted += 1
    return deleted


def superfluous(
    published: Iterable[Version], live: str, keep: int, named: Collection[str] = ()
) -> list[str]:
    """Name the versions of a function that are too many.

    Args:
        published: newest first.
        live: the version that its alias points to; "" without one: then none is too many.
        keep: how many stay, unless more are live or named.
        named: those of releases that can come back.
    """
    if not live:
        return []
    versions = list(published)
    kept = {live, *named}
    others = [
        each.version for each in versions if not {each.version} & kept and not _of_operators(each)
    ]
    kept |= set(others[: max(0, keep - len(kept))])
    return [each.version for each in versions if each.version not in kept]


def _of_operators(version: Version) -> bool:
    return MARK in version.variables
