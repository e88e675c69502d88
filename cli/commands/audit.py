"""`orders audit`: who did what, by commands and by the API, in the last ninety days."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options, terminal
from cli.options import Json, Local, Stage  # noqa: TC001 - Typer reads the annotations
from ops import audit as audit_log
from ops.dead_letters.purge import duration

if TYPE_CHECKING:
    from ops.audit import Act

_COLUMNS = ("At", "Outcome", "What", "About", "Who")


def _span(text: str) -> dt.timedelta:
    try:
        found = dt.timedelta(seconds=duration(text))
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{error}.") from None
    if not dt.timedelta() < found <= dt.timedelta(days=audit_log.KEPT_DAYS):
        raise typer.BadParameter(f"Lines are kept for {audit_log.KEPT_DAYS}d.")
    return found


def audit(
    *,
    since: Annotated[
        Any,
        typer.Option(
            "--since", metavar="TIME", parser=_span, help="Such as 12h, 7d or 90d, the most."
        ),
    ] = "7d",
    about: Annotated[
        str | None,
        typer.Option(
            "--about", metavar="TEXT", help="Only what names this: an order, a partner, a person."
        ),
    ] = None,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
) -> None:
    """List who did what: commands that write, and what operators did to orders by the API.

    Needs logs:FilterLogEvents on the two log groups, and lambda:GetFunctionConfiguration. An
    order's own history tells its moves for as long as the order is kept.
    """
    target = options.find(stage, local=local)
    with terminal.waiting(f"Reading what was done to {target.name} …"):
        found = audit_log.acts(target, dt.datetime.now(dt.UTC) - since)
    chosen = [act for act in found if about is None or about in f"{act.about} {act.who}"]
    if json_:
        terminal.as_json([_as_json(act) for act in chosen])
    elif not chosen:
        terminal.say("Nobody did anything.")
    else:
        terminal.table(_COLUMNS, [_row(act) for act in chosen])


def _as_json(act: Act) -> dict[str, Any]:
    return {**act._asdict(), "at": _moment(act)}


def _row(act: Act) -> tuple[str, ...]:
    return _moment(act), act.outcome, act.what, act.about or "–", act.who


def _moment(act: Act) -> str:
    return act.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
