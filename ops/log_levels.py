"""How much the functions log, changed at any time and without a deployment.

The level is a variable of each function. Changing it replaces the function's environments, so the
next calls are cold starts. A deployment that changes a function puts its level back. How a change
reaches callers: ops/live/function_variables.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure import outputs
from infrastructure.functions import names
from ops.live import function_variables
from ops.live.function_variables import ChangedMeanwhileError
from ops.reach.errors import Overtaken
from orders.settings import LOG_LEVEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ops.reach.target import Target


class Level(NamedTuple):
    """What a function logs: lines of this importance and above."""

    function: str
    level: str


def levels(target: Target) -> list[Level]:
    """Read the level of each function that the stage has."""
    return [Level(name, _present(target, name)) for name in deployed(target)]


def change_all(target: Target, functions: Iterable[str], level: str) -> Iterator[Level]:
    """Change some functions one after the other; gives each once it is done.

    All are looked at before the first is changed: who comes between finds them all, or is found.

    Raises:
        Overtaken: when somebody has changed one since; it and those after it stay as they are.
    """
    found = {name: function_variables.found_in(target, name) for name in functions}
    for name, function in found.items():
        try:
            function_variables.change(target.client("lambda"), function, LOG_LEVEL, level)
        except ChangedMeanwhileError:
            raise _overtaken(name, _present(target, name)) from None
        yield Level(name, level)


def _overtaken(function: str, level: str) -> Overtaken:
    return Overtaken(
        f"Another operator or a deployment has changed {function} since you looked; it logs at "
        f"{level}. Nothing was written to it, nor to the functions after it. Look again "
        "(`orders logs ls`), then repeat the command if it is still right."
    )


def deployed(target: Target) -> list[str]:
    """Name the functions that the stage has; some have fewer than others."""
    return [name for name in names() if outputs.function(name) in target.outputs]


def groups(target: Target, functions: Iterable[str]) -> dict[str, str]:
    """Name the log group of each of some functions."""
    return {name: _group(function_variables.configuration_of(target, name)) for name in functions}


def _group(configuration: Mapping[str, Any]) -> str:
    own = f"/aws/lambda/{configuration['FunctionName']}"  # where nothing else is said
    return str(configuration.get("LoggingConfig", {}).get("LogGroup", own))


def _present(target: Target, function: str) -> str:
    found = function_variables.configuration_of(target, function)
    return function_variables.variables_of(found).get(LOG_LEVEL, "INFO")
