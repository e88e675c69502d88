"""A run ends with nothing left, or says what is left: whatever happens in between."""

from __future__ import annotations

from typing import Any

import pytest

from ops.proof.probe import Fact, Verdict
from ops.proof.running.run import CANNOT_TELL, DIFFERS, HOLDS, Outcome, run
from ops.reach.errors import OperatorError

HELD = Fact("a", {}, {}, Verdict.HOLDS)
OTHER = HELD._replace(verdict=Verdict.DIFFERS)
UNTOLD = HELD._replace(verdict=Verdict.UNKNOWN)


class Stage:
    """A stage of which each step may fail."""

    def __init__(self, **faults: BaseException) -> None:
        self.faults, self.steps = faults, list[str]()
        self.there = ["stack s, CREATE_COMPLETE"]

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if name in self.faults:
            raise self.faults[name]

    def make(self) -> Any:
        self._step("make")

    def remove(self) -> None:
        self._step("remove")
        self.there = []

    def left(self) -> list[str]:
        self._step("left")
        return self.there


def looking(stage: Stage, *facts: Fact) -> Outcome:
    def look(_: Any, seen: list[Fact]) -> None:
        seen.extend(facts)
        stage._step("look")

    return run(stage, look)


def test_a_run_that_goes_well() -> None:
    """It is made, looked at and removed; all holds, and nothing is left."""
    stage = Stage()
    outcome = looking(stage, HELD)
    assert stage.steps == ["make", "look", "remove", "left"]
    assert (outcome.ended, outcome.left, outcome.code) == ("whole", [], HOLDS)


@pytest.mark.parametrize("step", ["make", "look"])
@pytest.mark.parametrize(
    ("fault", "ended"),
    [(KeyboardInterrupt(), "interrupted"), (OperatorError("It broke."), "It broke.")],
    ids=["interrupted", "failed"],
)
def test_what_breaks_is_removed(step: str, fault: BaseException, ended: str) -> None:
    """^C and failures, while it is made or looked at: the stage is removed all the same."""
    stage = Stage(**{step: fault})
    outcome = looking(stage, HELD)
    assert stage.steps[-2:] == ["remove", "left"]
    assert (outcome.ended, outcome.left, outcome.code) == (ended, [], CANNOT_TELL)
    assert outcome.facts == ([HELD] if step == "look" else [])


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), OperatorError("DELETE_FAILED.")])
def test_what_cannot_be_removed_is_listed(fault: BaseException) -> None:
    """A removal that fails or is interrupted: I read what is left, and it is no success."""
    outcome = looking(Stage(remove=fault), HELD)
    assert outcome.left[-1] == "stack s, CREATE_COMPLETE"
    assert outcome.left[0].startswith("The removal ")
    assert outcome.code == CANNOT_TELL


def test_what_cannot_be_listed_is_said() -> None:
    """Whoever cannot be told what is left is told that."""
    outcome = looking(Stage(left=OperatorError("AWS is away.")), HELD)
    assert outcome.left == ["What is left could not be listed: AWS is away."]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ([HELD], HOLDS),
        ([HELD, OTHER, UNTOLD], DIFFERS),
        ([HELD, UNTOLD], CANNOT_TELL),
        ([], CANNOT_TELL),
    ],
)
def test_exit_codes(facts: list[Fact], code: int) -> None:
    """A program reads whether all hold, something differs, or not all could be told."""
    assert Outcome(facts).code == code
