"""The verdict on a stack's roles: which calls are not granted, and which grants nothing used."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.permissions.deployed import Asked, Grant, Policies, grants_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ENGINE = Path(__file__).with_name("engine.py")


class Verdict(NamedTuple):
    """What is wrong with the roles; nothing, if both are empty."""

    missing: list[Asked]
    spare: list[Grant]

    def __str__(self) -> str:
        """Tell it to a person."""
        lines = [f"asked for, but not granted: {asked}" for asked in self.missing]
        lines += [f"granted, but never used: {grant}" for grant in self.spare]
        return "\n".join(lines) or "every call is granted, and every grant is used"


def judge(interpreter: Path, policies: Policies, asked: Sequence[Asked]) -> Verdict:
    """Compare what was asked with what is granted, role by role.

    Args:
        interpreter: of the emulator's environment, where the policy engine is.
        policies: of each role.
        asked: what was asked in the roles' names.
    """
    grants = grants_of(policies)
    statements = [
        [statement for document in documents for statement in document["Statement"]]
        for documents in policies.values()
    ]
    place = {role: number for number, role in enumerate(policies)}
    whole = [(number, place[call.role]) for number, call in enumerate(asked)]
    alone = [
        (call, grant)
        for grant, granted in enumerate(grants)
        for call, asking in enumerate(asked)
        if asking.role == granted.role and asking.action.lower() == granted.action.lower()
    ]
    questions = [*whole, *((call, len(statements) + grant) for call, grant in alone)]
    answers = _ask(
        interpreter, [*statements, *([grant.statement] for grant in grants)], asked, questions
    )
    missing = [call for call, granted in zip(asked, answers, strict=False) if not granted]
    used = {grant for (_, grant), yes in zip(alone, answers[len(whole) :], strict=True) if yes}
    spare = [grant for number, grant in enumerate(grants) if number not in used]
    return Verdict(missing, spare)


def unmissed(interpreter: Path, policies: Policies, asked: Sequence[Asked]) -> list[Grant]:
    """List the grants that could each be taken away without any call failing; arguments as judge.

    None for roles without a spare grant, unless two grants allow the same.
    """
    grants = grants_of(policies)
    left = [
        [other.statement for other in grants if other.role == taken.role and other != taken]
        for taken in grants
    ]
    questions = [
        (call, grant)
        for grant, taken in enumerate(grants)
        for call, asking in enumerate(asked)
        if asking.role == taken.role and asking.action.lower() == taken.action.lower()
    ]
    answers = _ask(interpreter, left, asked, questions)
    missed = {grant for (_, grant), yes in zip(questions, answers, strict=True) if not yes}
    return [grant for number, grant in enumerate(grants) if number not in missed]


def _ask(
    interpreter: Path,
    policies: list[list[dict[str, object]]],
    calls: Iterable[Asked],
    questions: list[tuple[int, int]],
) -> list[bool]:
    asked = {
        "policies": policies,
        "calls": [call._asdict() for call in calls],
        "questions": questions,
    }
    done = subprocess.run(
        [str(interpreter), "-I", str(_ENGINE)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    answers: list[bool] = json.loads(done.stdout)
    return answers
