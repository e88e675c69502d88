"""`orders restore`: put back what is missing in a table, from a copy of it."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import terminal
from cli.audit import audited
from cli.options import Json, Local, Stage, Yes, find, unknown
from ops.restore import TABLES, Report, compare, count_missing, put_back


def _table(name: str) -> str:
    if name not in TABLES:
        raise unknown("table", name, TABLES)
    return name


_TABLE = typer.Argument(
    metavar="TABLE",
    parser=_table,
    autocompletion=lambda: list(TABLES),
    help="orders, idempotency or partners.",
    show_default=False,
)


def restore(
    table: Annotated[str, _TABLE],
    *,
    from_table: Annotated[str, typer.Option(metavar="NAME", help="The recovered copy.")],
    limit: Annotated[
        int | None, typer.Option(min=1, help="Put back so many at most; try it with one.")
    ] = None,
    per_second: Annotated[int, typer.Option(min=1, max=1_000, help="How many a second.")] = 25,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count what is missing; change nothing.")
    ] = False,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Put items that are missing in a table back from a copy of it; never overwrite one."""
    target = find(stage, local=local)
    copies = compare(target, table, from_table)
    report = Report(table, from_table, count_missing(copies))
    wanted = min(report.missing, limit or report.missing)
    if wanted and not dry_run:
        total = terminal.counted(wanted, "missing item")
        terminal.agree(f"Put {total} back into {table} of {target.name}?", yes=yes)
    try:
        if wanted and not dry_run:
            with (
                audited(target, "restore", table=table, copy=from_table, items=str(wanted)),
                terminal.progress(table, wanted) as told,
            ):
                put_back(copies, wanted, report, told, pause=1 / per_second)
    finally:
        _print(report, json_=json_)


def _print(report: Report, *, json_: bool) -> None:
    if json_:
        terminal.as_json(vars(report))
        return
    row = (report.table, report.source, report.missing, report.restored, report.overwritten)
    terminal.table(("Table", "Copy", "Missing", "Restored", "With placeholders"), [row])
