"""Feature flags for gradual rollouts: one JSON parameter that operators change at any time.

    {"auto-confirm": {"enabled": true, "percent": 12.5, "allow": ["…"], "deny": ["…"],
                      "reason": "first restaurants", "date": "2026-11-23"}}

Whoever is in at some percentage stays in at every higher one, and one flag's share of people is
independent of another's: the bucket is a hash of the flag's name and the person.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import msgspec

from orders.aws.digests import sha256
from orders.named_tuple import NamedTuple
from orders.parameters import Parameter, Unreadable
from orders.settings import FLAGS_PARAMETER, setting

BUCKETS = 10_000
"""How many places there are for subjects: a hundredth of a percent each."""

CUSTOMERS = "customers"
SIGNED_IN = "signed-in customers"
PARTNERS = "partners"
"""Whom a flag is decided for; a partner's own customers are no signed-in ones."""


class Flag(NamedTuple):
    """A flag that the code asks for, and what holds while nobody has set it or it is unreadable."""

    name: str
    default: bool
    subjects: str = CUSTOMERS


AUTO_CONFIRM = Flag("auto-confirm", default=False)
"""Whether the service confirms a customer's order by itself, or the restaurant does."""

ORDER_EDITS = Flag("order-edits", default=True, subjects=SIGNED_IN)
"""Whether a customer may change what an order consists of; moves are not affected."""

PARTNER_WEBHOOKS = Flag("partner-webhooks", default=True, subjects=PARTNERS)
"""Whether a partner is told of its orders; events that come while it is off are not sent later."""

FLAGS = (AUTO_CONFIRM, ORDER_EDITS, PARTNER_WEBHOOKS)
"""Every flag that the code asks for."""

UNREADABLE = "unreadable"
"""Why a default holds: the flags could not be read yet."""


class Rollout(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """For whom a flag is on."""

    enabled: bool
    percent: Annotated[float, msgspec.Meta(ge=0, le=100)] = 100.0
    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    reason: str = ""
    date: str = ""

    def includes(self, flag: str, subject: str) -> bool:
        """Tell whether the flag is on for a customer or a partner; `deny` beats `allow`."""
        if not self.enabled or subject in self.deny:
            return False
        return subject in self.allow or bucket(flag, subject) < self.places

    @property
    def places(self) -> int:
        """The percentage as so many of the BUCKETS, whether it is enabled or not."""
        return round(self.percent * BUCKETS / 100)


class Decision(NamedTuple):
    """Whether a flag is on, and why: `set`, `unset` or `unreadable`."""

    on: bool
    why: str

    def told(self, flag: Flag) -> dict[str, Any]:
        """Give what a log line says of the decision, but not for whom: the line has its own ids."""
        return {"flag": flag.name, "flagOn": self.on, "flagWhy": self.why}


class Flags(Parameter[dict[str, Rollout]]):
    """The flags' parameter."""

    def parse(self, text: str) -> dict[str, Rollout]:
        """Check the parameter's text against the schema above."""
        return parse(text)

    def decide(self, flag: Flag, subject: str) -> Decision:
        """Decide a flag for a customer or a partner, by its id."""
        try:
            rollouts = self.get() or {}
        except Unreadable:
            return Decision(flag.default, UNREADABLE)
        if flag.name not in rollouts:
            return Decision(flag.default, "unset")
        return Decision(rollouts[flag.name].includes(flag.name, subject), "set")


_DECODER = msgspec.json.Decoder(dict[str, Rollout])


def parse(text: str) -> dict[str, Rollout]:
    """Read the parameter's text.

    Raises:
        ValueError: when it does not fit the schema above.
    """
    return _DECODER.decode(text)


def bucket(flag: str, subject: str) -> int:
    """Give the place of a subject among ten thousand, the same for ever for this flag."""
    digest = sha256(f"{flag}\0{subject}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % BUCKETS


@cache
def flags() -> Flags:
    """Open the flags once for this process."""
    return Flags(setting(FLAGS_PARAMETER))
