"""The releases that a stage has had: the history of its parameter `release`.

Each deployment that changes the release or a version writes the parameter once more, with the
version of each function, so one number stands for one set of versions:

4  1.0.0  0123456789ab   create_order 7, get_order 5, …   ─┬─ all kept: it can come back at once
3  1.0.0  89abcdef0123   create_order 6, get_order 5, …   ─┘
2  0.9.0  …              create_order 3                   ─── some are deleted: gone

Parameter Store keeps the hundred newest versions of a parameter. Older releases are not listed; git
has them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.settings import RELEASE, parameter_prefix
from ops.live import aliases
from ops.live.deployed import release_in
from project.release import functions_in

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ops.live.aliases import Version
    from ops.reach.target import Target
    from project.release import Release

    Who = Callable[[dt.datetime], str]

KEPT = 100
"""How many releases Parameter Store remembers of a stage."""

_CLOUDFORMATION = "AWSCloudFormation"


def _nobody(_: dt.datetime) -> str:
    return ""


class State(StrEnum):
    """What has become of a release."""

    LIVE = "live"
    """It runs."""
    KEPT = "kept"
    """All its versions are there: `orders rollback` brings it back within seconds."""
    GONE = "gone"
    """Some of its versions are deleted, or it was deployed before there were any."""


class Entry(NamedTuple):
    """A release, as it was deployed."""

    number: int
    """The parameter's version: what `orders rollback --to` takes."""
    at: dt.datetime
    release: Release | None
    """None where the text is none of a release."""
    functions: dict[str, str]
    """The version of each function by its name; empty before there were versions."""
    who: str
    """The ARN of whoever deployed it; empty where that is not known."""


class Listed(NamedTuple):
    """A release with what has become of it."""

    entry: Entry
    state: State


class Now(NamedTuple):
    """What each function runs, and what it could."""

    live: Mapping[str, str]
    """The version that its alias points to, by its name; without an alias it is missing."""
    kept: Mapping[str, Sequence[Version]]


def parameter(stage: str) -> str:
    """Name the parameter that says which release a stage has."""
    return f"{parameter_prefix(stage)}/{RELEASE}"


def releases(target: Target, who: Who = _nobody) -> list[Listed]:
    """List a stage's releases, newest first, each with what has become of it.

    Args:
        target: the stage.
        who: says whose deployment was under way at a moment: CloudFormation writes the parameter
            with a role of its own, which says nothing about people.
    """
    return listed(entries(target, who), now(target))


def entries(target: Target, who: Who = _nobody) -> list[Entry]:
    """Read the history, newest first; empty where the stage was deployed before it had one."""
    ssm, found = target.client("ssm"), []
    pages = ssm.get_paginator("get_parameter_history").paginate(Name=parameter(target.stage))
    try:
        for page in pages:
            found += page["Parameters"]
    except ssm.exceptions.ParameterNotFound:
        return []
    read = (_entry(each, who) for each in found)
    return sorted(read, key=lambda entry: entry.number, reverse=True)


def now(target: Target) -> Now:
    """Read what each function runs, and which versions it has."""
    client, live, kept = target.client("lambda"), {}, {}
    for name, function in aliases.functions(target).items():
        kept[name] = aliases.published(client, function)
        if alias := aliases.alias_of(client, function):
            live[name] = alias.version
    return Now(live, kept)


def listed(found: Iterable[Entry], present: Now) -> list[Listed]:
    """Say what has become of each release; one at most is live."""
    marked: list[Listed] = []
    running = False
    for entry in found:
        state = State.KEPT if _is_kept(entry, present) else State.GONE
        if not running and state is State.KEPT and _runs(entry, present):
            running, state = True, State.LIVE
        marked.append(Listed(entry, state))
    return marked


def _is_kept(entry: Entry, present: Now) -> bool:
    return bool(entry.functions) and all(
        _version(present, name, number) for name, number in entry.functions.items()
    )


def _runs(entry: Entry, present: Now) -> bool:
    """Tell whether every function runs the release's code, under whatever number.

    `orders logs level` publishes a version with the same code: the release is the same.
    """
    return set(entry.functions) == set(present.live) and all(
        _same_code(present, name, number, present.live[name])
        for name, number in entry.functions.items()
    )


def _same_code(present: Now, name: str, one: str, other: str) -> bool:
    found = [_version(present, name, number) for number in (one, other)]
    return one == other or len({each.code_sha256 if each else None for each in found}) == 1


def _version(present: Now, name: str, number: str) -> Version | None:
    kept = present.kept.get(name, ())
    return next((version for version in kept if version.version == number), None)


def _entry(found: Mapping[str, Any], who: Who) -> Entry:
    text, at, user = found["Value"], found["LastModifiedDate"], found.get("LastModifiedUser", "")
    person = who(at) or ("" if user.endswith(_CLOUDFORMATION) else user)
    return Entry(found["Version"], at, release_in(text), functions_in(text), person)
