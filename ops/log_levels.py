"""How much the functions log, changed at any time and without a deployment.

The level is a variable of each function. Changing it replaces the function's environments, so the
next calls are cold starts. A deployment that changes a function puts its level back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure import outputs
from infrastructure.functions import names
from orders.settings import LOG_LEVEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ops.reach.target import Target


class Level(NamedTuple):
    """What a function logs: lines of this importance and above."""

    function: str
    level: str


def levels(target: Target) -> list[Level]:
    """Read the level of each function that the stage has."""
    return [Level(name, _present(target, name)) for name in deployed(target)]


def change_all(target: Target, functions: Iterable[str], level: str) -> Iterator[Level]:
    """Change some functions one after the other; gives each once it is done."""
    for name in functions:
        change(target, name, level)
        yield Level(name, level)


def change(target: Target, function: str, level: str) -> None:
    """Change a function's level; if somebody changes the function meanwhile, AWS refuses."""
    found = _configuration(target, function)
    variables = {**found.get("Environment", {}).get("Variables", {}), LOG_LEVEL: level}
    client, name = target.client("lambda"), found["FunctionName"]
    client.update_function_configuration(
        FunctionName=name, Environment={"Variables": variables}, RevisionId=found["RevisionId"]
    )
    client.get_waiter("function_updated_v2").wait(FunctionName=name)


def deployed(target: Target) -> list[str]:
    """Name the functions that the stage has; some have fewer than others."""
    return [name for name in names() if outputs.function(name) in target.outputs]


def _present(target: Target, function: str) -> str:
    variables = _configuration(target, function).get("Environment", {}).get("Variables", {})
    return str(variables.get(LOG_LEVEL, "INFO"))


def _configuration(target: Target, function: str) -> dict[str, Any]:
    found: dict[str, Any] = target.client("lambda").get_function_configuration(
        FunctionName=target.output(outputs.function(function))
    )
    return found
