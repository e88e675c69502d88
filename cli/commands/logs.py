"""`orders logs`: how much the functions log, listed and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import options, terminal
from cli.audit import audited
from cli.examples import lines
from cli.options import Json, Local, Stage
from infrastructure.functions import names
from infrastructure.settings import LOG_LEVELS
from ops import log_levels

if TYPE_CHECKING:
    from ops.log_levels import Level

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
    _print(log_levels.levels(target), json_=json_)


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
    chosen = function or log_levels.deployed(target)
    try:
        with audited(target, "logs level", functions=",".join(chosen), level=level):
            done.extend(log_levels.change_all(target, chosen, level))
    finally:  # if one fails, the others have their new level all the same
        _print(done, json_=json_)


def _print(levels: list[Level], *, json_: bool) -> None:
    if json_:
        terminal.as_json([one._asdict() for one in levels])
    else:
        terminal.table(("Function", "Level"), levels)
