"""How commands that change a whole stage go on and end: told to people, or to programs."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cli import terminal
from ops.reach.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.target import Target
    from ops.release.change_set import ResourceChange
    from ops.release.watching import Event
    from project.release import Release

_GATE = "Custom::ReleaseGate"
_STACK = "AWS::CloudFormation::Stack"
_DONE = {
    "CREATE_COMPLETE": "made",
    "UPDATE_COMPLETE": "changed",
    "DELETE_COMPLETE": "removed",
    **{f"{what}_FAILED": "FAILED" for what in ("CREATE", "UPDATE", "DELETE")},
}
"""What is told of an event, by its status."""
_NAMED = ("remove", "replace", "may replace")
"""What becomes of resources that people want to read one by one."""


@dataclass
class Report:
    """What a command has found and done so far.

    Args:
        stage: its name.
    """

    stage: str
    release_from: Release | None = None
    release_to: Release | None = None
    customers: list[str] = field(default_factory=list)
    """What callers notice, in sentences."""
    resources: list[dict[str, Any]] = field(default_factory=list)
    """What becomes of resources."""
    losses: list[str] = field(default_factory=list)
    """What would be lost, in sentences."""
    result: str = ""
    """How it ended, as ops/release/outcome.py has it."""
    begun: bool = False
    """Whether anything of the stage has been changed."""
    what_to_do: str = ""
    """Why it ended so, and what to do next; "" where all is well."""
    begun_at: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return round(time.monotonic() - self.begun_at, 1)

    def document(self) -> dict[str, Any]:
        """Give it as a program reads it."""
        return {
            "stage": self.stage,
            "result": self.result,
            "release": {"from": _members(self.release_from), "to": _members(self.release_to)},
            "changes": {"customers": self.customers, "resources": self.resources},
            "losses": self.losses,
            "seconds": self.seconds,
            "whatToDo": self.what_to_do,
        }


def _members(release: Release | None) -> dict[str, Any] | None:
    return release._asdict() if release else None


@contextlib.contextmanager
def reported(stage: str, *, json_: bool) -> Iterator[Report]:
    """Let a command end as a program, and a shell, understand it.

    What the block prints goes to stderr if there is to be an object on stdout.

    Args:
        stage: its name.
        json_: whether the report is printed as JSON, whatever happens.

    Raises:
        OperatorError: what the block raised, with the command's exit code.
    """
    report = Report(stage)
    said_to = sys.stderr if json_ else sys.stdout
    try:
        with contextlib.redirect_stdout(said_to):
            yield report
    except BaseException as error:  # noqa: BLE001 - it is raised again, or what it means is
        failure = _ended(report, error)
        if json_ and report.result:
            terminal.as_json(report.document())
        raise failure from None
    if json_:
        terminal.as_json(report.document())


def _ended(report: Report, error: BaseException) -> BaseException:
    """Note how it ended; gives the error that the command ends with."""
    from ops.reach.aws_errors import explain  # noqa: PLC0415 - botocore; its --help is quick without
    from ops.release.outcome import EXIT_CODES, of_error  # noqa: PLC0415 - as above

    if isinstance(error, KeyboardInterrupt):
        report.result, report.what_to_do = of_error(error, begun=report.begun), "Interrupted."
        return error
    said = explain(error) if isinstance(error, Exception) else None
    if said is None and report.begun and isinstance(error, Exception):
        said = f"This should not happen: {type(error).__name__}: {error}. Look: orders status"
    if said is None:
        return error  # wrong usage, or a bug before anything was changed
    report.result, report.what_to_do = of_error(error, begun=report.begun), said
    known = error if isinstance(error, OperatorError) else OperatorError(said)
    known.code = EXIT_CODES[of_error(error, begun=report.begun)]
    return known


def say_customers(report: Report) -> None:
    """Say which release becomes which, and what callers notice."""
    before = report.release_from or "nothing, or a release that does not say"
    terminal.say(f"Release: {before} → {report.release_to or 'one that does not say'}")
    if not report.customers:
        terminal.say("For callers nothing changes.")
        return
    terminal.say("For callers:")
    for sentence in report.customers:
        terminal.say(f"  {sentence}")


def say_resources(changes: list[ResourceChange]) -> None:
    """Say what becomes of resources: by name what goes or is replaced, else how many of a type."""
    terminal.say(f"Resources: {terminal.counted(len(changes), 'change')}")
    groups: dict[tuple[str, str], list[ResourceChange]] = {}
    for change in changes:
        groups.setdefault((change.action, change.kind), []).append(change)
    for (action, kind), found in groups.items():
        names = [one.resource for one in found] if action in _NAMED else []
        properties = sorted({name for one in found for name in one.properties})
        what = f"{kind} ×{len(found)}" if len(found) > 1 else f"{kind} {found[0].resource}"
        told = ", ".join(names if len(found) > 1 and names else properties)
        terminal.say(f"  {action:<11} {what}" + (f" ({told})" if told else ""))


def say_event(event: Event) -> None:
    """Say what has happened to a resource; what only begins is not told, but for the gate."""
    done = "asks" if event.begins and event.kind == _GATE else _DONE.get(event.status)
    if event.kind == _STACK or done is None:
        return
    kind = event.kind.removeprefix("AWS::")
    line = f"  {event.at.astimezone():%H:%M:%S}  {done:<8} {kind} {event.resource}"
    width = terminal.width()
    terminal.say(line if width is None or len(line) <= width else f"{line[: width - 1]}…")
    if event.failed and event.reason:
        terminal.say(f"            {event.reason}")


def wrong_at_the_front_door(target: Target) -> str | None:
    """Try a stage through its front door; gives what does not work, None if all does."""
    from ops.live import smoke  # noqa: PLC0415 - boto3; its --help is quick without

    terminal.say("Trying it through its front door:")
    steps = smoke.smoke(target, lambda step: terminal.say(f"  {step.title}: {step.fault or 'ok'}"))
    failed = smoke.failed(steps)
    return f"{failed[0].title}: {failed[0].fault}; {failed[0].means}." if failed else None
