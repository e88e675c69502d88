"""The same queueing where both can be measured: the local stack, and a simulation of it.

The local stack has four resources that requests wait for. The emulator and the client are one
process each, which does one thing at a time. The machine's processors are shared by both and the
functions. And the emulator has so many requests at their functions at once: the others wait behind
its door. What a request takes of each is measured with few at once, at the door by requests that
go no further. From it the simulation says what many at once see, and the stack is asked whether
that is so.
"""

from __future__ import annotations

import json
import os
import statistics
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import simpy

from infrastructure.settings import STAGES
from local.demo.example import ORDER
from local.inside.patches.lambda_ import requests_at_once
from simulation.model import percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from ops.reach.endpoints import Endpoints

CLIENTS = (5, 20, 60)
"""How many reads are sent at the same moment; a read leaves no work behind, as an order does."""

_THROTTLE = STAGES["dev"].stage_throttle
_ALONE = _THROTTLE.burst
_QUIET_SECONDS = 4.0
_REFILL_SECONDS = _THROTTLE.burst / _THROTTLE.rate
"""After so long the stage's throttle takes as many as before: reads are refused by nothing else."""
_DOOR = "/health"
"""What the gateway answers itself."""
_TIMES = 11
_COMPANY, _GROUPS = 10, 25
_TICKS = os.sysconf("SC_CLK_TCK")


class Demand(NamedTuple):
    """What one request takes, in seconds: of processors by whom, and in all when it is alone."""

    client: float
    door: float
    """The emulator's part for what reaches no function: it reads a request, and answers it."""
    emulator: float
    """The emulator's part for the function's call."""
    function: float
    alone: float


class Compared(NamedTuple):
    """What was predicted and measured for so many at once, in milliseconds."""

    clients: int
    predicted: tuple[float, float]
    measured: tuple[float, float]

    def errors(self) -> tuple[float, float]:
        """Give how far the prediction of p50 and of p95 is off, as shares of the measured."""
        first, second = (p / m - 1 for p, m in zip(self.predicted, self.measured, strict=True))
        return first, second


def compare(stack: Endpoints, emulator: int) -> tuple[Demand, list[Compared]]:
    """Measure the demand of one request, predict many at once, and measure those.

    Args:
        stack: that runs.
        emulator: its process.
    """
    limits = httpx.Limits(max_connections=max(CLIENTS))
    headers = {"x-api-key": stack.partner_api_key}
    with httpx.Client(base_url=stack.api_url, headers=headers, limits=limits, timeout=60) as http:
        path = _order(http)
        at_once(http, path, max(CLIENTS))  # from now on all environments are there
        time.sleep(_QUIET_SECONDS)  # until the order has gone all its way
        demand = _demand(http, path, emulator)
        compared = []
        for clients in CLIENTS:
            measured = [_rested(http, path, clients) for _ in range(_TIMES)]
            pairs = [_quantiles(seconds) for seconds in measured]
            middle = (
                statistics.median(p50 for p50, _ in pairs),
                statistics.median(p95 for _, p95 in pairs),
            )
            compared.append(Compared(clients, predict(demand, clients), middle))
    return demand, compared


def _order(http: httpx.Client) -> str:
    """Place the order that is read; gives its path."""
    key = {"Idempotency-Key": uuid.uuid4().hex}
    placed = http.post("/partner/orders", json=ORDER, headers=key).raise_for_status()
    return f"/partner/orders/{placed.json()['orderId']}"


def _rested(http: httpx.Client, path: str, clients: int) -> list[float]:
    time.sleep(_REFILL_SECONDS)
    return at_once(http, path, clients)


def at_once(http: httpx.Client, path: str, clients: int) -> list[float]:
    """Send so many reads at the same moment; gives the seconds from then to each answer."""

    def read(_: int) -> float:
        http.get(path).raise_for_status()
        return time.perf_counter() - began

    with ThreadPoolExecutor(clients) as pool:
        began = time.perf_counter()
        return [*pool.map(read, range(clients))]


def _demand(http: httpx.Client, path: str, emulator: int) -> Demand:
    """Measure what a read takes of processors, less what the stack takes when it is left alone.

    It is that of reads in company: threads and connections in turn cost more than one of each.
    """
    alone = statistics.median(at_once(http, path, 1)[0] for _ in range(_ALONE))
    idle = _spent_in(emulator, partial(time.sleep, _QUIET_SECONDS))
    door, _ = _in_company(http, _DOOR, emulator, idle)
    client = time.process_time()
    whole, function = _in_company(http, path, emulator, idle)
    client = (time.process_time() - client) / (_GROUPS * _COMPANY)
    return Demand(client, door, max(0.0, whole - door), function, alone)


def _in_company(
    http: httpx.Client, path: str, emulator: int, idle: tuple[float, float]
) -> tuple[float, float]:
    """Measure what one of some at once takes of the emulator, and of its functions."""
    began = time.perf_counter()
    busy = _spent_in(emulator, lambda: [_rested(http, path, _COMPANY) for _ in range(_GROUPS)])
    share, reads = (time.perf_counter() - began) / _QUIET_SECONDS, _GROUPS * _COMPANY
    own, functions = (max(0.0, b - i * share) / reads for b, i in zip(busy, idle, strict=True))
    return own, functions


def _spent_in(emulator: int, act: Callable[[], object]) -> tuple[float, float]:
    """Give the processor time that the emulator and its functions take meanwhile."""
    before = processor_seconds(emulator)
    act()
    own, functions = processor_seconds(emulator)
    return own - before[0], functions - before[1]


def processor_seconds(process: int) -> tuple[float, float]:
    """Give the processor time of a process so far, and that of all that it has started."""
    parents, spent = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            parents[int(entry.name)] = int(fields[1])
            spent[int(entry.name)] = (int(fields[11]) + int(fields[12])) / _TICKS
    return spent[process], sum(
        seconds for one, seconds in spent.items() if _is_below(one, process, parents)
    )


def _is_below(process: int, ancestor: int, parents: dict[int, int]) -> bool:
    while (process := parents.get(process, 0)) > 1:
        if process == ancestor:
            return True
    return False


def predict(demand: Demand, clients: int, processors: int | None = None) -> tuple[float, float]:
    """Simulate so many requests at the same moment; gives p50 and p95 in milliseconds."""
    env = simpy.Environment()
    processors = processors or os.cpu_count() or 1
    cores = simpy.Resource(env, processors)
    client, emulator = simpy.Resource(env, 1), simpy.Resource(env, 1)
    functions = simpy.Resource(env, requests_at_once(processors))
    waits = max(0.0, demand.alone - sum(demand[:-1]))
    taken: list[float] = []

    def request() -> Generator[Any, Any, None]:
        yield from _in_turn(env, client, cores, demand.client / 2)
        yield from _in_turn(env, emulator, cores, demand.door / 2)
        with functions.request() as turn:
            yield turn
            yield from _in_turn(env, emulator, cores, demand.emulator / 2)
            yield from _use(env, cores, demand.function)
            yield from _in_turn(env, emulator, cores, demand.emulator / 2)
        yield from _in_turn(env, emulator, cores, demand.door / 2)
        yield env.timeout(waits)
        yield from _in_turn(env, client, cores, demand.client / 2)
        taken.append(env.now)

    for _ in range(clients):
        env.process(request())
    env.run()
    return _quantiles(taken)


def _in_turn(
    env: simpy.Environment, process: simpy.Resource, cores: simpy.Resource, seconds: float
) -> Generator[Any]:
    """Wait for a process that does one thing at a time, and then for a processor for it."""
    with process.request() as turn:
        yield turn
        yield from _use(env, cores, seconds)


def _use(env: simpy.Environment, resource: simpy.Resource, seconds: float) -> Generator[Any]:
    with resource.request() as turn:
        yield turn
        yield env.timeout(seconds)


def _quantiles(seconds: list[float]) -> tuple[float, float]:
    return 1000 * percentile(seconds, 50), 1000 * percentile(seconds, 95)


def again(validation: Mapping[str, Any]) -> dict[str, Any]:
    """Predict once more what was measured then; gives it in the form of `as_json`."""
    demand = Demand(**validation["demand"])
    compared = [
        Compared(one["clients"], predict(demand, one["clients"]), tuple(one["measured"]))
        for one in validation["compared"]
    ]
    return as_json(demand, compared)


def as_json(demand: Demand, compared: list[Compared]) -> dict[str, Any]:
    """Put it into a form that JSON takes."""
    rows = [{**one._asdict(), "errors": one.errors()} for one in compared]
    return json.loads(json.dumps({"demand": demand._asdict(), "compared": rows}))  # type: ignore[no-any-return] # JSON is Any
