"""Old versions of functions are deleted: code of them all counts against an account's 75 GB.

Kept are the latest, and whatever an alias points to: that is where a stage can go back to at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ops.live import aliases

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ops.live.aliases import Version
    from ops.reach.target import Target

_GONE, _POINTED_TO = "ResourceNotFoundException", "ResourceConflictException"


def prune(target: Target, keep: int) -> int:
    """Delete the versions that are too many; gives how many those were.

    Args:
        target: the stage.
        keep: how many versions of each function stay.
    """
    client, deleted = target.client("lambda"), 0
    for function in aliases.functions(target).values():
        alias = aliases.alias_of(client, function)
        live = alias.version if alias else ""
        for version in superfluous(aliases.published(client, function), live, keep):
            try:
                client.delete_function(FunctionName=function, Qualifier=version)
            except ClientError as error:
                if error.response["Error"]["Code"] not in (_GONE, _POINTED_TO):
                    raise
            else:
                deleted += 1
    return deleted


def superfluous(published: Iterable[Version], live: str, keep: int) -> list[str]:
    """Name the versions of a function that are too many.

    Args:
        published: newest first.
        live: the version that its alias points to; "" without one: then none is too many.
        keep: how many stay, with that one.
    """
    if not live:
        return []
    numbers = [version.version for version in published]
    kept = {live, *[number for number in numbers if number != live][: keep - 1]}
    return [number for number in numbers if number not in kept]
