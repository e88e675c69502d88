"""What was asked and answered, written down as it happens: an end at any moment loses nothing.

swarm ─► one JSON line for each event ─► Ledger ─► load.accounting
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable


LEDGER, FIGURES, PAGE = "ledger.jsonl", "figures.json", "locust.html"
"""The files that the swarm leaves: this, what it measured, and Locust's own report."""


class Owner(NamedTuple):
    """Whose orders: `customer` or `partner`, and the id that orders show."""

    role: str
    identity: str


class Fault(StrEnum):
    """What must not happen to any request, however often it is repeated."""

    SERVER_ERROR = "5xx"
    STRANGER = "a stranger's order"
    UNEXPECTED = "unexpected answer"
    UNANSWERED = "no answer"


class Writer(Protocol):
    """Where events go."""

    def __call__(self, event: str, **fields: Any) -> None:
        """Write one event down."""


@dataclass
class Placing:
    """What became of one Idempotency-Key.

    Args:
        owner: who placed.
        order_ids: those that 201s named, in their order.
        statuses: that the API acknowledged, moved by these people.
    """

    owner: Owner
    order_ids: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)

    @property
    def order_id(self) -> str | None:
        """The order that was acknowledged first; None when none was."""
        return self.order_ids[0] if self.order_ids else None


@dataclass
class Ledger:
    """All placings by key, and all faults."""

    placings: dict[str, Placing] = field(default_factory=dict)
    faults: list[tuple[Fault, str]] = field(default_factory=list)

    def take(self, line: str) -> None:
        """Take one event as it was written; of a line that was cut off by an end, nothing."""
        try:
            event = json.loads(line)
        except ValueError:
            return
        match event.pop("event"):
            case "placing":
                owner = Owner(event["role"], event["identity"])
                self.placings.setdefault(event["key"], Placing(owner))
            case "placed":
                self.placings[event["key"]].order_ids.append(event["order_id"])
            case "moved":
                self.placings[event["key"]].statuses.append(event["status"])
            case "fault":
                self.faults.append((Fault(event["kind"]), event["detail"]))


def read(lines: Iterable[str]) -> Ledger:
    """Read a whole ledger."""
    ledger = Ledger()
    for line in lines:
        ledger.take(line)
    return ledger
