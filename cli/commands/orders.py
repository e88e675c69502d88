"""`orders ls`, `show`, `place`, `move`: what operators do with orders, by the API's functions."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options, terminal
from cli.audit import audited
from cli.examples import lines
from cli.options import Json, Local, Stage, Yes  # noqa: TC001 - Typer reads the annotations
from ops import order_requests as requests
from ops.partners.restaurants import STAFF
from ops.reach.errors import OperatorError
from orders.domain.ids import timestamp_in
from orders.domain.lifecycle import Status
from orders.domain.reasons import GIVEN
from orders.domain.serving.servers import SERVED_BY

if TYPE_CHECKING:
    from ops.reach.target import Target

_COLUMNS = ("Order", "Age", "Status", "Restaurant", "Total")
_CENTS = 2
_DIGITS = dict.fromkeys(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0
)
_DIGITS |= dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
"""Digits of the minor unit, where they are not two (ISO 4217)."""

_PARTS = (
    *("orderId", "status", "createdAt", "restaurantId", SERVED_BY, "acceptBy"),
    *("customerId", "partnerId", "version"),
)

LS_EXAMPLES = lines("""
    For example:
    orders ls --partner acme-pos --local
    orders ls --partner acme-pos --status PLACED --status CONFIRMED --stage prod
    orders ls --customer 3f0e8f5e-0000-4000-8000-000000000000 --limit 5 --json
""")
MOVE_EXAMPLES = lines("""
    For example:
    orders move 01a2056f-12d3-7a4f-a166-60b40a00b62c CONFIRMED --local
    orders move 01a2056f-12d3-7a4f-a166-60b40a00b62c REJECTED --reason closed --stage prod
""")
PLACE_EXAMPLES = lines("""
    For example:
    orders place docs/api/order.json --partner acme-pos --local
""")


def _status(text: str) -> str:
    if text.upper() not in set(Status):
        raise options.unknown("status", text, list(Status))
    return text.upper()


def _reason(text: str) -> str:
    if text not in GIVEN:
        raise options.unknown("reason", text, GIVEN)
    return text


def _id(text: str) -> str:
    if timestamp_in(text) is None:
        raise typer.BadParameter(f"{text!r} is no order id: those are UUIDv7 in lower case.")
    return text


OrderId = Annotated[
    str, typer.Argument(metavar="ORDER_ID", parser=_id, help="Which.", show_default=False)
]
OrderFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", exists=True, dir_okay=False, help="The order, as the API takes it."
    ),
]


def ls(
    *,
    partner: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Whose orders.", autocompletion=options.partner_ids),
    ] = None,
    customer: Annotated[str | None, typer.Option(metavar="ID|EMAIL", help="Whose orders.")] = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATUS",
            parser=_status,
            autocompletion=lambda: list(Status),
            help="Only those in this one. Can be given several times.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=1_000, help="How many.")] = 25,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
) -> None:
    """List the orders of a partner or a customer, newest first."""
    if not partner and not customer:
        raise typer.BadParameter("Say whose: --partner ID or --customer ID.")
    target = options.find(stage, local=local)
    whose = {"partnerId": partner, "customerId": customer and _customer_of(target, customer)}
    asked = {name: [value] for name, value in whose.items() if value}
    with terminal.waiting(f"Reading the orders of {target.name} …"):
        sender = requests.operator_of(target)
        more = {"status": status} if status else {}
        found = requests.listed(target, sender, {**asked, **more}, limit)
    if json_:
        terminal.as_json(found)
    elif not found:
        terminal.say("There are none. `orders place` places one; --status may be too narrow.")
    else:
        terminal.table(_COLUMNS, [_row(order) for order in found])


def show(
    order_id: OrderId, *, stage: Stage = None, local: Local = False, json_: Json = False
) -> None:
    """Show one order, with its history."""
    target = options.find(stage, local=local)
    with terminal.waiting(f"Reading the order of {target.name} …"):
        found = requests.shown(target, requests.operator_of(target), order_id)
        partner = requests.serving(target, found)
    served = STAFF if partner == "" else partner
    _print({**found, SERVED_BY: served if json_ else served or "nobody"}, json_=json_)


def place(
    file: OrderFile,
    *,
    partner: Annotated[
        str,
        typer.Option(metavar="ID", help="On whose behalf.", autocompletion=options.partner_ids),
    ],
    key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="Its Idempotency-Key: one that was used places nothing again."
        ),
    ] = None,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
) -> None:
    """Place an order on behalf of a partner, from a file."""
    body = file.read_text()
    target = options.find(stage, local=local)
    with (
        terminal.waiting(f"Placing the order at {target.name} …"),
        audited(target, "place", partner=partner),
    ):
        sender = requests.Sender(key_id=_key_of(target, partner))
        placed = requests.placed(target, sender, body, key or str(uuid.uuid4()))
    _print(placed, json_=json_)


def move(
    order_id: OrderId,
    status: Annotated[
        str,
        typer.Argument(
            metavar="STATUS",
            parser=_status,
            autocompletion=lambda: list(Status),
            help="Where to.",
            show_default=False,
        ),
    ],
    *,
    reason: Annotated[
        str | None,
        typer.Option(
            metavar="CODE",
            parser=_reason,
            autocompletion=lambda: list(GIVEN),
            help="Why it ends badly: for REJECTED, CANCELLED and FAILED.",
        ),
    ] = None,
    yes: Yes = False,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
) -> None:
    """Move an order to another status, if nobody has changed it since it was shown."""
    target = options.find(stage, local=local)
    with terminal.waiting(f"Reading the order of {target.name} …"):
        sender = requests.operator_of(target)
        seen = requests.shown(target, sender, order_id)
    question = f"Move order {order_id} of {target.name} from {seen['status']} to {status}?"
    terminal.agree(question, yes=yes)
    change = {"status": status, **({"reason": {"code": reason}} if reason else {})}
    with audited(target, "move", order=order_id, status=status):
        _print(requests.moved(target, sender, seen, change), json_=json_)


def _customer_of(target: Target, given: str) -> str:
    """Give a customer's id; of an address of e-mail, that of who has it."""
    if "@" not in given or "#" in given:
        return given
    from ops.customers import people  # noqa: PLC0415 - its --help is quick without

    subject = people.by_address(target, given).attributes["sub"]
    terminal.note(f"{given} is the customer {subject}.")
    return subject


def _key_of(target: Target, partner: str) -> str:
    from ops.partners import accounts  # noqa: PLC0415 - its --help is quick without

    live = accounts.find(target, partner).live
    if not live:
        raise OperatorError(f"{partner} has no key that works. `orders partners enable {partner}`")
    return live[0].key_id


def _row(order: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(order["orderId"]),
        terminal.age(time.time() - dt.datetime.fromisoformat(order["createdAt"]).timestamp()),
        str(order["status"]),
        str(order["restaurantId"]),
        f"{_money(order['total'], order['currency'])} {order['currency']}",
    )


def _money(minor: int, currency: str) -> str:
    digits = _DIGITS.get(currency, _CENTS)
    return f"{minor / 10**digits:,.{digits}f}"


def _print(order: dict[str, Any], *, json_: bool) -> None:
    if json_:
        terminal.as_json(order)
        return
    rows = [(name, str(order[name])) for name in _PARTS if name in order]
    rows += [("total", _row(order)[-1])]
    rows += [
        (f"{item['quantity']} ×", f"{item['name']}, {_money(item['unitPrice'], order['currency'])}")
        for item in order["items"]
    ]
    terminal.table(("Part", "Value"), rows)
    terminal.say("")
    history = [
        (entry["at"], entry["status"], entry["by"], entry.get("reason", "–"))
        for entry in order.get("history", ())
    ]
    terminal.table(("At", "Status", "By", "Reason"), history)
