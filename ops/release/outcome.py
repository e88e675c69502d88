"""How a deployment, or the way back, ends: in a word for programs, and an exit code for shells.

deployed      0  the new release runs
nothing       0  there was nothing to do
refused       1  it was not begun: the stage is as it was
rolled-back   1  it failed, and the stage is as it was
unanswered    2  a question was asked, and nobody answered it
needs-hands   3  it failed, and the stage is not as it was
interrupted 130  ^C; AWS may go on
"""

from __future__ import annotations

from enum import StrEnum

from ops.reach.errors import OperatorError, Unanswered


class Result(StrEnum):
    """The ends; drawn above."""

    DEPLOYED = "deployed"
    NOTHING = "nothing"
    BACK = "back"
    REFUSED = "refused"
    ROLLED_BACK = "rolled-back"
    UNANSWERED = "unanswered"
    NEEDS_HANDS = "needs-hands"
    INTERRUPTED = "interrupted"


EXIT_CODES = {
    Result.DEPLOYED: 0,
    Result.NOTHING: 0,
    Result.BACK: 0,
    Result.REFUSED: 1,
    Result.ROLLED_BACK: 1,
    Result.UNANSWERED: 2,
    Result.NEEDS_HANDS: 3,
    Result.INTERRUPTED: 130,
}

AS_IT_WAS = frozenset({"UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE"})
"""The states of a stack whose change was taken back."""

DONE = frozenset({"UPDATE_COMPLETE", "CREATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"})
"""Those of one whose change has succeeded."""


class Failed(OperatorError):
    """A deployment failed once it had begun."""

    def __init__(self, result: Result, sentence: str) -> None:
        super().__init__(sentence)
        self.result = result


def of_status(status: str) -> Result:
    """Say what a stack's status means for a deployment that has ended with it."""
    if status in DONE:
        return Result.DEPLOYED
    return Result.ROLLED_BACK if status in AS_IT_WAS else Result.NEEDS_HANDS


def of_error(error: BaseException, *, begun: bool) -> Result:
    """Say how a command ended that an error ended.

    Args:
        error: of any kind.
        begun: whether anything of the stage was changed before; then it is not as it was, unless
            the error itself says that it is.
    """
    if isinstance(error, KeyboardInterrupt):
        return Result.INTERRUPTED
    if isinstance(error, Failed):
        return error.result
    if begun:
        return Result.NEEDS_HANDS
    return Result.UNANSWERED if isinstance(error, Unanswered) else Result.REFUSED
