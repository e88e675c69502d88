"""How much the functions log, changed at any time and without a deployment.

The level is a variable of each function. Changing it replaces the function's environments, so the
next calls are cold starts. A deployment that changes a function puts its level back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from infrastructure import outputs
from infrastructure.functions import names
from ops.reach.errors import Overtaken
from orders.settings import LOG_LEVEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ops.reach.target import Target


_CHANGED_MEANWHILE = ("PreconditionFailedException", "ResourceConflictException")
"""Its revision is another one; it is just being changed (AWS Lambda API reference)."""


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
    found = {name: _configuration(target, name) for name in functions}
    for name, configuration in found.items():
        try:
            _change(target, configuration, level)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _CHANGED_MEANWHILE:
                raise
            raise _overtaken(name, _present(target, name)) from None
        yield Level(name, level)


def _change(target: Target, found: Mapping[str, Any], level: str) -> None:
    """Change a function's level; if somebody has changed the function meanwhile, AWS refuses."""
    variables = {**found.get("Environment", {}).get("Variables", {}), LOG_LEVEL: level}
    client, name = target.client("lambda"), found["FunctionName"]
    client.update_function_configuration(
        FunctionName=name, Environment={"Variables": variables}, RevisionId=found["RevisionId"]
    )
    client.get_waiter("function_updated_v2").wait(FunctionName=name)


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
    return {name: _group(_configuration(target, name)) for name in functions}


def _group(configuration: Mapping[str, Any]) -> str:
    own = f"/aws/lambda/{configuration['FunctionName']}"  # where nothing else is said
    return str(configuration.get("LoggingConfig", {}).get("LogGroup", own))


def _present(target: Target, function: str) -> str:
    variables = _configuration(target, function).get("Environment", {}).get("Variables", {})
    return str(variables.get(LOG_LEVEL, "INFO"))


def _configuration(target: Target, function: str) -> dict[str, Any]:
    found: dict[str, Any] = target.client("lambda").get_function_configuration(
        FunctionName=target.output(outputs.function(function))
    )
    return found
