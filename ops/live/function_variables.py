"""The variables of a deployed function, changed without a deployment.

Callers meet a published version, which never changes. So a change is a version of its own:

    look ─► $LATEST as wanted ─► publish ─► $LATEST as before ─► point `live` to what was published
              └► somebody has changed it ┐       │                  │
                                         └───────┴──────────────────┴► ChangedMeanwhileError

Nothing reaches callers before the last step, which is one call. $LATEST is put back first: the next
deployment publishes what it finds there, and would keep a DEBUG for ever. While it is changed it
has a variable, MARK, that says what a deployment has set. So whoever comes after a command that was
killed puts it back.

A change replaces the function's execution environments: the next calls are cold starts. What a
deployment sets comes back with the next one that changes the function.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from infrastructure import outputs
from infrastructure.functions import LIVE
from ops.live.aliases import Alias, alias_of, point, published
from ops.reach.errors import OperatorError, Overtaken
from ops.reach.interrupts import finish_first
from project.json_object import json_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.reach.target import Target

MARK = "CHANGED_BY_OPERATORS"
"""The variable of a changed version: in JSON, what a deployment has set, null for nothing."""

_CHANGED_MEANWHILE = ("PreconditionFailedException", "ResourceConflictException")
"""Its revision is another one; it is just being changed (AWS Lambda API reference)."""

_MISSING = "ResourceNotFoundException"
_RUNNING = ("CodeSha256", "Handler", "MemorySize", "Role", "Runtime", "Timeout")
"""What a version has besides its variables."""

_TRIES = 5


class ChangedMeanwhileError(Exception):
    """Somebody has changed the function since it was looked at; callers meet what they did."""


class Found(NamedTuple):
    """A function as it was looked at."""

    function: str
    """As AWS calls it."""
    alias: Alias | None
    """None for a function that is called as it is."""
    latest: Mapping[str, Any]
    """The configuration of the function itself, $LATEST."""
    called: Mapping[str, Any]
    """That of what callers meet."""


def look(client: Any, function: str) -> Found:
    """Look at a function before it is changed.

    Args:
        client: of Lambda.
        function: as AWS calls it.
    """
    alias = alias_of(client, function)
    latest = client.get_function_configuration(FunctionName=function)
    if alias is None:
        return Found(function, None, latest, latest)
    called = client.get_function_configuration(FunctionName=function, Qualifier=alias.version)
    return Found(function, alias, latest, called)


def found_in(target: Target, function: str) -> Found:
    """Look at one of a stage's functions, which is named by its module."""
    return look(target.client("lambda"), target.output(outputs.function(function)))


def configuration_of(target: Target, function: str) -> dict[str, Any]:
    """Read the configuration of what callers of a function meet."""
    client, name = target.client("lambda"), target.output(outputs.function(function))
    try:
        found: dict[str, Any] = client.get_function_configuration(FunctionName=name, Qualifier=LIVE)
    except ClientError as error:
        if _code(error) != _MISSING:
            raise
        found = client.get_function_configuration(FunctionName=name)
    return found


def variables_of(found: Mapping[str, Any]) -> dict[str, str]:
    """Give the variables of a configuration."""
    variables: dict[str, str] = found.get("Environment", {}).get("Variables", {})
    return variables


def as_deployed(variables: Mapping[str, str]) -> dict[str, str]:
    """Give variables as a deployment has set them, without what operators have changed since."""
    changed = json_object(variables.get(MARK, "")) or {}
    others = {name: text for name, text in variables.items() if name not in {MARK, *changed}}
    return others | {name: str(text) for name, text in changed.items() if text is not None}


def changes_in(variables: Mapping[str, str]) -> dict[str, str | None]:
    """Give what operators have changed since a deployment set the variables; None is taken out."""
    return {name: variables.get(name) for name in json_object(variables.get(MARK, "")) or {}}


def changed(variables: Mapping[str, str], name: str, value: str | None) -> dict[str, str]:
    """Give variables with one of them changed, and with the mark if it is needed.

    Args:
        variables: as they are.
        name: of the one to change.
        value: what it is then; None for none.
    """
    before = as_deployed(variables)
    all_of_them: dict[str, str | None] = {**variables, name: value}
    now = {each: text for each, text in all_of_them.items() if each != MARK and text is not None}
    differing = {
        each: before.get(each)
        for each in sorted({*now, *before})
        if now.get(each) != before.get(each)
    }
    return now | ({MARK: json.dumps(differing, separators=(",", ":"))} if differing else {})


def change(client: Any, found: Found, name: str, value: str | None) -> None:
    """Change one variable, and wait until each further call meets it.

    Args:
        client: of Lambda.
        found: the function, as it was looked at.
        name: of the variable.
        value: what it is then; None for none.

    Raises:
        ChangedMeanwhileError: when the function is another one by now.
        OperatorError: when callers meet something else than was deployed last.
    """
    wanted, alias = changed(variables_of(found.called), name, value), found.alias
    if alias is None:
        _set(client, found.function, wanted, found.latest)
        return
    if MARK in variables_of(found.latest):
        _put_back(client, found.function, variables_of(found.latest))
        mended = client.get_function_configuration(FunctionName=found.function)
        found = found._replace(latest=mended)
    _refuse_unsettled(found)
    version = _kept(client, found, wanted) or _published(client, found, wanted)
    try:
        point(client, found.function, version, revision=alias.revision)
    except Overtaken:
        raise ChangedMeanwhileError from None


def _refuse_unsettled(found: Found) -> None:
    """Publish nothing but what callers meet already, one variable apart."""
    ours = as_deployed(variables_of(found.latest)), *_running(found.latest)
    if ours != (as_deployed(variables_of(found.called)), *_running(found.called)):
        raise OperatorError(
            f"Callers of {found.function} meet version {found.called['Version']}, which is not "
            "what was deployed last. A deployment or a rollback is not finished, or somebody has "
            "changed the function by hand. It was left as it is. Look (`orders status`), deploy "
            "(`orders deploy`), then repeat the command."
        )


def _running(configuration: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(configuration.get(name) for name in _RUNNING)


def _kept(client: Any, found: Found, wanted: dict[str, str]) -> str | None:
    """Find what is wanted among the versions that are there: nothing need be published then."""
    code = found.called["CodeSha256"]
    like_it = (
        each.version
        for each in published(client, found.function)
        if (each.code_sha256, each.variables) == (code, wanted)
    )
    for version in like_it:
        if version == found.called["Version"] or _as_called(client, found, version):
            return version
    return None


def _as_called(client: Any, found: Found, version: str) -> bool:
    there = client.get_function_configuration(FunctionName=found.function, Qualifier=version)
    return _running(there) == _running(found.called)


def _published(client: Any, found: Found, wanted: dict[str, str]) -> str:
    """Publish a function with some variables; the function itself is then as before."""
    if variables_of(found.latest) == wanted:
        return _publish(client, found, wanted)
    with finish_first():
        _set(client, found.function, wanted, found.latest)
        try:
            return _publish(client, found, wanted)
        finally:
            _put_back(client, found.function, wanted)


def _publish(client: Any, found: Found, wanted: dict[str, str]) -> str:
    function, code = found.function, found.latest["CodeSha256"]
    now = client.get_function_configuration(FunctionName=function)
    if (now["CodeSha256"], variables_of(now)) != (code, wanted):
        raise ChangedMeanwhileError
    try:
        made = client.publish_version(
            FunctionName=function, CodeSha256=code, RevisionId=now["RevisionId"]
        )
    except ClientError as error:
        raise _meanwhile(error) from None
    version = str(made["Version"])
    client.get_waiter("published_version_active").wait(FunctionName=function, Qualifier=version)
    return version


def _put_back(client: Any, function: str, changed: dict[str, str]) -> None:
    """Let a function itself have what a deployment has set, if nobody has seen to it since."""
    for _ in range(_TRIES):
        now = client.get_function_configuration(FunctionName=function)
        if variables_of(now) != changed:
            return
        try:
            _set(client, function, as_deployed(changed), now)
        except ChangedMeanwhileError:
            client.get_waiter("function_updated_v2").wait(FunctionName=function)
            continue
        return
    raise OperatorError(
        f"{function} itself is being changed by somebody else all the time, and still has "
        f"{changed[MARK]} as it should not: the next deployment would publish it. Callers meet "
        "what they met before. Repeat the command."
    )


def _set(client: Any, function: str, variables: dict[str, str], now: Mapping[str, Any]) -> None:
    """Change a function itself, on the revision that was read, and wait until it is done."""
    try:
        client.update_function_configuration(
            FunctionName=function,
            Environment={"Variables": variables},
            RevisionId=now["RevisionId"],
        )
    except ClientError as error:
        raise _meanwhile(error) from None
    client.get_waiter("function_updated_v2").wait(FunctionName=function)


def _meanwhile(error: ClientError) -> Exception:
    """Tell that somebody else was quicker from what else can go wrong."""
    return ChangedMeanwhileError() if _code(error) in _CHANGED_MEANWHILE else error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
