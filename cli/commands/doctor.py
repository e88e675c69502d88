"""`orders doctor`: what would make a deployment fail or misbehave, each with its remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from cli import options, terminal
from cli.options import Json, Local, Stage  # noqa: TC001 - Typer reads the annotations
from ops.reach.layout import layout_from_environment
from ops.release.before.findings import Result, run_all

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ops.release.before.findings import Finding

_LOCAL_SECONDS = 30.0
_NAMED = 3
"""How many checks a cell names: off a terminal it makes each line of the table as wide."""


def doctor(*, stage: Stage = None, local: Local = False, json_: Json = False) -> None:
    """Say what would make a deployment, or the local run, fail or misbehave; change nothing."""
    options.check(stage, local=local)
    with terminal.waiting("Looking at this machine and, for a stage, at your account …"):
        findings = of_the_local_run() if local else of_a_stage(stage)
    if json_:
        terminal.as_json([as_document(found) for found in findings])
    else:
        terminal.table(("Check", "Result", "Finding"), rows(findings))
    terminal.note(summary(findings))
    if any(found.result is Result.FAILURE for found in findings):
        raise typer.Exit(1)


def of_the_local_run() -> list[Finding]:
    """Look at what `make run` takes.

    Raises:
        LocalError: when LOCAL_PORT is no port.
    """
    from local.checks import OF_THE_LOCAL_RUN  # noqa: PLC0415 - its --help is quick without

    return run_all(OF_THE_LOCAL_RUN, layout_from_environment(), seconds=_LOCAL_SECONDS)


def of_a_stage(stage: str | None) -> list[Finding]:
    """Look at what the deployment of a stage takes."""
    from ops.release.before import diagnosis  # noqa: PLC0415 - boto3; its --help is quick without

    return diagnosis.of_a_stage(options.settings(stage))


def summary(findings: Iterable[Finding]) -> str:
    """Count what was found, and name what could not be checked."""
    findings = list(findings)
    failures, warnings = (_count(findings, kind) for kind in (Result.FAILURE, Result.WARNING))
    unseen = [found.check for found in findings if found.result is Result.UNKNOWN]
    left = f" Could not be checked: {', '.join(unseen)}." if unseen else ""
    return (
        f"{terminal.counted(failures, 'failure')}, {terminal.counted(warnings, 'warning')} in "
        f"{terminal.counted(len(findings), 'check')}.{left}"
    )


def as_document(found: Finding) -> dict[str, Any]:
    """Give a finding for programs."""
    return {
        "check": found.check,
        "result": found.result.value,
        "finding": found.sentence,
        "remedy": found.remedy or None,
    }


def _count(findings: Iterable[Finding], kind: Result) -> int:
    return sum(found.result is kind for found in findings)


def rows(findings: Iterable[Finding]) -> list[tuple[str, str, str]]:
    """Give a row for each finding; what is unknown for one reason is folded into one row, below."""
    known: list[tuple[str, str, str]] = []
    unseen: dict[tuple[str, str], list[str]] = {}
    for found in findings:
        check, result, text = _row(found)
        if found.result is Result.UNKNOWN:
            unseen.setdefault((result, text), []).append(check)
        else:
            known.append((check, result, text))
    return [*known, *((_named(checks), *reason) for reason, checks in unseen.items())]


def _named(checks: list[str]) -> str:
    """Name checks in a cell; the summary below names all, however many."""
    if len(checks) <= _NAMED:
        return ", ".join(checks)
    return f"{checks[0]}, and {len(checks) - 1} more"


def _row(found: Finding) -> tuple[str, str, str]:
    text = " → ".join(filter(None, [found.sentence, " ".join(found.remedy.split())]))
    return found.check, found.result.value, text
