"""What is asked of the simulation: bursts, growth, capacity, memory and ways to be warm."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.request_units import transaction_units
from infrastructure.settings import settings_of
from ops.costs import prices
from ops.costs.traffic import DAYS, Traffic
from simulation.figures import CONCURRENCY, Published, cost_of, memory_needed
from simulation.model import Service, Setup, percentile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

STAGE = "prod"

ORDERS_PER_DAY = settings_of(STAGE).budget.orders_per_day
BUSIEST_HOUR = 0.25
"""Share of a day's orders in its busiest hour: an assumption."""

AT_ONCE = 100
LIMIT_SECONDS = 0.5
"""What is promised for p95."""

GOALS = {"p95": 440.0, "p99": 530.0}
"""Milliseconds that a hundred cold starts are aimed to stay below, tighter than the promise."""

MOST_OFF = 0.2
"""How far the model may be off, beside the local stack on a quiet machine: a share."""

MEMORIES = (128, 256, 512, 768, 1024, 1536, 1769, 2048, 3008)
GROWTH = (1, 10, 100, 1_000)
_MOST_REQUESTS = 12_000  # of a run: what is longer is cut, and the row says how long it was
_SEEDS = 20

AFTER_DEPLOYMENT = Published(
    1.5,
    "×",
    "the platform's part of the first starts of new code, which no cache has",
    "assumption",
)
RESTORE = Published(
    1.2, "×", "the platform's part of a start from a snapshot; ours is nearly none", "assumption"
)


class Found(NamedTuple):
    """What came of a run, in milliseconds and counts."""

    p50: float
    p95: float
    p99: float
    refused: float
    """Share of requests that were answered with 429, 500 or 503."""
    cold: float
    """Share of the answers that waited for a start."""
    environments: int
    """The most that were busy at once."""
    processed_p95: float
    billed: float
    """Seconds of functions for each request that was answered."""


def base() -> Setup:
    """Give stage prod as it is set up."""
    settings = settings_of(STAGE)
    return Setup(
        cost=cost_of("create_order"),
        worker=cost_of("process_order"),
        memory=settings.memory_mb,
        reserved=settings.reserved_concurrency.get("create_order") or int(CONCURRENCY.value),
        throttle=(settings.placing_throttle.rate, settings.placing_throttle.burst),
        units_each=transaction_units(Traffic(orders_per_day=1).order_bytes),
        workers=settings.workers["process_order"].most_at_once,
    )


def found(services: Sequence[Service]) -> Found:
    """Put the answers of several runs together."""
    answers = [answer for service in services for answer in service.answers]
    good = [answer for answer in answers if answer.status == 201]
    if not good:
        return Found(0.0, 0.0, 0.0, 1.0, 0.0, 0, 0.0, 0.0)
    seconds = [answer.seconds for answer in good]
    quantiles = [1000 * percentile(seconds, percent) for percent in (50, 95, 99)]
    p50, p95, p99 = quantiles
    return Found(
        p50=p50,
        p95=p95,
        p99=p99,
        refused=1 - len(good) / len(answers),
        cold=sum(answer.cold for answer in good) / len(good),
        environments=max(service.pool.peak for service in services),
        processed_p95=1000 * percentile([one.processed or 0.0 for one in good], 95),
        billed=sum(service.billed for service in services) / len(good),
    )


def burst(setup: Setup, seeds: int = _SEEDS) -> Found:
    """Place a hundred orders at the same moment, several times over."""
    return found([Service(setup, seed).run([0.0] * AT_ONCE) for seed in range(seeds)])


def stream(setup: Setup, rate: float, seconds: float, seed: int = 1) -> Found:
    """Place orders at random at a rate, in orders a second."""
    return found([Service(setup, seed).run(arrivals(rate, seconds, seed))])


def arrivals(rate: float, seconds: float, seed: int) -> Iterator[float]:
    """Draw the moments of a Poisson stream."""
    chance = random.Random(seed)  # noqa: S311 - a simulation's dice
    moment = chance.expovariate(rate)
    while moment < seconds:
        yield moment
        moment += chance.expovariate(rate)


def peak_rate(times: float) -> float:
    """Give the orders a second in the busiest hour of a load so many times today's."""
    return times * ORDERS_PER_DAY * BUSIEST_HOUR / 3_600


def bursts() -> dict[str, Found]:
    """Answer for a hundred orders at once."""
    setup = base()
    return {
        "all cold": burst(setup),
        "all warm": burst(replace(setup, warm=AT_ONCE)),
        "after a deployment": burst(replace(setup, start=AFTER_DEPLOYMENT.value)),
        "half of them warm": burst(replace(setup, warm=AT_ONCE // 2)),
    }


def growth() -> dict[str, Found]:
    """Answer for the busiest hour of today's load and of its multiples, as prod is set up."""
    return {f"{times:,} ×": _peak(base(), times) for times in GROWTH}


def growth_without_our_limits() -> dict[str, Found]:
    """Answer for the same with our throttle and reservation lifted; the account's quota stays."""
    setup = replace(base(), throttle=None, reserved=int(CONCURRENCY.value), workers=1_000)
    return {f"{times:,} ×": _peak(setup, times) for times in GROWTH}


def _peak(setup: Setup, times: int) -> Found:
    rate = peak_rate(times)
    return stream(setup, rate, min(3_600.0, _MOST_REQUESTS / rate))


def capacity() -> dict[str, Found]:
    """Answer for a burst and for peaks, on demand and with few provisioned units."""
    rows = {}
    for name, units in (("on demand", None), ("5 units", 5.0), ("100 units", 100.0)):
        setup = replace(base(), units=units)
        rows[f"{name}: 100 at once"] = burst(setup)
        for times in (10, 100):
            rows[f"{name}: busiest hour, {times} ×"] = _peak(setup, times)
    return rows


def memories() -> dict[str, tuple[Found, float]]:
    """Answer for each memory size: the cold burst, and dollars for a million warm orders."""
    rows = {}
    for memory in MEMORIES:
        setup = replace(base(), memory=memory)
        warm = burst(replace(setup, warm=AT_ONCE))
        rows[f"{memory} MB"] = burst(setup), dollars(warm, memory)
    return rows


def dollars(one: Found, memory: int) -> float:
    """Give the dollars of functions for a million orders: placing and processing."""
    seconds = one.billed * memory / 1024 * prices.LAMBDA_ARM.dollars
    return 1_000_000 * (seconds + 2 * prices.LAMBDA_REQUEST.dollars)


def cheapest() -> int | None:
    """Name the memory that keeps the cold burst's p95 below the promise for the least money.

    It must hold the worst hostile body as well, twice over.
    """
    needed = memory_needed()
    rows = zip(MEMORIES, memories().values(), strict=True)
    good = [
        (cost, memory)
        for memory, (one, cost) in rows
        if memory >= needed and one.p95 < LIMIT_SECONDS * 1000
    ]
    return min(good)[1] if good else None


def ways_to_be_warm() -> dict[str, tuple[Found, float]]:
    """Answer for the burst with each way to be quicker, and its dollars a month."""
    setup = base()
    gigabytes, month = setup.memory / 1024, DAYS * 86_400
    rows = {"as it is": (burst(setup), 0.0)}
    for number in (10, 50, 100):
        cost = number * gigabytes * month * prices.LAMBDA_PROVISIONED.dollars
        kept = replace(setup, kept=number)
        rows[f"{number} provisioned environments"] = burst(kept), cost
    snapped = replace(setup, start=RESTORE.value, own_start=0.0)
    starts = ORDERS_PER_DAY * DAYS * 0.02  # today's share of cold answers, rounded up
    cost = gigabytes * (
        month * prices.SNAPSHOT_KEPT.dollars + starts * prices.SNAPSHOT_RESTORED.dollars
    )
    rows["SnapStart"] = burst(snapped), cost
    pings = 10 * DAYS * 24 * 12
    cost = pings * (prices.LAMBDA_REQUEST.dollars + 0.1 * gigabytes * prices.LAMBDA_ARM.dollars)
    rows["a schedule that wakes 10 every 5 minutes"] = burst(replace(setup, warm=10)), cost
    return rows


def answered(rows: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Put rows into a form that JSON takes."""
    return {
        name: {**row._asdict()}
        if isinstance(row, Found)
        else {**row[0]._asdict(), "dollars": row[1]}
        for name, row in rows
    }
