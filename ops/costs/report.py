"""The figures of `orders cost`: bills for several loads, and what other choices would cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.settings import Capacity, CapacityMode, Settings
from infrastructure.settings_validation import SettingError
from ops.costs import prices
from ops.costs.allowances import off
from ops.costs.model import (
    FIREWALL_RULES,
    SIGN_IN,
    WAF,
    WEB_ACL,
    Unpriced,
    bill,
    by_service,
    carries,
    plan_of,
    total,
)
from ops.costs.traffic import Traffic
from orders.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ops.costs.model import BillLine

TIMES = (1, 10, 100, 1_000)
"""The loads that are compared, in multiples of the one asked for."""

DEFAULT_CUSTOMERS = 20_000

_ON_DEMAND, _PROVISIONED = Capacity(), Capacity(mode=CapacityMode.PROVISIONED)

Row = tuple[str, ...]


class SignInPlan(NamedTuple):
    """What a sign-in plan would cost.

    Args:
        name: Lite, Essentials or Plus.
        used: whether the template has it.
        dollars: at the list price.
        beyond_free: after what an account has for nothing.
    """

    name: str
    used: bool
    dollars: float
    beyond_free: float


@dataclass(frozen=True)
class CostReport:
    """What a template costs a month.

    Args:
        template: of CloudFormation.
        traffic: the load.
        customers: people who sign in, a month.
    """

    template: Mapping[str, Any]
    traffic: Traffic
    customers: float = DEFAULT_CUSTOMERS

    @cached_property
    def bills(self) -> dict[int, list[BillLine]]:
        """The bill at each load; customers grow with the orders."""
        return {times: self.at(times) for times in TIMES}

    def at(self, times: float, capacity: Capacity | None = None) -> list[BillLine]:
        """Give the bill for a multiple of the load, if wanted with another capacity."""
        return bill(
            self.template,
            self._load(times),
            customers=self.customers * times,
            metrics=len(METRICS),
            capacity=capacity,
        )

    def services(self) -> list[Row]:
        """Give a row for each service, its dollars at each load and what drives it."""
        groups = by_service(self.bills[1])
        rows = [
            self._row(name, (name,), driver(groups[name]))
            for name in groups
            if name not in (WAF, SIGN_IN)
        ]
        apart = [
            self._row(name, (name,), driver(groups[name]))
            for name in (WAF, SIGN_IN)
            if name in groups
        ]
        apart_names = (WAF, SIGN_IN)
        return [
            *rows,
            self._total("Total, WAF and sign-in apart", apart_names),
            self._own("… in an account of its own", apart_names),
            *apart,
        ]

    def capacities(self) -> list[Row]:
        """Compare what DynamoDB costs in each mode, other services with it that the mode moves."""
        rows = []
        for name, capacity in (("on-demand", _ON_DEMAND), ("provisioned 5–100", _PROVISIONED)):
            cells = []
            for times in TIMES:
                enough = carries(self.template, self._load(times), capacity)
                cost = dollars(total(self.at(times, capacity)))
                cells.append(cost if enough else f"{cost} (too small)")
            rows.append((f"Total, {name}", *cells))
        return rows

    def firewalls(self) -> list[Row]:
        """Compare the totals without and with WAF, sign-in apart; one is of what is not there."""
        return [
            self._total("Total without WAF", (WAF, SIGN_IN))[:-1],
            self._guarded._total("Total with WAF", (SIGN_IN,))[:-1],  # noqa: SLF001 - of ours
        ]

    @property
    def has_firewall(self) -> bool:
        """Whether the template has one."""
        return any(each["Type"] == WEB_ACL for each in self.template["Resources"].values())

    @cached_property
    def _guarded(self) -> CostReport:
        """What it costs with a firewall, whether or not it has one."""
        if self.has_firewall:
            return self
        acl = {"Type": WEB_ACL, "Properties": {"Rules": [{}] * FIREWALL_RULES}}
        resources = {**self.template["Resources"], "Firewall": acl}
        return replace(self, template={**self.template, "Resources": resources})

    def plans(self) -> list[SignInPlan]:
        """Give what each sign-in plan would cost for the customers."""
        pools = [
            resource.get("Properties", {})
            for resource in self.template["Resources"].values()
            if resource["Type"] == "AWS::Cognito::UserPool"
        ]
        used = {plan_of(pool) for pool in pools}
        return [self._plan(plan, price, plan in used) for plan, price in prices.SIGN_IN.items()]

    def unsettled(self) -> list[BillLine]:
        """Give the lines that are in no total, because AWS may not bill them, or not yet."""
        return [line for line in self.bills[1] if not line.settled]

    def unchecked(self) -> list[str]:
        """Give the units whose price could not be read anywhere."""
        used = {line.price.unit: line.price for line in self.bills[1]}
        return [unit for unit, price in used.items() if price.seen is None]

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {
            "ordersPerDay": self.traffic.orders_per_day,
            "customers": self.customers,
            "region": prices.REGION,
            "pricesChecked": prices.CHECKED.isoformat(),
            "traffic": asdict(self.traffic),
            "loads": [self._load_as_json(times) for times in TIMES],
            "signIn": [plan._asdict() for plan in self.plans()],
            "notInTotals": [_line_as_json(line) for line in self.unsettled()],
            "uncheckedPrices": self.unchecked(),
        }

    def _load(self, times: float) -> Traffic:
        return replace(self.traffic, orders_per_day=self.traffic.orders_per_day * times)

    def _row(self, name: str, services: tuple[str, ...], why: str) -> Row:
        cells = [
            dollars(total([line for line in lines if line.service in services], apart=()))
            for lines in self.bills.values()
        ]
        return (name, *cells, why)

    def _total(self, name: str, apart: tuple[str, ...]) -> Row:
        return (name, *(dollars(total(lines, apart=apart)) for lines in self.bills.values()), "")

    def _own(self, name: str, apart: tuple[str, ...]) -> Row:
        cells = [dollars(in_own_account(lines, apart=apart)) for lines in self.bills.values()]
        return (name, *cells, "less what AWS gives each account for nothing")

    def _plan(self, plan: str, price: prices.Price, used: bool) -> SignInPlan:  # noqa: FBT001
        paid = max(self.customers - prices.SIGN_IN_FREE[plan], 0)
        return SignInPlan(plan.capitalize(), used, price.of(self.customers), price.of(paid))

    def _load_as_json(self, times: int) -> dict[str, Any]:
        lines, guarded = self.bills[times], self._guarded.bills[times]
        load, capacities = self._load(times), {}
        for capacity in (_ON_DEMAND, _PROVISIONED):
            capacities[capacity.mode.value] = {
                "dollars": round(total(self.at(times, capacity)), 2),
                "carriesTheLoad": carries(self.template, load, capacity),
            }
        return {
            "times": times,
            "ordersPerDay": load.orders_per_day,
            "lines": [_line_as_json(line) for line in lines if line.settled],
            "total": round(total(lines), 2),
            "totalInOwnAccount": round(in_own_account(lines), 2),
            "totalWithFirewall": round(total(guarded, apart=(SIGN_IN,)), 2),
            "totalWithSignIn": round(total(lines, apart=()), 2),
            "capacity": capacities,
        }


def by_line(template: Mapping[str, Any], orders_per_day: float) -> dict[str, float]:
    """Give a template's dollars a month by line, sign-in apart, at a load."""
    return {
        f"{line.service}, {line.name}": round(line.dollars, 2)
        for line in CostReport(template, Traffic(orders_per_day=orders_per_day)).bills[1]
        if line.settled and line.service != SIGN_IN
    }


def expected(settings: Settings) -> dict[str, float]:
    """Give a stage's dollars a month by line at its budget's load, from a template of its own.

    Raises:
        SettingError: when there is no price for what the stage has.
    """
    from infrastructure.synth import template_of  # noqa: PLC0415 - CDK takes seconds to import

    budget = replace(settings.budget, alarm_emails=())  # free itself, and made from this
    try:
        return by_line(template_of(replace(settings, budget=budget)), budget.orders_per_day)
    except Unpriced as error:
        raise SettingError(f"stage {settings.stage}: budget: no cost is known: {error}") from None


def in_own_account(lines: Sequence[BillLine], *, apart: tuple[str, ...] = (WAF, SIGN_IN)) -> float:
    """Add up what a bill says on which nothing else stands, without some services."""
    ours = [line for line in lines if line.service not in apart]
    return total(lines, apart=apart) - off(ours)


def driver(lines: Sequence[BillLine]) -> str:
    """Say what makes a service cost what it costs: its dearest line."""
    dearest = max(lines, key=lambda line: line.dollars)
    return f"{dearest.name}: {amount(dearest.quantity)} × {dearest.price.unit}"


def dollars(number: float) -> str:
    """Write dollars; cents where they matter."""
    return f"{number:,.2f}" if number < 1_000 else f"{number:,.0f}"


def amount(number: float) -> str:
    """Write a quantity with three digits."""
    for size, name in ((1e9, " billion"), (1e6, " million")):
        if number >= size:
            return f"{number / size:.3g}{name}"
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _line_as_json(line: BillLine) -> dict[str, Any]:
    return {
        "service": line.service,
        "name": line.name,
        "quantity": line.quantity,
        "unit": line.price.unit,
        "dollars": round(line.dollars, 4),
    }
