"""`orders deploy` and `orders destroy`: a stage to an AWS account, and out of it again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options, terminal
from cli.options import Stage, Yes, lines
from ops.reach.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infrastructure.settings import Settings
    from ops.release.account import Place

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

LoseData = Annotated[
    bool, typer.Option(_LOSE_DATA, help="Do not ask before a stage loses data, either.")
]


def deploy(*, stage: Stage = None, lose_data: LoseData = False, yes: Yes = False) -> None:
    """Deploy a stage to your AWS account; shows what would change, and asks first."""
    settings = options.settings(stage)
    with _telling_of_interrupts():
        place = _enter(settings)
        _accept_bytecode(yes=yes)
        _carry_out(place, lose_data=lose_data, yes=yes)
        _show_address(place)


def destroy(*, stage: Stage = None, yes: Yes = False) -> None:
    """Remove a stage from your AWS account, once you have typed its name."""
    settings = options.settings(stage)
    with _telling_of_interrupts():
        _remove(_enter(settings), yes=yes)


def _enter(settings: Settings) -> Place:
    from ops.release import deploying  # noqa: PLC0415 - boto3; `orders --help` is quick without

    place = deploying.enter(settings)
    account = place.account
    terminal.say(f"Stage {settings.stage}: account {account.account_id}, {account.region}")
    terminal.say(f"As {account.caller}")
    return place


def _accept_bytecode(*, yes: bool) -> None:
    from ops.release import deploying  # noqa: PLC0415 - as above

    if flaw := deploying.flaw_of_bytecode():
        terminal.say(flaw)
        terminal.agree("Go on without?", yes=yes)


def _carry_out(place: Place, *, lose_data: bool, yes: bool) -> None:
    from ops.release import deploying  # noqa: PLC0415 - as above

    deploying.prepare(place, terminal.say)
    reviewed = deploying.review(place)
    if not reviewed.changes:
        terminal.say("Nothing has changed.")
        return
    try:
        _accept_losses(place.settings, reviewed.losses, lose_data=lose_data, yes=yes)
        terminal.agree(f"Deploy stage {place.settings.stage}?", yes=yes)
    except (OperatorError, KeyboardInterrupt):
        deploying.drop_review(place, reviewed)
        raise
    deploying.carry_out(place, reviewed)


def _accept_losses(
    settings: Settings, losses: Sequence[str], *, lose_data: bool, yes: bool
) -> None:
    """Ask whether data may be lost: that takes more than a yes, and of some stages none may."""
    if not losses:
        return
    terminal.say("\n  ".join(["This change loses data:", *losses]))
    if settings.keep_data:
        raise OperatorError(f"Stage {settings.stage} keeps its data, so this is not deployed.")
    if yes and not lose_data:
        raise terminal.not_agreed(_LOSE_DATA)
    terminal.agree_by_typing("", settings.stage, to="lose it", yes=lose_data, otherwise=_LOSE_DATA)


def _show_address(place: Place) -> None:
    from ops.release import deploying  # noqa: PLC0415 - as above

    stack = deploying.stack(place)
    where = stack.outputs.get("ApiUrl", place.stack) if stack else place.stack
    terminal.say(f"Stage {place.settings.stage} is deployed: {where}")


def _remove(place: Place, *, yes: bool) -> None:
    from ops.release import deploying  # noqa: PLC0415 - as above

    stack = deploying.stack(place)
    if stack is None:
        terminal.say(f"There is no stack {place.stack}: nothing to remove.")
        return
    if place.settings.keep_data:
        terminal.say(
            "The tables of this stage are kept when it goes; delete them by hand if you mean to."
        )
    deploying.check_unprotected(place, stack)
    terminal.agree_by_typing("", place.settings.stage, to="remove it", yes=yes)
    for kept in deploying.remove(place, terminal.say):
        terminal.say(f"Kept, as the template says: {kept}")


@contextlib.contextmanager
def _telling_of_interrupts() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        terminal.note("orders: interrupted; AWS finishes what it has begun.")
        raise
