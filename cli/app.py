"""The `orders` command: its groups, and how it ends. Each group is a module of its own."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli import terminal
from cli.examples import lines
from cli.lazy import Entry, lazy_group
from ops.reach.interrupts import listen
from project.text import plain_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (
    Entry(
        "audit",
        "List who did what: commands that write, and what operators did to orders by the API.",
    ),
    Entry("cost", "Compute the cost of a month in dollars: list prices of us-east-1."),
    Entry(
        "deploy",
        "Deploy a stage to your AWS account; shows what would change, and asks first.",
        module="release.deploy",
    ),
    Entry(
        "destroy",
        "Remove a stage from your AWS account, once you have typed its name.",
        module="release.deploy",
    ),
    Entry(
        "doctor",
        "Say what would make a deployment, or the local run, fail or misbehave; change nothing.",
    ),
    Entry(
        "releases",
        "List the releases that a stage has had, and which of them can come back at once.",
        module="release.releases",
    ),
    Entry(
        "status",
        "Say which release a stage runs, and whether it is as it was deployed.",
        module="release.status",
    ),
    Entry(
        "drift",
        "Say what has been changed of a stage without a deployment.",
        module="release.drift",
    ),
    Entry(
        "smoke",
        "Try a stage through its front door, with orders that nobody cooks.",
        module="release.smoke",
    ),
    Entry(
        "quote",
        "Print an order at the menu's prices, with the quote that lets a customer place it.",
        module="callers.quote",
    ),
    Entry(
        "restore",
        "Put items that are missing in a table back from a copy of it; never overwrite one.",
    ),
    Entry(
        "spent",
        "Say what an order really took in dollars, from logs and metrics, beside the cost model.",
    ),
    Entry("trace", "Draw the way of one order, from POST to webhook, from its traces in X-Ray."),
    Entry("ls", "List the orders of a partner or a customer, newest first.", module="orders"),
    Entry("show", "Show one order, with its history.", module="orders"),
    Entry("place", "Place an order on behalf of a partner, from a file.", module="orders"),
    Entry(
        "move",
        "Move an order to another status, if nobody has changed it since it was shown.",
        module="orders",
    ),
    Entry("dlq", "Dead letters: list, show, send back, take out."),
    Entry(
        "customers",
        "Requests of persons: what we hold of one, erased or kept.",
        module="callers.customers",
    ),
    Entry("partners", "Partners: their keys, plans and webhooks.", module="callers.partners"),
    Entry(
        "restaurants",
        "Restaurants: who serves the orders of which, and their staff.",
        module="callers.restaurants",
    ),
    Entry("webhooks", "Webhooks: try, send again, listen."),
    Entry("flags", "Feature flags: for whom each is on, and since when."),
    Entry("logs", "The functions' logs: read along, and how much is logged."),
)

app = typer.Typer(
    name="orders",
    cls=lazy_group(COMMANDS),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog=lines("""
        For example:
        orders doctor --stage prod
        orders deploy --stage prod
        orders status --stage prod
        orders dlq ls --stage prod
        orders dlq redrive processing --local
        orders audit --stage prod --since 30d --about acme-pos
        orders cost --orders-per-day 3500
        orders spent --stage prod --minutes 60
        orders trace 01a2056f-12d3-7a4f-a166-60b40a00b62c --local
        orders flags set auto-confirm --percent 25 --reason "second week"
        Exit codes: 0 done, 1 failed or something is left, 2 wrong usage, 130 interrupted.
        What else a command ends with, its own --help says.
    """),
)


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
    try:
        app(arguments, prog_name="orders")
    except Exception as error:
        if os.environ.get("ORDERS_TRACEBACK"):
            raise
        from ops.reach.aws_errors import explain  # noqa: PLC0415 - loads botocore

        sys.exit(plain_lines(f"orders: {explain(error) or _bug(error)}"))


def _bug(error: Exception) -> str:
    what = f"{type(error).__name__}: {error}".partition("\n")[0]
    return f"This should not happen: {what}. With ORDERS_TRACEBACK=1 it shows where; report that."
