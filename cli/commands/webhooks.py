"""`orders webhooks`: try a partner's endpoint, send an order's events again, listen as one."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from cli import options, terminal
from cli.audit import audited
from cli.examples import lines
from cli.options import Json, Local, Stage
from ops.partners import accounts, events
from ops.reach.errors import OperatorError
from ops.reach.layout import free_port
from ops.reach.target import endpoints_on_this_machine
from orders.domain.ids import timestamp_of
from orders.domain.serving.server_events import partner_serving
from project.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from local.demo.receiver import Receiver, Webhook
    from orders.domain.events import OrderEvent
    from orders.domain.order import Item
    from orders.webhooks import Endpoint

app = typer.Typer(
    no_args_is_help=True,
    epilog=lines("""
        ID is a partner's id, ORDER an order's. For example:
        orders webhooks test acme-pos --stage prod
        orders webhooks resend 01a2056f-12d3-7a4f-a166-60b40a00b62c --stage prod
        orders webhooks resend 01a2056f-12d3-7a4f-a166-60b40a00b62c --server --stage prod
        orders webhooks listen corner-kiosk --local --answer 503 --times 1
    """),
)

_POLL_SECONDS = 0.1

_ID = typer.Argument(
    metavar="ID",
    help="The partner's id.",
    show_default=False,
    autocompletion=options.partner_ids,
)
Id = Annotated[str, _ID]


@app.command("test")
def try_(partner_id: Id, *, stage: Stage = None, local: Local = False, json_: Json = False) -> None:
    """Send a signed test event to a partner's endpoint, once, and say what it answered."""
    target = options.find(stage, local=local)
    endpoint = events.endpoint_to_ask(target, partner_id)
    event = events.trial_event(timestamp_of(time.time_ns() // 1_000_000))
    with audited(target, "webhooks test", partner=partner_id):
        _send(endpoint, [event], local=local, json_=json_)


@app.command()
def resend(
    order_id: Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")],
    *,
    version: Annotated[
        int | None,
        typer.Option(min=1, help="The event of this version; the latest, unless given."),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every event of the order.")] = False,
    server: Annotated[
        bool,
        typer.Option("--server", help="To the partner that serves it, not to the one that placed."),
    ] = False,
    stage: Stage = None,
    local: Local = False,
    json_: Json = False,
) -> None:
    """Send an order's event to its partner again, with the same id; says what was answered.

    Its partner is who placed it; with --server, who serves it.
    """
    if all_ and version is not None:
        raise typer.BadParameter("Name either a --version or --all.")
    target = options.find(stage, local=local)
    order = events.order_of(target, order_id)
    partner_id, found = _served(order) if server else _placed(order)
    if version is not None and version not in found:
        known = ", ".join(map(str, found))
        raise typer.BadParameter(f"No event tells of version {version}; there are {known}.")
    latest = max(found) if version is None else version
    chosen = list(found.values()) if all_ else [found[latest]]
    endpoint = events.endpoint_to_ask(target, partner_id)
    with audited(target, "webhooks resend", partner=partner_id, order=order_id):
        _send(endpoint, chosen, local=local, json_=json_)


def _placed(order: Item) -> tuple[str, dict[int, OrderEvent]]:
    """Give who placed an order, and its events."""
    if "partnerId" not in order:
        served = partner_serving(order) is not None
        hint = "Who serves it hears of it: --server" if served else "Nobody hears of it."
        raise OperatorError(f"No partner has placed {order['orderId']}. {hint}")
    return order["partnerId"], events.events_of(order)


def _served(order: Item) -> tuple[str, dict[int, OrderEvent]]:
    """Give which partner serves an order, and its events."""
    found = events.events_for_server(order)
    return str(partner_serving(order)), found


@app.command()
def listen(
    partner_id: Id,
    *,
    answer: Annotated[
        int, typer.Option(min=200, max=599, metavar="STATUS", help="What to answer.")
    ] = 204,
    times: Annotated[
        int | None, typer.Option(min=1, help="Answer so this often, and 204 from then on.")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="End after so many events.")] = None,
    local: Local = False,
    json_: Json = False,
) -> None:
    """Listen at a partner's own URL, on this machine: verifies each event and prints it."""
    if not local:
        raise typer.BadParameter("Only the local run sends events to this machine: say --local.")
    target = options.find(None, local=True)
    endpoint = accounts.endpoint_of(accounts.find(target, partner_id))
    answers = itertools.repeat(answer) if times is None else itertools.repeat(answer, times)
    with _receiving(partner_id, endpoint, answers) as receiver:
        for webhook in itertools.islice(_news(receiver), count):
            _print(webhook, json_=json_)


@contextlib.contextmanager
def _receiving(partner_id: str, endpoint: Endpoint, answers: Iterable[int]) -> Iterator[Receiver]:
    """Receive at the endpoint's own port, for as long as the context lasts."""
    from local.copy.tls import context_of  # noqa: PLC0415 - its --help is quick without
    from local.demo.receiver import Listener, receiver  # noqa: PLC0415 - its --help is quick without

    port = _port_here(partner_id, endpoint.url)
    context = context_of(Path(endpoints_on_this_machine().server_pem))
    state = Listener(partner_id, endpoint.secrets[0], answers)
    with contextlib.ExitStack() as running:
        try:
            running.enter_context(receiver(port, context, state, only=True))
        except OSError as error:
            raise OperatorError(
                f"Cannot listen at port {port}: {error.strerror}. End what listens there, or take "
                f"another: orders partners set-webhook {partner_id} "
                f"https://127.0.0.1:{free_port()}/ --local"
            ) from None
        terminal.note(f"Listening at {endpoint.url}; ^C ends it.")
        yield state


def _port_here(partner_id: str, url: str) -> int:
    parts = urlsplit(url)
    if parts.hostname not in ("127.0.0.1", "localhost"):
        raise OperatorError(
            f"The events of {partner_id} go to {parts.netloc}. To send them here: "
            f"orders partners set-webhook {partner_id} https://127.0.0.1:8443/ --local"
        )
    return parts.port or 443


def _news(receiver: Receiver) -> Iterator[Webhook]:
    while True:
        yield from receiver.untold()
        time.sleep(_POLL_SECONDS)  # the receiver hears in a thread of its own


def _print(webhook: Webhook, *, json_: bool) -> None:
    if json_:
        told = {"genuine": webhook.genuine, "answered": webhook.answered, "event": webhook.event}
        print(json.dumps(told), flush=True)
        return
    shown = (str(webhook.event.get(name, "?")) for name in ("type", "eventId"))
    at = time.strftime("%H:%M:%S", time.gmtime(webhook.at))
    print(plain("  ".join((at, *shown, webhook.mark))), flush=True)


def _send(endpoint: Endpoint, chosen: list[OrderEvent], *, local: bool, json_: bool) -> None:
    with contextlib.ExitStack() as reach:
        if local:
            certificate = Path(endpoints_on_this_machine().server_pem)
            reach.enter_context(events.as_the_local_run(certificate.with_name("authorities.pem")))
        sent = [events.send(endpoint, event) for event in chosen]
    if json_:
        terminal.as_json([one._asdict() for one in sent])
    else:
        rows = [(one.event_id, "delivered" if one.delivered else "not", one.answer) for one in sent]
        terminal.table(("Event", "Delivered", "Answer"), rows)
    if not all(one.delivered for one in sent):
        raise typer.Exit(1)
