"""`orders rollback`: back to a release that ran before."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options, outcomes, terminal
from cli.audit import audited
from cli.examples import lines
from cli.options import Json, Stage, Yes  # noqa: TC001 - Typer reads them
from ops.reach.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.outcomes import Report
    from infrastructure.settings import Settings
    from ops.live.history import Listed
    from ops.reach.target import Target
    from ops.release.account import Place
    from ops.release.rolling_back import Back

ROLLBACK_EXAMPLES = lines("""
    For example:
    orders rollback --stage prod
    orders rollback --stage prod --to 12 --yes --json
    Exit codes: 0 back, 1 refused and the stage is as it was, 2 a question nobody answered,
    3 the stage needs you, 130 interrupted.
""")

To = Annotated[
    int | None,
    typer.Option("--to", metavar="N", min=1, help="The release, as `orders releases` counts them."),
]


def rollback(*, to: To = None, stage: Stage = None, yes: Yes = False, json_: Json = False) -> None:
    """Go back to a release that ran before: within seconds, and without a gate.

    First the aliases, so that customers meet the earlier code again; then the
    rest, by that release's template. A deployment that goes on is taken back
    instead. What would lose data is refused.
    """
    settings = options.settings(stage)
    with outcomes.reported(settings.stage, json_=json_) as report, _telling_of_interrupts(report):
        _roll_back(settings, to, report, yes=yes)


def _roll_back(settings: Settings, number: int | None, report: Report, *, yes: bool) -> None:
    from ops.live import history  # noqa: PLC0415 - its --help is quick without
    from ops.release import deploying, rolling_back  # noqa: PLC0415 - boto3

    place = options.place(settings)
    account = place.account
    terminal.say(f"Stage {settings.stage}: account {account.account_id}, {account.region}")
    terminal.say(f"As {account.caller}")
    if number is None and _take_back_what_goes_on(place, report, yes=yes):
        return
    deploying.check_ready(place)
    listed = history.releases(deploying.target(place))
    found = rolling_back.find(listed, number)
    back = rolling_back.back_to(place, found)
    _show(place, found, back, report)
    terminal.agree(f"Go back to release {found.entry.number}?", yes=yes)
    _go(place, found, back, report)


def _take_back_what_goes_on(place: Place, report: Report, *, yes: bool) -> bool:
    """Have CloudFormation undo a deployment that goes on; tell whether it has."""
    from ops.release import deploying, watching  # noqa: PLC0415 - its --help is quick without

    found = deploying.stack(place)
    if found is None or found.status != watching.UNDER_WAY:
        return False
    terminal.say(f"{place.stack} is being deployed: CloudFormation can take that back.")
    terminal.agree("Take it back?", yes=yes)
    report.begun = True
    with audited(deploying.target(place), "rollback", stack=place.stack):
        taken = deploying.take_back_what_goes_on(place, found, outcomes.say_event)
    if taken:
        report.result = "back"
        terminal.say(f"Stage {report.stage} is as it was before that deployment.")
    else:
        report.begun = False
        terminal.say("That deployment had just ended: it can no longer be taken back so.")
    return taken


def _show(place: Place, found: Listed, back: Back, report: Report) -> None:
    """Show what the way back changes, unless it would lose data.

    Raises:
        OperatorError: when it would.
    """
    from ops.release import customers_see, deploying, rolling_back  # noqa: PLC0415 - as above
    from ops.release.assembly import release_of  # noqa: PLC0415 - as above

    before = deploying.deployed_template(place)
    report.release_from, report.release_to = release_of(before), found.entry.release
    if losses := rolling_back.lost(before, back.template):
        report.losses = losses
        raise OperatorError(
            "The way back would lose data, so nothing was changed: "
            + "; ".join(losses)
            + ". Mend forward: deploy a release that keeps it."
        )
    report.customers = customers_see.changes(before, back.template)
    outcomes.say_customers(report)
    terminal.say("Orders, partners, keys, flags and people stay as they are now.")


def _go(place: Place, found: Listed, back: Back, report: Report) -> None:
    from ops.release import deploying, rolling_back  # noqa: PLC0415 - its --help is quick without
    from ops.release.outcome import Failed, Result  # noqa: PLC0415 - as above

    target, number = deploying.target(place), found.entry.number
    with audited(target, "rollback", stack=place.stack, release=str(number)):
        with rolling_back.turn(target) as mine:
            report.begun = True
            rolling_back.point(mine, back.points, lambda said: terminal.say(f"  {said}"))
        terminal.say(
            f"Callers meet release {number} again, after {terminal.age(report.seconds)}. "
            "Next: the rest, by its template."
        )
        rolling_back.undo(place, back, outcomes.say_event)
        _renew(target)
    if (wrong := outcomes.wrong_at_the_front_door(deploying.target(place))) is not None:
        raise Failed(Result.NEEDS_HANDS, f"Release {number} runs, but does not work: {wrong}")
    report.result = "back"
    terminal.say(
        f"Stage {report.stage} runs release {number} again. It took {terminal.age(report.seconds)}."
    )


def _renew(target: Target) -> None:
    """Let no environment serve that has slept since then: it may know who served what before."""
    from ops.partners import restaurants  # noqa: PLC0415 - its --help is quick without

    snapshot = restaurants.read(target)
    if snapshot.stored is not None:
        restaurants.renew(target, snapshot)


@contextlib.contextmanager
def _telling_of_interrupts(report: Report) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        if report.begun:
            terminal.note(
                "orders: interrupted; aliases may be back and the rest not. Look: orders status "
                f"--stage {report.stage}. Repeat the command: it goes on where it was."
            )
        raise
