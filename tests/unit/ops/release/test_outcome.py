"""How a deployment ends is told by a word and an exit code that always agree with the stage."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.reach.errors import Obstacle, OperatorError, Overtaken, Unanswered
from ops.release.outcome import EXIT_CODES, Failed, Result, of_error, of_status

ENDS = (
    "CREATE_COMPLETE CREATE_FAILED ROLLBACK_COMPLETE ROLLBACK_FAILED UPDATE_COMPLETE UPDATE_FAILED "
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS UPDATE_ROLLBACK_COMPLETE UPDATE_ROLLBACK_FAILED "
    "DELETE_COMPLETE DELETE_FAILED IMPORT_ROLLBACK_FAILED"
).split()

ERRORS = [
    OperatorError("no"),
    Obstacle("no", "do"),
    Overtaken("quicker"),
    Unanswered("nobody"),
    ValueError("a bug"),
    KeyboardInterrupt(),
    *(Failed(result, "so") for result in Result),
]


def test_exit_codes() -> None:
    """Every end has a code of the documented ones, and only good ends have 0."""
    assert set(EXIT_CODES) == set(Result)
    good = {result for result, code in EXIT_CODES.items() if code == 0}
    assert good == {Result.DEPLOYED, Result.NOTHING, Result.BACK}
    assert set(EXIT_CODES.values()) == {0, 1, 2, 3, 130}


@given(st.sampled_from(ENDS))
def test_a_status_is_good_back_or_needs_hands(status: str) -> None:
    """Whatever CloudFormation ends with: 1 is only said where it has taken the change back."""
    code = EXIT_CODES[of_status(status)]
    assert (code == 1) == (status in ("UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE"))
    succeeded = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    assert (code == 0) == (status in succeeded)


@pytest.mark.parametrize(("error", "begun"), [*itertools.product(ERRORS, [True, False])])
def test_an_error(error: BaseException, *, begun: bool) -> None:
    """Once something was changed, no error says that the stage is as it was, unless it knows."""
    result = of_error(error, begun=begun)
    if isinstance(error, KeyboardInterrupt):
        assert result is Result.INTERRUPTED
    elif isinstance(error, Failed):
        assert result is error.result
    elif begun:
        assert EXIT_CODES[result] == 3
    else:
        assert EXIT_CODES[result] == (2 if isinstance(error, Unanswered) else 1)
