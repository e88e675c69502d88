"""A run from nothing to nothing: made, looked at, removed; whatever happens in between.

make ─► look ─► remove ─► what is left
  └─ fails, or ^C ─┴──────► remove all the same
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from ops.proof.probe import Fact, Verdict
from ops.reach.aws_errors import explain
from ops.reach.errors import OperatorError
from ops.reach.interrupts import finish_first

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.reach.target import Target

_FAILURES = (OperatorError, ClientError, BotoCoreError, OSError)
WHOLE, INTERRUPTED = "whole", "interrupted"

HOLDS, DIFFERS, CANNOT_TELL = 0, 1, 3
"""Exit codes: all hold; something differs; nothing does, but not all could be told."""


class Stage(Protocol):
    """A stage that is made for a run, and removed after it."""

    def make(self) -> Target:
        """Make it."""

    def remove(self) -> None:
        """Remove it, or what there is of it."""

    def left(self) -> list[str]:
        """List what there still is of it."""


@dataclass
class Outcome:
    """What came of a run."""

    facts: list[Fact] = field(default_factory=list)
    ended: str = WHOLE
    """`whole`, `interrupted`, or why it did not get to its end."""
    left: list[str] = field(default_factory=list)

    @property
    def code(self) -> int:
        """The exit code."""
        verdicts = {fact.verdict for fact in self.facts}
        if Verdict.DIFFERS in verdicts:
            return DIFFERS
        told = self.ended == WHOLE and not self.left and Verdict.UNKNOWN not in verdicts
        return HOLDS if told and self.facts else CANNOT_TELL


def run(stage: Stage, look: Callable[[Target, list[Fact]], None]) -> Outcome:
    """Make a stage, look at it, and remove it.

    Args:
        stage: what is made.
        look: looks at it, and notes each fact as soon as there is one.

    Returns:
        What came of it, also where it was interrupted or failed on its way.
    """
    outcome = Outcome()
    try:
        look(stage.make(), outcome.facts)
    except KeyboardInterrupt:
        outcome.ended = INTERRUPTED
    except _FAILURES as error:
        outcome.ended = explain(error) or str(error)
    with contextlib.suppress(KeyboardInterrupt), finish_first():
        _removed(stage, outcome)
    return outcome


def _removed(stage: Stage, outcome: Outcome) -> None:
    """Remove what was made; what could not be removed is listed, and so is why."""
    try:
        stage.remove()
    except _FAILURES as error:
        outcome.left.append(f"The removal failed: {explain(error) or error}")
    except KeyboardInterrupt:
        outcome.ended = INTERRUPTED
        outcome.left.append("The removal was interrupted.")
    try:
        outcome.left += stage.left()
    except _FAILURES as error:
        outcome.left.append(f"What is left could not be listed: {explain(error) or error}")
