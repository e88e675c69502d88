"""What CloudFormation asks the gate for: which versions, against what, how thoroughly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orders.custom_resource import Refused
from orders.named_tuple import NamedTuple
from orders.release_gate import SKIP

if TYPE_CHECKING:
    from collections.abc import Mapping

WORKERS = ("process_order", "notify_partner")
PLACING, READING, LISTING, CHANGING = "create_order", "get_order", "list_orders", "update_order"
REQUESTED = (PLACING, READING, LISTING, CHANGING)


_ENVIRONMENTS = 5


class Candidate(NamedTuple):
    """A function with a version that is to go live."""

    function: str
    """What Lambda calls it."""
    version: str
    """The new one's number."""
    before: str | None
    """The number that the last deployment made live; None where that had no such function."""


class Plan(NamedTuple):
    """All that the gate goes by."""

    candidates: dict[str, Candidate]
    """By the name of the handler's module."""
    alias: str
    rounds: int
    slow_factor: float
    """How many times as long as the live version the new one may take."""
    table: str
    """Of the partners."""
    origin: str
    """A web origin that may call."""
    quotes: bool
    """Whether a customer's price quote is looked at."""
    environments: int = _ENVIRONMENTS
    """How many of each new version have started before anybody meets one."""


def skipped(properties: Mapping[str, Any]) -> bool:
    """Tell whether whoever deploys has said that the gate is not to look."""
    return properties.get("Gate") == SKIP


def goes_back(properties: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Tell whether an update brings no version that is above the one before.

    CloudFormation takes a failed update back by an update to the old properties. Whatever went
    live before has been asked before; and were it refused, the stack would be stuck.

    Args:
        properties: those that are to hold.
        old: those that have held so far, if only for a moment.
    """
    now, before = _numbers(properties), _numbers(old)
    common = now.keys() & before.keys()
    if not common or any(now[name] > before[name] for name in common):
        return False
    return now.keys() <= before.keys() or any(now[name] < before[name] for name in common)


def _numbers(properties: Mapping[str, Any]) -> dict[str, int]:
    """Read the versions' numbers, as far as there are any: this must not fail."""
    functions = properties.get("Functions")
    found: dict[str, int] = {}
    for name, entry in functions.items() if isinstance(functions, dict) else ():
        version = entry.get("Version") if isinstance(entry, dict) else None
        if isinstance(version, str) and version.isascii() and version.isdigit():
            found[name] = int(version)
    return found


def plan_of(properties: Mapping[str, Any], old: Mapping[str, Any]) -> Plan:
    """Read what is to be asked.

    Raises:
        Refused: when it cannot be told.
    """
    numbers, before = _numbers(properties), _numbers(old)
    missing = [name for name in (*REQUESTED, *WORKERS) if name not in numbers]
    if missing:
        raise Refused(f"The release names no version of {', '.join(missing)}.")
    try:
        return Plan(
            {
                name: Candidate(
                    properties["Functions"][name]["Name"],
                    str(number),
                    str(before[name]) if name in before else None,
                )
                for name, number in numbers.items()
            },
            properties["Alias"],
            int(properties["Rounds"]),
            float(properties["SlowFactor"]),
            properties["Table"],
            properties["Origin"],
            properties["Quotes"] != "off",
            int(properties.get("Environments", _ENVIRONMENTS)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(f"The gate's properties are not right: {type(error).__name__}.") from None
