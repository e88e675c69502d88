"""`orders releases`: what a stage has run, and what of it can come back at once."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from cli import options, terminal
from cli.examples import lines
from cli.options import Json, Local, Stage  # noqa: TC001 - Typer reads the annotations

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.live.history import Entry, Listed
    from ops.reach.target import Target

RELEASES_EXAMPLES = lines("""
    For example:
    orders releases --stage prod
    orders releases --stage prod --json | jq '.[] | select(.state == "live")'
    orders rollback --to 41 --stage prod
    live: it runs. kept: `orders rollback` brings it back in seconds. gone: versions are deleted.
""")

_DIRTY = "*"
_DEPLOYING = ("orders deploy", "orders rollback")


def releases(*, stage: Stage = None, local: Local = False, json_: Json = False) -> None:
    """List the releases that a stage has had, and which of them can come back at once.

    Parameter Store keeps the hundred newest.

    Needs cloudformation:DescribeStacks; ssm:GetParameterHistory on the
    parameter /food-delivery/STAGE/release; lambda:GetAlias,
    ListVersionsByFunction; and logs:FilterLogEvents on the audit log, or it
    does not say who has deployed.
    """
    from ops.live import history  # noqa: PLC0415 - boto3; its --help is quick without

    target = options.find(stage, local=local)
    with terminal.waiting(f"Reading the releases of {target.name} …"):
        found = history.releases(target, _deployers(target))
    if json_:
        terminal.as_json([_document(each) for each in found])
        return
    if found:
        terminal.table(("N", "When (UTC)", "Version", "Commit", "State", "By"), map(_row, found))
    _remark(target.name, target.cure, found)


def _deployers(target: Target) -> Callable[[dt.datetime], str]:
    """Give what says whose deployment was under way at a moment, as far as it can be read."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above

    from ops import audit  # noqa: PLC0415 - as above
    from ops.reach.errors import OperatorError  # noqa: PLC0415 - as above

    since = dt.datetime.now(dt.UTC) - dt.timedelta(days=audit.KEPT_DAYS)
    try:
        acts = audit.commands(target, since)
    except (ClientError, BotoCoreError, OperatorError):
        acts = []
    return lambda moment: audit.under_way(acts, _DEPLOYING, moment)


def _row(listed: Listed) -> tuple[object, ...]:
    entry, release = listed.entry, listed.entry.release
    when = f"{entry.at:%Y-%m-%d %H:%M}"
    version = release.version if release else "–"
    return entry.number, when, version, _commit(entry), listed.state.value, _name(entry.who) or "–"


def _commit(entry: Entry) -> str:
    if entry.release is None:
        return "–"
    return entry.release.commit[:12] + (_DIRTY if entry.release.dirty else "")


def _name(arn: str) -> str:
    """Give the end of the credentials' ARN, which names a person or a pipeline's session."""
    return arn.rpartition("/")[2].rpartition(":")[2]


def _remark(name: str, cure: str, found: list[Listed]) -> None:
    from ops.live import history  # noqa: PLC0415 - boto3; its --help is quick without

    if not found:
        terminal.note(
            f"{name.capitalize()} has no history of releases: what is deployed is older than that. "
            f"The next deployment begins it: {cure}"
        )
    if any(each.entry.release and each.entry.release.dirty for each in found):
        terminal.note(f"{_DIRTY}: with changes that are in no commit.")
    if len(found) >= history.KEPT:
        terminal.note(f"Parameter Store keeps the {history.KEPT} newest. Git has those before.")
    if found and not any(each.state is history.State.LIVE for each in found):
        terminal.note("None of these is what runs: `orders status` says how they differ.")


def _document(listed: Listed) -> dict[str, Any]:
    entry, release = listed.entry, listed.entry.release
    return {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "version": release.version if release else None,
        "commit": release.commit if release else None,
        "dirty": release.dirty if release else None,
        "state": listed.state.value,
        "who": entry.who or None,
        "functions": entry.functions,
    }
