"""Whom cases are for: the handlers, and the screens of operators and of the local run."""

from __future__ import annotations

import datetime as dt
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from cli import terminal, waterfall
from cli.commands import dlq
from cli.commands.callers import partners
from infrastructure.functions import Caller, names
from local.demo.receiver import Receiver
from local.logs import render
from ops.dead_letters import letters as dead_letters
from ops.partners.accounts import Account
from ops.partners.keys import Key
from ops.partners.webhooks import Webhook
from ops.traces.spans import read
from ops.traces.spans import waterfall as put_together
from orders.handlers import place_heartbeat
from orders.webhooks import Endpoint
from tests.fuzz.tenants import order_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fuzz.cases import Case

HANDLERS: dict[str, Any] = {
    name: import_module(f"orders.handlers.{name}").handler for name in names()
}
"""The handlers by the names of their functions."""

API, WORKERS = names(Caller.API), names(Caller.QUEUE)
"""Which of them answer requests, and which take a queue's messages."""

_MOMENT = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
_CONTEXT = SimpleNamespace(aws_request_id="request-of-lambda", function_name="fuzz")


def forget() -> None:
    """Let the heartbeat know no key any more."""
    place_heartbeat.forget()


def _invoked(case: Case) -> Any:
    return HANDLERS[case.target](case.event, _CONTEXT)


def _dlq_show(case: Case) -> None:
    message = cast("Any", case.event)
    letters = [dead_letters.read(message, "processing", tried=5)]
    dlq._print_letters(letters, body=False)
    dlq._print_letters(letters, body=True)
    terminal.as_json([dlq._letter_as_json(letter, body=True) for letter in letters])


def _trace(case: Case) -> None:
    documents = [found for each in case.event if (found := read(each)) is not None]
    drawn = put_together(documents, order_id(0))
    width = waterfall.widths(drawn.sections, None)
    for section in drawn.sections:
        terminal.draw(waterfall.draw(section, width))


def _local_logs(case: Case) -> None:
    for line in case.event:
        if (shown := render(1_795_000_000_000, "create_order", line)) is not None:
            print(shown)


def _local_webhooks(case: Case) -> None:
    receiver = Receiver()
    receiver.secrets = {"acme": "whsec_c2VjcmV0LW9mLWEtdGVzdA=="}
    partner, headers, body = case.event
    receiver.take(partner, headers, body.encode(errors="surrogatepass"))
    for webhook in receiver.untold():
        print(webhook.line())


def _partners_ls(case: Case) -> None:
    partner_id, name, plan, url = case.event
    key = Key("key-1", partner_id, 1, enabled=True, plan=plan, partner_name=name)
    webhook = Webhook(_MOMENT, Endpoint(url, ()))
    account = Account(partner_id, (key,), webhook)
    terminal.table(("Id", "State", "Plan", "Webhook", "Name", "Keys"), [partners._row(account)])


SCREENS: dict[str, Callable[[Case], None]] = {
    "dlq_show": _dlq_show,
    "trace": _trace,
    "partners_ls": _partners_ls,
    "local_logs": _local_logs,
    "local_webhooks": _local_webhooks,
}
"""What shows people text that somebody else may have written, by name."""

TARGETS: dict[str, Callable[[Case], Any]] = {**dict.fromkeys(HANDLERS, _invoked), **SCREENS}
"""Whom a case can be for."""
