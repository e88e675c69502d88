"""A variable is changed where callers meet it, and a change that ends half-way leaves nothing."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from ops.live.function_variables import (
    MARK,
    ChangedMeanwhileError,
    as_deployed,
    change,
    changed,
    look,
)
from ops.reach.errors import OperatorError
from tests.unit.ops.functions import Functions, refused

NAME = "create"
DEPLOYED = {"LEVEL": "INFO", "TABLE": "orders"}
DEBUG = {"LEVEL": "DEBUG", "TABLE": "orders", MARK: '{"LEVEL":"INFO"}'}


class Killed(BaseException):
    """What no command can see coming."""


class Steps:
    """Functions of which each call is a step; before one of them something happens."""

    def __init__(self, functions: Functions, step: int, happens: Any) -> None:
        self._functions, self._step, self._happens = functions, step, happens
        self._steps = itertools.count(1)

    def __getattr__(self, operation: str) -> Any:
        called = getattr(self._functions, operation)

        def call(*names: Any, **given: Any) -> Any:
            if next(self._steps) == self._step:
                self._happens()
            return called(*names, **given)

        return call


@pytest.fixture
def functions() -> Functions:
    return Functions({NAME: DEPLOYED})


def set_level(functions: Any, level: str | None) -> None:
    change(functions, look(functions, NAME), "LEVEL", level)


def test_callers_meet_what_is_changed(functions: Functions) -> None:
    """The version that is called has the new value; the next deployment publishes the old one."""
    set_level(functions, "DEBUG")
    assert functions.called(NAME) == DEBUG
    assert functions.itself(NAME) == DEPLOYED


def test_what_is_put_back_is_the_version_that_was_deployed(functions: Functions) -> None:
    """Nothing is left of a change that is taken back: not even another version."""
    before = functions.get_alias(FunctionName=NAME, Name="live")["FunctionVersion"]
    set_level(functions, "DEBUG")
    set_level(functions, "INFO")
    assert functions.called(NAME) == DEPLOYED
    assert functions.get_alias(FunctionName=NAME, Name="live")["FunctionVersion"] == before
    set_level(functions, "DEBUG")
    assert len(functions.versions[NAME]) == 2  # the same two again


def test_two_changes_go_together_and_apart(functions: Functions) -> None:
    """Each variable is put back by itself, whichever was changed first."""
    set_level(functions, "DEBUG")
    change(functions, look(functions, NAME), "ADDED", "x")
    assert functions.called(NAME) == {**DEBUG, "ADDED": "x", MARK: '{"ADDED":null,"LEVEL":"INFO"}'}
    set_level(functions, "INFO")
    assert functions.called(NAME) == {**DEPLOYED, "ADDED": "x", MARK: '{"ADDED":null}'}
    change(functions, look(functions, NAME), "ADDED", None)
    assert functions.called(NAME) == DEPLOYED
    assert functions.itself(NAME) == DEPLOYED


def test_a_variable_can_be_taken_away(functions: Functions) -> None:
    """One that a deployment has set can be missing for a while."""
    set_level(functions, None)
    assert functions.called(NAME) == {"TABLE": "orders", MARK: '{"LEVEL":"INFO"}'}
    assert as_deployed(functions.called(NAME)) == DEPLOYED


def test_a_function_that_is_called_as_it_is_changes_itself() -> None:
    """In a stage of a release before there were versions a level changes as it did."""
    functions = Functions({NAME: DEPLOYED}, released=False)
    set_level(functions, "DEBUG")
    assert functions.itself(NAME)["LEVEL"] == "DEBUG"
    assert not functions.versions[NAME]
    set_level(functions, "INFO")
    assert functions.itself(NAME) == DEPLOYED


def test_a_deployment_sets_the_level_of_before(functions: Functions) -> None:
    """What was deployed next has what the settings say, though the last one was changed."""
    set_level(functions, "DEBUG")
    functions.deploy(NAME, code="next", **functions.itself(NAME))
    assert functions.called(NAME) == DEPLOYED


def steps_of(level: str) -> int:
    """Count the steps of a change of the level from INFO."""
    counted: list[int] = []
    for step in itertools.count(1):
        functions = Functions({NAME: DEPLOYED})
        set_level(Steps(functions, step, lambda: counted.append(step)), level)  # noqa: B023
        if counted[-1:] != [step]:
            return step - 1
    raise AssertionError


STEPS = range(1, steps_of("DEBUG") + 1)
LOOKED = STEPS[:-3]
"""Those after one has looked."""


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_command_leaves_callers_as_they_were(functions: Functions, step: int) -> None:
    """Before its last step nobody meets anything of it; repeated, it does its work, whole."""

    def die() -> None:
        raise Killed

    with pytest.raises(Killed):
        set_level(Steps(functions, step, die), "DEBUG")
    assert functions.called(NAME) == DEPLOYED
    set_level(functions, "DEBUG")
    assert functions.called(NAME) == DEBUG
    assert functions.itself(NAME) == DEPLOYED


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_command_is_mended_by_any_other(functions: Functions, step: int) -> None:
    """Where it left the function itself changed, the next change of whatever puts that back."""

    def die() -> None:
        functions.update_function_configuration = deny  # type: ignore[method-assign]
        raise Killed

    def deny(**_: Any) -> None:
        raise Killed

    with pytest.raises(Killed):
        set_level(Steps(functions, step, die), "DEBUG")
    del functions.update_function_configuration
    change(functions, look(functions, NAME), "TABLE", "others")
    assert functions.called(NAME) == {**DEPLOYED, "TABLE": "others", MARK: '{"TABLE":"orders"}'}
    assert functions.itself(NAME) == DEPLOYED


@pytest.mark.parametrize("step", LOOKED)
def test_of_two_operators_the_second_is_told(functions: Functions, step: int) -> None:
    """Whoever comes between two steps of another has all of theirs, and the other knows."""
    start = look(functions, NAME)

    def theirs() -> None:
        change(functions, look(functions, NAME), "LEVEL", "ERROR")

    mine = Steps(functions, step, theirs)
    with pytest.raises(ChangedMeanwhileError):
        change(mine, start, "LEVEL", "DEBUG")
    assert functions.called(NAME)["LEVEL"] == "ERROR"
    assert functions.itself(NAME) == DEPLOYED


@pytest.mark.parametrize("step", LOOKED)
def test_a_deployment_meanwhile_wins(functions: Functions, step: int) -> None:
    """Whatever a deployment publishes stays what callers meet; it is no DEBUG for ever."""
    mine = Steps(functions, step, lambda: functions.deploy(NAME, code="next", **DEPLOYED))
    with pytest.raises((ChangedMeanwhileError, OperatorError)):
        change(mine, look(functions, NAME), "LEVEL", "DEBUG")
    assert functions.called(NAME) == DEPLOYED
    assert functions.itself(NAME) == DEPLOYED
    alias = functions.get_alias(FunctionName=NAME, Name="live")["FunctionVersion"]
    assert functions.versions[NAME][alias]["CodeSha256"] == "next"


@pytest.mark.parametrize(
    "differs", [{"CodeSha256": "next"}, {"Timeout": 9}, {"Environment": {"Variables": {"A": "b"}}}]
)
def test_what_callers_do_not_meet_is_not_released_by_a_level(
    functions: Functions, differs: dict[str, Any]
) -> None:
    """While a release is not finished, a change of a level does not bring it to customers."""
    functions.latest[NAME] |= differs
    with pytest.raises(OperatorError, match=r"Callers of create meet version 1.*orders deploy"):
        set_level(functions, "DEBUG")
    assert functions.called(NAME) == DEPLOYED


def test_other_refusals_are_told_as_they_are(functions: Functions) -> None:
    """Who may not publish is not told that somebody else was quicker."""

    def denied(**_: Any) -> None:
        raise refused("AccessDeniedException")

    functions.publish_version = denied  # type: ignore[method-assign]
    with pytest.raises(Exception, match="AccessDeniedException"):
        set_level(functions, "DEBUG")
    assert functions.itself(NAME) == DEPLOYED


def test_a_mark_is_only_where_something_differs() -> None:
    """Set to what a deployment has set, a variable is as deployed."""
    assert changed(DEPLOYED, "LEVEL", "INFO") == DEPLOYED
    assert changed(DEBUG, "LEVEL", "INFO") == DEPLOYED
    assert as_deployed(DEPLOYED) == DEPLOYED
