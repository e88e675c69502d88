"""One caller at its own limit leaves the others four fifths of what all share."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.functions import Caller, names
from infrastructure.request_units import CAPACITIES, MOST, most_of
from infrastructure.settings import (
    STAGES,
    AddressLimits,
    Capacity,
    CapacityMode,
    Plan,
    Settings,
    Throttle,
    Webhooks,
    Worker,
)
from infrastructure.settings_validation import SettingError
from infrastructure.shares import FAIR_SHARE, unfair, uses
from orders.routes import ROUTES, Route

if TYPE_CHECKING:
    from infrastructure import request_units

DEFAULTS = Settings(stage="x")
PREMIUM = DEFAULTS.plans["premium"]


def unchecked(**changes: Any) -> Settings:
    """Give settings that nobody has looked at."""
    settings = copy.copy(DEFAULTS)
    for name, value in changes.items():
        object.__setattr__(settings, name, value)
    return settings


def plan(rate: int, burst: int, quota: int = 100) -> dict[str, Plan]:
    """Give one plan, the only one."""
    return {"gold": Plan(throttle=Throttle(rate=rate, burst=burst), daily_quota=quota)}


PLANTED: dict[str, tuple[dict[str, Any], str]] = {
    "a plan as quick as a route": (
        {"plans": plan(30, 105), "address_limits": AddressLimits(partners=9_000)},
        "plans.gold.throttle.burst",
    ),
    "a plan whose largest orders fill the table": (
        {"plans": plan(10, 13), "capacity": Capacity(max_read_units=8_000)},
        "plans.gold.throttle lets .* the writes of the orders",
    ),
    "a plan whose webhooks fill the queue": (
        {"plans": plan(5, 10, 8_001)},
        "plans.gold.daily_quota lets .* messages that may wait",
    ),
    "a plan whose endpoint holds the workers": (
        {
            "plans": plan(11, 11),
            "address_limits": AddressLimits(partners=3_300),
            "webhooks": Webhooks(most_at_once=12),
            "head_throttle": Throttle(rate=55, burst=51 + 4),
            "stage_throttle": Throttle(rate=98, burst=98),
        },
        "plans.gold.throttle.rate lets .* the executions of notify_partner",
    ),
    "a person as quick as a route": (
        {"person_throttle": Throttle(rate=5, burst=21)},
        "person_throttle.burst lets .* the burst of HEAD /orders",
    ),
    "a person whose orders fill the table": (
        {"person_throttle": Throttle(rate=6, burst=10)},
        "person_throttle lets .* the writes of the orders",
    ),
    "an address as quick as a route": (
        {"address_limits": AddressLimits(customers=10_000)},
        "address_limits.customers lets .* HEAD /orders",
    ),
    "a partner's address likewise": (
        {"address_limits": AddressLimits(partners=6_600)},
        "address_limits.partners lets",
    ),
    "a table that is too small": (
        {"capacity": Capacity(max_write_units=3_000)},
        "capacity.max_write_units to 3600",
    ),
    "too few reads": ({"capacity": Capacity(max_read_units=5_000)}, "max_read_units to 5450"),
    "provisioned": (
        {"capacity": Capacity(mode=CapacityMode.PROVISIONED)},
        "capacity.max_provisioned to 5450",
    ),
    "a route that is too slow": (
        {"placing_throttle": Throttle(rate=49, burst=49)},
        "placing_throttle.(burst|rate) to 50",
    ),
    "HEAD as it was": ({"head_throttle": Throttle(rate=15, burst=15)}, "HEAD /partner/orders"),
    "a reservation that is too small": (
        {
            "placing_throttle": Throttle(rate=49, burst=49),
            "reserved_concurrency": {"create_order": 98},
        },
        "create_order",
    ),
    "a queue that is too small": ({"hidden_messages_quota": 119_990}, "hidden_messages_quota to"),
    "a worker that is too slow": (
        {
            "workers": {
                "process_order": DEFAULTS.workers["process_order"],
                "notify_partner": Worker(most_at_once=45, retry_seconds=5),
            }
        },
        "workers.notify_partner.most_at_once to 50",
    ),
    "too few who tell who serves": (
        {"webhooks": Webhooks(restaurants_at_once=4)},
        "webhooks.restaurants_at_once to 5",
    ),
    "what it was": (
        {
            "plans": {
                "standard": Plan(throttle=Throttle(rate=100, burst=200), daily_quota=200_000),
                "premium": Plan(throttle=Throttle(rate=200, burst=250), daily_quota=1_000_000),
            },
            "stage_throttle": Throttle(rate=250, burst=250),
            "serving_throttle": Throttle(rate=250, burst=250),
            "concurrency_quota": 3_000,
            "head_throttle": Throttle(rate=15, burst=15),
            "address_limits": AddressLimits(partners=60_000),
        },
        "plans.premium.throttle.rate",
    ),
}
"""Settings with which one caller could take too much, and what is said of them."""


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_every_stage_is_fair(stage: Settings) -> None:
    """As the stages are set up, four fifths of everything are left whatever one caller asks for."""
    assert not stage.shares_waiver
    assert unfair(stage) == []
    assert all(use.share <= FAIR_SHARE for use in uses(stage))


@pytest.mark.parametrize(("changes", "told"), PLANTED.values(), ids=PLANTED)
def test_planted_unfair_settings_are_found(changes: dict[str, Any], told: str) -> None:
    """Settings that are not fair stop the synthesis, with a sentence that says what to change."""
    with pytest.raises(SettingError, match=told) as caught:
        replace(DEFAULTS, **changes)
    assert re.search("lower|to be|at least|reserve more", str(caught.value))
    assert "\n" not in str(caught.value)


def test_a_sentence_can_be_followed() -> None:
    """Who raises each ceiling as the sentences say, again and again, ends with a fair stage."""
    capacity = Capacity(max_write_units=1, max_read_units=1)
    for _ in range(20):
        faults = " ".join(unfair(unchecked(capacity=capacity)))
        told = re.findall(r"raise capacity\.(\w+) to (\d+)", faults)
        for name, units in told:
            least = max(getattr(capacity, name), int(units))
            capacity = replace(capacity, **{name: least})
    assert not faults


def test_a_written_reason_waives_it() -> None:
    """A stage that cannot be fair, as in an account of ten executions, says in a sentence why."""
    provisioned = Capacity(mode=CapacityMode.PROVISIONED)
    waived = Settings(stage="x", capacity=provisioned, shares_waiver="Nobody but us calls it.")
    assert unfair(waived)
    with pytest.raises(SettingError, match=r"shares_waiver must be .* sentence"):
        Settings(stage="x", shares_waiver="no")


throttles = st.tuples(st.integers(1, 400), st.integers(0, 400)).map(
    lambda pair: Throttle(rate=pair[0], burst=sum(pair))
)
changes = st.fixed_dictionaries(
    {},
    optional={
        "stage_throttle": throttles,
        "placing_throttle": throttles,
        "serving_throttle": throttles,
        "head_throttle": throttles,
        "person_throttle": throttles,
        "plans": st.builds(
            lambda throttle, quota: {"gold": Plan(throttle=throttle, daily_quota=quota)},
            throttles,
            st.integers(1, 10**6),
        ),
        "address_limits": st.builds(
            AddressLimits, customers=st.integers(10, 10**6), partners=st.integers(10, 10**6)
        ),
        "capacity": st.builds(
            Capacity,
            max_read_units=st.integers(1, 40_000),
            max_write_units=st.integers(1, 40_000),
        ),
        "webhooks": st.builds(
            Webhooks,
            most_at_once=st.integers(2, 100),
            restaurants_at_once=st.integers(2, 100),
        ),
        "hidden_messages_quota": st.integers(1, 10**6),
    },
)


@given(changes)
def test_what_passes_is_fair_and_what_is_refused_is_not(changed: dict[str, Any]) -> None:
    """Of any settings those pass, as far as shares go, of which no caller takes above a fifth.

    Counted here once more, from rates and bursts alone, without the product's arithmetic.
    """
    settings = unchecked(**changed)
    faults = unfair(settings)
    assert bool(faults) == any(share > FAIR_SHARE + 1e-9 for share in shares_by_hand(settings))


def shares_by_hand(settings: Settings) -> list[float]:
    """Compute all shares of a stage in the plainest way."""
    found: list[float] = []
    callers = [("partner", plan.throttle, False) for plan in settings.plans.values()]
    callers.append(("customer", settings.person_throttle, True))
    for role, throttle, each in callers:
        for route in routes_of(role):
            limit = {"POST": settings.placing_throttle, "HEAD": settings.head_throttle}.get(
                route.method,
                settings.serving_throttle if "{r" in route.path else settings.stage_throttle,
            )
            found += [throttle.rate / limit.rate, throttle.burst / limit.burst]
            reserved = settings.reserved_concurrency.get(route.function)
            retries, restaurants = (
                settings.webhooks.most_at_once,
                settings.webhooks.restaurants_at_once,
            )
            pool = reserved or 1_000 - 300 - 100 - 50 - retries - restaurants
            found.append((throttle.burst + throttle.rate) / pool)
        together = sum if each else max
        for capacity in CAPACITIES:
            units = together(most_of(name, capacity) for name in names(Caller.API))
            found.append((throttle.rate + throttle.burst) * units / ceiling(settings, capacity))
        found.append(0.2 * throttle.rate / 100)
        found.append(throttle.rate / 50 if role == "partner" else 0)
        found.append(throttle.rate / 10 / settings.webhooks.restaurants_at_once)
    plans = settings.plans.values()
    found += [3 * plan.daily_quota / settings.hidden_messages_quota for plan in plans]
    for role, requests in (
        ("customer", settings.address_limits.customers),
        ("partner", settings.address_limits.partners),
    ):
        rates = [settings.throttle_of(r).rate for r in routes_of(role)]
        found.append(requests / 300 / min(rates))
        for capacity in CAPACITIES:
            units = max(most_of(name, capacity) for name in names(Caller.API))
            found.append(requests / 300 * units / ceiling(settings, capacity))
    return found


def routes_of(role: str) -> list[Route]:
    """Give the partners' routes, or all others: people have them with one token."""
    partners = [route for route in ROUTES if route.path.startswith("/partner")]
    return partners if role == "partner" else [r for r in ROUTES if r not in partners]


def ceiling(settings: Settings, capacity: request_units.Capacity) -> int:
    reads, writes = settings.capacity.max_read_units, settings.capacity.max_write_units
    return reads if capacity.verb == "read" else writes


def test_every_function_of_the_api_is_in_the_table() -> None:
    """Whoever adds a route with a function says what a request to it can cost."""
    assert set(MOST) == set(names(Caller.API))
    assert all(units > 0 for costs in MOST.values() for units in costs.values())


def test_a_hundred_people_at_one_moment_are_let_in() -> None:
    """A hundred customers place an order each at the same moment: no limit is in their way."""
    for stage in STAGES.values():
        assert stage.placing_throttle.burst >= 100
        assert stage.person_throttle.burst >= 1
        assert (stage.reserved_concurrency["create_order"] or 0) >= 100
        typical = 4 + 4  # units of an order of less than two kilobytes, and of its record
        assert 100 * typical <= stage.capacity.max_write_units
        assert stage.address_limits.customers >= 100
