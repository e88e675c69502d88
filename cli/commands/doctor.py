"""`orders doctor`: what would make a deployment fail or misbehave, each with its remedy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from cli import terminal
from cli.options import Json, Local, Stage
from cli.options import unknown as unknown_name
from infrastructure.checked import SettingError
from infrastructure.settings import STAGES, settings_of
from ops.reach.layout import layout_from_environment
from ops.reach.target import DEFAULT_STAGE
from ops.release.findings import Check, Finding, Result, run_all, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infrastructure.settings import Settings
    from ops.release.account import Account

_SIGN_IN_SECONDS = 6.0
_LOOK_SECONDS = 12.0
_HERE_SECONDS = 30.0


def doctor(*, stage: Stage = None, local: Local = False, json_: Json = False) -> None:
    """Say what would make a deployment, or the local run, fail or misbehave; change nothing."""
    if local and stage:
        raise typer.BadParameter("--local and --stage exclude each other.")
    findings = of_the_local_run() if local else of_a_stage(_settings(stage or DEFAULT_STAGE))
    if json_:
        terminal.as_json([as_document(found) for found in findings])
    else:
        terminal.table(("Check", "Result", "Finding"), [_row(found) for found in findings])
    terminal.note(summary(findings))
    if any(found.result is Result.FAILURE for found in findings):
        raise typer.Exit(1)


def of_the_local_run() -> list[Finding]:
    """Look at what `make run` takes.

    Raises:
        LocalError: when LOCAL_PORT is no port.
    """
    from local.checks import OF_THE_LOCAL_RUN  # noqa: PLC0415 - `orders --help` is quick without

    return run_all(OF_THE_LOCAL_RUN, layout_from_environment(), seconds=_HERE_SECONDS)


def of_a_stage(settings: Settings) -> list[Finding]:
    """Look at what the deployment of a stage takes: here first, then in the account."""
    from ops.release.checks_here import OF_A_STAGE  # noqa: PLC0415 - `orders --help` is quick without

    return [*run_all(OF_A_STAGE, settings, seconds=_HERE_SECONDS), *_on_aws(settings)]


def _on_aws(settings: Settings) -> list[Finding]:
    from botocore.config import Config  # noqa: PLC0415 - `orders --help` is quick without

    from ops.release.account import sign_in  # noqa: PLC0415 - as above
    from ops.release.checks_on_aws import ON_AWS, Place  # noqa: PLC0415 - as above

    config = Config(connect_timeout=2, read_timeout=8, retries={"total_max_attempts": 2})
    signed_in: list[Account] = []

    def look(settings: Settings) -> Finding:
        signed_in.append(sign_in(settings.region, config))
        return unknown("")  # replaced below: who it is, is a check itself

    entry = run_all([Check(ON_AWS[0].name, look)], settings, seconds=_SIGN_IN_SECONDS)
    if signed_in:
        return run_all(ON_AWS, Place(settings, signed_in[0]), seconds=_LOOK_SECONDS)
    why = unknown("This takes AWS, which cannot be asked: see credentials.")
    return [*entry, *(replace(why, check=check.name) for check in ON_AWS[1:])]


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


def _settings(stage: str) -> Settings:
    try:
        return settings_of(stage)
    except SettingError:
        raise unknown_name("stage", stage, STAGES) from None


def _count(findings: Iterable[Finding], kind: Result) -> int:
    return sum(found.result is kind for found in findings)


def _row(found: Finding) -> tuple[str, str, str]:
    text = " → ".join(filter(None, [found.sentence, " ".join(found.remedy.split())]))
    return found.check, found.result.value, text
