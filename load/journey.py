"""The way of one order, as its people go it: who asks for what, and how long each thinks before.

    buyer  ─► PLACE ─► (REPEAT) ─► READ, LIST … between all that follows ─► (EDIT) ─► (SNOOP)
    staff  ─────────────► MOVE to CONFIRMED ─► … ─► DELIVERED, or another end of the lifecycle

Pure: the dice are given, and nothing is asked of anybody.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from orders.domain.lifecycle import Status

if TYPE_CHECKING:
    from random import Random


class Act(StrEnum):
    """What somebody asks of the API."""

    PLACE = "place"
    REPEAT = "repeat"
    """The placing once more with its key, as an impatient finger does."""
    READ = "read"
    LIST = "list"
    EDIT = "edit"
    MOVE = "move"
    """By whoever handles the order."""
    CANCEL = "cancel"
    """By the buyer."""
    SNOOP = "snoop"
    """Reading an order of somebody else, which must not be there for this caller."""


class Step(NamedTuple):
    """One request: what, seconds of thinking before it, and the status that it moves to."""

    act: Act
    think: float
    to: Status | None = None


class Mix(NamedTuple):
    """How much of what, for each order.

    Args:
        changes: requests that change an order, on average.
        reads: of one order, on average.
        lists: of a page, on average.
        partners: share of people who order through a partner.
        think: seconds that people think before a request, on average.
    """

    changes: float
    reads: float
    lists: float
    partners: float
    think: float


REPEATED = 0.03
"""Share of orders that are placed twice with the same key."""

SNOOPED = 0.05
"""Share of orders whose buyer tries to read somebody else's."""

_SPREAD = 0.8  # of a lognormal: half of all pauses are below 0.7 of the average, some far above

_TO_THE_DOOR = (Status.CONFIRMED, Status.PREPARING, Status.READY, Status.PICKED_UP)
_ENDS: dict[tuple[Status, ...], float] = {
    (*_TO_THE_DOOR, Status.DELIVERED): 0.92,
    (*_TO_THE_DOOR, Status.FAILED): 0.02,
    (Status.REJECTED,): 0.02,
    (Status.CANCELLED,): 0.02,
    (Status.CONFIRMED, Status.CANCELLED): 0.02,
}
"""The moves of an order, and how often orders go that way."""

_MOVES = sum(len(moves) * share for moves, share in _ENDS.items())


def journey(dice: Random, mix: Mix) -> list[Step]:
    """Draw the way of one order; placing it comes first."""
    moves = dice.choices(list(_ENDS), weights=list(_ENDS.values()))[0]
    acts: list[tuple[Act, Status | None]] = [(_act_of(to), to) for to in moves]
    if dice.random() < mix.changes - _MOVES:
        acts.insert(0, (Act.EDIT, None))
    acts = _mingled(dice, acts, _looks(dice, mix))
    if dice.random() < REPEATED:
        acts.insert(0, (Act.REPEAT, None))
    acts.insert(0, (Act.PLACE, None))
    return [Step(act, pause(dice, mix.think), to) for act, to in acts]


def _act_of(to: Status) -> Act:
    return Act.CANCEL if to is Status.CANCELLED else Act.MOVE


def _looks(dice: Random, mix: Mix) -> list[tuple[Act, Status | None]]:
    acts = [Act.READ] * _about(dice, mix.reads) + [Act.LIST] * _about(dice, mix.lists)
    if dice.random() < SNOOPED:
        acts.append(Act.SNOOP)
    return [(act, None) for act in acts]


def _about(dice: Random, average: float) -> int:
    """Draw a number from 0 to twice the average, around it."""
    throws = math.ceil(2 * average)
    return sum(dice.random() * throws < average for _ in range(throws))


def _mingled(
    dice: Random, ordered: list[tuple[Act, Status | None]], others: list[tuple[Act, Status | None]]
) -> list[tuple[Act, Status | None]]:
    """Put others anywhere among what keeps its order."""
    mingled = [*ordered]
    for other in others:
        mingled.insert(dice.randint(0, len(mingled)), other)
    return mingled


def pause(dice: Random, average: float) -> float:
    """Draw the seconds that somebody thinks: lognormal, as people's pauses are, skewed."""
    return average and dice.lognormvariate(math.log(average) - _SPREAD**2 / 2, _SPREAD)
