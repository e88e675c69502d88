"""`orders logs`: the functions' lines as they come, and how much they log, listed and changed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options, terminal
from cli.audit import audited
from cli.examples import lines
from cli.options import Json, Local, Stage
from infrastructure.functions import names
from infrastructure.settings import LOG_LEVELS
from ops import log_levels
from ops.dead_letters.purge import duration
from project.json_object import json_object

if TYPE_CHECKING:
    from ops.log_levels import Level

_POLL_SECONDS = 1.0

app = typer.Typer(
    no_args_is_help=True,
    epilog=lines("""
        For example:
        orders logs tail --since 10m --function create_order --stage prod
        orders logs tail --since 2h --once --order 01a2056f-12d3-7a4f-a166-60b40a00b62c --local
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


def _span(text: str) -> int:
    try:
        return duration(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from None


Function = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        parser=_function,
        autocompletion=lambda: list(names()),
        help="Only this function. Can be given several times; all of them otherwise.",
    ),
]


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
    function: Function = None,
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


@app.command()
def tail(
    *,
    since: Annotated[
        Any, typer.Option(metavar="TIME", parser=_span, help="Where to begin, such as 45s or 12h.")
    ] = "5m",
    function: Function = None,
    order: Annotated[
        str | None,
        typer.Option("--order", metavar="ID", help="Only lines that name this order."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="End with what is there, and do not wait for more.")
    ] = False,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
) -> None:
    """Show the functions' lines, and go on with those that come, until ^C.

    Needs logs:FilterLogEvents on their groups, and lambda:GetFunctionConfiguration. With --json
    each line is as the function wrote it.
    """
    from local.logs import Follower, render  # noqa: PLC0415 - its --help is quick without

    target = options.find(stage, local=local)
    with terminal.waiting(f"Finding the logs of {target.name} …"):
        groups = log_levels.groups(target, function or log_levels.deployed(target))
    shown = _as_written if json_ else render

    def rendered(at: int, name: str, message: str) -> str | None:
        return shown(at, name, message) if order is None or order in message else None

    follower = Follower(target.client, groups, seconds=since, rendered=rendered)
    while True:
        for line in follower.new_lines():
            terminal.say(line)
        if once:
            return
        time.sleep(_POLL_SECONDS)


def _as_written(_at: int, _function: str, message: str) -> str | None:
    """Keep the lines that are JSON: Lambda's own are none."""
    return message.strip() if json_object(message) is not None else None


def _print(levels: list[Level], *, json_: bool) -> None:
    if json_:
        terminal.as_json([one._asdict() for one in levels])
    else:
        terminal.table(("Function", "Level"), levels)
