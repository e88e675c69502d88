"""`orders previews`: the stages of pull requests, and the end of those that nobody needs."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options, outcomes, terminal
from cli.examples import lines
from cli.options import Json, Yes
from infrastructure.settings import PREVIEWED, settings_of
from ops.reach.errors import OperatorError

if TYPE_CHECKING:
    from ops.pipeline.previews import Overdue, Preview

app = typer.Typer(
    no_args_is_help=True,
    epilog=lines("""
        For example:
        orders previews ls
        orders previews reap --open "12 15" --yes
    """),
)

Open = Annotated[
    str,
    typer.Option(
        "--open",
        metavar="NUMBERS",
        help="The pull requests that want a preview, by blanks or commas; '' for none.",
    ),
]
Days = Annotated[
    int, typer.Option("--days", min=1, help="For how long one may stand that nobody deploys again.")
]


@app.command("ls")
def ls(*, json_: Json = False) -> None:
    """List the stages of pull requests in the account of your credentials."""
    now = dt.datetime.now(dt.UTC)
    found = _found()
    if json_:
        terminal.as_json([_document(preview, now) for preview in found])
        return
    terminal.table(
        ("Stage", "Status", "Days since deployed"),
        [(each.stage, each.status, str(each.days(now))) for each in found],
    )
    terminal.note(terminal.counted(len(found), "preview") + ".")


@app.command("reap")
def reap(*, open_: Open, days: Days = 7, yes: Yes = False) -> None:
    """Remove the previews whose pull request wants none, or that nobody has deployed for long."""
    from ops.pipeline.previews import overdue  # noqa: PLC0415 - its --help is quick without

    now = dt.datetime.now(dt.UTC)
    due = overdue(_found(), still_open=_numbers(open_), days=days, now=now)
    if not due:
        terminal.say("No preview is to go.")
        return
    for each in due:
        terminal.say(f"{each.preview.stage}: {each.why}.")
    terminal.agree(f"Remove {terminal.counted(len(due), 'preview')}?", yes=yes)
    failed = [each.preview.stage for each in due if not _removed(each)]
    if failed:
        raise OperatorError(
            f"Could not be removed: {', '.join(failed)}. What was said stands above; "
            f"then: orders destroy --stage {failed[0]}"
        )


def _found() -> list[Preview]:
    from ops.pipeline.previews import previews  # noqa: PLC0415 - its --help is quick without

    return previews(options.place(settings_of(PREVIEWED)).client("cloudformation"))


def _removed(due: Overdue) -> bool:
    """Remove one; the others are to go whatever becomes of it."""
    from ops.release import deploying  # noqa: PLC0415 - its --help is quick without

    stage = due.preview.stage
    try:
        place = options.place(settings_of(stage))
        if found := deploying.stack(place):
            deploying.clear(place, found, outcomes.say_event)
    except OperatorError as error:
        terminal.note(f"orders: {stage}: {error}")
        return False
    terminal.say(f"{stage} is removed.")
    return True


def _numbers(text: str) -> set[int]:
    """Read the numbers of pull requests.

    Raises:
        typer.BadParameter: when it is anything else, so that no preview goes for a typing error.
    """
    words = text.replace(",", " ").split()
    wrong = [word for word in words if not (word.isascii() and word.isdigit())]
    if wrong:
        raise typer.BadParameter(
            f"--open takes numbers of pull requests, such as '12 15', not {wrong[0]!r}."
        )
    return {int(word) for word in words}


def _document(preview: Preview, now: dt.datetime) -> dict[str, object]:
    return {
        "stage": preview.stage,
        "pullRequest": preview.number,
        "status": preview.status,
        "deployed": preview.deployed.isoformat(),
        "days": preview.days(now),
    }
