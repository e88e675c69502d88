"""`orders logs`: how much the functions log, changed at any time and without a deployment.

The level is a variable of each function. Changing it replaces the function's environments, so the
next calls are cold starts. A deployment that changes a function puts its level back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from cli import options, terminal
from cli.options import Json, Local, Stage, lines
from infrastructure import outputs
from infrastructure.functions import names
from infrastructure.settings import LOG_LEVELS
from orders.settings import LOG_LEVEL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ops.reach.target import Target

app = typer.Typer(
    no_args_is_help=True,
    epilog=lines("""
        For example:
        orders logs ls --stage prod
        orders logs level DEBUG --function create_order --stage prod
        orders logs level INFO --stage prod
        DEBUG adds a line for each call that a function makes: several times the cost of its logs.
    """),
)


class Level(NamedTuple):
    """What a function logs: lines of this importance and above."""

    function: str
    level: str


def _level(text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise options.unknown("level", text, LOG_LEVELS)
    return text.upper()


def _function(text: str) -> str:
    if text not in names():
        raise options.unknown("function", text, names())
    return text


@app.command()
def ls(*, stage: Stage = None, local: Local = False, json_: Json = False) -> None:
    """List the functions, and how much each of them logs."""
    target = options.find(stage, local=local)
    _print([Level(name, _present(target, name)) for name in _deployed(target)], json_=json_)


@app.command()
def level(
    level: Annotated[
        str,
        typer.Argument(
            metavar="LEVEL",
            parser=_level,
            autocompletion=lambda: list(LOG_LEVELS),
            help=f"{', '.join(LOG_LEVELS)}.",
            show_default=False,
        ),
    ],
    *,
    function: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            parser=_function,
            autocompletion=lambda: list(names()),
            help="Only this function. Can be given several times; all of them otherwise.",
        ),
    ] = None,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
) -> None:
    """Have functions log lines of this importance and above, from their next calls on."""
    target = options.find(stage, local=local)
    done: list[Level] = []
    try:
        for name in function or _deployed(target):
            change(target, name, level)
            done.append(Level(name, level))
    finally:  # if one fails, the others have their new level all the same
        _print(done, json_=json_)


def _deployed(target: Target) -> Iterable[str]:
    """Name the functions that the stage has; some have fewer than others."""
    return [name for name in names() if outputs.function(name) in target.outputs]


def _configuration(target: Target, function: str) -> dict[str, Any]:
    found: dict[str, Any] = target.client("lambda").get_function_configuration(
        FunctionName=target.output(outputs.function(function))
    )
    return found


def _present(target: Target, function: str) -> str:
    variables = _configuration(target, function).get("Environment", {}).get("Variables", {})
    return str(variables.get(LOG_LEVEL, "INFO"))


def change(target: Target, function: str, level: str) -> None:
    """Change a function's level; if somebody changes the function meanwhile, AWS refuses."""
    found = _configuration(target, function)
    variables = {**found.get("Environment", {}).get("Variables", {}), LOG_LEVEL: level}
    client, name = target.client("lambda"), found["FunctionName"]
    client.update_function_configuration(
        FunctionName=name, Environment={"Variables": variables}, RevisionId=found["RevisionId"]
    )
    client.get_waiter("function_updated_v2").wait(FunctionName=name)


def _print(levels: list[Level], *, json_: bool) -> None:
    if json_:
        terminal.as_json([one._asdict() for one in levels])
    else:
        terminal.table(("Function", "Level"), levels)
