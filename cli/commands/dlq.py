"""`orders dlq`: look at dead letters, send them back, or take them out."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options, terminal
from cli.audit import audited
from cli.examples import lines
from cli.options import Json, Local, Stage, Yes
from infrastructure import outputs
from ops.dead_letters import choice
from ops.dead_letters import letters as dead_letters
from ops.dead_letters.letters import QUEUES, DeadLetterQueue, Report
from ops.dead_letters.purge import duration, purge, refuse_existing
from ops.dead_letters.redrive import redrive
from ops.reach.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ops.dead_letters.letters import DeadLetter, Overview, Wanted
    from ops.reach.target import Target

app = typer.Typer(
    no_args_is_help=True,
    epilog=lines("""
        QUEUE is processing, notifications, restaurants or pipe. For example:
        orders dlq ls --stage prod
        orders dlq show processing --limit 5 --body
        orders dlq redrive --order 01a2056f-12d3-7a4f-a166-60b40a00b62c
        orders dlq redrive --all-queues --dry-run
        orders dlq purge notifications --older-than 7d --to old.jsonl
    """),
)


def _queue(name: str) -> DeadLetterQueue:
    if name not in QUEUES:
        raise options.unknown("queue", name, QUEUES)
    return QUEUES[name]


def _seconds(text: str) -> int:
    try:
        return duration(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from None


_QUEUE = typer.Argument(
    metavar="QUEUE",
    parser=_queue,
    autocompletion=lambda: list(QUEUES),
    help="processing, notifications, restaurants or pipe.",
    show_default=False,
)
_COLUMNS = ("Queue", "Order", "Status", "Partner", "Received", "Age", "Reason")

AnyQueue = Annotated[DeadLetterQueue | None, _QUEUE]
Order = Annotated[
    str | None,
    typer.Option("--order", metavar="ID", help="Only what is about this order."),
]


@app.command()
def ls(*, stage: Stage = None, local: Local = False, json_: Json = False) -> None:
    """List the dead-letter queues: how many messages, and the age of the oldest."""
    target = options.find(stage, local=local)
    with terminal.waiting(f"Counting the dead letters of {target.name} …"):
        overviews = [dead_letters.overview(target, queue) for queue in QUEUES.values()]
    if json_:
        terminal.as_json([_overview_as_json(item) for item in overviews])
        return
    rows = [
        (item.queue.name, item.depth.waiting, item.depth.in_flight, _oldest(item))
        for item in overviews
    ]
    terminal.table(("Queue", "Waiting", "In flight", "Oldest"), rows)


@app.command()
def show(
    queue: AnyQueue = None,
    *,
    order: Order = None,
    limit: Annotated[int, typer.Option(min=1, help="How many of each queue, at most.")] = 100,
    body: Annotated[bool, typer.Option("--body", help="With the whole messages.")] = False,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
) -> None:
    """Show dead letters and leave them where they are; without a queue, those of all."""
    target = options.find(stage, local=local)
    letters: list[DeadLetter] = []
    for each in _chosen(target, queue, order):
        seen = dead_letters.look(target, each, order=order, limit=limit)
        letters += seen.letters
        if not seen.complete:
            terminal.note(f"There are more in {each.name} than {limit}; --limit shows them.")
    if json_:
        terminal.as_json([_letter_as_json(letter, body=body) for letter in letters])
    elif not letters:
        terminal.say("No dead letters.")
    else:
        _print_letters(letters, body=body)


@app.command("redrive")
def redrive_(
    queue: AnyQueue = None,
    *,
    all_queues: Annotated[bool, typer.Option("--all-queues", help="Every queue.")] = False,
    order: Order = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be sent; change nothing.")
    ] = False,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Send dead letters back to where they came from; those of the pipe, to the topic.

    With --order and no queue all queues are looked through.
    """
    if queue and all_queues:
        raise typer.BadParameter("Name either a queue or --all-queues.")
    if not (queue or all_queues or order):
        raise typer.BadParameter("Name a queue, --all-queues or --order.")
    target = options.find(stage, local=local)
    wanted = choice.wanted(order)
    counts = {each: _count(target, each, wanted) for each in _chosen(target, queue, order)}
    reports = {each: Report(each.name, found) for each, found in counts.items()}
    for each, found in counts.items():
        terminal.note(
            f"{each.name}: {terminal.counted(found)} → {each.source or outputs.ORDER_CHANGES_TOPIC}"
        )
    if dry_run or not any(counts.values()):
        _print_reports(reports.values(), "moved", json_=json_)
        _say_where(target, queue, order, counts)
        return
    total = terminal.counted(sum(counts.values()))
    terminal.agree(f"Send {total} of {target.name} back?", yes=yes)
    try:
        for each, report in reports.items():
            if report.found:
                with (
                    audited(target, "dlq redrive", queue=each.name, order=order or "any"),
                    terminal.progress(each.name, report.found) as told,
                ):
                    redrive(target, each, report, told, wanted=wanted)
    finally:
        _print_reports(reports.values(), "moved", json_=json_)
    _exit(reports.values())


@app.command("purge")
def purge_(
    queue: Annotated[DeadLetterQueue, _QUEUE],
    *,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="A new file for them.")],
    order: Order = None,
    older_than: Annotated[
        int | None,
        typer.Option(metavar="TIME", parser=_seconds, help="Such as 12h, 7d or 2w."),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every message of the queue.")] = False,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Delete dead letters, each after it was written to a file."""
    if (order is not None) + (older_than is not None) + all_ != 1:
        raise typer.BadParameter("Name one of --order, --older-than and --all.")
    refuse_existing(to)
    target = options.find(stage, local=local)
    _chosen(target, queue, order)
    wanted = choice.wanted(order, older_than)
    report = Report(queue.name, _count(target, queue, wanted))
    if report.found:
        total = terminal.counted(report.found)
        question = f"Delete {total} of {queue.name}, {target.name}, once they are in {to}?"
        terminal.agree(question, yes=yes)
    try:
        if report.found:
            with (
                audited(target, "dlq purge", queue=queue.name, order=order or "any"),
                terminal.progress(queue.name, report.found) as told,
            ):
                purge(target, queue, report, told, wanted=wanted, path=to)
    finally:
        _print_reports([report], "purged", json_=json_)
    _exit([report])


def _chosen(
    target: Target, queue: DeadLetterQueue | None, order: str | None
) -> list[DeadLetterQueue]:
    if order is not None and queue and not choice.tells_orders(queue):
        raise typer.BadParameter("The pipe's dead letters do not say whose orders they are about.")
    queues = choice.queues(target, queue, order)
    for left in queues.left_out:
        terminal.note(
            f"{left.name} is left out: its dead letters do not say whose orders they are about."
        )
    return queues.chosen


def _say_where(
    target: Target,
    queue: DeadLetterQueue | None,
    order: str | None,
    counts: Mapping[DeadLetterQueue, int],
) -> None:
    """Say in which queues an order's letters are, where the one that was named has none.

    Raises:
        OperatorError: then, as nothing that was meant was done.
    """
    if not queue or order is None or any(counts.values()):
        return
    others = [each for each in choice.queues(target, None, order).chosen if each != queue]
    wanted = choice.wanted(order)
    names = [each.name for each in others if choice.matching(target, each, wanted).found]
    if names:
        raise OperatorError(
            f"{queue.name} has no dead letter of that order; {' and '.join(names)} has. Leave the "
            f"queue out: orders dlq redrive --order {order}"
        )


def _count(target: Target, queue: DeadLetterQueue, wanted: Wanted | None) -> int:
    counted = choice.matching(target, queue, wanted)
    if counted.elsewhere:
        terminal.note(f"{queue.name}: {counted.elsewhere} more are being looked at elsewhere")
    return counted.found


def _oldest(item: Overview) -> str:
    known = item.oldest is None or item.exact
    return terminal.age(item.oldest) if known else f"at least {terminal.age(item.oldest)}"


def _overview_as_json(item: Overview) -> dict[str, Any]:
    return {
        "queue": item.queue.name,
        "waiting": item.depth.waiting,
        "inFlight": item.depth.in_flight,
        "oldestSeconds": None if item.oldest is None else round(item.oldest),
        "oldestIsExact": item.exact,
    }


def _letter_as_json(letter: DeadLetter, *, body: bool) -> dict[str, Any]:
    sent = dt.datetime.fromtimestamp(letter.sent_at, dt.UTC)
    document = {
        "queue": letter.queue,
        "messageId": letter.message_id,
        "orderId": letter.order_id,
        "status": letter.status,
        "version": letter.version,
        "partnerId": letter.partner_id,
        "reason": letter.reason,
        "receiveCount": letter.received,
        "sentAt": sent.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "ageSeconds": round(letter.age),
        "place": asdict(letter.place) if letter.place else None,
    }
    return {**document, "body": letter.body} if body else document


def _print_letters(letters: Sequence[DeadLetter], *, body: bool) -> None:
    if not body:
        terminal.table(_COLUMNS, [_row(letter) for letter in letters])
        return
    for letter in letters:
        terminal.table(_COLUMNS, [_row(letter)])
        terminal.say(f"{_readable(letter.body)}\n")


def _row(letter: DeadLetter) -> tuple[object, ...]:
    version = f" v{letter.version}" if letter.version else ""
    status, age = f"{letter.status or '–'}{version}", terminal.age(letter.age)
    whose = letter.order_id or "–", status, letter.partner_id or "–"
    return letter.queue, *whose, letter.received, age, letter.reason


def _readable(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body


def _print_reports(reports: Iterable[Report], done: str, *, json_: bool) -> None:
    reports = list(reports)
    if json_:
        terminal.as_json([_report_as_json(report, done) for report in reports])
        return
    rows = [(report.queue, report.found, report.done, report.failed) for report in reports]
    terminal.table(("Queue", "Found", done.capitalize(), "Failed"), rows)
    for report in reports:
        for reason, count in report.reasons.items():
            terminal.note(f"{report.queue}, {terminal.counted(count)}: {reason}")


def _report_as_json(report: Report, done: str) -> dict[str, Any]:
    return {
        "queue": report.queue,
        "found": report.found,
        done: report.done,
        "failed": report.failed,
        "reasons": report.reasons,
    }


def _exit(reports: Iterable[Report]) -> None:
    if any(report.failed for report in reports):
        raise typer.Exit(1)
