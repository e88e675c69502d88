"""The partners that lately kept this process waiting, who are not waited for again so soon."""

from __future__ import annotations

import time
from functools import cache

PATIENCE_SECONDS = 1.0
"""How long a first attempt may take: so long, at most, one endpoint keeps a function from others.

Whoever needs more gets it from the queue of retries, where only those wait that need more.
"""

REMEMBERED_SECONDS = 300.0
"""How long a slow partner's events go to the retries without a first attempt."""


class SlowPartners:
    """The slow ones, as far as this process has met them."""

    def __init__(self) -> None:
        """Know none."""
        self._until: dict[str, float] = {}

    def includes(self, partner_id: str) -> bool:
        """Tell whether a partner has been slow lately."""
        return self._until.get(partner_id, 0.0) > time.monotonic()

    def took(self, partner_id: str, seconds: float) -> None:
        """Remember how long an attempt took: the last one counts."""
        if seconds < PATIENCE_SECONDS:
            self._until.pop(partner_id, None)
        else:
            self._until[partner_id] = time.monotonic() + REMEMBERED_SECONDS


@cache
def slow_partners() -> SlowPartners:
    """Open the memory once for this process."""
    return SlowPartners()
