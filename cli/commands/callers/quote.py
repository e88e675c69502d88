"""`orders quote`: an order, at the prices and with the quote of the local run's menu."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import terminal
from cli.examples import lines
from cli.options import Local  # noqa: TC001 - Typer reads it when it runs
from ops.reach.errors import OperatorError
from ops.reach.target import endpoints_on_this_machine

if TYPE_CHECKING:
    from typing import Any

QUOTE_EXAMPLES = lines("""
    It prints JSON, which POST /orders takes as it is. For example:
    orders quote docs/api/order.json --token "$(make -s token)" --local
""")

_STDIN = "-"


def quote(
    order: Annotated[
        str,
        typer.Argument(metavar="ORDER.json", help="A file with an order, or - for standard input."),
    ],
    *,
    token: Annotated[
        str,
        typer.Option(metavar="TOKEN", help="The identity token of the customer who will order."),
    ],
    local: Local = False,
) -> None:
    """Print an order at the menu's prices, with the quote that lets a customer place it."""
    if not local:
        raise typer.BadParameter(
            "Only the local run has a menu of its own: say --local. "
            "For a stage, ask whoever owns its menu (docs/api/quotes.md)."
        )
    from local.demo.quoting import OF_PARTNERS, with_quote  # noqa: PLC0415 - its --help is quick

    sent = _read(order)
    url = endpoints_on_this_machine().menu_url
    made = with_quote(sent, token=token, menu_url=url)
    if dropped := [name for name in OF_PARTNERS if name in sent]:
        terminal.note(f"Left out, because only partners send it: {', '.join(dropped)}.")
    if changed := [name for name in ("items", "deliveryFee") if sent.get(name) != made[name]]:
        terminal.note(f"As the menu has it now, and not as it was: {', '.join(changed)}.")
    terminal.as_json(made)


def _read(name: str) -> dict[str, Any]:
    """Read the order.

    Raises:
        OperatorError: when there is none.
    """
    try:
        text = sys.stdin.read() if name == _STDIN else Path(name).read_text()
        found = json.loads(text)
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise OperatorError(f"{name} cannot be read: {why}.") from None
    except ValueError as error:
        raise OperatorError(f"{name} cannot be read as JSON: {error}") from None
    if not isinstance(found, dict):
        raise OperatorError(f"{name} is no order: it must be one JSON object.")
    return found
