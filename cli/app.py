"""The `orders` command: its groups, and how it ends. Each group is a module of its own."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli import terminal
from cli.commands import (
    cost,
    deploy,
    dlq,
    doctor,
    flags,
    logs,
    partners,
    restore,
    spent,
    trace,
    webhooks,
)
from cli.options import lines
from ops.reach.aws_errors import explain
from ops.reach.interrupts import listen
from project.checkout import ROOT
from project.text import plain_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(
    name="orders",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog=lines("""
        For example:
        orders doctor --stage prod
        orders deploy --stage prod
        orders dlq ls --stage prod
        orders dlq redrive processing --local
        orders cost --orders-per-day 3500
        orders spent --stage prod --minutes 60
        orders trace 01a2056f-12d3-7a4f-a166-60b40a00b62c --local
        orders flags set auto-confirm --percent 25 --reason "second week"
        Exit codes: 0 done, 1 failed or something is left, 2 wrong usage, 130 interrupted.
    """),
)
app.add_typer(dlq.app, name="dlq", help="Dead letters: list, show, send back, take out.")
app.add_typer(partners.app, name="partners", help="Partners: their keys, plans and webhooks.")
app.add_typer(webhooks.app, name="webhooks", help="Webhooks: try, send again, listen.")
app.add_typer(flags.app, name="flags", help="Feature flags: for whom each is on, and since when.")
app.add_typer(logs.app, name="logs", help="How much the functions log, without a deployment.")
app.command("cost")(cost.cost)
app.command("deploy", epilog=deploy.DEPLOY_EXAMPLES)(deploy.deploy)
app.command("destroy", epilog=deploy.DESTROY_EXAMPLES)(deploy.destroy)
app.command("doctor")(doctor.doctor)
app.command("restore")(restore.restore)
app.command("spent")(spent.spent)
app.command("trace")(trace.trace)


def _version(asked: bool) -> None:  # noqa: FBT001 - Typer's form of a callback
    if asked:
        import tomllib  # noqa: PLC0415 - `orders --help` is quick without

        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        print(f"orders {project['version']}")
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
    try:
        app(arguments, prog_name="orders")
    except Exception as error:
        if os.environ.get("ORDERS_TRACEBACK"):
            raise
        sys.exit(plain_lines(f"orders: {explain(error) or _bug(error)}"))


def _bug(error: Exception) -> str:
    what = f"{type(error).__name__}: {error}".partition("\n")[0]
    return f"This should not happen: {what}. With ORDERS_TRACEBACK=1 it shows where; report that."
