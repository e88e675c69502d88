"""The service as queues and servers: API Gateway, functions, DynamoDB, and the way to the workers.

arrival ─► throttle ─► gateway ─► environment (warm, or started) ─► CPU ─► table ─► answer
                │429                    │500: none may be started      │503: no units left
                                                        write ─► pipe ─► queue ─► worker

Times are seconds. One environment serves one request at a time; an idle one is taken before a new
one is started, the one that was idle least first.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import simpy

from simulation.figures import (
    BURST_SECONDS,
    FULL_PROCESSOR,
    GATEWAY,
    IDLE_MINUTES,
    PLATFORM_START,
    QUEUE,
    SCALING,
    STREAM,
    TRANSACTION,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from simulation.figures import Cost

_REFILL_SECONDS = 10
_RETRIES = (0.05, 0.1)  # seconds before a throttled write is sent again, as our client does


class Bucket:
    """Tokens that come at a rate, up to a most: throttles and capacity."""

    def __init__(self, env: simpy.Environment, rate: float, most: float) -> None:
        """Start full."""
        self._env, self._rate, self._most = env, rate, most
        self._left, self._at = most, env.now

    def take(self, tokens: float = 1) -> bool:
        """Take tokens if there are enough."""
        now = self._env.now
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < tokens:
            return False
        self._left -= tokens
        return True


class Answer(NamedTuple):
    """What became of a request."""

    arrived: float
    seconds: float
    status: int
    cold: bool
    processed: float | None
    """Seconds from its arrival until the worker had its change; None if it made none."""


@dataclass(frozen=True)
class Setup:
    """What is simulated.

    Args:
        cost: of the function that answers.
        worker: of the function that processes.
        memory: of both, in MB.
        warm: environments that are there at the beginning.
        kept: environments that are never ended (provisioned concurrency).
        reserved: the most environments of the function.
        workers: the most environments of the worker.
        throttle: requests a second and at once, of each route; None for no limit.
        routes: how many routes lead to the function; requests take them in turn.
        units: write units a second of the table; None for on demand below its limits.
        start: the platform's part of a cold start is multiplied by it.
        own_start: our part of a cold start is multiplied by it (SnapStart restores it).
        units_each: write units that placing an order takes from the table.
    """

    cost: Cost
    worker: Cost
    memory: int = 512
    warm: int = 0
    kept: int = 0
    reserved: int = 1_000
    workers: int = 10
    throttle: tuple[float, float] | None = None
    routes: int = 1
    units: float | None = None
    start: float = 1.0
    own_start: float = 1.0
    units_each: float = 4.0

    @property
    def share(self) -> float:
        """The part of a processor that a request gets; more than one is of no use to it."""
        return min(1.0, self.memory / FULL_PROCESSOR.value)


class Pool:
    """A function's environments."""

    def __init__(self, env: simpy.Environment, most: int, warm: int, kept: int) -> None:
        """Start with some that are warm; `kept` of them never end."""
        self._env, self._most, self._kept = env, most, kept
        self._idle: list[float] = [env.now] * warm
        self._tokens = Bucket(env, SCALING.value / _REFILL_SECONDS, SCALING.value)
        self.busy = self.started = self.peak = 0

    def take(self) -> bool | None:
        """Take an environment: True when it has to be started, None when there can be none."""
        self._end_idle()
        if self.busy >= self._most:
            return None
        if self._idle:
            self._idle.pop()
            cold = False
        elif not self._tokens.take():
            return None
        else:
            self.started += 1
            cold = True
        self.busy += 1
        self.peak = max(self.peak, self.busy)
        return cold

    def give(self) -> None:
        """Give one back."""
        self.busy -= 1
        self._idle.append(self._env.now)

    def _end_idle(self) -> None:
        ends = self._env.now - IDLE_MINUTES.value * 60
        spare = len(self._idle) + self.busy - self._kept
        while spare > 0 and self._idle and self._idle[0] < ends:
            self._idle.pop(0)
            spare -= 1


@dataclass
class Service:
    """The whole of it, for one run."""

    setup: Setup
    seed: int = 1
    answers: list[Answer] = field(default_factory=list)
    billed: float = 0.0
    """Seconds of functions."""

    def run(self, arrivals: Iterable[float]) -> Service:
        """Simulate requests that arrive at these times, in seconds."""
        env = simpy.Environment()
        setup = self.setup
        self._chance = random.Random(self.seed)  # noqa: S311 - a simulation's dice
        self.pool = Pool(env, setup.reserved, max(setup.warm, setup.kept), setup.kept)
        self.worker_pool = Pool(env, setup.workers, 0, 0)
        self._workers = simpy.Resource(env, setup.workers)
        rate, burst = setup.throttle or (0.0, math.inf)
        self._throttles = [Bucket(env, rate, burst) for _ in range(setup.routes)]
        self._units = (
            None
            if setup.units is None
            else Bucket(env, setup.units, setup.units * BURST_SECONDS.value)
        )
        for number, moment in enumerate(arrivals):
            env.process(self._request(env, moment, self._throttles[number % setup.routes]))
        env.run()
        return self

    def _request(
        self, env: simpy.Environment, moment: float, throttle: Bucket
    ) -> Generator[Any, Any, None]:
        yield env.timeout(moment)
        if not throttle.take():
            self.answers.append(Answer(moment, 0.0, 429, cold=False, processed=None))
            return
        yield env.timeout(GATEWAY.draw(self._chance))
        cold = self.pool.take()
        if cold is None:  # Lambda says 429 to API Gateway, which says 500 to the caller
            self.answers.append(Answer(moment, env.now - moment, 500, cold=False, processed=None))
            return
        status = yield from self._serve(env, cold)
        self.pool.give()
        answered = env.now - moment
        processed = None
        if status == 201:
            yield from self._process(env)
            processed = env.now - moment
        self.answers.append(Answer(moment, answered, status, cold, processed))

    def _serve(self, env: simpy.Environment, cold: bool) -> Generator[Any, Any, int]:  # noqa: FBT001 - a fact, not an option
        cost, setup = self.setup.cost, self.setup
        if cold:
            platform = PLATFORM_START.draw(self._chance) * setup.start
            own = cost.start * setup.own_start  # while it starts, Lambda gives a whole processor
            own += TRANSACTION.draw(self._chance)  # it reads the partners, and so connects
            yield env.timeout(platform + own)
            self.billed += own
        began = env.now
        yield env.timeout((cost.first if cold else cost.warm) / setup.share)
        status = yield from self._write(env)
        self.billed += env.now - began
        return status

    def _write(self, env: simpy.Environment) -> Generator[Any, Any, int]:
        for pause in (*_RETRIES, None):
            yield env.timeout(TRANSACTION.draw(self._chance))
            if self._units is None or self._units.take(self.setup.units_each):
                return 201
            if pause is not None:
                yield env.timeout(pause)
        return 503

    def _process(self, env: simpy.Environment) -> Generator[Any, Any, None]:
        yield env.timeout(STREAM.draw(self._chance) + QUEUE.draw(self._chance))
        with self._workers.request() as turn:
            yield turn
            cold = self.worker_pool.take()
            worker = self.setup.worker
            if cold:
                yield env.timeout(PLATFORM_START.draw(self._chance) + worker.start)
                self.billed += worker.start
            spent = (worker.first if cold else worker.warm) / self.setup.share
            yield env.timeout(spent)
            self.billed += spent
            self.worker_pool.give()


def percentile(values: Iterable[float], percent: float) -> float:
    """Give the value that so many percent do not exceed (nearest rank).

    Raises:
        ValueError: when there are no values.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]
