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
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from botocore.exceptions import ClientError

from ops.reach.aws_errors import explain
from ops.reach.errors import Obstacle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Subject = TypeVar("Subject")

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
            found = self.look(subject)
        except Obstacle as error:
            found = failure(error.sentence, error.remedy)
        except Exception as error:  # noqa: BLE001 - the other checks' findings are still wanted
            found = self._unseen(error)
        return replace(found, check=self.name)

    def _unseen(self, error: Exception) -> Finding:
        if isinstance(error, ClientError) and _REFUSED.search(error.response["Error"]["Code"]):
            sentence = f"These credentials may not look; that takes {self.permission}."
            return unknown(sentence, "Have it allowed, or ask with a role that has it.")
        return unknown(explain(error) or f"Looking failed: {type(error).__name__}: {error}")


def run_all(checks: Sequence[Check[Subject]], subject: Subject, *, seconds: float) -> list[Finding]:
    """Run checks side by side; those that take longer than `seconds` are unknown."""
    found: dict[str, Finding] = {}

    def look(check: Check[Subject]) -> None:
        found[check.name] = check.run(subject)

    # Daemons: one that still waits for an answer does not keep the command from ending.
    threads = [threading.Thread(target=look, args=(each,), daemon=True) for each in checks]
    until = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0))
    late = unknown(f"No answer came within {seconds:.0f} s.", "Look at the network and a proxy.")
    return [found.get(each.name) or replace(late, check=each.name) for each in checks]
