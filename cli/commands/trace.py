"""`orders trace`: the way of one order, from POST to webhook, as X-Ray has it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options, terminal, waterfall
from cli.options import Json, Local, Stage  # noqa: TC001 - Typer reads the annotations
from infrastructure.settings import stack_name
from ops.reach.errors import OperatorError
from ops.reach.target import DEFAULT_STAGE
from ops.traces.search import KEPT_DAYS, Found, Search, front_doors, times_of
from ops.traces.spans import waterfall as put_together
from orders.domain.ids import timestamp_in
from orders.routes import STAGE as API_STAGE

if TYPE_CHECKING:
    from ops.traces.spans import Section, Waterfall


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no time; one is 2026-11-22T12:30:00Z (ISO 8601)."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


Until = Annotated[
    dt.datetime | None,
    typer.Option(
        "--until",
        metavar="TIME",
        parser=_moment,
        help="Traces that began before, such as 2026-11-22T12:30Z (UTC unless it says otherwise).",
        show_default="now",
    ),
]


def trace(
    order_id: Annotated[str, typer.Argument(metavar="ORDER_ID", help="Whose.")],
    *,
    until: Until = None,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
) -> None:
    """Draw the way of one order, from POST to webhook, from its traces in X-Ray.

    Needs xray:GetTraceSummaries and xray:BatchGetTraces, and nothing else.
    """
    placed_at = timestamp_in(order_id)
    if placed_at is None:
        raise typer.BadParameter(f"{order_id!r} is no order id: those are UUIDv7 in lower case.")
    if until is not None and until < dt.datetime.fromisoformat(placed_at):
        raise typer.BadParameter(f"--until is before the order was placed, at {placed_at}.")
    times = times_of(placed_at, until)
    name, client = options.find_traces(stage, local=local)
    windows = len(times.windows())
    with terminal.progress(f"Searching the traces of {name}", windows) as told:
        found = Search(client, times).run(order_id, told)
    if not any(each.documents for each in found):
        raise OperatorError(_nothing(order_id, placed_at, name, local=local))
    _refuse_another_stage_s(order_id, found, name, stage)
    if json_:
        terminal.as_json(_as_json(order_id, placed_at, found))
    else:
        _print(order_id, placed_at, found)


def _refuse_another_stage_s(
    order_id: str, found: list[Found], name: str, stage: str | None
) -> None:
    """Show no order of another stage: X-Ray has the traces of all of an account in one place."""
    own = f"{stack_name(stage or DEFAULT_STAGE)}/{API_STAGE}"
    doors = front_doors(found)
    if doors and own not in doors:
        raise OperatorError(
            f"{name.capitalize()} has no order {order_id}: it came through "
            f"{' and '.join(sorted(doors))}. Name that stage: --stage"
        )


def _nothing(order_id: str, placed_at: str, name: str, *, local: bool) -> str:
    if local:
        why = (
            "The local run records every request, and keeps the latest. A trace is there some "
            "seconds after its request; is the order one of this copy's (LOCAL_PORT)?"
        )
    else:
        why = (
            "X-Ray records a share of the requests only (docs/configuration.md, sampling), keeps "
            f"traces for {KEPT_DAYS} days, and shows one some seconds after its request. Is it an "
            "order of this stage?"
        )
    return f"{name.capitalize()} has no trace of {order_id}, by its id of {placed_at}. {why}"


def _as_json(order_id: str, placed_at: str, found: list[Found]) -> dict[str, Any]:
    traces = [
        {"traceId": each.trace_id, "complete": each.complete, "documents": each.documents}
        for each in found
    ]
    return {"orderId": order_id, "placedAt": placed_at, "traces": traces}


def _print(order_id: str, placed_at: str, found: list[Found]) -> None:
    drawn = put_together((document for each in found for document in each.documents), order_id)
    terminal.say(f"Order {order_id}, placed at {placed_at}")
    width = waterfall.widths(drawn.sections, terminal.width())
    for section in drawn.sections:
        _print_section(section, width)
    _remark(drawn, found)


def _print_section(section: Section, width: waterfall.Widths) -> None:
    began = dt.datetime.fromtimestamp(section.start, dt.UTC)
    terminal.say(f"\n{began:%Y-%m-%dT%H:%M:%S}.{began.microsecond // 1000:03d}Z")
    terminal.draw(waterfall.draw(section, width, blocks=terminal.can_show(waterfall.INK)))


def _remark(drawn: Waterfall, found: list[Found]) -> None:
    terminal.note("")
    terminal.note(f"Made of {terminal.counted(drawn.traces, 'trace')}.")
    if drawn.others:
        said = terminal.counted(drawn.others)
        terminal.note(f"Left out: {said} about other orders, taken in the same batches.")
    if any(not each.complete for each in found):
        missing = ", ".join(each.trace_id for each in found if not each.complete)
        terminal.note(f"Not whole, because X-Ray does not give all of it: {missing}.")
