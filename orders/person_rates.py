"""How fast a person may ask, as far as this process has met them: a bucket of tokens for each.

It asks nobody, so it costs no round trip. The sum over all processes is what each lets through; a
firewall counts a person's requests of a minute besides (docs/decisions/0022-fair-shares.md).
"""

from __future__ import annotations

import math
import os
import time
from functools import cache
from typing import TYPE_CHECKING

from orders.domain.lifecycle import Role
from orders.problems import TOO_MANY_REQUESTS, Problem
from orders.settings import PERSON_THROTTLE

if TYPE_CHECKING:
    from orders.callers import Caller

MOST_KNOWN = 1_000
"""Of how many people the buckets are kept: those who asked last.

No bucket is forgotten before it is full again: so many people ask one process in minutes, and a
bucket is full after seconds.
"""


class PersonRates:
    """The people's buckets; each starts full."""

    def __init__(self, rate: float, burst: float) -> None:
        """Let each have so many requests a second in the long run, and so many at once."""
        self._rate, self._burst = rate, burst
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait(self, identity: str) -> float:
        """Take one of a person's tokens; gives the seconds until there is one, 0 if it was taken.

        A clock that is set back fills no bucket. The monotonic one may stand while Lambda freezes
        the process between two requests.
        """
        now = time.time()
        left, at = self._buckets.pop(identity, (self._burst, now))
        left = min(self._burst, left + max(0.0, now - at) * self._rate)
        if len(self._buckets) >= MOST_KNOWN:
            del self._buckets[next(iter(self._buckets))]
        wait = 0.0 if left >= 1 else (1 - left) / self._rate
        self._buckets[identity] = (left if wait else left - 1, now)
        return wait


@cache
def person_rates() -> PersonRates | None:
    """Open the buckets once for this process; None where it was started without a rate."""
    throttle = os.environ.get(PERSON_THROTTLE, "").split()
    return PersonRates(*map(float, throttle)) if throttle else None


def admit(caller: Caller) -> None:
    """Let a caller in; API Gateway counts partners itself, by their keys.

    Raises:
        Problem: `too-many-requests`, when a person has been too quick.
    """
    rates = None if caller.role is Role.PARTNER else person_rates()
    wait = rates.wait(caller.identity) if rates else 0.0
    if wait:
        detail = "You sent more requests at once than one person may; send this one again later"
        after = str(math.ceil(wait))
        raise Problem(TOO_MANY_REQUESTS, detail, headers={"Retry-After": after})
