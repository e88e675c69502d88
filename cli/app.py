"""The `orders` command: its groups, and how it ends. Each group is a module of its own."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from cli import quickly, terminal
from cli.examples import lines
from cli.lazy import keep_tree, lazy_group
from cli.listed import COMMANDS
from ops.reach.errors import OperatorError
from ops.reach.interrupts import listen
from project.text import plain_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(
    name="orders",
    cls=lazy_group(COMMANDS),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # with rich a help takes twice as long
    epilog=lines("""
        For example:
        orders doctor --stage prod
        orders deploy --stage prod
        orders status --stage prod
        orders rollback --stage prod
        orders dlq ls --stage prod
        orders dlq redrive processing --local
        orders audit --stage prod --since 30d --about acme-pos
        orders cost --orders-per-day 3500
        orders spent --stage prod --minutes 60
        orders trace 01a2056f-12d3-7a4f-a166-60b40a00b62c --local
        orders flags set auto-confirm --percent 25 --reason "second week"
        Exit codes: 0 done, 1 failed or something is left, 2 wrong usage,
        3 as a command's own --help says, 130 interrupted.
    """),
)


_OURS = ("cli", "infrastructure", "local", "ops", "orders", "project")
"""Houses of this checkout: what is missing of them is a bug."""


def _version(asked: bool) -> None:  # noqa: FBT001 - Typer's form of a callback
    if asked:
        from project import release  # noqa: PLC0415 - `orders --help` is quick without

        print(f"orders {release.version()}")
        raise typer.Exit


@app.callback()
def orders(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Operate the food-delivery order API: a stage on AWS, or the local run."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code, whatever happens without a stack trace."""
    listen()
    terminal.never_choke()
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if quickly.asks_for_help(given):
            _help(given)
        keep_tree()
        app(given, prog_name="orders")
    except ModuleNotFoundError as error:
        if os.environ.get("ORDERS_TRACEBACK") or (error.name or "").partition(".")[0] in _OURS:
            raise
        sys.exit(f"orders: This takes {error.name}, which is not installed yet: make setup")
    except Exception as error:
        terminal.hush()
        if os.environ.get("ORDERS_TRACEBACK"):
            raise
        from infrastructure import mistyped_settings  # noqa: PLC0415 - `orders --help` is quick
        from ops.reach.aws_errors import explain  # noqa: PLC0415 - loads botocore

        if mistyped := mistyped_settings(error):
            sys.exit(mistyped)
        said = plain_lines(terminal.aimed(f"orders: {explain(error) or _bug(error)}"))
        if not isinstance(error, OperatorError) or error.code == 1:
            sys.exit(said)
        print(said, file=sys.stderr)
        sys.exit(error.code)
    finally:
        terminal.hush()


def _help(arguments: list[str]) -> NoReturn:
    """Give a help, and keep it for the next time."""
    said = io.StringIO()
    code: Any = 0
    try:
        with contextlib.redirect_stdout(said):
            app(arguments, prog_name="orders")
    except SystemExit as ended:
        code = ended.code
    if not code:
        quickly.keep_help(arguments, said.getvalue())
    sys.stdout.write(said.getvalue())
    sys.exit(code)


def _bug(error: Exception) -> str:
    what = f"{type(error).__name__}: {error}".partition("\n")[0]
    return f"This should not happen: {what}. With ORDERS_TRACEBACK=1 it shows where; report that."
