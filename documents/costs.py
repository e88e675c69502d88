"""Writes what is made from the cost model: the recorded costs and the tables of two documents.

`make docs` runs it. infrastructure/expected_costs.json is what budgets are made from, where it has
the stage and its load, and what a test compares with to say which lines grew.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infrastructure.settings import STAGES
from infrastructure.watching.budget import EXPECTED_COSTS
from ops.costs import prices
from ops.costs.report import TIMES, CostReport, by_line, dollars
from ops.costs.traffic import Traffic
from ops.reach import templates
from project.checkout import ROOT
from project.markdown import table, with_blocks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infrastructure.settings import Settings

DOCUMENTED = "prod"
"""The stage whose costs the documents show."""

README = ROOT / "README.md"
COSTS = ROOT / "docs" / "costs.md"


def record(template: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Give a stage's dollars a month by line, sign-in apart, at the load of its budget."""
    load = settings.budget.orders_per_day
    return {"orders_per_day": load, "lines": by_line(template, load)}


def report_of(template: Mapping[str, Any]) -> CostReport:
    """Give the report that the documents show."""
    return CostReport(template, Traffic(orders_per_day=STAGES[DOCUMENTED].budget.orders_per_day))


def blocks(report: CostReport) -> dict[str, str]:
    """Give the tables of the documents by their names."""
    loads = [f"{report.traffic.orders_per_day * times:,.0f}" for times in TIMES]
    headings = [f"{loads[0]} orders a day", *loads[1:]]
    plans = [
        (f"{plan.name}{', the template has it' if plan.used else ''}", *map(dollars, plan[2:]))
        for plan in report.plans()
    ]
    return {
        "services": table(["dollars a month", *headings, "driven by"], report.services()),
        "totals": table(["dollars a month", *headings], _totals(report)),
        "firewall": table(["dollars a month", *headings], report.firewalls()),
        "capacity": table(["dollars a month", *headings], report.capacities()),
        "plans": table(["plan", "list price", "after the free customers"], plans),
        "prices": table(["price", "dollars", "AWS's page", "read at"], _prices()),
        "free": table(["not in the totals", "dollars a month"], _unsettled(report)),
    }


def _totals(report: CostReport) -> list[tuple[str, ...]]:
    """Give the README's rows: the totals and what stands apart, without what drives them."""
    rows = [row[:-1] for row in report.services()]
    first = next(number for number, row in enumerate(rows) if row[0].startswith("Total"))
    return rows[first:]


def _unsettled(report: CostReport) -> list[tuple[str, ...]]:
    return [(f"{line.service}, {line.name}", dollars(line.dollars)) for line in report.unsettled()]


def _prices() -> list[tuple[str, ...]]:
    return [
        (price.unit, f"{price.dollars:.10f}".rstrip("0"), _link(price.page), _link(price.seen))
        for price in prices.all_prices().values()
    ]


def _link(address: str | None) -> str:
    return "**nowhere: not checked**" if address is None else f"<{address}>"


def main() -> None:
    """Write all three files."""
    found = {stage: templates.synthesized(stage) for stage in STAGES}
    recorded = {stage: record(template, STAGES[stage]) for stage, template in found.items()}
    EXPECTED_COSTS.write_text(f"{json.dumps(recorded, indent=2)}\n")
    tables = blocks(report_of(found[DOCUMENTED]))
    for document in (README, COSTS):
        document.write_text(with_blocks(document.read_text(), tables))


if __name__ == "__main__":
    main()
