"""Writes what is made from the cost model: the recorded costs and the tables of two documents.

`make docs` runs it. infrastructure/expected_costs.json is what budgets are made from, where it has
the stage and its load, and what a test compares with to say which lines grew.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infrastructure.budget import EXPECTED_COSTS
from infrastructure.settings import STAGES
from local.layout import ROOT
from ops import prices, templates
from ops.cost_report import TIMES, Report, by_line, dollars
from ops.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infrastructure.settings import Settings

DOCUMENTED = "prod"
"""The stage whose costs the documents show."""

README = ROOT / "README.md"
COSTS = ROOT / "docs" / "costs.md"

_BLOCK = "<!-- {name}: written by make docs -->\n"
_END = "<!-- end -->"


def record(template: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Give a stage's dollars a month by line, sign-in apart, at the load of its budget."""
    load = settings.budget.orders_per_day
    return {"orders_per_day": load, "lines": by_line(template, load)}


def report_of(template: Mapping[str, Any]) -> Report:
    """Give the report that the documents show."""
    return Report(template, Traffic(orders_per_day=STAGES[DOCUMENTED].budget.orders_per_day))


def with_blocks(text: str, blocks: Mapping[str, str]) -> str:
    """Replace what stands between the marks of each block that a document has."""
    for name, block in blocks.items():
        before, mark, after = text.partition(_BLOCK.format(name=name))
        if mark:
            text = f"{before}{mark}{block}{_END}{after.partition(_END)[2]}"
    return text


def blocks(report: Report) -> dict[str, str]:
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


def _totals(report: Report) -> list[tuple[str, ...]]:
    """Give the README's rows: those of all services, without what drives them."""
    return [row[:-1] for row in report.services()]


def _unsettled(report: Report) -> list[tuple[str, ...]]:
    return [(f"{line.service}, {line.name}", dollars(line.dollars)) for line in report.unsettled()]


def _prices() -> list[tuple[str, ...]]:
    return [
        (price.unit, f"{price.dollars:.10f}".rstrip("0"), _link(price.page), _link(price.seen))
        for price in prices.all_prices().values()
    ]


def _link(address: str | None) -> str:
    return "**nowhere: not checked**" if address is None else f"<{address}>"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


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
