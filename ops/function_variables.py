"""The variables of a deployed function, changed without a deployment.

Changing one replaces the function's execution environments, so the next calls are cold starts. A
deployment that changes a function puts its variables back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infrastructure import outputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.reach.target import Target

_CHANGED_MEANWHILE = ("PreconditionFailedException", "ResourceConflictException")
"""Its revision is another one; it is just being changed (AWS Lambda API reference)."""


class ChangedMeanwhileError(Exception):
    """Somebody has changed the function since it was looked at; nothing was written to it."""


def configuration_of(target: Target, function: str) -> dict[str, Any]:
    """Read a function's configuration, with the revision that a change of it goes with."""
    found: dict[str, Any] = target.client("lambda").get_function_configuration(
        FunctionName=target.output(outputs.function(function))
    )
    return found


def variables_of(found: Mapping[str, Any]) -> dict[str, str]:
    """Give the variables of a configuration."""
    variables: dict[str, str] = found.get("Environment", {}).get("Variables", {})
    return variables


def change(target: Target, found: Mapping[str, Any], name: str, value: str) -> None:
    """Change one variable, and wait until each further call meets it.

    Args:
        target: the deployment.
        found: the function's configuration, as it was looked at.
        name: of the variable.
        value: what it is then.

    Raises:
        ChangedMeanwhileError: when the function is another one by now.
    """
    client, function = target.client("lambda"), found["FunctionName"]
    try:
        client.update_function_configuration(
            FunctionName=function,
            Environment={"Variables": {**variables_of(found), name: value}},
            RevisionId=found["RevisionId"],
        )
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in _CHANGED_MEANWHILE:
            raise
        raise ChangedMeanwhileError from None
    client.get_waiter("function_updated_v2").wait(FunctionName=function)
