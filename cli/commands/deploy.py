"""`orders deploy` and `orders destroy`: a stage to an AWS account, and out of it again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options, terminal
from cli.options import Stage, Yes, lines
from infrastructure import outputs
from infrastructure.stateful import DECLARED
from ops.reach.errors import OperatorError
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infrastructure.settings import Settings
    from ops.release.account import Place
    from ops.release.change_set import Loss, Stack
    from ops.release.deploying import Review

DEPLOY_EXAMPLES = lines("""
    For example:
    orders deploy --stage dev
    orders deploy --stage prod --yes
    --yes answers every question but one: whether data may be lost.
""")
DESTROY_EXAMPLES = lines("""
    For example:
    orders destroy --stage dev
""")

_LOSE_DATA = "--lose-data"
_TABLES_STAY = "The tables of this stage are kept when it goes; delete them by hand if you mean to."

LoseData = Annotated[
    bool, typer.Option(_LOSE_DATA, help="Do not ask before a stage loses data, either.")
]


def deploy(*, stage: Stage = None, lose_data: LoseData = False, yes: Yes = False) -> None:
    """Deploy a stage to your AWS account; shows what would change, and asks first."""
    from ops.release import deploying  # noqa: PLC0415 - boto3; `orders --help` is quick without

    settings = options.settings(stage)
    with _telling_of_interrupts():
        place = deploying.enter(settings)
        _say_where(place)
        _accept_flaw(deploying.flaw_of_bytecode(), yes=yes)
        deploying.prepare(place, terminal.say)
        with deploying.review(place) as reviewed:
            _agree(settings, reviewed, lose_data=lose_data, yes=yes)
        deploying.carry_out(place, reviewed)
        _say_address(place, deploying.stack(place))


def destroy(*, stage: Stage = None, yes: Yes = False) -> None:
    """Remove a stage from your AWS account, once you have typed its name."""
    from ops.release import deploying  # noqa: PLC0415 - as above

    settings = options.settings(stage)
    with _telling_of_interrupts():
        place = deploying.enter(settings)
        _say_where(place)
        stack = deploying.stack(place)
        if stack is None:
            terminal.say(f"There is no stack {place.stack}: nothing to remove.")
            return
        if settings.keep_data:
            terminal.say(_TABLES_STAY)
        deploying.check_unprotected(place, stack)
        terminal.agree_by_typing("", settings.stage, to="remove it", yes=yes)
        for kept in deploying.remove(place, terminal.say):
            terminal.say(f"Kept, as the template says: {kept}")


def _say_where(place: Place) -> None:
    account = place.account
    terminal.say(f"Stage {place.settings.stage}: account {account.account_id}, {account.region}")
    terminal.say(f"As {account.caller}")


def _accept_flaw(flaw: str | None, *, yes: bool) -> None:
    if flaw:
        terminal.say(flaw)
        terminal.agree("Go on without?", yes=yes)


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
        raise terminal.not_agreed(_LOSE_DATA)
    terminal.agree_by_typing("", settings.stage, to="lose it", yes=lose_data, otherwise=_LOSE_DATA)


def _say_address(place: Place, stack: Stack | None) -> None:
    where = stack.outputs.get(outputs.API_URL, place.stack) if stack else place.stack
    terminal.say(f"Stage {place.settings.stage} is deployed: {where}")


@contextlib.contextmanager
def _telling_of_interrupts() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        terminal.note("orders: interrupted; AWS finishes what it has begun.")
        raise
