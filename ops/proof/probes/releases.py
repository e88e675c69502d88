"""What Lambda does with versions and the alias that callers meet."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from infrastructure.functions import LIVE
from ops.live import aliases, function_variables
from ops.proof.probe import AtLeast, AtMost, Probe
from ops.proof.world.aws import code_of
from ops.proof.world.cannot_tell import CannotTell
from orders.settings import LOG_LEVEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.live.aliases import Alias
    from ops.proof.world.world import World

_FUNCTION = "list_orders"
_GATE = "release_gate"
_DENIED = "AccessDeniedException"


def _alias(world: World) -> tuple[Any, str, Alias]:
    client, name = world.client("lambda"), world.function(_FUNCTION)
    alias = aliases.alias_of(client, name)
    if alias is None:
        raise CannotTell(f"{_FUNCTION} has no alias {LIVE}.")
    return client, name, alias


def _call(client: Any, name: str, qualifier: str) -> dict[str, Any]:
    event = json.dumps({"prove": qualifier}).encode()
    answer: dict[str, Any] = client.invoke(FunctionName=name, Qualifier=qualifier, Payload=event)
    return answer


def _names_its_version(world: World) -> Mapping[str, object]:
    client, name, alias = _alias(world)
    by_alias = _call(client, name, LIVE).get("ExecutedVersion", "")
    by_number = _call(client, name, alias.version).get("ExecutedVersion", "")
    return {
        "by the alias": by_alias == alias.version,
        "by the number": by_number == alias.version,
    }


def _as_it_was(world: World) -> Mapping[str, object]:
    client, name, alias = _alias(world)
    before = client.get_function_configuration(FunctionName=name)
    variables = function_variables.variables_of(before)
    marked = {**variables, "PROVE": world.run}
    _set(client, name, marked)
    try:
        first = client.publish_version(FunctionName=name)
        second = client.publish_version(FunctionName=name)
    finally:
        _set(client, name, variables)
    called = client.get_function_configuration(FunctionName=name, Qualifier=alias.version)
    client.delete_function(FunctionName=name, Qualifier=first["Version"])
    return {
        "in the new version": function_variables.variables_of(first).get("PROVE") == world.run,
        "in the one before": "PROVE" in function_variables.variables_of(called),
        "a second call makes another": first["Version"] != second["Version"],
    }


def _set(client: Any, name: str, variables: Mapping[str, str]) -> None:
    client.update_function_configuration(
        FunctionName=name, Environment={"Variables": dict(variables)}
    )
    client.get_waiter("function_updated_v2").wait(FunctionName=name)


def _moves(world: World) -> Mapping[str, object]:
    client, name, alias = _alias(world)
    plain = world.target.client("lambda")
    found = function_variables.look(plain, name)
    before = function_variables.variables_of(found.called).get(LOG_LEVEL)
    function_variables.change(plain, found, LOG_LEVEL, "WARNING")
    try:
        moved = time.monotonic()
        now = aliases.alias_of(client, name)
        seen = [(time.monotonic() - moved, _executed(client, name)) for _ in range(20)]
        world.pause(10 * world.pace)
        late = {_executed(client, name) for _ in range(10)}
    finally:
        function_variables.change(plain, function_variables.look(plain, name), LOG_LEVEL, before)
    stale = [seconds for seconds, version in seen if version == alias.version]
    return {
        "another version": now is not None and now.version != alias.version,
        "seconds of the one before": round(max(stale, default=0.0), 1),
        "met ten seconds later": late == {now.version if now else ""},
    }


def _executed(client: Any, name: str) -> str:
    return str(_call(client, name, LIVE).get("ExecutedVersion", ""))


def _share(world: World) -> Mapping[str, object]:
    client, name, alias = _alias(world)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        world.pause(10 * world.pace)
        codes = [
            code_of(partial(_call, client, name, by))
            for by in (LIVE, alias.version, LIVE, alias.version)
        ]
    finally:
        client.delete_function_concurrency(FunctionName=name)
    return {"refused": codes.count("TooManyRequestsException"), "calls": len(codes)}


def _by_name(world: World) -> Mapping[str, object]:
    if world.as_role is None:
        raise CannotTell("No role is taken on this stage.")
    plain, name, alias = _alias(world)
    found = plain.get_function_configuration(FunctionName=world.function(_GATE))
    client = world.as_role(str(found["Role"]), "lambda")
    return {
        "the alias": code_of(lambda: _call(client, name, LIVE)),
        "a version": code_of(lambda: _call(client, name, alias.version)),
        "without a qualifier": code_of(lambda: client.invoke(FunctionName=name, Payload=b"{}")),
    }


PROBES = (
    Probe(
        claim="an-answer-names-its-version",
        look=_names_its_version,
        expected={"by the alias": True, "by the number": True},
    ),
    Probe(
        claim="a-version-is-what-was-there",
        look=_as_it_was,
        expected={
            "in the new version": True,
            "in the one before": False,
            "a second call makes another": False,
        },
        seconds=40,
        alone=True,
    ),
    Probe(
        claim="an-alias-moves-at-once",
        look=_moves,
        expected={
            "another version": True,
            "seconds of the one before": AtMost(10),
            "met ten seconds later": True,
        },
        seconds=60,
        alone=True,
    ),
    Probe(
        claim="versions-share-a-reservation",
        look=_share,
        expected={"refused": 4, "calls": AtLeast(4)},
        seconds=30,
        alone=True,
    ),
    Probe(
        claim="versions-are-called-by-name",
        look=_by_name,
        expected={"the alias": "", "a version": "", "without a qualifier": _DENIED},
        seconds=90,
        emulator="Its roles are not enforced.",
    ),
)
"""Each with what is seen where its claim holds."""
