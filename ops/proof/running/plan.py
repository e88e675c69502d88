"""What a run will make, how long it will take, and how many dollars; told before it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ops.costs.model import bill, total
from ops.costs.traffic import DAYS, HOURS, Traffic
from ops.proof.running.looking import minutes_of
from orders.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ops.proof.probe import Probe

MOST_HOURS = 2
"""When a run ends in any case."""

REMOVING_MINUTES = 15
"""How much of that is kept for the removal of what it made."""

_MAKING_MINUTES, _REMOVED_MINUTES = 6, 6
_ORDERS = 2_000
"""More than a run places; each counts as one of a whole day."""

_PEOPLE = 30
"""Who signs in or up during a run; each is one for the month."""


class Plan(NamedTuple):
    """What a run will take."""

    stage: str
    resources: int
    claims: int
    minutes: int
    dollars: float

    def __str__(self) -> str:
        """Say it to a person."""
        return (
            f"This makes the stage {self.stage}: {self.resources} resources with prod's settings, "
            f"which keep nothing. It looks at {self.claims} claims.\n"
            f"It takes about {self.minutes} minutes, {MOST_HOURS} hours at most, and about "
            f"{self.dollars:.2f} dollars. The stage is removed in any case."
        )


def plan(stage: str, template: Mapping[str, Any], probes: Iterable[Probe]) -> Plan:
    """Say what a run will take.

    Args:
        stage: its name.
        template: what is deployed.
        probes: those of the run.

    Raises:
        Unpriced: when the template holds what has no price.
    """
    every = list(probes)
    minutes = min(_MAKING_MINUTES + minutes_of(every) + _REMOVED_MINUTES, MOST_HOURS * 60)
    resources = len(template["Resources"])
    return Plan(stage, resources, len(every), round(minutes), dollars(template))


def dollars(template: Mapping[str, Any]) -> float:
    """Compute what a run costs at most, in dollars.

    What a stage costs without any order is for two hours of a month; orders cost as many of a
    whole day; and each person who signs in counts for the month.
    """
    still = _month(template, 0)
    busy = _month(template, _ORDERS) - still
    people = _month(template, 0, _PEOPLE) - still
    return still * MOST_HOURS / HOURS + busy / DAYS + people


def _month(template: Mapping[str, Any], orders: float, people: int = 0) -> float:
    lines = bill(template, Traffic(orders_per_day=orders), customers=people, metrics=len(METRICS))
    return total(lines, apart=())
