"""`orders drift`: what has been changed of a stage without a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from cli import options, terminal
from cli.examples import lines
from cli.options import Json, Local, Stage  # noqa: TC001 - Typer reads the annotations

if TYPE_CHECKING:
    from ops.live.differences import Difference
    from ops.live.drift import Changed, Drift

DRIFT_EXAMPLES = lines("""
    For example:
    orders drift --stage prod
    orders drift --stage prod --json > drift.json
    Exit codes: 0 nothing was changed, 1 something was, 3 it cannot be told.
""")

_DRIFTED, _UNKNOWN = 1, 3


def drift(*, stage: Stage = None, local: Local = False, json_: Json = False) -> None:
    """Say what has been changed of a stage without a deployment.

    It takes some minutes on AWS, where CloudFormation looks at the resources,
    and this command at what that cannot see: aliases, code, variables.

    Needs what `orders status` needs; cloudformation:DetectStackDrift,
    DescribeStackDriftDetectionStatus, DescribeStackResourceDrifts; and the
    right to read each resource, as AWS's policy ReadOnlyAccess has it.
    """
    from ops.live import drift as looking  # noqa: PLC0415 - boto3; its --help is quick without

    target = options.find(stage, local=local)
    with terminal.waiting(f"CloudFormation looks at each resource of {target.name} …"):
        found = looking.detect(target)
    if json_:
        terminal.as_json(_document(found))
    else:
        _print(found)
        _remark(found)
    terminal.note(_summary(target.name, found))
    code = _DRIFTED if found.drifted else _UNKNOWN if found.unknown else 0
    if code:
        raise typer.Exit(code)


def _print(found: Drift) -> None:
    from ops.live.differences import folded  # noqa: PLC0415 - boto3; its --help is quick without

    rows = [row for each in found.resources for row in _resource(each)]
    rows += [_function(each) for each in folded(found.functions)]
    if rows:
        terminal.table(("Where", "What"), rows)


def _resource(changed: Changed) -> list[tuple[str, str]]:
    where = f"{changed.name} ({changed.kind})"
    return [(where, says) for says in changed.says]


def _function(difference: Difference) -> tuple[str, str]:
    remedy = f" → {difference.remedy}" if difference.remedy else ""
    meant = " (meant)" if difference.meant else ""
    return difference.where, f"{difference.says}{meant}{remedy}"


def _remark(found: Drift) -> None:
    """Say what nobody has looked at."""
    from ops.live.drift import UNSEEN  # noqa: PLC0415 - boto3; its --help is quick without

    if found.unchecked:
        kinds = ", ".join(f"{kind} {number}" for kind, number in found.unchecked.items())
        terminal.note(f"Not looked at, as CloudFormation cannot: {kinds}.")
    terminal.note(f"Nor does it look at {'; '.join(UNSEEN)}.")


def _summary(name: str, found: Drift) -> str:
    unknown = f" It cannot be told of everything: {found.unknown}" if found.unknown else ""
    if found.drifted:
        number = len(found.resources) + sum(not each.meant for each in found.functions)
        things = terminal.counted(number, "thing")
        return f"{name.capitalize()} has drifted: {things} changed without a deployment.{unknown}"
    return f"{name.capitalize()}: nothing was found that a deployment would not bring.{unknown}"


def _document(found: Drift) -> dict[str, Any]:
    return {
        "drifted": found.drifted,
        "unknown": found.unknown or None,
        "resources": [each._asdict() for each in found.resources],
        "functions": [each._asdict() for each in found.functions],
        "unchecked": found.unchecked,
    }
