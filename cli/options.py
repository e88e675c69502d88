"""The options that commands share, so that they mean the same everywhere."""

from __future__ import annotations

import contextlib
import difflib
from typing import TYPE_CHECKING, Annotated, Any

import typer
from botocore.exceptions import NoCredentialsError, PartialCredentialsError

from cli import terminal
from infrastructure.settings import STAGES, is_preview, is_proof, settings_of
from ops.reach import target
from ops.reach.aws_errors import explain
from ops.reach.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infrastructure.settings import Settings
    from ops.release.account import Place

Stage = Annotated[
    str | None,
    typer.Option(
        "--stage",
        metavar="NAME",
        help="The stage on AWS.",
        autocompletion=lambda: list(STAGES),
        show_default=target.DEFAULT_STAGE,
    ),
]
Local = Annotated[bool, typer.Option("--local", help="The copy that `make run` runs, instead.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def partner_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete a partner's id: those of the deployment that is named, or of the local run.

    A shell that completes is not to be kept waiting, or told why there is nothing to offer.
    """
    local, stage = bool(ctx.params.get("local")), ctx.params.get("stage")
    with contextlib.suppress(Exception):
        from ops.partners import keys  # noqa: PLC0415 - boto3; other completion is quick without

        found = keys.read(_found(stage, local=local or not stage))
        return sorted({key.partner_id for key in found if key.partner_id.startswith(incomplete)})
    return []


def restaurant_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the id of a restaurant that somebody serves, likewise."""
    local, stage = bool(ctx.params.get("local")), ctx.params.get("stage")
    with contextlib.suppress(Exception):
        from ops.partners import restaurants  # noqa: PLC0415 - boto3, as above

        found = restaurants.read(_found(stage, local=local or not stage)).restaurants
        return sorted(name for name in found if name.startswith(incomplete))
    return []


def server_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete who can serve a restaurant: its staff, or a partner."""
    return [*(["staff"] if "staff".startswith(incomplete) else []), *partner_ids(ctx, incomplete)]


def place(settings: Settings) -> Place:
    """Enter the account that a stage is deployed to.

    Raises:
        OperatorError: when it cannot be entered.
    """
    from ops.release import deploying  # noqa: PLC0415 - boto3; `--help` is quick without

    terminal.busy(f"Finding your account, for stage {settings.stage} …")
    return deploying.enter(settings)


def find(stage: str | None, *, local: bool) -> target.Target:
    """Find the deployment that the options name.

    Raises:
        typer.BadParameter: when they cannot be meant.
        OperatorError: when there is no such deployment.
    """
    what = "the local run" if local else f"stage {stage or target.DEFAULT_STAGE}"
    with terminal.waiting(f"Finding {what} …"):
        found = _found(stage, local=local)
    terminal.busy(f"Asking {found.name} …")
    return found


def _found(stage: str | None, *, local: bool) -> target.Target:
    """Find it, and show nothing: a shell that completes would show that at its prompt."""
    check(stage, local=local)
    if local:
        return target.on_this_machine()
    try:
        return target.on_aws(stage or target.DEFAULT_STAGE)
    except (NoCredentialsError, PartialCredentialsError) as error:
        if stage or not target.runs_on_this_machine():
            raise
        hint = "Or say --local: the local run is running."
        raise OperatorError(f"{explain(error)} {hint}") from None


def find_traces(stage: str | None, *, local: bool) -> tuple[str, Any]:
    """Give the name of the deployment that the options name, and a client of its X-Ray.

    Raises:
        typer.BadParameter: when they cannot be meant.
        OperatorError: when the local run is not running.
    """
    check(stage, local=local)
    if local:
        return "the local run", target.traces_on_this_machine()
    name = stage or target.DEFAULT_STAGE
    return f"stage {name}", target.traces_on_aws(name)


def settings(stage: str | None) -> Settings:
    """Give the settings of the stage that the option names.

    Raises:
        typer.BadParameter: when there is no such stage.
    """
    check(stage)
    return settings_of(stage or target.DEFAULT_STAGE)


def check(stage: str | None, *, local: bool = False) -> None:
    """Check that the options can be meant; commands that messages name will say the same.

    Raises:
        typer.BadParameter: otherwise.
    """
    if local and stage:
        raise typer.BadParameter("--local and --stage exclude each other.")
    if stage and stage not in STAGES and not (is_preview(stage) or is_proof(stage)):
        raise unknown("stage", stage, STAGES)
    terminal.aim(stage, local=local)


def unknown(kind: str, given: str, known: Iterable[str]) -> typer.BadParameter:
    """Say that there is no such thing, and what was probably meant."""
    by_lower_case = {name.lower(): name for name in known}
    near = difflib.get_close_matches(given.lower(), by_lower_case, n=1)
    hint = (
        f"Did you mean {str(by_lower_case[near[0]])!r}?"
        if near
        else f"There are {', '.join(known)}."
    )
    return typer.BadParameter(f"There is no {kind} {given!r}. {hint}")
