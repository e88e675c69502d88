"""`orders deploy` and `orders destroy`: a stage to an AWS account, and out of it again."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options, outcomes, terminal
from cli.audit import audited_in
from cli.examples import lines
from cli.options import Json, Stage, Yes  # noqa: TC001 - Typer reads them
from infrastructure import outputs
from infrastructure.stateful import DECLARED
from ops.reach.errors import OperatorError
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cli.outcomes import Report
    from infrastructure.settings import Settings
    from ops.release.account import Place
    from ops.release.assembly import Assembly as Assembled
    from ops.release.change_set import Loss, Stack
    from ops.release.deploying import Review
    from ops.release.leftovers import Kept

DEPLOY_EXAMPLES = lines("""
    For example:
    orders deploy --stage dev
    orders deploy --stage prod --yes
    orders deploy --stage prod --assembly orders-1.0.0-prod.zip --yes --json
    --yes answers every question but those of --clear, --adopt, --lose-data and --unheard.
    Exit codes: 0 deployed or nothing to do, 1 failed and the stage is as it was, 2 a
    question nobody answered, 3 failed and the stage needs you, 130 interrupted.
""")
DESTROY_EXAMPLES = lines("""
    For example:
    orders destroy --stage dev
""")

_LOSE_DATA, _CLEAR, _ADOPT, _UNHEARD = "--lose-data", "--clear", "--adopt", "--unheard"
_NOBODY_HEARS = (
    "Nobody hears the alarms of this stage, which keeps its data: alarm_emails in "
    "infrastructure/settings.py is empty."
)
_DATA_STAYS = (
    "Tables, people, KMS keys, flags and the signing key of this stage are kept when it goes; "
    "delete them by hand if you mean to."
)
_TO_BEGIN_WITH_NOTHING = (
    "Nothing was deployed. To begin with nothing, delete by hand what is listed above."
)

Clear = Annotated[
    bool,
    typer.Option(
        _CLEAR,
        help="Do not ask before a stack is deleted that can only be deleted, such as one whose "
        "first deployment failed. What its template keeps stays.",
    ),
]
Adopt = Annotated[
    bool,
    typer.Option(
        _ADOPT, help="Do not ask before what an earlier stack of the stage kept is taken over."
    ),
]
LoseData = Annotated[
    bool, typer.Option(_LOSE_DATA, help="Do not ask before a stage loses data, either.")
]

Unheard = Annotated[
    bool,
    typer.Option(
        _UNHEARD, help="Do not ask before a stage is deployed whose alarms nobody hears, either."
    ),
]


Assembly = Annotated[
    Path | None,
    typer.Option(
        "--assembly",
        metavar="ZIP",
        exists=True,
        dir_okay=False,
        help="Deploy what was built elsewhere, as it is: cdk.out, zipped.",
    ),
]


def deploy(
    *,
    stage: Stage = None,
    assembly: Assembly = None,
    clear: Clear = False,
    adopt: Adopt = False,
    lose_data: LoseData = False,
    unheard: Unheard = False,
    yes: Yes = False,
    json_: Json = False,
) -> None:
    """Deploy a stage to your AWS account; shows what would change, and asks first.

    CloudFormation asks the new version first, lets customers meet it, and
    watches alarms; it takes the release back if one fires. So does this
    command, if the stage does not answer through its front door.
    """
    settings = options.settings(stage)
    agreed = _Agreed(clear=clear, adopt=adopt, lose_data=lose_data, unheard=unheard, yes=yes)
    with outcomes.reported(settings.stage, json_=json_) as report, _telling_of_interrupts(report):
        _deploy(settings, agreed, assembly, report)


@dataclass(frozen=True, kw_only=True)
class _Agreed:
    """What was agreed to beforehand, by options."""

    clear: bool
    adopt: bool
    lose_data: bool
    unheard: bool
    yes: bool


def _deploy(settings: Settings, agreed: _Agreed, archive: Path | None, report: Report) -> None:
    from ops.release import deploying  # noqa: PLC0415 - boto3; its --help is quick without

    place = options.place(settings)
    _say_where(place)
    _clear(place, agreed=agreed.clear)
    with _assembled(place, archive, agreed) as wanted:
        report.release_to = wanted.release
        _adopt(place, wanted, agreed=agreed.adopt)
        with deploying.review(place, wanted) as reviewed:
            _show(reviewed, wanted, report)
            if reviewed.changes:
                _accept_silence(settings, agreed=agreed.unheard)
            _agree(settings, reviewed, lose_data=agreed.lose_data, yes=agreed.yes)
        _carry_out(place, wanted, reviewed, report)
    stack = deploying.stack(place)
    _publish_web_client(place, stack)
    if report.begun:
        _prune(place, stack)
    _say_address(place, stack, report)


@contextlib.contextmanager
def _assembled(place: Place, archive: Path | None, agreed: _Agreed) -> Iterator[Assembled]:
    """Build what is deployed, or take what was built elsewhere."""
    from ops.release import deploying  # noqa: PLC0415 - its --help is quick without

    if archive is not None:
        with deploying.prepared_elsewhere(place, archive, terminal.say) as found:
            yield found
        return
    _accept_flaw(deploying.flaw_of_bytecode(), yes=agreed.yes)
    yield deploying.prepare(place, terminal.say)


def _show(reviewed: Review, wanted: Assembled, report: Report) -> None:
    """Show what would change: for callers first, then which resources."""
    from ops.release import change_set, customers_see  # noqa: PLC0415 - its --help is quick without
    from ops.release.assembly import release_of  # noqa: PLC0415 - as above

    if reviewed.stack is None:
        terminal.say(f"This is the first deployment of {report.stage}: all is new.")
        return
    report.release_from = release_of(reviewed.before)
    if not reviewed.changes:
        return
    report.customers = customers_see.changes(reviewed.before, wanted.template)
    resources = change_set.in_short(reviewed.resources)
    report.resources = [one._asdict() for one in resources]
    report.losses = [loss.sentence for loss in reviewed.losses]
    outcomes.say_customers(report)
    outcomes.say_resources(resources)


def _carry_out(place: Place, wanted: Assembled, reviewed: Review, report: Report) -> None:
    from ops.release import deploying  # noqa: PLC0415 - its --help is quick without

    if not reviewed.changes:
        report.result = "nothing"
        return
    _say_next(reviewed)
    report.begun = True
    progress = deploying.Progress(outcomes.say_event, terminal.say)
    with _audited(place, reviewed.stack):
        deploying.carry_out(place, wanted, reviewed, progress, outcomes.wrong_at_the_front_door)
    report.result = "deployed"


def _say_next(reviewed: Review) -> None:
    """Say what happens next, and how long it takes."""
    if reviewed.stack is None:
        return
    found = reviewed.triggers
    for name in found.firing:
        terminal.say(f"{name} fires already, so it is not watched.")
    watched = terminal.counted(len(found.arns), "alarm")
    terminal.say(
        "Next: the gate asks the new versions; all aliases move at once; the front door is tried; "
        + (
            f"CloudFormation watches {watched} for {found.minutes} min."
            if found.arns
            else "there is no alarm to watch."
        )
    )


def _prune(place: Place, stack: Stack | None) -> None:
    """Delete versions that are too many. A failure of that is no failure of the release."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - slow to load

    from ops.live import pruning  # noqa: PLC0415 - its --help is quick without
    from ops.release import deploying  # noqa: PLC0415 - its --help is quick without

    if stack is None:
        return
    try:
        gone = pruning.prune(deploying.target(place), place.settings.release.keep_versions)
    except (BotoCoreError, ClientError) as error:
        terminal.note(f"orders: old versions stay: {error}")
        return
    if gone:
        terminal.say(f"Old versions that went: {gone}")


def destroy(*, stage: Stage = None, yes: Yes = False) -> None:
    """Remove a stage from your AWS account, once you have typed its name."""
    from ops.release import deploying  # noqa: PLC0415 - its --help is quick without

    settings = options.settings(stage)
    with _telling_of_interrupts():
        place = options.place(settings)
        _say_where(place)
        stack = deploying.stack(place)
        if stack is None:
            terminal.say(f"There is no stack {place.stack}: nothing to remove.")
            return
        if settings.keep_data:
            terminal.say(_DATA_STAYS)
        deploying.check_unprotected(place, stack)
        terminal.agree_by_typing("", settings.stage, to="remove it", yes=yes)
        _empty_web_client(place, stack)
        _say_kept(deploying.remove(place, stack, outcomes.say_event))
        if settings.keep_data:
            terminal.say(f"It comes back with: orders deploy --stage {settings.stage} {_ADOPT}")


@contextlib.contextmanager
def _audited(place: Place, stack: Stack | None) -> Iterator[None]:
    """Record a change of a stage that is there; what makes or removes one, CloudTrail tells."""
    if stack is None or outputs.AUDIT_LOG not in stack.outputs:
        yield
        return
    from ops.audit import Home  # noqa: PLC0415 - its --help is quick without

    home = Home(place.client, stack.outputs[outputs.AUDIT_LOG])
    with audited_in(home, "deploy", stack=place.stack):
        yield


def _say_where(place: Place) -> None:
    account = place.account
    terminal.say(f"Stage {place.settings.stage}: account {account.account_id}, {account.region}")
    terminal.say(f"As {account.caller}")


def _clear(place: Place, *, agreed: bool) -> None:
    """Delete a stack that can only be deleted, once the operator has typed the stage's name."""
    from ops.release import deploying, leftovers  # noqa: PLC0415 - its --help is quick without

    found = deploying.stack(place)
    if found is None or not deploying.remains(place, found):
        return
    terminal.say(
        f"{place.stack} is {found.status}: its first deployment failed, or its removal did. "
        "It can only be deleted" + (", and its protection lifted." if found.protected else ".")
    )
    _say_kept(leftovers.kept_by(place, found.stack_id))
    name = place.settings.stage
    terminal.agree_by_typing("", name, to="delete it", yes=agreed, otherwise=_CLEAR)
    deploying.clear(place, found, outcomes.say_event)


def _adopt(place: Place, wanted: Assembled, *, agreed: bool) -> None:
    """Take over what earlier stacks have kept; a stage never begins anew beside its old data."""
    from ops.release import deploying, leftovers  # noqa: PLC0415 - its --help is quick without

    left = leftovers.adoptable(place, deploying.stack(place), wanted.template)
    if not left:
        return
    terminal.say("An earlier deployment of this stage has left:")
    for kept in left:
        terminal.say(f"  {kept}")
    question = "Take this over as it is, with what it holds?"
    terminal.agree(question, yes=agreed, otherwise=_ADOPT, refused=_TO_BEGIN_WITH_NOTHING)
    leftovers.adopt(place, left, wanted.folder)


def _say_kept(kept: Iterable[Kept]) -> None:
    for each in kept:
        terminal.say(f"Kept, as the template says: {each}")


def _accept_flaw(flaw: str | None, *, yes: bool) -> None:
    if flaw:
        terminal.say(flaw)
        terminal.agree("Go on without?", yes=yes)


def _accept_silence(settings: Settings, *, agreed: bool) -> None:
    """Ask whether a stage whose data matters may go wrong unheard; others need not call anybody."""
    if settings.keep_data and not settings.alarm_emails:
        terminal.say(_NOBODY_HEARS)
        terminal.agree("Deploy it all the same?", yes=agreed, otherwise=_UNHEARD)


def _agree(settings: Settings, reviewed: Review, *, lose_data: bool, yes: bool) -> None:
    if not reviewed.changes:
        terminal.say("Nothing has changed.")
        return
    if reviewed.losses:
        _say_losses(reviewed.losses)
        _accept_losses(settings, reviewed.losses, lose_data=lose_data, yes=yes)
    terminal.agree(f"Deploy stage {settings.stage}?", yes=yes)


def _say_losses(losses: Iterable[Loss]) -> None:
    terminal.say("This change loses data:")
    for loss in losses:
        terminal.say(f"  {loss.sentence}" + (f" (meant: {loss.reason})" if loss.reason else ""))


def _accept_losses(
    settings: Settings, losses: Iterable[Loss], *, lose_data: bool, yes: bool
) -> None:
    """Ask whether data may be lost: that takes more than a yes, and some stages lose none.

    Those lose only what the release declares, with a reason.
    """
    if settings.keep_data and not all(loss.reason for loss in losses):
        raise OperatorError(
            f"Stage {settings.stage} keeps its data, so this is not deployed. "
            f"What is meant is declared in {DECLARED.relative_to(ROOT)}."
        )
    if yes and not lose_data:
        raise terminal.not_agreed(_LOSE_DATA, answered=False)
    terminal.agree_by_typing("", settings.stage, to="lose it", yes=lose_data, otherwise=_LOSE_DATA)


def _publish_web_client(place: Place, stack: Stack | None) -> None:
    """Put the web client's files where the stage hosts it, whatever has changed."""
    if stack is None or outputs.WEB_CLIENT_BUCKET not in stack.outputs:
        return
    from ops.web import bundle, hosting  # noqa: PLC0415 - its --help is quick without

    bucket, config = stack.outputs[outputs.WEB_CLIENT_BUCKET], hosting.config_of
    folder, found = bundle.ready(), config(place.settings, stack.outputs)
    files = terminal.counted(hosting.publish(place.client("s3"), bucket, folder, found), "file")
    target = stack.outputs[outputs.WEB_CLIENT_TARGET]
    terminal.say(f"Web client: {files} at {stack.outputs[outputs.WEB_CLIENT_URL]}")
    terminal.say(f"Its DNS record points to {target}")


def _empty_web_client(place: Place, stack: Stack) -> None:
    if bucket := stack.outputs.get(outputs.WEB_CLIENT_BUCKET):
        from ops.web import hosting  # noqa: PLC0415 - its --help is quick without

        hosting.empty(place.client("s3"), bucket)


def _say_address(place: Place, stack: Stack | None, report: Report) -> None:
    where = stack.outputs.get(outputs.API_URL, place.stack) if stack else place.stack
    terminal.say(f"Stage {place.settings.stage} is deployed: {where}")
    if report.begun:
        terminal.say(f"It took {terminal.age(report.seconds)}.")


@contextlib.contextmanager
def _telling_of_interrupts(report: Report | None = None) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        terminal.note("orders: interrupted; AWS finishes what it has begun.")
        if report is not None and report.begun:
            terminal.note(
                "orders: CloudFormation goes on by itself, and takes the release back if it fails. "
                f"Look: orders status --stage {report.stage}. "
                f"Take it back: orders rollback --stage {report.stage}"
            )
        raise
