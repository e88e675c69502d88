"""`orders spent`: dollars for each order from what the last hour really took, beside the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options, terminal
from cli.options import Json, Local, Stage  # noqa: TC001 - Typer reads the annotations
from cloudwatch.time_range import latest
from infrastructure.settings import settings_of
from ops.costs.prices import GB
from ops.reach import templates

if TYPE_CHECKING:
    from ops.costs.spending import Comparison, Row, Total

_LONGEST = 24 * 60  # of minutes; logs of more are too many to read
_STEP = 1_024  # of AWS's KB, MB and GB
_LEAST = 0.001
_ALL_COLUMNS = 110
"""So wide is a screen that shows each figure's source beside it."""

Minutes = Annotated[
    int,
    typer.Option(
        "--minutes", metavar="N", min=1, max=_LONGEST, help="How far to look back, at most a day."
    ),
]


def spent(
    *, minutes: Minutes = 60, stage: Stage = None, local: Local = False, json_: Json = False
) -> None:
    """Say what an order really took in dollars, from logs and metrics, beside the cost model.

    Prices are those of `orders cost`. docs/performance/cost.md tells how each figure is found,
    and which are not known.
    """
    from ops.costs import readings  # noqa: PLC0415 - boto3; its --help is quick without

    target = options.find(stage, local=local)
    with terminal.waiting(f"Reading what {target.name} has logged …"):
        seen = readings.spending(target, latest(minutes))
    with terminal.waiting(f"Synthesizing stage {target.stage} …"):
        template = templates.synthesized(target.stage)
    compared = seen.compared(template, settings_of(target.stage).budget.orders_per_day)
    if json_:
        terminal.as_json(_document(compared))
    else:
        _print(compared)


def _document(compared: Comparison) -> dict[str, Any]:
    consumed, total = compared.spending.consumed, compared.total
    return {
        "orders": consumed.orders,
        "replays": consumed.replays,
        "syntheticRequests": consumed.synthetic,
        "requestsByFunction": dict(consumed.asked),
        "units": vars(compared.spending.units),
        "lines": [{**row._asdict(), "differencePercent": row.difference} for row in compared.rows],
        "dollarsPerOrder": total.seen_dollars / 1e6,
        "modelledDollarsPerOrder": total.modelled_dollars / 1e6,
    }


def _print(compared: Comparison) -> None:
    consumed = compared.spending.consumed
    terminal.say(
        f"{terminal.counted(consumed.orders, 'order')}, {consumed.requests_per_order:.1f} requests "
        f"each; dollars for a million orders in us-east-1, the model's at the same traffic.\n"
    )
    narrow = (terminal.width() or _ALL_COLUMNS) < _ALL_COLUMNS
    columns = ("An order took", "Model", "Dollars", "Model ", "More")
    names = ("Service, what",) if narrow else ("Service", "What")
    sources = () if narrow else ("Read in",)
    rows = [_cells(row, narrow=narrow) for row in compared.rows]
    terminal.table((*names, *columns, *sources), [*rows, _total(compared, narrow=narrow)])
    if narrow:
        terminal.note(f"A screen of {_ALL_COLUMNS} columns shows where each was read, too.")
    terminal.note("")
    terminal.note("Not seen; the model's dollars for a million orders:")
    for (service, name), dollars in compared.unseen.items():
        terminal.note(f"  {service}, {name}: {dollars:.2f}")


def _cells(row: Row, *, narrow: bool) -> tuple[str, ...]:
    took = _amount(row.seen, row.unit), _amount(row.modelled, row.unit)
    names = (f"{row.service}, {row.name}",) if narrow else (row.service, row.name)
    return *names, *took, *_dollars(row), *(() if narrow else (row.source,))


def _total(compared: Comparison, *, narrow: bool) -> tuple[str, ...]:
    empty = ("",) * (2 if narrow else 3)
    return "Total", *empty, *_dollars(compared.total), *(() if narrow else ("",))


def _dollars(row: Row | Total) -> tuple[str, str, str]:
    more = "–" if row.difference is None else f"{row.difference:+.0f} %"
    return f"{row.seen_dollars:,.2f}", f"{row.modelled_dollars:,.2f}", more


def _amount(number: float, unit: str) -> str:
    """Say units as people read them: 19.8 KB rather than 1.98e-05 GB."""
    if unit.startswith("GB "):
        return _size(number * GB)
    if unit.startswith("GB-second"):
        return f"{_plain(number)} GB-s"
    return _plain(number)


def _size(number: float) -> str:
    for unit in ("B", "KB", "MB"):
        if number < _STEP:
            return f"{_plain(number)} {unit}"
        number /= _STEP
    return f"{_plain(number)} GB"


def _plain(number: float) -> str:
    """Write a number of three digits that count, never as a power of ten."""
    if 0 < number < _LEAST:
        return f"< {_LEAST}"
    return f"{number:.3g}" if number < 1_000 else f"{number:,.0f}"
