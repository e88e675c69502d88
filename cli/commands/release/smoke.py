"""`orders smoke`: does the front door of a stage answer as callers are promised?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options, terminal
from cli.audit import audited
from cli.examples import lines
from cli.options import Json, Local, Stage  # noqa: TC001 - Typer reads the annotations

if TYPE_CHECKING:
    from ops.live.smoke import Step

SMOKE_EXAMPLES = lines("""
    For example:
    orders smoke --stage prod
    orders smoke --local --times 10
    orders smoke --stage prod --json | jq '.steps[] | select(.fault)'
    Exit codes: 0 all is as callers are promised, 1 something is not.
""")

_MOST_TIMES = 50
_ONCE, _OF_A_ROUND = 7, 4

Times = Annotated[
    int,
    typer.Option("--times", metavar="N", min=1, max=_MOST_TIMES, help="How many orders to place."),
]


def smoke(
    *, times: Times = 3, stage: Stage = None, local: Local = False, json_: Json = False
) -> None:
    """Try a stage through its front door, with orders that nobody cooks.

    It asks for health and an unknown route, without a token and as a browser
    does. Then it places, reads, repeats and cancels orders as the heartbeat,
    and lists them. Where a stage has no heartbeat, a key is lent for that time
    and taken back, also after ^C.

    Needs apigateway:GET, POST, DELETE on /apikeys and on the usage plans' keys;
    on the table Partners dynamodb:PutItem, DeleteItem;
    lambda:GetFunctionConfiguration; and the rights of a line in the audit log.
    """
    from ops.live import smoke as trying  # noqa: PLC0415 - boto3; its --help is quick without

    target = options.find(stage, local=local)
    done: list[Step] = []
    total = _ONCE + _OF_A_ROUND * times
    with (
        audited(target, "smoke", orders=str(times)),
        terminal.progress(f"Trying {target.name}", total) as told,
    ):

        def hear(step: Step) -> None:
            done.append(step)
            told(len(done))

        steps = trying.smoke(target, hear, times)
    faults = trying.failed(steps)
    if json_:
        terminal.as_json({"ok": not faults, "steps": [_document(step) for step in steps]})
    else:
        terminal.table(("Step", "ms", "Result"), map(_row, steps))
    terminal.note(_summary(target.name, steps, faults))
    if faults:
        raise typer.Exit(1)


def _row(step: Step) -> tuple[object, ...]:
    return step.title, round(step.milliseconds), _result(step)


def _result(step: Step) -> str:
    return f"failed: {step.fault} → {step.means}" if step.fault else "ok"


def _summary(name: str, steps: list[Step], faults: list[Step]) -> str:
    if not faults:
        tried = terminal.counted(len(steps), "step")
        return f"{name.capitalize()} answers as callers are promised: {tried}."
    failed = ", ".join(step.title for step in faults)
    return f"{name.capitalize()} does not answer as callers are promised: {failed}."


def _document(step: Step) -> dict[str, Any]:
    return {
        "step": step.name,
        "round": step.number or None,
        "milliseconds": step.milliseconds,
        "fault": step.fault or None,
        "means": step.means or None,
    }
