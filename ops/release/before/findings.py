"""What a check of `orders doctor` is and finds; none takes the others along when it fails.

ok ────── nothing is in the way
warning ─ a deployment goes through, but something will not be as meant
failure ─ a deployment fails, or what it brings does not work
unknown ─ it could not be checked, and why
"""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from botocore.exceptions import ClientError

from ops.reach.aws_errors import explain
from ops.reach.errors import Obstacle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Subject = TypeVar("Subject")
Answer = TypeVar("Answer")

_REFUSED = re.compile("AccessDenied|Unauthorized|NotAuthorized|AuthorizationError|Forbidden")


class Result(StrEnum):
    """How a check ends; drawn above."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """What a check has found."""

    result: Result
    sentence: str
    remedy: str = ""
    check: str = ""
    """The check's name; whoever runs it fills it in."""


def ok(sentence: str) -> Finding:
    """Say that all is well."""
    return Finding(Result.OK, sentence)


def warning(sentence: str, remedy: str) -> Finding:
    """Say what will not be as meant."""
    return Finding(Result.WARNING, sentence, remedy)


def failure(sentence: str, remedy: str) -> Finding:
    """Say what makes a deployment fail."""
    return Finding(Result.FAILURE, sentence, remedy)


def unknown(sentence: str, remedy: str = "") -> Finding:
    """Say why it could not be checked."""
    return Finding(Result.UNKNOWN, sentence, remedy)


@dataclass(frozen=True)
class Check(Generic[Subject]):
    """Something to look at."""

    name: str
    look: Callable[[Subject], Finding]
    permission: str = ""
    """The IAM actions that looking takes."""

    def run(self, subject: Subject) -> Finding:
        """Look; what goes wrong in looking is a finding, too."""
        try:
            return replace(self.look(subject), check=self.name)
        except Exception as error:  # noqa: BLE001 - the other checks' findings are still wanted
            return self.after(error)

    def after(self, error: Exception) -> Finding:
        """Say what an error in looking means."""
        return replace(self._meaning(error), check=self.name)

    def late(self, seconds: float) -> Finding:
        """Say that there was no answer for so long."""
        said = f"No answer came within {seconds:.0f} s."
        return replace(unknown(said, "Look at the network and a proxy."), check=self.name)

    def _meaning(self, error: Exception) -> Finding:
        if isinstance(error, Obstacle):
            return failure(error.sentence, error.remedy)
        if isinstance(error, ClientError) and _REFUSED.search(error.response["Error"]["Code"]):
            sentence = f"These credentials may not look; that takes {self.permission}."
            return unknown(sentence, "Have it allowed, or ask with a role that has it.")
        return unknown(explain(error) or f"Looking failed: {type(error).__name__}: {error}")


def run_all(checks: Sequence[Check[Subject]], subject: Subject, *, seconds: float) -> list[Finding]:
    """Run checks side by side; those that take longer than `seconds` are unknown."""
    until = time.monotonic() + seconds
    begun = [(each, _begin(partial(each.run, subject))) for each in checks]
    found = []
    for check, answer in begun:
        try:
            found.append(answer.result(max(until - time.monotonic(), 0)))
        except TimeoutError:
            found.append(check.late(seconds))
    return found


def ask(
    check: Check[Subject], question: Callable[[], Answer], *, seconds: float
) -> Answer | Finding:
    """Ask for what other checks need; where no answer comes, it is the check's finding why."""
    try:
        return _begin(question).result(seconds)
    except TimeoutError:
        return check.late(seconds)
    except Exception as error:  # noqa: BLE001 - as in a check
        return check.after(error)


def _begin(work: Callable[[], Answer]) -> Future[Answer]:
    """Begin something; what still waits for an answer does not keep the command from ending."""
    answer: Future[Answer] = Future()

    def run() -> None:
        try:
            answer.set_result(work())
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return answer
