"""Runs many cases for one target, and finds the smallest case for each thing that is wrong.

Hypothesis makes the cases of `make test` out of the same generators. It takes several times as long
for a case as a handler does, so here dice are thrown, and what they showed is made smaller.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fuzz.judge import findings
from tests.fuzz.making.generators import GENERATORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fuzz.cases import Case
    from tests.fuzz.world import World

_MOST_TRIES = 1_000  # to make one case smaller


@dataclass
class Tally:
    """What the cases for one target came to."""

    target: str
    cases: int = 0
    worst_seconds: float = 0.0
    worst_megabytes: float = 0.0
    found: dict[str, Case] = field(default_factory=dict)
    """The smallest case for each finding."""

    def add(self, other: Tally) -> None:
        """Take in what more cases came to."""
        self.cases += other.cases
        self.worst_seconds = max(self.worst_seconds, other.worst_seconds)
        self.worst_megabytes = max(self.worst_megabytes, other.worst_megabytes)
        self.found = {**other.found, **self.found}


class Campaign:
    """Cases for one target, from one seed."""

    def __init__(self, world: World, target: str, seed: str) -> None:
        """Prepare it.

        Args:
            world: where the cases run.
            target: whom they are for.
            seed: the same cases come of the same one.
        """
        self.tally = Tally(target)
        self._world = world
        self._random = random.Random(seed)

    def run(self, cases: int) -> Tally:
        """Run so many cases, and those that make the findings small."""
        for _ in range(cases):
            thrown: list[int] = []
            for name in self._found_by(self._dice(thrown)):
                if name not in self.tally.found:
                    self.tally.found[name] = self._smallest(name, thrown)
        return self.tally

    def _dice(self, thrown: list[int]) -> Case:
        def throw(below: int) -> int:
            thrown.append(self._random.randrange(below) if below > 1 else 0)
            return thrown[-1]

        return GENERATORS[self.tally.target](throw)

    def _found_by(self, case: Case) -> list[str]:
        outcome = self._world.run(case)
        tally = self.tally
        tally.cases += 1
        tally.worst_seconds = max(tally.worst_seconds, outcome.seconds)
        tally.worst_megabytes = max(tally.worst_megabytes, outcome.megabytes)
        return findings(case, outcome)

    def _smallest(self, name: str, thrown: list[int]) -> Case:
        """Leave choices out, and choose what comes earlier, as long as the finding stays."""
        target, left = self.tally.target, _MOST_TRIES

        def stays(smaller: list[int]) -> bool:
            nonlocal left
            left -= 1
            return left > 0 and name in self._found_by(replayed(target, smaller))

        best, before = thrown, None
        while best != before:
            before = best
            best = _earlier(_shorter(best, stays), stays)
        return replayed(target, best)


def replayed(target: str, thrown: list[int]) -> Case:
    """Make the case that comes of choices; those that are missing are the first ones."""
    left = iter(thrown)
    return GENERATORS[target](lambda below: min(next(left, 0), max(below - 1, 0)))


def _shorter(thrown: list[int], stays: Callable[[list[int]], bool]) -> list[int]:
    """Leave out halves, quarters and so on down to single choices."""
    size = len(thrown)
    while size:
        start = 0
        while start < len(thrown):
            shorter = thrown[:start] + thrown[start + size :]
            if stays(shorter):
                thrown = shorter
            else:
                start += size
        size //= 2
    return thrown


def _earlier(thrown: list[int], stays: Callable[[list[int]], bool]) -> list[int]:
    """Make each choice the first, or else half as late, or else one earlier."""
    for place in range(len(thrown)):
        for less in (0, thrown[place] // 2, thrown[place] - 1):
            earlier = [*thrown[:place], less, *thrown[place + 1 :]]
            if 0 <= less < thrown[place] and stays(earlier):
                thrown = earlier
    return thrown
