"""`orders spent`: dollars for each order from what the last hour really took, beside the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options, terminal
from cli.options import Json, Local, Stage  # noqa: TC001 - Typer reads the annotations
from cloudwatch.time_range import latest
from infrastructure.settings import settings_of
from ops.reach import templates

if TYPE_CHECKING:
    from ops.costs.spending import Comparison, Row, Total

_LONGEST = 24 * 60  # of minutes; logs of more are too many to read

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
    columns = ("Service", "What", "An order took", "Model", "Dollars", "Model ", "More", "Read in")
    terminal.table(columns, [*map(_cells, compared.rows), _total(compared)])
    terminal.note("")
    terminal.note("Not seen; the model's dollars for a million orders:")
    for (service, name), dollars in compared.unseen.items():
        terminal.note(f"  {service}, {name}: {dollars:.2f}")


def _cells(row: Row) -> tuple[str, ...]:
    took = _amount(row.seen), _amount(row.modelled)
    return row.service, row.name, *took, *_dollars(row), row.source


def _total(compared: Comparison) -> tuple[str, ...]:
    return "Total", "", "", "", *_dollars(compared.total), ""


def _dollars(row: Row | Total) -> tuple[str, str, str]:
    more = "–" if row.difference is None else f"{row.difference:+.0f} %"
    return f"{row.seen_dollars:,.2f}", f"{row.modelled_dollars:,.2f}", more


def _amount(number: float) -> str:
    return f"{number:.3g}" if number < 1_000 else f"{number:,.0f}"
