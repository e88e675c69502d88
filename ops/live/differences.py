"""Where what runs differs from what the template says, and what CloudFormation cannot see of it.

The alias was moved, the code was uploaded by hand, a version is gone, variables were changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from infrastructure.functions import LIVE
from ops.live.function_variables import MARK, as_deployed
from orders.settings import LOG_LEVEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ops.live.aliases import Version
    from ops.live.deployed import Function
    from ops.reach.target import Target


class Difference(NamedTuple):
    """One difference, in words."""

    where: str
    """The function; several, where they are folded."""
    what: str
    """`alias`, `code`, `version` or `variables`."""
    says: str
    remedy: str
    """What to do next; empty where nothing needs to be done."""
    meant: bool = False
    """Whether a command of this repository makes it: it is told, and is no drift."""


def of(target: Target, function: Function) -> list[Difference]:
    """Compare what a function runs with what the template says."""
    return list(_of(target, function))


def _of(target: Target, function: Function) -> Iterator[Difference]:
    name, wanted, alias = function.name, function.wanted, function.alias
    if wanted is None:
        says = f"called without the alias {LIVE}: deployed before releases had versions"
        yield Difference(name, "alias", says, f"Deploy this release: {target.cure}")
        return
    said = function.version(wanted)
    if said is None:
        says = f"no version {wanted} any more, to which the template points {LIVE}"
        yield Difference(name, "version", says, f"Deploy a release anew: {target.cure}")
    if alias is None:
        says = f"no alias {LIVE} any more, so all that calls it is refused"
        yield Difference(name, "alias", says, _alias_anew(function, wanted))
    elif alias.version != wanted:
        yield _moved(function, alias.version, wanted)
    if said is not None:
        yield from _uploaded(target, function, said)


def _alias_anew(function: Function, wanted: str) -> str:
    return (
        f"At once: aws lambda create-alias --function-name {function.function} --name {LIVE} "
        f"--function-version {wanted}"
    )


def _moved(function: Function, runs: str, wanted: str) -> Difference:
    """Tell of an alias that points elsewhere: because a command changed a variable, or not."""
    live, said = function.version(runs), function.version(wanted)
    says = f"runs version {runs}, and the template says {wanted}"
    if live is not None and said is not None:
        same = live.code_sha256 == said.code_sha256
        if same and as_deployed(live.variables) == said.variables:
            return Difference(function.name, "variables", _meant(said, live), "", meant=True)
        says += "" if same else ", whose code is another"
    remedy = (
        "Somebody has moved the alias, or went back with `orders rollback` and has not finished. "
        "`orders releases` says which release that is; `orders rollback --to N` makes it whole, "
        "`orders deploy` brings the newest back"
    )
    return Difference(function.name, "alias", says, remedy)


def _meant(said: Version, live: Version) -> str:
    """Say what commands have changed of a function; values are told of its level alone."""
    changed = [name for name in names_of_changes(said.variables, live.variables) if name != MARK]
    told = [f"logs at {live.variables.get(LOG_LEVEL, 'INFO')}"] if LOG_LEVEL in changed else []
    others = [name for name in changed if name != LOG_LEVEL]
    told += [f"has another {', '.join(others)}"] if others else []
    return f"{' and '.join(told) or 'was started anew'}, as a command has set it"


def _uploaded(target: Target, function: Function, said: Version) -> Iterator[Difference]:
    """Tell of what was changed in the function itself, which the next version is made from."""
    latest = function.latest
    if latest.code_sha256 != said.code_sha256:
        says = (
            "code was uploaded by hand: nobody is served by it yet, but the next version "
            f"may be made from it ({latest.modified})"
        )
        yield Difference(function.name, "code", says, _code_back(target, function))
    if MARK in latest.variables:
        says = "a command that changed its variables was killed half-way, and the next version "
        says += "would have the change for good"
        remedy = "Say it again (`orders logs level`, `orders restaurants`): that puts it back"
        yield Difference(function.name, "variables", says, remedy)
    elif changed := names_of_changes(said.variables, latest.variables):
        says = f"{', '.join(changed)} changed by hand, and the next version may have it, too"
        remedy = f"Put it back in Lambda's console, or deploy a change of it: {target.cure}"
        yield Difference(function.name, "variables", says, remedy)


def _code_back(target: Target, function: Function) -> str:
    if function.code is None:
        return f"Deploy a release with other code: {target.cure}"
    bucket, key = function.code
    return (
        "A deployment without new code does not mend it. Put the template's back: aws lambda "
        f"update-function-code --function-name {function.function} --s3-bucket {bucket} "
        f"--s3-key {key}"
    )


def folded(differences: Iterable[Difference]) -> list[Difference]:
    """Tell once what is the same of several functions."""
    places: dict[Difference, list[str]] = {}
    for each in differences:
        places.setdefault(each._replace(where=""), []).append(each.where)
    return [each._replace(where=", ".join(where)) for each, where in places.items()]


def names_of_changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Name the variables that differ, in alphabetical order."""
    every = {*before, *after}
    return sorted(name for name in every if before.get(name) != after.get(name))
