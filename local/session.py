"""A run at the terminal: starts the copy, greets, follows the logs, and stops."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from local.copy import environment
from local.copy.synthesis import build_asset
from local.demo.example import EXAMPLE
from local.demo.served import place_served
from local.logs import Follower
from local.saved_code import SavedCode
from local.stack import run
from local.steps import on_terminal
from local.stop_signals import until_stopped
from orders.routes import IDEMPOTENCY_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infrastructure.asset import Asset
    from local.stack import Stack
    from ops.reach.endpoints import Endpoints
    from ops.reach.layout import Layout

_POLL_SECONDS = 1.0


def serve(layout: Layout) -> None:
    """Run a copy until a signal comes.

    Raises:
        LocalError: when it cannot start, or the emulator ends.
    """
    parent = os.getppid()
    print(f"Starting the order service at {layout.url}", flush=True)
    with until_stopped(), run(layout, on_terminal(), at_origin=True) as stack:
        follower = Follower(stack.client, stack.endpoints.log_groups)  # from now on, not later
        place_served(stack.endpoints)
        saved = SavedCode(stack.client, stack.endpoints.functions, layout, _build)
        _show(saved.catch_up())
        built = stack.web_client_built
        print(_greeting(stack.endpoints, layout, built=built), flush=True)
        _follow(stack, follower, saved, make=parent if "MAKELEVEL" in os.environ else None)
    print(f"Stopped; orders are kept in {layout.shown(layout.home)}.", flush=True)


def _build() -> Asset:
    return build_asset(environment.ready() or environment.make())


def _show(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)


def _follow(stack: Stack, follower: Follower, saved: SavedCode, *, make: int | None) -> None:
    """Show the functions' logs until a signal comes, or until the make that started us is gone.

    What is saved meanwhile is run.
    """
    while make in (None, os.getppid()):
        try:
            _show(saved.news())
            _show((*follower.new_lines(), *_webhook_lines(stack)))
        except (ClientError, BotoCoreError) as error:
            if stack.emulator.alive():
                print(f"The emulator does not answer: {error}", flush=True)
        if not stack.emulator.alive():
            raise stack.emulator.epitaph()
        time.sleep(_POLL_SECONDS)


def _webhook_lines(stack: Stack) -> list[str]:
    return [webhook.line() for webhook in stack.receiver.untold()] if stack.receiver else []


def _web_client(endpoints: Endpoints, *, built: bool) -> str:
    """Say where the web client is; the API lets in pages of its own origin only."""
    if endpoints.web_url:
        return endpoints.web_origin
    if built:
        return f"none until {urlsplit(endpoints.web_origin).port} is free"
    return "not built (said above)"


def _greeting(endpoints: Endpoints, layout: Layout, *, built: bool = True) -> str:
    """Say where everything is, so that it fits below the steps on a screen of 80 by 24."""
    return f"""
  API        {endpoints.api_url}
  Docs       {endpoints.docs_url:<25}  Dashboard  {endpoints.dashboard_url}
  Partner    {endpoints.partner_id} {endpoints.partner_api_key}
  Web client {_web_client(endpoints, built=built):<25}  Menu       {endpoints.menu_url}menu
  Customer   make token (WHO=operator)  All else   {layout.shown(layout.endpoints)}

Place an order from another terminal, in any shell:
. {layout.shown(layout.session)}; curl -i "$API/partner/orders" -H "x-api-key: $KEY" \\
  -H '{IDEMPOTENCY_KEY}: order-1' -H 'Content-Type: application/json' \\
  -d @{layout.shown(EXAMPLE)}
Logs and webhooks follow; code that you save runs at once. ^C stops everything."""
