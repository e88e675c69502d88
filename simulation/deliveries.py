"""How long a partner waits: the way of a change from its POST to the webhook, wait by wait.

POST ─► gateway ─► create_order ─► table ─► stream ─► pipe
                   partner ◄─ notify_partner ◄─ queue ◄─ topic ◄┘

Each wait has a name, what decides it and where that was read. One delivery alone: what partners
that hang do to the others is `simulation.webhooks`. Times are seconds.

`python -m simulation.deliveries` writes the tables of docs/performance/webhooks.md.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from bench import DOCUMENTS, FIGURES, webhooks
from infrastructure.functions import NOTIFYING
from infrastructure.settings import settings_of
from ops.costs import prices
from ops.costs.traffic import Traffic
from orders.settings import WAIT_SPREAD
from project.markdown import table, with_blocks
from simulation.figures import (
    AUTHORITIES,
    CARRIED,
    FULL_PROCESSOR,
    GATEWAY,
    PLATFORM_START,
    POLL,
    QUEUE,
    TRANSACTION,
    cost_of,
)
from simulation.model import percentile
from simulation.scenarios import STAGE
from simulation.webhooks import HANDSHAKE, PARTNER

if TYPE_CHECKING:
    from collections.abc import Iterable

DOCUMENT = DOCUMENTS / "webhooks.md"
RUNS = 4_000
"""Deliveries that each row is made of."""

PLACING = "create_order"
_SETTINGS = settings_of(STAGE)
_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg"
_PIPES = "https://docs.aws.amazon.com/eventbridge/latest/userguide"


class Wait(NamedTuple):
    """One of the waits.

    Args:
        name: what it is called, in this order on the way.
        decides: which setting or default decides it, and how far it goes.
        source: where that was read, or what was measured.
    """

    name: str
    decides: str
    source: str


GATEWAY_WAIT = Wait("API Gateway", "nothing of ours", GATEWAY.source)
START = Wait(
    f"`{PLACING}` starts", "only after a lull or in a burst; our part is code", "`make bench`"
)
WORK = Wait(f"`{PLACING}` works", f"`memory_mb`, {_SETTINGS.memory_mb}", "`make bench`")
WRITE = Wait("DynamoDB writes", "nothing of ours", TRANSACTION.source)
STREAMED = Wait("the stream shows it, the pipe carries it", "nothing of ours", CARRIED.source)
POLLED = Wait(
    "until the pipe looks",
    "four looks a second, fixed. A batching window would add up to 300 s; none is set, the "
    "default is 0, and a batch of 1 is full at once",
    POLL.source,
)
QUEUED = Wait(
    "topic, queue and long poll",
    "Lambda polls long, with five polls at least. A batching window would add up to 300 s; none "
    "is set, and the default is 0",
    f"{_LAMBDA}/services-sqs-parameters.html",
)
NOTIFIER_START = Wait(
    f"`{NOTIFYING}` starts", "only after a lull or in a burst; our part is code", "`make bench`"
)
NOTIFIER_WORK = Wait(
    f"`{NOTIFYING}` works, TLS with it",
    f"`workers.{NOTIFYING}.memory_mb`, {_SETTINGS.memory_of(NOTIFYING)}: at "
    f"{FULL_PROCESSOR.value:,.0f} MB a function has one processor",
    f"{_LAMBDA}/configuration-memory.html",
)
RETRIED = Wait(
    "until the next attempt",
    f"`webhooks.waits`: first {_SETTINGS.webhooks.waits[0]} s, a fifth longer at most; none for "
    "who was slow lately",
    "[decision 20](../decisions/0020-webhooks-fairly.md)",
)
ANSWERED = Wait(
    "the partner: name, connection, answer",
    "the partner; 1 s at the first attempt, 5 s at each other",
    PARTNER.source,
)

WAITS = (
    *(GATEWAY_WAIT, START, WORK, WRITE, STREAMED, POLLED, QUEUED),
    *(NOTIFIER_START, NOTIFIER_WORK, RETRIED, ANSWERED),
)
"""All of them, in their order."""


@dataclass(frozen=True)
class Way:
    """How the function that tells partners is set up.

    Args:
        memory: in MB.
        trusting: whether it loads the certificate authorities while it starts, when Lambda gives it
            a whole processor; else its first delivery does.
    """

    memory: int = _SETTINGS.memory_of(NOTIFYING)
    trusting: bool = True

    @property
    def share(self) -> float:
        """The part of a processor that it has; more than one is of no use to it."""
        return min(1.0, self.memory / FULL_PROCESSOR.value)


BEFORE, NOW = Way(256, trusting=False), Way()
"""As it was until issue 21, and as it is."""


class Case(NamedTuple):
    """What else is the matter.

    Args:
        name: what the tables call it.
        starts: the functions that have to start.
        failed: attempts that the partner answers with 503 before it takes one.
        slow: whether the partner was slow lately, and is left to the queue of retries.
    """

    name: str
    starts: frozenset[str] = frozenset()
    failed: int = 0
    slow: bool = False


USUAL = Case("usual")
LULL = Case("after a lull of minutes", frozenset({NOTIFYING}))
NIGHT = Case("the first order of a morning", frozenset({PLACING, NOTIFYING}))
SLOW = Case("the partner was slow lately", slow=True)
FAILED = Case("the partner answers 503 once", failed=1)
CASES = (USUAL, LULL, NIGHT, SLOW, FAILED)


class _Dice:
    """Chances of each wait for itself: another way or case leaves all other waits as they were."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._of: dict[str, random.Random] = {}

    def of(self, wait: Wait) -> random.Random:
        if wait.name not in self._of:
            named = f"{self._seed} {wait.name}"
            self._of[wait.name] = random.Random(named)  # noqa: S311 - a simulation's dice
        return self._of[wait.name]


def delivery(case: Case, way: Way, seed: int) -> dict[Wait, float]:
    """Draw one delivery; gives the seconds of each wait that it has."""
    dice = _Dice(seed)
    found = _placing(case, dice)
    found[STREAMED] = CARRIED.draw(dice.of(STREAMED))
    found[POLLED] = POLL.draw(dice.of(POLLED))
    return {**found, **_telling(case, way, dice)}


def _placing(case: Case, dice: _Dice) -> dict[Wait, float]:
    cost, cold = cost_of(PLACING), PLACING in case.starts
    share = min(1.0, _SETTINGS.memory_mb / FULL_PROCESSOR.value)
    found = {GATEWAY_WAIT: GATEWAY.draw(dice.of(GATEWAY_WAIT))}
    if cold:  # it reads the partners while it starts
        chance = dice.of(START)
        found[START] = PLATFORM_START.draw(chance) + cost.start + TRANSACTION.draw(chance)
    found[WORK] = (cost.first if cold else cost.warm) / share
    found[WRITE] = TRANSACTION.draw(dice.of(WRITE))
    return found


def _telling(case: Case, way: Way, dice: _Dice) -> dict[Wait, float]:
    cost, cold = cost_of(NOTIFYING), NOTIFYING in case.starts
    attempts = 1 + case.failed
    takes = attempts + case.slow
    found = {QUEUED: sum(QUEUE.draw(dice.of(QUEUED)) for _ in range(takes))}
    if cold:
        authorities = AUTHORITIES.value if way.trusting else 0.0
        start = PLATFORM_START.draw(dice.of(NOTIFIER_START))
        found[NOTIFIER_START] = start + cost.start + authorities
    spent = (cost.first if cold else cost.warm) + (takes - 1) * cost.warm + attempts * HANDSHAKE
    spent += AUTHORITIES.value if cold and not way.trusting else 0.0
    found[NOTIFIER_WORK] = spent / way.share
    if case.failed:
        found[RETRIED] = sum(
            wait * dice.of(RETRIED).uniform(1, 1 + WAIT_SPREAD)
            for wait in _SETTINGS.webhooks.waits[: case.failed]
        )
    found[ANSWERED] = sum(PARTNER.draw(dice.of(ANSWERED)) for _ in range(attempts))
    return found


@cache
def deliveries(case: Case, way: Way = NOW) -> tuple[dict[Wait, float], ...]:
    """Draw many deliveries."""
    return tuple(delivery(case, way, seed) for seed in range(RUNS))


def quantiles(seconds: Iterable[float]) -> tuple[float, float]:
    """Give p50 and p95, in milliseconds."""
    values = [*seconds]
    return 1000 * percentile(values, 50), 1000 * percentile(values, 95)


def total(case: Case, way: Way = NOW) -> tuple[float, float]:
    """Give p50 and p95 from the POST to the partner's answer, in milliseconds."""
    return quantiles(sum(one.values()) for one in deliveries(case, way))


def of_wait(wait: Wait, case: Case, way: Way = NOW) -> tuple[float, float]:
    """Give p50 and p95 of one wait, in milliseconds."""
    return quantiles(one.get(wait, 0.0) for one in deliveries(case, way))


def largest(case: Case, way: Way = NOW) -> Wait:
    """Name the wait that is longest, by its p50."""
    return max(WAITS, key=lambda wait: of_wait(wait, case, way)[0])


def dollars(way: Way) -> float:
    """Give what the function's time costs a month, by the cost model at the stage's load."""
    traffic = Traffic(orders_per_day=_SETTINGS.budget.orders_per_day)
    seconds = traffic.calls()[NOTIFYING] * traffic.milliseconds(NOTIFYING) / 1_000
    return seconds * way.memory / 1_024 * prices.LAMBDA_ARM.dollars


def blocks(measured: dict[str, Any]) -> dict[str, str]:
    """Give the page's tables by their names.

    Args:
        measured: bench's document.
    """
    return {
        "totals": table(["milliseconds", "p50", "p95"], [_total(case) for case in CASES]),
        "waits": _waits(),
        "ways": _ways(),
        "local": _local(measured.get("webhooks", {})),
    }


def _total(case: Case) -> tuple[str, ...]:
    return (case.name, *_shown(total(case)))


def _shown(values: Iterable[float]) -> tuple[str, ...]:
    return tuple(f"{value:,.0f}" for value in values)


def _waits() -> str:
    rows = []
    for wait in WAITS:
        case = next(one for one in (USUAL, NIGHT, FAILED) if wait in delivery(one, NOW, 0))
        rows.append((wait.name, *_shown(of_wait(wait, case)), wait.decides, wait.source))
    return table(["wait", "p50", "p95", "what decides it", "source"], rows)


def _ways() -> str:
    rows = []
    for name, way in WAYS.items():
        own = of_wait(NOTIFIER_WORK, USUAL, way)[0], of_wait(NOTIFIER_WORK, LULL, way)[0]
        both = (*total(USUAL, way), *total(LULL, way))
        more = f"{dollars(way) - dollars(BEFORE):.2f}"
        rows.append((name, *_shown(own), *_shown(both), more))
    head = ["", "its work, usual", "after a lull", "whole way, p50", "p95"]
    return table([*head, "after a lull, p50", "p95", "dollars a month more"], rows)


WAYS = {
    "256 MB, authorities at the first webhook (as it was)": BEFORE,
    "256 MB, authorities while it starts": Way(256),
    "**512 MB, the same (as it is)**": NOW,
    "1,024 MB, the same": Way(1_024),
    "1,769 MB, the same: a whole processor": Way(1_769),
}
"""What was weighed."""


def _local(measured: dict[str, Any]) -> str:
    return table(["milliseconds on the local run", "p50", "p95"], webhooks.as_rows(measured))


def main() -> None:
    """Write the page's tables."""
    measured = json.loads(FIGURES.read_text())
    DOCUMENT.write_text(with_blocks(DOCUMENT.read_text(), blocks(measured)))


if __name__ == "__main__":
    main()
