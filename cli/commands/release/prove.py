"""`orders prove`: what only AWS can confirm, looked at on a stage that is made and removed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import terminal
from cli.examples import lines
from cli.options import Json, Yes  # noqa: TC001 - Typer reads the annotations
from infrastructure.settings import PROVED, is_proof, settings_of
from ops.reach.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.proof.probe import Fact, Probe
    from ops.proof.report import Report
    from ops.proof.running.run import Outcome
    from ops.proof.world.world import World
    from ops.reach.target import Target

PROVE_EXAMPLES = lines("""
    For example:
    orders prove --quick
    orders prove --local --only header-lines --only unknown-route
    orders prove --clean
    orders prove --bill cost-and-usage.csv.gz
    Exit codes: 0 all hold, 1 something differs, 2 wrong usage, 3 not all could be told.
""")

_NOT_AGREED, _STILL_THERE = 2, 3

StageName = Annotated[
    str | None,
    typer.Option(
        "--stage-name",
        metavar="prove-HEX",
        help="The name of the stage that is made; one that no other run has, if left out.",
    ),
]
Quick = Annotated[bool, typer.Option("--quick", help="Leave out what waits for long.")]
Clean = Annotated[
    bool, typer.Option("--clean", help="Find and remove what interrupted runs have left.")
]
OnLocal = Annotated[
    bool, typer.Option("--local", help="Look at the copy that `make run` runs; make nothing.")
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="CLAIM", help="Look at this claim alone; may be repeated."),
]
Bill = Annotated[
    Path | None,
    typer.Option(
        "--bill",
        metavar="REPORT",
        exists=True,
        dir_okay=False,
        help="Say what a bill tells of stream reads: a Cost and Usage report, or Cost Explorer's "
        "by usage type, as CSV.",
    ),
]


def prove(
    *,
    stage_name: StageName = None,
    quick: Quick = False,
    clean: Clean = False,
    local: OnLocal = False,
    only: Only = None,
    bill: Bill = None,
    yes: Yes = False,
    json_: Json = False,
) -> None:
    """Look at what only AWS can confirm, on a stage that is made for it and removed.

    It tells what it makes, how long it takes and how many dollars, and asks.
    The report goes to docs/proof, that of --local below .local.
    """
    _check(stage_name, local=local, clean=clean, bill=bill, only=only)
    if bill is not None:
        run = functools.partial(_of_a_bill, bill, json_=json_)
    elif clean:
        run = functools.partial(_clean, yes=yes)
    else:
        chosen = _chosen(only, local=local, quick=quick)
        run = functools.partial(_on_this_machine, chosen, quick=quick, json_=json_)
        if not local:
            run = functools.partial(_on_aws, stage_name, chosen, quick=quick, yes=yes, json_=json_)
    raise typer.Exit(_code_of(run))


def _code_of(run: Callable[[], int]) -> int:
    """Run, and give the exit code: what could not even begin tells nothing of AWS."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - they take long

    from ops.proof.running.run import CANNOT_TELL  # noqa: PLC0415 - its --help is quick without
    from ops.reach.aws_errors import explain  # noqa: PLC0415 - as above

    try:
        return run()
    except (OperatorError, ClientError, BotoCoreError, OSError) as error:
        terminal.note(f"orders: {explain(error) or error}")
        return CANNOT_TELL


def _agrees(question: str, *, yes: bool) -> bool:
    """Ask; tells whether the operator agrees, and says what would have agreed."""
    try:
        terminal.agree(question, yes=yes)
    except OperatorError as refused:
        terminal.note(f"orders: {refused}")
        return False
    return True


def _check(
    stage_name: str | None, *, local: bool, clean: bool, bill: Path | None, only: list[str] | None
) -> None:
    """Check that the options can be meant.

    Raises:
        typer.BadParameter: otherwise.
    """
    if stage_name is not None and not is_proof(stage_name):
        raise typer.BadParameter(
            f"--stage-name must be prove- and 4 to 12 of 0-9 and a-f, not {stage_name!r}."
        )
    if local + clean + (bill is not None) > 1:
        raise typer.BadParameter("--local, --clean and --bill exclude each other.")
    if stage_name and (local or clean or bill):
        raise typer.BadParameter("--stage-name names a stage that is made, and none is here.")
    if only and (clean or bill):
        raise typer.BadParameter("--only chooses claims to look at, and none is looked at here.")


def _chosen(only: list[str] | None, *, local: bool, quick: bool) -> list[Probe]:
    """Choose the claims.

    Raises:
        typer.BadParameter: when there is no such claim, or it cannot be looked at here.
    """
    from cli import options  # noqa: PLC0415 - beside its only use
    from ops.proof.by_hand import BY_HAND  # noqa: PLC0415 - its --help is quick without
    from ops.proof.probes.registry import PROBES, chosen  # noqa: PLC0415 - as above

    for claim in only or ():
        if claim in BY_HAND:
            raise typer.BadParameter(f"No run can show {claim}: {BY_HAND[claim]}")
        if claim not in PROBES:
            raise options.unknown("claim", claim, [*PROBES, *BY_HAND])
        if local and PROBES[claim].emulator:
            why = PROBES[claim].emulator
            raise typer.BadParameter(f"The emulator cannot show {claim}: {why}")
    return chosen(local=local, quick=quick and not only, only=tuple(only or ()))


def _of_a_bill(path: Path, *, json_: bool) -> int:
    from ops.proof.running import bill  # noqa: PLC0415 - its --help is quick without
    from ops.proof.running.run import Outcome  # noqa: PLC0415 - as above

    fact = bill.fact(bill.read(path))
    if json_:
        terminal.as_json(fact.as_json())
    else:
        _say(fact)
    return Outcome([fact]).code


def _clean(*, yes: bool) -> int:
    """Remove what interrupted runs have left."""
    from ops.proof.running import stage  # noqa: PLC0415 - boto3; its --help is quick without

    names = stage.interrupted_runs(settings_of(PROVED))
    if not names:
        terminal.say("No run has left a stage.")
        return 0
    for name in names:
        terminal.say(f"Left by a run that was interrupted, or that goes on: stage {name}")
    if not _agrees(f"Remove {terminal.counted(len(names), 'stage')}?", yes=yes):
        return _NOT_AGREED
    left = []
    for name in names:
        found = stage.of_an_interrupted_run(name, terminal.note)
        found.remove()
        left += found.left()
    for one in left:
        terminal.note(f"Still there: {one}")
    return _STILL_THERE if left else 0


def _on_this_machine(chosen: list[Probe], *, quick: bool, json_: bool) -> int:
    """Look at the running copy; it stays as it was, but for the orders."""
    from ops.proof.running.local import on_this_machine  # noqa: PLC0415 - boto3
    from ops.proof.running.run import Outcome  # noqa: PLC0415 - its --help is quick without
    from ops.reach.layout import layout_from_environment  # noqa: PLC0415 - as above

    outcome, world = Outcome(), on_this_machine()
    began = time.monotonic()
    try:
        _look(world, chosen, outcome.facts, json_=json_)
    finally:
        world.callers.leave()
    seconds = round(time.monotonic() - began)
    report = _report(outcome, where="emulator", quick=quick, seconds=seconds, target=world.target)
    folder = layout_from_environment().directory / "proof"
    return _end(outcome, report, folder, world.callers.secrets, json_=json_)


def _on_aws(
    stage_name: str | None, chosen: list[Probe], *, quick: bool, yes: bool, json_: bool
) -> int:
    """Make a stage, look, and remove it, whatever happens."""
    from ops.proof import report as reports  # noqa: PLC0415 - boto3; its --help is quick without
    from ops.proof.running import plan, run, stage  # noqa: PLC0415 - as above

    name = stage_name or stage.new_name()
    made = stage.OnAws(settings_of(name), terminal.note)
    account = made.place.account
    terminal.note(f"Account {account.account_id}, {account.region}, as {account.caller}")
    template = made.prepare()
    terminal.note(str(plan.plan(name, template, chosen)))
    if not _agrees("Make it, look at it, and remove it?", yes=yes):
        return _NOT_AGREED
    looking = _Looking(chosen, json_=json_, began=time.monotonic())
    outcome = run.run(made, looking)
    report = dataclasses.replace(
        _report(outcome, where="aws", quick=quick, seconds=looking.seconds, target=None),
        region=account.region,
        template=reports.template_hash(template),
    )
    code = _end(
        outcome, report, reports.FOLDER, looking.secrets, json_=json_, account=account.account_id
    )
    if outcome.ended == run.INTERRUPTED:
        raise KeyboardInterrupt
    return code


class _Looking:
    """Looks at a stage that was made, as long as there is time."""

    def __init__(self, chosen: list[Probe], *, json_: bool, began: float) -> None:
        self._chosen, self._json, self._began = chosen, json_, began
        self.secrets: list[str] = []
        self.seconds = 0

    def __call__(self, target: Target, facts: list[Fact]) -> None:
        from ops.proof.running.local import world_of  # noqa: PLC0415 - boto3
        from ops.proof.running.plan import MOST_HOURS, REMOVING_MINUTES  # noqa: PLC0415 - as above
        from ops.proof.world.roles import taker  # noqa: PLC0415 - as above

        began = time.monotonic()
        most = MOST_HOURS * 3_600 - REMOVING_MINUTES * 60 - (began - self._began)
        world = world_of(target, seconds=most)
        world = dataclasses.replace(world, as_role=taker(target, world.pause))
        try:
            _look(world, self._chosen, facts, json_=self._json)
        finally:
            self.secrets = world.callers.secrets
            self.seconds = round(time.monotonic() - began)
            world.callers.leave()


def _look(world: World, chosen: list[Probe], facts: list[Fact], *, json_: bool) -> None:
    from ops.proof.running.looking import look_at_all  # noqa: PLC0415 - its --help is quick without

    with terminal.progress("Looking", len(chosen)) as far:
        told: Callable[[Fact], None] = terminal_fact(json_=json_)

        def one(fact: Fact) -> None:
            far(len(facts))
            told(fact)

        look_at_all(chosen, world, facts, one)


def terminal_fact(*, json_: bool) -> Callable[[Fact], None]:
    """Give what tells of a fact as it comes: on stdout, unless that is for a program."""
    return (lambda fact: terminal.note(_line(fact))) if json_ else _say


def _say(fact: Fact) -> None:
    terminal.say(_line(fact))


def _line(fact: Fact) -> str:
    seen = ", ".join(f"{name}: {value}" for name, value in fact.seen.items())
    why = f" {fact.why}" if fact.why else ""
    return f"{fact.verdict:8}{fact.id}{why}" + (f" Seen: {seen}" if why and seen else "")


def _report(
    outcome: Outcome, *, where: str, quick: bool, seconds: int, target: Target | None
) -> Report:
    from ops.proof import report as reports  # noqa: PLC0415 - its --help is quick without
    from ops.proof.by_hand import BY_HAND  # noqa: PLC0415 - as above
    from project import release  # noqa: PLC0415 - as above

    here = release.here()
    return reports.Report(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        where=where,
        region="" if target is None else target.client("dynamodb").meta.region_name,
        version=here.version,
        commit=here.commit,
        dirty=here.dirty,
        template="" if target is None else _template_of(target),
        quick=quick,
        ended=outcome.ended,
        seconds=seconds,
        facts=tuple(outcome.facts),
        by_hand=BY_HAND,
        left=tuple(outcome.left),
    )


def _template_of(target: Target) -> str:
    from ops.proof import report as reports  # noqa: PLC0415 - its --help is quick without

    found = target.client("cloudformation").get_template(StackName=target.stack)["TemplateBody"]
    return reports.template_hash(found if isinstance(found, dict) else {"text": found})


def _end(
    outcome: Outcome,
    report: Report,
    folder: Path,
    secrets: list[str],
    *,
    json_: bool,
    account: str = "",
) -> int:
    """Write the report, and say what came of the run."""
    from ops.proof.report import path_of  # noqa: PLC0415 - its --help is quick without

    text = report.text(secrets, account)
    if report.facts:
        folder.mkdir(parents=True, exist_ok=True)
        path = path_of(folder, dt.date.fromisoformat(report.date))
        path.write_text(text)
        terminal.note(f"Report: {path}")
    if json_:
        print(text, end="")
    for left in outcome.left:
        terminal.note(f"Still there: {left}")
    if outcome.left:
        terminal.note("To remove it: orders prove --clean")
    if outcome.ended != "whole":
        terminal.note(f"The run did not get to its end: {outcome.ended}")
    counts = ", ".join(f"{number} {verdict}" for verdict, number in report.counted.items())
    terminal.note(f"{terminal.counted(len(report.facts), 'claim')}: {counts or 'none seen'}.")
    return outcome.code
