"""Dollars for each order from what was consumed, beside what the cost model says; pure.

Consumption, Units, Carried ─► quantities ─┐
the model's bill at the same traffic ──────┴─► Row: a line of the bill, both ways
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.settings import Capacity
from ops.costs.model import bill
from ops.costs.prices import GB, MILLION
from ops.costs.traffic import Traffic
from orders.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ops.costs.consumption import Consumption, Units
    from ops.costs.model import BillLine

_READS, _WRITES = " reads", " writes"

_FROM_ACCESS, _FROM_REPORTS = "access log", "REPORT lines"
_FROM_LINES, _FROM_METRICS = "log lines", "CloudWatch"
_FROM_UNITS = "log lines; transactions by their items' sizes"


class Carried(NamedTuple):
    """What CloudWatch counted.

    Args:
        published: messages to the topic; the pipe carried as many.
        queued: messages that were sent to, received from, or deleted in the two live queues.
        written: write units of all tables and indexes; None where DynamoDB counts nothing there.
        read: read units, likewise.
    """

    published: float
    queued: float
    written: float | None = None
    read: float | None = None


class Quantity(NamedTuple):
    """Units of a time, and where they were read."""

    units: float
    source: str


class Row(NamedTuple):
    """A line of the bill for each order.

    Args:
        service: as in the cost model.
        name: likewise.
        seen: units that an order took.
        modelled: units that the model gives an order.
        seen_dollars: for a million orders.
        modelled_dollars: likewise.
        source: where what was seen was read.
        unit: what a unit is, as the price says.
    """

    service: str
    name: str
    seen: float
    modelled: float
    seen_dollars: float
    modelled_dollars: float
    source: str
    unit: str = ""

    @property
    def difference(self) -> float | None:
        """How much more was seen than the model says, in percent; None for more than nothing."""
        return _more(self.seen, self.modelled)


class Total(NamedTuple):
    """What all lines come to, in dollars for a million orders."""

    seen_dollars: float
    modelled_dollars: float

    @property
    def difference(self) -> float | None:
        """As of a row."""
        return _more(self.seen_dollars, self.modelled_dollars)


@dataclass(frozen=True)
class Spending:
    """What orders took in a time.

    Args:
        consumed: what the logs tell.
        units: what orders take by DynamoDB's rule.
        carried: what CloudWatch counted.
    """

    consumed: Consumption
    units: Units
    carried: Carried

    def traffic(self, orders_per_day: float) -> Traffic:
        """Give the model's traffic with as much for each order as was seen.

        Args:
            orders_per_day: the load; no line's dollars for an order depend on it much.
        """
        seen, orders = self.consumed, self.consumed.orders
        lists = seen.asked["list_orders"]
        return replace(
            Traffic(orders_per_day=orders_per_day),
            changes=seen.asked["update_order"] / orders,
            reads=seen.asked["get_order"] / orders,
            lists=lists / orders,
            auto_confirmed=seen.confirmed / orders,
            partners=seen.partner_orders / orders,
            page_orders=round(sum(seen.pages) / lists) if lists else 0,
            cold_share=seen.cold / max(sum(seen.asked.values()), 1),
        )

    def quantities(self) -> dict[tuple[str, str], Quantity]:
        """Give what was consumed, by the service and the name of the model's line."""
        seen = self.consumed
        times = {
            ("Lambda", f"{function}, time"): Quantity(used, _FROM_REPORTS)
            for function, used in seen.gigabyte_seconds.items()
        }
        logs = {
            ("CloudWatch Logs", kind): Quantity(size / GB, _FROM_LINES)
            for kind, size in seen.log_bytes.items()
        }
        published = Quantity(self.carried.published, _FROM_METRICS)
        return {
            ("API Gateway", "requests"): Quantity(seen.requests, _FROM_ACCESS),
            ("Lambda", "calls"): Quantity(sum(seen.calls.values()), _FROM_REPORTS),
            **times,
            ("DynamoDB", "writes"): self._writes(),
            ("DynamoDB", "reads"): self._reads(),
            ("EventBridge Pipes", "changes"): published,
            ("SNS", "changes"): published,
            ("SQS", "messages"): Quantity(self.carried.queued, _FROM_METRICS),
            **logs,
            ("Data transfer", "answers and webhooks"): Quantity(
                seen.answer_bytes / GB, f"{_FROM_ACCESS}, bodies alone"
            ),
        }

    def _writes(self) -> Quantity:
        if self.carried.written is not None:
            return Quantity(self.carried.written, _FROM_METRICS)
        return Quantity(self.write_units(), _FROM_UNITS)

    def write_units(self) -> float:
        """Give the write units: what DynamoDB told, and by its rule what it does not tell."""
        seen, units = self.consumed, self.units
        by_rule = seen.orders * units.placing + seen.replays * units.replaying
        return by_rule + sum(seen.told_writes.values())

    def _reads(self) -> Quantity:
        if self.carried.read is not None:
            return Quantity(self.carried.read, _FROM_METRICS)
        return Quantity(sum(self.consumed.told_reads.values()), _FROM_LINES)

    def compared(self, template: Mapping[str, Any], orders_per_day: float) -> Comparison:
        """Set it beside the model.

        Args:
            template: the stage's.
            orders_per_day: as of `traffic`.
        """
        rows = self.rows(template, orders_per_day)
        return Comparison(self, rows, unseen(template, rows, self.traffic(orders_per_day)))

    def rows(self, template: Mapping[str, Any], orders_per_day: float) -> list[Row]:
        """Compare line by line, the dearest first.

        Args:
            template: the stage's.
            orders_per_day: as of `traffic`.
        """
        traffic = self.traffic(orders_per_day)
        lines = bill(template, traffic, metrics=len(METRICS), capacity=Capacity())
        quantities = self.quantities()
        rows = [
            _row(key, group, quantities[key], self.consumed.orders, traffic.orders)
            for key, group in _grouped(lines).items()
            if key in quantities
        ]
        return sorted(rows, key=lambda row: -max(row.seen_dollars, row.modelled_dollars))


class Comparison(NamedTuple):
    """What orders took in a time, beside what the model says.

    Args:
        spending: what they took.
        rows: line by line, the dearest first.
        unseen: the model's other lines, in dollars for a million orders, the dearest first.
    """

    spending: Spending
    rows: list[Row]
    unseen: dict[tuple[str, str], float]

    @property
    def total(self) -> Total:
        """What the rows come to."""
        return Total(
            sum(row.seen_dollars for row in self.rows),
            sum(row.modelled_dollars for row in self.rows),
        )


def _more(seen: float, modelled: float) -> float | None:
    return 100 * (seen / modelled - 1) if modelled else None


def _grouped(lines: Sequence[BillLine]) -> dict[tuple[str, str], list[BillLine]]:
    """Group the settled lines by service and name, those of tables and indexes together."""
    groups: dict[tuple[str, str], list[BillLine]] = {}
    for line in lines:
        name = line.name
        for ending in (_READS, _WRITES):
            if line.service == "DynamoDB" and name.endswith(ending):
                name = ending.strip()
        if line.settled:
            groups.setdefault((line.service, name), []).append(line)
    return groups


def _row(
    key: tuple[str, str],
    lines: Sequence[BillLine],
    seen: Quantity,
    orders: int,
    modelled_orders: float,
) -> Row:
    modelled = sum(line.quantity for line in lines) / modelled_orders
    dollars = sum(line.dollars for line in lines) / modelled_orders
    price = lines[0].price
    each = seen.units / orders
    spent = each * price.dollars * MILLION
    return Row(*key, each, modelled, spent, dollars * MILLION, seen.source, price.unit)


def unseen(
    template: Mapping[str, Any], rows: Sequence[Row], traffic: Traffic
) -> dict[tuple[str, str], float]:
    """Give the model's other lines that grow with orders, in dollars for a million orders.

    The dearest stands first. What costs the same at twice the orders is no order's.
    """
    twice = replace(traffic, orders_per_day=2 * traffic.orders_per_day)
    once, more = (
        {
            key: sum(line.dollars for line in lines)
            for key, lines in _grouped(bill(template, load, capacity=Capacity())).items()
        }
        for load in (traffic, twice)
    )
    seen = {(row.service, row.name) for row in rows}
    grown = {
        key: MILLION * (more[key] - cost) / traffic.orders
        for key, cost in once.items()
        if key not in seen
    }
    dearest_first = sorted(grown.items(), key=lambda line: -line[1])
    return {key: dollars for key, dollars in dearest_first if dollars > 0}
