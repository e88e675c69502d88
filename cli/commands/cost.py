"""`orders cost`: what a month costs, computed from the template and a traffic model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options, terminal
from cli.options import Json  # noqa: TC001 - Typer reads the annotations
from infrastructure.settings import STAGES
from ops.costs import prices
from ops.reach import templates

if TYPE_CHECKING:
    from ops.costs.report import CostReport

StageOrProd = Annotated[
    str,
    typer.Option(
        "--stage", metavar="NAME", help="Whose settings.", autocompletion=lambda: list(STAGES)
    ),
]
OrdersPerDay = Annotated[
    float,
    typer.Option("--orders-per-day", metavar="N", min=0, help="The load that is 1 ×."),
]
Customers = Annotated[
    int, typer.Option("--customers", metavar="N", min=0, help="People who sign in, a month.")
]
TemplateFile = Annotated[
    Path | None,
    typer.Option(
        "--template", metavar="FILE", dir_okay=False, help="A template instead of the stage's."
    ),
]


def cost(
    *,
    orders_per_day: OrdersPerDay = 3_500,
    stage: StageOrProd = "prod",
    customers: Customers = 20_000,
    template: TemplateFile = None,
    json_: Json = False,
) -> None:
    """Compute the cost of a month in dollars: list prices of us-east-1.

    One row takes off what AWS gives each account each month for nothing.

    Nothing is asked of AWS. docs/costs.md tells the traffic model and the prices.
    """
    if stage not in STAGES:
        raise options.unknown("stage", stage, STAGES)
    from ops.costs.report import CostReport  # noqa: PLC0415 - the handlers' telemetry comes along
    from ops.costs.traffic import Traffic  # noqa: PLC0415 - its --help is quick without

    region = prices.REGION if template else STAGES[stage].region
    document = templates.read(template) if template else _synthesized(stage)
    report = CostReport(document, Traffic(orders_per_day=orders_per_day), customers)
    if json_:
        named = {"template": str(template)} if template else {"stage": stage, "stageRegion": region}
        terminal.as_json({**named, **report.as_json()})
    else:
        _print(report, region)


def _synthesized(stage: str) -> dict[str, Any]:
    with terminal.waiting(f"Synthesizing stage {stage} …"):
        return templates.synthesized(stage)


def _print(report: CostReport, region: str) -> None:
    from ops.costs.report import TIMES, dollars  # noqa: PLC0415 - its --help is quick without

    services = report.services()  # where something has no price, nothing is printed
    loads = tuple(f"{times:,} ×" for times in TIMES)
    orders = f"{report.traffic.orders_per_day:,.0f} orders a day"
    terminal.say(f"Dollars a month in {prices.REGION}; 1 × is {orders}.")
    if region != prices.REGION:
        terminal.say(f"The stage is in {region}: its prices differ, as a rule upwards.")
    terminal.say("")
    terminal.table(("Service", *loads, "Driven at 1 × by"), services)
    here = "with it, as here" if report.has_firewall else "without it, as here"
    terminal.say(f"\nWith and without the firewall, sign-in apart ({here})")
    terminal.table(("", *loads), report.firewalls())
    terminal.say("\nDynamoDB's capacity, WAF and sign-in apart")
    terminal.table(("", *loads), report.capacities())
    terminal.say(f"\nSign-in for {report.customers:,} customers")
    rows = [
        (f"{plan.name}{' (here)' if plan.used else ''}", *map(dollars, plan[2:]))
        for plan in report.plans()
    ]
    terminal.table(("Plan", "Dollars", "After the free customers"), rows)
    _remark(report)


def _remark(report: CostReport) -> None:
    terminal.note("")
    terminal.note(f"Prices checked on {prices.CHECKED}. Could not be checked:")
    terminal.note(f"  {'; '.join(report.unchecked()) or 'none'}")
    for line in report.unsettled():
        terminal.note(f"Not in the totals: {line.service}, {line.name}: {line.dollars:.2f}")
