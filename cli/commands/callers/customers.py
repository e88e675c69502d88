"""`orders customers`: what we hold of a person, given to them, erased, or kept under a hold."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options, terminal
from cli.audit import audited
from cli.examples import lines
from cli.options import Json, Local, Stage, Yes
from ops.customers import erasure, export, holds, ledger, people, remains
from ops.customers.people import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ops.customers.erasure import Report, Standing
    from ops.reach.target import Target

app = typer.Typer(
    no_args_is_help=True,
    epilog=lines("""
        ID is the `sub` of a customer's token, or PARTNER#ID of a partner's customer. For example:
        orders customers export 0a1b2c3d-0000-4000-8000-000000000000 --stage prod > person.jsonl
        orders customers erase acme-pos#cust-1 --stage prod --dry-run
        orders customers hold acme-pos#cust-1 --stage prod --reason "claim 4711"
        orders customers holds --stage prod
    """),
)


def _id(text: str) -> str:
    if not people.is_customer_id(text):
        raise typer.BadParameter(
            f"{text!r} is no customer's id: the `sub` of a token, or PARTNER#ID, such as "
            "acme-pos#cust-1."
        )
    return text


def _reason(text: str) -> str:
    if not 1 <= len(text.strip()) <= holds.LONGEST_REASON:
        raise typer.BadParameter(f"A reason has 1 to {holds.LONGEST_REASON} characters.")
    return text.strip()


Id = Annotated[str, typer.Argument(metavar="ID", parser=_id, help="Whose.", show_default=False)]


@app.command("export")
def export_(
    customer_id: Id, *, stage: Stage = None, local: Local = False, json_: Json = False
) -> None:
    """Give all that we hold of a person: a JSON object a line; with --json, one document.

    Needs dynamodb:Query on the index by-customer, and cognito-idp:ListUsers. Who has asked for it
    stands in the audit log.
    """
    target = options.find(stage, local=local)
    found = []
    with (
        audited(target, "customers export", **{ledger.PERSON: fingerprint(customer_id)}),
        terminal.waiting(f"Reading what {target.name} holds of them …"),
    ):
        for number, record in enumerate(export.records(target, customer_id), 1):
            if json_:
                found.append(record)
            else:
                print(json.dumps(record, ensure_ascii=False))
            if number % 100 == 0:
                terminal.note(f"{number} records")
    if json_:
        terminal.as_json(found)


@app.command()
def erase(
    customer_id: Id,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be erased; change nothing.")
    ] = False,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """Erase a person: account, dead letters, and what their orders say of them.

    Ids, items, money and the history of orders stay. Repeat it if it was interrupted, and once
    more when the tokens of before have ended, an hour later.
    """
    target = options.find(stage, local=local)
    standing = erasure.look(target, customer_id)
    erasure.check(standing)
    if dry_run:
        _print_standing(standing, json_=json_)
        return
    terminal.note(_in_words(standing))
    question = f"{target.name} will forget {customer_id}, for good."
    terminal.agree_by_typing(question, customer_id, yes=yes, to="erase")
    report = erasure.Report()
    try:
        with (
            _changing(target, customer_id, ledger.ERASE) as held,
            terminal.progress("orders", standing.to_overwrite) as told,
        ):
            erasure.erase(held, customer_id, report, told)
    finally:
        _print_report(report, json_=json_)
    if report.left:
        raise typer.Exit(1)


@app.command()
def hold(
    customer_id: Id,
    *,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", parser=_reason, help="Why they are kept.")
    ],
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
) -> None:
    """Keep a person's orders: they are neither erased nor deleted when their time is over.

    Repeat it for orders that were placed since. A hold that is there keeps its reason.
    """
    target = options.find(stage, local=local)
    with _changing(target, customer_id, "customers hold") as held:
        kept = holds.place(held, customer_id, reason)
    _tell(customer_id, "on hold", kept, "kept beyond their time", json_=json_)


@app.command()
def release(
    customer_id: Id,
    *,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
    yes: Yes = False,
) -> None:
    """End a hold: orders are deleted when their time is over, at once if it is; erasing is free."""
    target = options.find(stage, local=local)
    found = holds.needed(target, customer_id)
    question = f"{customer_id} is on hold since {found.since}: {found.reason}. Release them?"
    terminal.agree(question, yes=yes)
    with _changing(target, customer_id, "customers release") as held:
        going = holds.release(held, customer_id)
    _tell(customer_id, "released", going, "deleted when their time is over", json_=json_)


@app.command("holds")
def holds_(*, stage: Stage = None, local: Local = False, json_: Json = False) -> None:
    """List those who are on hold, since when and why."""
    found = holds.holds(options.find(stage, local=local))
    if json_:
        terminal.as_json([_as_json(one) for one in found])
    elif not found:
        terminal.say("Nobody is on hold.")
    else:
        rows = [(one.customer_id, one.since, one.by, one.reason) for one in found]
        terminal.table(("Customer", "Since", "By", "Reason"), rows)


@contextlib.contextmanager
def _changing(target: Target, customer_id: str, command: str) -> Iterator[Target]:
    """Change what is a person's in a turn; the audit log has no id that could outlive them."""
    with (
        audited(target, command, **{ledger.PERSON: fingerprint(customer_id)}),
        erasure.changing(target, customer_id) as held,
    ):
        yield held


# --- How it is told


def _in_words(standing: Standing) -> str:
    parts = (
        terminal.counted(standing.to_overwrite, "order") + " to overwrite",
        terminal.counted(standing.dead_letters, "dead letter") + " to delete",
        "an account" if standing.person else "no account",
    )
    return f"{standing.customer_id}: {', '.join(parts)}."


def _print_standing(standing: Standing, *, json_: bool) -> None:
    if json_:
        document = {
            "id": standing.customer_id,
            "account": standing.person is not None,
            "orders": standing.orders,
            "toOverwrite": standing.to_overwrite,
            "deadLetters": standing.dead_letters,
            "erasedAt": standing.erased_at,
            "remains": _places(remains.remaining()),
        }
        terminal.as_json(document)
        return
    terminal.say(_in_words(standing))
    if standing.erased_at:
        terminal.say(f"They were erased before, last on {standing.erased_at}.")
    _print_remains()


def _print_report(report: Report, *, json_: bool) -> None:
    if json_:
        document = {
            "ordersOverwritten": report.orders,
            "deadLettersDeleted": report.dead_letters,
            "account": report.person,
            "left": report.left,
            "remains": _places(remains.remaining()),
        }
        terminal.as_json(document)
        return
    row = (report.orders, report.dead_letters, report.person)
    terminal.table(("Orders overwritten", "Dead letters deleted", "Account"), [row])
    for reason in report.left:
        terminal.note(f"Not finished: {reason}")
    _print_remains()
    terminal.note(
        f"A token of before is taken for {people.TOKEN_HOURS} h: run this once more after that."
    )


def _print_remains() -> None:
    rows: Iterable[tuple[str, ...]] = [
        (place.where, place.until, place.what) for place in remains.remaining()
    ]
    terminal.table(("What remains", "Until", "What it holds"), rows)


def _places(places: Iterable[remains.Remaining]) -> list[dict[str, str]]:
    return [place._asdict() for place in places]


def _tell(customer_id: str, state: str, count: int, what: str, *, json_: bool) -> None:
    if json_:
        terminal.as_json({"id": customer_id, "state": state, "orders": count})
    else:
        terminal.say(f"{customer_id}: {state}. Orders that are {what}: {count}.")


def _as_json(one: holds.Hold) -> dict[str, Any]:
    return {"id": one.customer_id, "since": one.since, "by": one.by, "reason": one.reason}
