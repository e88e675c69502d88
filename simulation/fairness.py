"""One hostile caller against everybody else: who is served when both ask for what they may.

    hostile ─► own bucket ─┐
                           ├─► what all share ─► served, or refused
    others: four fifths ───┘

`contests` sets a caller at its own limit against all others for each shared thing. `passes` lets a
person send as much as the firewall and the functions' buckets let through, which is more than its
limit until the firewall has noticed. Times are seconds.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

import simpy

from infrastructure.functions import Caller, names
from infrastructure.request_units import CAPACITIES, most_of
from infrastructure.settings import STAGES
from infrastructure.shares import HELD_SECONDS, MESSAGE_SECONDS, PERSON_SECONDS, QUOTA_DAYS
from orders import person_rates
from orders.domain.lifecycle import Role
from orders.person_rates import PersonRates
from orders.routes import ROUTES
from orders.slow_partners import PATIENCE_SECONDS
from project.checkout import ROOT
from project.markdown import table, with_blocks
from simulation.model import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from infrastructure.settings import Settings, Throttle

DOCUMENT = ROOT / "docs/decisions/0022-fair-shares.md"

OTHERS_SHARE = 0.8
"""What is left to everybody else, of each shared thing."""

SECONDS, STEP = 5, 0.1
_MOST_SENT = 1_000  # requests that a hostile caller sends in each step: more than anybody lets in
_TOKEN = 1 - 1e-6  # of which floating point leaves a little less than it should
_PORTIONS = 500  # in which the others ask for a second's worth: small ones, so that one is refused

REFUSED_SECONDS, SERVED_SECONDS = 0.002, 0.015
"""How long a function does to refuse a request, and to serve one (ops/costs/traffic.py)."""

FIREWALL_LOOKS, FIREWALL_LAG = 10, 30
"""How often AWS WAF looks at the rates, and how late it usually is ("below 30 seconds")."""


class Contest(NamedTuple):
    """A shared thing, and a hostile caller with what limits it.

    Args:
        caller: who is hostile.
        thing: what all share.
        shared: how much of it there is, a second and at once; only a second's, where it is counted.
        own: the caller's own limit, in requests.
        cost: what one request of the caller takes of the thing.
        counted: whether each second is counted for itself, rather than by a bucket.
    """

    caller: str
    thing: str
    shared: tuple[float, float]
    own: tuple[float, float]
    cost: float = 1.0
    counted: bool = False


class Outcome(NamedTuple):
    """How the others fared."""

    contest: Contest
    asked: float
    served: float

    @property
    def spoilt(self) -> bool:
        """Whether others were refused within their four fifths."""
        return self.served < self.asked - 1e-6


def contests(settings: Settings) -> Iterator[Contest]:
    """Set each kind of caller against the others for each thing that they share."""
    callers: list[tuple[str, Role, Throttle, Callable[[Iterable[float]], float]]] = [
        (f"a partner on {name}", Role.PARTNER, plan.throttle, max)
        for name, plan in settings.plans.items()
    ]
    callers.append(("a person", Role.CUSTOMER, settings.person_throttle, sum))
    for caller, role, throttle, together in callers:
        yield from _requests(settings, caller, role, throttle)
        for capacity in CAPACITIES:
            ceiling = settings.capacity.ceiling_of(capacity.verb)
            cost = together(most_of(name, capacity) for name in names(Caller.API))
            limits = throttle.rate, throttle.burst
            yield Contest(caller, str(capacity), (ceiling, ceiling), limits, cost, counted=True)
        yield from _held(settings, caller, role, throttle)
    yield from _addresses(settings)
    yield from _waiting(settings)


def _requests(settings: Settings, caller: str, role: Role, throttle: Throttle) -> Iterator[Contest]:
    for route in ROUTES:
        if route.by_key == (role is Role.PARTNER):
            limit = settings.throttle_of(route)
            shared = limit.rate, limit.burst
            own = throttle.rate, throttle.burst
            yield Contest(caller, f"{route.method} {route.path}", shared, own)


def _held(settings: Settings, caller: str, role: Role, throttle: Throttle) -> Iterator[Contest]:
    """Say what is held for up to a second: whoever comes within it finds the place taken."""
    own = throttle.rate, throttle.burst
    for name in names(Caller.API):
        most = settings.reserved_concurrency.get(name) or settings.unreserved
        shared = most / HELD_SECONDS, most
        yield Contest(caller, f"the executions of {name}", shared, own, counted=True)
    for name, worker in settings.workers.items():
        seconds = PATIENCE_SECONDS if name == "notify_partner" else MESSAGE_SECONDS
        if name == "notify_partner" and role is Role.CUSTOMER:
            continue  # nobody hears of a person's orders by webhook
        # What is sent at once waits in the queue: its rate alone keeps workers busy.
        most = worker.most_at_once
        evened = throttle.rate / 2, throttle.rate / 2
        thing = f"the executions of {name}"
        yield Contest(caller, thing, (most, most), evened, seconds, counted=True)
    # A queue that waits fills its batches, whose messages are sent at the same time.
    worker = settings.workers["notify_partner"]
    most = settings.webhooks.restaurants_at_once * worker.batch_size
    evened = throttle.rate / 2, throttle.rate / 2
    thing = "the executions that tell who serves orders"
    yield Contest(caller, thing, (most, most), evened, PATIENCE_SECONDS, counted=True)


def _addresses(settings: Settings) -> Iterator[Contest]:
    limits = settings.address_limits
    both = {Role.CUSTOMER: limits.customers, Role.PARTNER: limits.partners}
    for role, most in both.items():
        rate = most / 300
        for route in (own for own in ROUTES if own.by_key == (role is Role.PARTNER)):
            limit = settings.throttle_of(route)
            shared = limit.rate, limit.burst
            yield Contest("an address", f"{route.method} {route.path}", shared, (rate, rate))
        for capacity in CAPACITIES:
            ceiling = settings.capacity.ceiling_of(capacity.verb)
            cost = max(most_of(name, capacity) for name in names(Caller.API))
            # Its rate in the long run: half of it at once, and half within the second.
            shared, own = (ceiling, ceiling), (rate / 2, rate / 2)
            yield Contest("an address", str(capacity), shared, own, cost, counted=True)


def _waiting(settings: Settings) -> Iterator[Contest]:
    """Let messages wait as long as they may: nothing of it comes back within that time."""
    most = settings.hidden_messages_quota
    for name, plan in settings.plans.items():
        quota = QUOTA_DAYS * plan.daily_quota
        thing = "messages that wait in partner-retries"
        yield Contest(f"a partner on {name}", thing, (0, most), (0, 1), quota)


class _Counter:
    """So much in each second, whatever the second before left."""

    def __init__(self, env: simpy.Environment, most: float) -> None:
        self._env, self._most = env, most
        self._second, self._left = 0, most

    def take(self, amount: float = 1) -> bool:
        # What comes at the end of a second belongs to it.
        second = max(0, math.ceil(self._env.now - STEP / 2) - 1)
        if second != self._second:
            self._second, self._left = second, self._most
        if self._left < amount:
            return False
        self._left -= amount
        return True


@cache
def outcome(contest: Contest) -> Outcome:
    """Let the hostile caller ask first, always, and the others for their four fifths after it."""
    env = simpy.Environment()
    rate, burst = contest.shared
    shared = _Counter(env, rate) if contest.counted else Bucket(env, rate, burst)
    own = Bucket(env, *contest.own)
    asked, served, portion = 0.0, 0.0, (rate or burst) / _PORTIONS
    wanted = 0.0 if contest.counted else OTHERS_SHARE * burst

    def run() -> Generator[simpy.Event, Any, None]:
        nonlocal asked, served, wanted
        for _ in range(round(SECONDS / STEP)):
            for _ in range(_MOST_SENT):
                if not own.take(_TOKEN) or not shared.take(contest.cost):
                    break
            while wanted >= portion:
                wanted -= portion
                asked += portion
                served += portion * shared.take(portion * _TOKEN)
            yield env.timeout(STEP)
            wanted += OTHERS_SHARE * rate * STEP

    env.process(run())
    env.run()
    return Outcome(contest, asked, served)


def spoilt(settings: Settings) -> list[Outcome]:
    """Give those contests in which others were refused within their four fifths."""
    return [one for one in map(outcome, contests(settings)) if one.spoilt]


class Attack(NamedTuple):
    """How a person sends: so many requests at one moment, and so long until the next ones."""

    name: str
    at_once: int
    pause: float


ATTACKS = (
    Attack("one after the other", 1, 0.01),
    Attack("ten at once", 10, 0.1),
    Attack("as many at once as the route takes", 150, 1.0),
)


class Passed(NamedTuple):
    """Requests a second of one person that came as far as the tables."""

    processes: int
    before: float
    after: float
    worst: float
    """In the worst second."""


def passes(settings: Settings, attack: Attack, *, firewall: bool, seconds: int = 300) -> Passed:
    """Let one person send to one route for some minutes, whatever is answered.

    Returns:
        How many processes it kept busy; what passed a second in the first half minute, and in
        the last two minutes.
    """
    now, clock = 0.0, SimpleNamespace(time=lambda: now)
    with mock.patch.object(person_rates, "time", clock):
        env = simpy.Environment()
        functions = _Functions(settings)
        route = Bucket(env, settings.placing_throttle.rate, settings.placing_throttle.burst)
        wall = _Firewall(settings.person_limit if firewall else None)
        passed: list[float] = []
        while now < seconds:
            env.run(until=now + 1e-9)
            passed += [
                now
                for _ in range(attack.at_once)
                if wall.passes(now) and route.take() and functions.serves(now)
            ]
            now += attack.pause
    by_second = Counter(map(int, passed))
    counts = [by_second[second] for second in range(seconds)]
    late = counts[-120:]
    return Passed(
        len(functions.processes), sum(counts[:30]) / 30, sum(late) / len(late), max(counts)
    )


class _Functions:
    """The execution environments of one function: the one that was busy last is taken first."""

    def __init__(self, settings: Settings) -> None:
        throttle = settings.person_throttle
        self._limits = throttle.rate, throttle.burst
        self.processes: list[PersonRates] = []
        self._idle: list[int] = []
        self._busy: list[tuple[float, int]] = []

    def serves(self, now: float) -> bool:
        while self._busy and self._busy[0][0] <= now:
            self._idle.append(heapq.heappop(self._busy)[1])
        if not self._idle:
            self._idle.append(len(self.processes))
            self.processes.append(PersonRates(*self._limits))
        number = self._idle.pop()
        served = self.processes[number].wait("hostile") == 0
        heapq.heappush(self._busy, (now + (SERVED_SECONDS if served else REFUSED_SECONDS), number))
        return served


class _Firewall:
    """AWS WAF: it counts a minute's requests, looks now and then, and knows it late."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._arrived: list[float] = []
        self._blocks = False
        self._looked = 0.0

    def passes(self, now: float) -> bool:
        if self._limit is None:
            return True
        self._arrived.append(now)
        if now - self._looked >= FIREWALL_LOOKS:
            self._looked = now
            known = now - FIREWALL_LAG
            begin = known - PERSON_SECONDS
            self._arrived = [at for at in self._arrived if at > begin]
            self._blocks = sum(at <= known for at in self._arrived) > self._limit
        return not self._blocks


def _shares_block(settings: Settings) -> str:
    """Write what each caller takes of each kind of thing, and how the others fared."""
    rows: dict[tuple[str, str], tuple[float, bool]] = {}
    for one in map(outcome, contests(settings)):
        contest = one.contest
        (rate, burst), (own_rate, own_burst) = contest.shared, contest.own
        if contest.counted:
            taken = (own_rate + own_burst) * contest.cost / rate
        else:
            taken = max(own_burst / burst, own_rate / rate if rate else 0.0) * contest.cost
        key = contest.caller, _kind(contest.thing)
        most, bad = rows.get(key, (0.0, False))
        rows[key] = max(most, taken), bad or one.spoilt
    told = [
        [caller, thing, f"{most:.1%}", "yes" if bad else "no"]
        for (caller, thing), (most, bad) in rows.items()
    ]
    return table(["caller", "of", "takes at most", "others refused"], told)


def _kind(thing: str) -> str:
    """Put the tables and indexes together, and the routes."""
    if thing.startswith(("the reads", "the writes")):
        return f"{thing.partition(' of ')[0]} of a table or index"
    return "a route" if "/" in thing else thing


def _passes_block(settings: Settings) -> str:
    rows = []
    for attack in ATTACKS:
        for firewall in (False, True):
            one = passes(settings, attack, firewall=firewall)
            numbers = [f"{value:.1f}" for value in (one.before, one.after)]
            wall = "yes" if firewall else "no"
            rows.append([attack.name, wall, str(one.processes), *numbers, str(one.worst)])
    head = ["it sends", "firewall", "processes", "first 30 s", "last 120 s", "worst second"]
    return table(head, rows)


def blocks() -> dict[str, str]:
    """Write the tables of the document."""
    settings = STAGES["prod"]
    return {"shares": _shares_block(settings), "passes": _passes_block(settings)}


if __name__ == "__main__":
    DOCUMENT.write_text(with_blocks(DOCUMENT.read_text(), blocks()))
