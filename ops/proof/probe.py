"""How a claim is looked at by a machine: a probe sees, and what it saw is compared.

    probe.look(world) ─► what was seen ┐
                       probe.expected ─┴─► compare ─► holds | differs | unknown, and why

A probe tells what it saw and never what that means: the verdict is made here alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ops.proof.world.world import World


class Verdict(StrEnum):
    """What came of looking."""

    HOLDS = "holds"
    DIFFERS = "differs"
    UNKNOWN = "unknown"
    """It could not be told; the fact says why."""


class Expectation(Protocol):
    """Something that a value fits or not."""

    def fits(self, value: object) -> bool:
        """Tell whether a value is as expected."""


@dataclass(frozen=True)
class AtLeast:
    """A number that is not below another."""

    least: float

    def fits(self, value: object) -> bool:
        """Tell whether a value is such a number."""
        return isinstance(value, int | float) and value >= self.least

    def __str__(self) -> str:
        return f"at least {self.least:g}"


@dataclass(frozen=True)
class AtMost:
    """A number that is not above another."""

    most: float

    def fits(self, value: object) -> bool:
        """Tell whether a value is such a number."""
        return isinstance(value, int | float) and value <= self.most

    def __str__(self) -> str:
        return f"at most {self.most:g}"


@dataclass(frozen=True)
class OneOf:
    """One of some values."""

    values: tuple[object, ...]

    def fits(self, value: object) -> bool:
        """Tell whether a value is one of them."""
        return value in self.values

    def __str__(self) -> str:
        return f"one of {', '.join(map(str, self.values))}"


@dataclass(frozen=True)
class Like:
    """A text that matches a pattern as a whole."""

    pattern: str

    def fits(self, value: object) -> bool:
        """Tell whether a value is such a text."""
        return isinstance(value, str) and re.fullmatch(self.pattern, value, re.DOTALL) is not None

    def __str__(self) -> str:
        return f"like {self.pattern}"


_EXPECTATIONS = (AtLeast, AtMost, OneOf, Like)


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A way of looking at a claim.

    Args:
        claim: its id.
        look: sees something in the world; raises CannotTell where it sees nothing.
        expected: what is seen where the claim holds: values, or expectations, by name.
        seconds: how long it takes on AWS, most of it waiting.
        alone: whether it disturbs others, or is disturbed by them.
        aside: whether it waits for so long that even those are not waited for.
        emulator: why the emulator cannot show it; empty where it can.
        only_on_aws: what of the expected the emulator cannot show (docs/emulator.md has why).
    """

    claim: str
    look: Callable[[World], Mapping[str, object]]
    expected: Mapping[str, object]
    seconds: float = 10
    alone: bool = False
    aside: bool = False
    emulator: str = ""
    only_on_aws: tuple[str, ...] = ()

    def on_the_emulator(self) -> Probe:
        """Give it without what the emulator cannot show."""
        shown_there = {k: v for k, v in self.expected.items() if k not in self.only_on_aws}
        return replace(self, expected=shown_there)

    @property
    def quick(self) -> bool:
        """Whether it needs no long wait, and so is one of `--quick`."""
        return self.seconds <= QUICK_SECONDS


QUICK_SECONDS = 120
"""A probe that takes longer is not one of `--quick`."""


class Fact(NamedTuple):
    """What came of one claim."""

    id: str
    expected: Mapping[str, Any]
    seen: Mapping[str, Any]
    verdict: Verdict
    why: str = ""
    """Why it could not be told, or which of what was seen differs."""
    requests: tuple[str, ...] = ()
    """The ids of the requests that showed it, as AWS's support asks for them."""

    def as_json(self) -> dict[str, Any]:
        """Give it for a report."""
        return {**self._asdict(), "verdict": str(self.verdict), "requests": list(self.requests)}


def shown(expected: Mapping[str, object]) -> dict[str, object]:
    """Write what is expected so that a report can hold it."""
    return {
        name: str(value) if isinstance(value, _EXPECTATIONS) else value
        for name, value in expected.items()
    }


def compare(probe: Probe, seen: Mapping[str, object], requests: tuple[str, ...] = ()) -> Fact:
    """Compare what a probe saw with what it expects.

    What it expects and did not look at makes it unknown; a value beside them is no fault.
    """
    wanted = shown(probe.expected)
    missing = [name for name in probe.expected if name not in seen]
    wrong = [name for name, value in probe.expected.items() if not _fits(value, seen.get(name))]
    verdict, why = Verdict.HOLDS, ""
    if missing:
        verdict, why = Verdict.UNKNOWN, f"It was not looked at: {', '.join(missing)}."
    elif wrong:
        verdict, why = Verdict.DIFFERS, f"Not as expected: {', '.join(wrong)}."
    return Fact(probe.claim, wanted, dict(seen), verdict, why, requests)


def cannot_tell(probe: Probe, why: str, requests: tuple[str, ...] = ()) -> Fact:
    """Give the fact that nothing could be told, and why."""
    return Fact(probe.claim, shown(probe.expected), {}, Verdict.UNKNOWN, why, requests)


def _fits(expected: object, value: object) -> bool:
    if isinstance(expected, _EXPECTATIONS):
        return expected.fits(value)
    if isinstance(expected, bool) or isinstance(value, bool):
        return expected is value  # True is no 1
    return expected == value
