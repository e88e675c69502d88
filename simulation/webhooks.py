"""What endpoints that hang do to the webhooks of others: as it was, and as it is.

    change ─► stream, queue ─► first attempts ─► delivered
                                   │     a batch of ten at most, in an environment of its own
                                   └─► retries, in the same queue or in one of their own

Lambda begins with five batches at once and adds five a second while messages wait. A batch ends
with its slowest attempt, and an environment remembers who was slow.

`python -m simulation.webhooks` writes the table of docs/decisions/0020-webhooks-fairly.md.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import simpy

from infrastructure.functions import NOTIFYING
from infrastructure.settings import settings_of
from orders.slow_partners import PATIENCE_SECONDS, REMEMBERED_SECONDS
from orders.webhooks import LIMIT_SECONDS
from project.checkout import ROOT
from project.markdown import table, with_blocks
from simulation.figures import FULL_PROCESSOR, PLATFORM_START, QUEUE, STREAM, Time, cost_of
from simulation.model import percentile
from simulation.scenarios import STAGE

if TYPE_CHECKING:
    from collections.abc import Generator

DOCUMENT = ROOT / "docs/decisions/0020-webhooks-fairly.md"

PARTNER = Time(0.120, 0.450, "a partner's answer, with look-up and handshake", "assumption")
HANDSHAKE = 0.004
"""Seconds of a processor for a TLS handshake, beside what bench measured: an assumption."""

POLLERS, MORE_POLLERS = 5, 5
"""Batches of a queue that Lambda has in hand at first, and how many more each second.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""

BURST, BURST_EVERY = 80, 20.0
"""Events of each partner that hangs, all at the same moment, and again after so many seconds."""

HANG_RATE, OTHERS_RATE = 0.1, 1.0
"""Events a second besides: of each partner that hangs, and of all others together."""

SECONDS = 120.0
SEEDS = 5
_BATCH = 10


@dataclass(frozen=True)
class Way:
    """A way to deliver.

    Args:
        patience: seconds of a first attempt.
        limit: seconds of any other.
        waits: seconds before each further attempt.
        most: batches in hand at once, of first attempts.
        retries: the same of retries in a queue of their own; None for the same queue.
        remembered: seconds in which who was slow gets no first attempt.
    """

    patience: float
    limit: float
    waits: tuple[float, ...]
    most: int
    retries: int | None = None
    remembered: float = 0.0


_SETTINGS = settings_of(STAGE)
BEFORE = Way(5.0, 5.0, (30.0, 120.0, 480.0, 1_920.0), 50)
NOW = Way(
    PATIENCE_SECONDS,
    LIMIT_SECONDS,
    tuple(map(float, _SETTINGS.webhooks.waits)),
    _SETTINGS.workers[NOTIFYING].most_at_once,
    _SETTINGS.webhooks.most_at_once,
    REMEMBERED_SECONDS,
)


@dataclass
class _Event:
    partner: int | None
    """Which of those that hang; None for any other."""
    happened: float
    attempts: int = 0


class Found(NamedTuple):
    """What the others see, in milliseconds from the change to their answer."""

    p50: float
    p95: float
    longest: float


@dataclass
class Delivery:
    """One run."""

    way: Way
    hanging: int
    seed: int
    taken: list[float] = field(default_factory=list)
    """Seconds from the change of an order of somebody else to the delivery."""
    in_hand: dict[str, int] = field(default_factory=lambda: {"first": 0, "retries": 0})
    most_in_hand: dict[str, int] = field(default_factory=lambda: {"first": 0, "retries": 0})

    def run(self) -> Delivery:
        """Simulate it; events still on their way at the end are delivered first."""
        self._env = simpy.Environment()
        self._chance = random.Random(self.seed)  # noqa: S311 - a simulation's dice
        self._idle: list[dict[int, float]] = []
        self._first = simpy.Store(self._env)
        self._retries = self._first if self.way.retries is None else simpy.Store(self._env)
        self._cost = cost_of(NOTIFYING)
        self._share = min(1.0, _SETTINGS.memory_of(NOTIFYING) / FULL_PROCESSOR.value)
        self._env.process(self._pollers(self._first, self.way.most))
        if self.way.retries is not None:
            self._env.process(self._pollers(self._retries, self.way.retries))
        self._env.process(self._stream(None, OTHERS_RATE))
        for partner in range(self.hanging):
            self._env.process(self._burst(partner))
            self._env.process(self._stream(partner, HANG_RATE))
        self._env.run(SECONDS + 60)
        return self

    def _stream(self, partner: int | None, rate: float) -> Generator[Any]:
        while True:
            yield self._env.timeout(self._chance.expovariate(rate))
            if self._env.now > SECONDS:
                return
            self._env.process(self._change(partner))

    def _burst(self, partner: int) -> Generator[Any]:
        while self._env.now < SECONDS:
            for _ in range(BURST):
                self._env.process(self._change(partner))
            yield self._env.timeout(BURST_EVERY)

    def _change(self, partner: int | None) -> Generator[Any]:
        event = _Event(partner, self._env.now)
        yield self._env.timeout(STREAM.draw(self._chance) + QUEUE.draw(self._chance))
        self._first.put(event)

    def _pollers(self, queue: simpy.Store, most: int) -> Generator[Any]:
        started = 0
        while started < most:
            more = POLLERS if not started else MORE_POLLERS * bool(queue.items)
            for _ in range(min(more, most - started)):
                self._env.process(self._poll(queue))
                started += 1
            yield self._env.timeout(1)

    def _poll(self, queue: simpy.Store) -> Generator[Any]:
        name = "first" if queue is self._first else "retries"
        while True:
            first: Any = yield queue.get()
            batch: list[_Event] = [first]
            while queue.items and len(batch) < _BATCH:
                batch.append(queue.items.pop(0))
            self.in_hand[name] += 1
            self.most_in_hand[name] = max(self.in_hand[name], self.most_in_hand[name])
            yield from self._work(batch, retried=name == "retries")
            self.in_hand[name] -= 1

    def _work(self, batch: list[_Event], *, retried: bool) -> Generator[Any]:
        if self._idle:
            memory = self._idle.pop()
        else:
            memory = {}
            yield self._env.timeout(PLATFORM_START.draw(self._chance) + self._cost.start)
        spent = len(batch) * (self._cost.warm + HANDSHAKE) / self._share
        known = dict(memory)  # all of a batch begin at once
        longest = max(self._attempt(one, memory, known, spent, retried=retried) for one in batch)
        yield self._env.timeout(longest)
        self._idle.append(memory)

    def _attempt(
        self,
        event: _Event,
        memory: dict[int, float],
        known: dict[int, float],
        spent: float,
        *,
        retried: bool,
    ) -> float:
        """Make an attempt; gives how long it keeps the batch."""
        limit = self.way.limit if retried or event.attempts else self.way.patience
        now = self._env.now
        if event.partner is None:
            seconds = spent + PARTNER.draw(self._chance)
            if seconds <= limit:
                self.taken.append(now + seconds - event.happened)
                return seconds
            self._again(event, limit)
            return limit
        if not retried and known.get(event.partner, 0.0) > now:
            self._env.process(self._later(event, spent))
            return spent
        if self.way.remembered:
            memory[event.partner] = now + limit + self.way.remembered
        self._again(event, limit)
        return limit

    def _again(self, event: _Event, after: float) -> None:
        if event.attempts < len(self.way.waits):
            event.attempts += 1
            self._env.process(self._later(event, after + self.way.waits[event.attempts - 1]))

    def _later(self, event: _Event, seconds: float) -> Generator[Any]:
        yield self._env.timeout(seconds)
        self._retries.put(event)


@cache
def found(way: Way, hanging: int, seeds: int = SEEDS) -> Found:
    """Say what the others see while so many partners hang."""
    taken = [one for seed in range(seeds) for one in Delivery(way, hanging, seed).run().taken]
    p50, p95 = (1000 * percentile(taken, percent) for percent in (50, 95))
    return Found(p50, p95, 1000 * max(taken))


def ratio(way: Way, hanging: int) -> float:
    """Say by how much the others' p95 grows when so many partners hang."""
    return found(way, hanging).p95 / found(way, 0).p95


def block() -> str:
    """Write the table of the document."""
    head = ["", "p50", "p95", "beside usual", "the longest"]
    rows = []
    for name, way in (("before", BEFORE), ("now", NOW)):
        usual = found(way, 0)
        for hanging in (0, 1, 10):
            one = found(way, hanging)
            told = [f"{value:,.0f}" for value in (one.p50, one.p95)]
            times = f"{one.p95 / usual.p95:.2f} ×"
            rows.append([f"{name}, {hanging} hang", *told, times, f"{one.longest:,.0f}"])
    return table(head, rows)


if __name__ == "__main__":
    DOCUMENT.write_text(with_blocks(DOCUMENT.read_text(), {"webhooks": block()}))
