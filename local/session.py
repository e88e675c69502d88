"""A run at the terminal: starts the copy, greets, follows the logs, and stops."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from local.demo.example import ORDER
from local.demo.served import place_served
from local.logs import Follower
from local.stack import run
from local.steps import on_terminal
from local.stop_signals import Stopped
from orders.routes import IDEMPOTENCY_KEY

if TYPE_CHECKING:
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
    with contextlib.suppress(Stopped), run(layout, on_terminal()) as stack:
        place_served(stack.endpoints)
        print(_greeting(stack.endpoints, layout), flush=True)
        _follow(stack, make=parent if "MAKELEVEL" in os.environ else None)
    print(f"Stopped; orders are kept in {layout.shown(layout.home)}.", flush=True)


def _follow(stack: Stack, *, make: int | None) -> None:
    """Show the functions' logs until a signal comes, or until the make that started us is gone."""
    follower = Follower(stack.client, stack.endpoints.log_groups)
    while make in (None, os.getppid()):
        try:
            for line in (*follower.new_lines(), *_webhook_lines(stack)):
                print(line, flush=True)
        except (ClientError, BotoCoreError) as error:
            if stack.emulator.alive():
                print(f"The logs cannot be read: {error}", flush=True)
        if not stack.emulator.alive():
            raise stack.emulator.epitaph()
        time.sleep(_POLL_SECONDS)


def _webhook_lines(stack: Stack) -> list[str]:
    return [webhook.line() for webhook in stack.receiver.untold()] if stack.receiver else []


def _greeting(endpoints: Endpoints, layout: Layout) -> str:
    body = json.dumps(ORDER, separators=(",", ":"))
    key = endpoints.partner_api_key
    return f"""
  API          {endpoints.api_url}
  AWS APIs     {endpoints.aws_endpoint_url}   (any credentials, {endpoints.region})
  Partners     {endpoints.partner_id} {key}
               {endpoints.other_partner_id} {endpoints.other_partner_api_key}
  Customers    make token (the identity token of a demo customer; WHO=operator of an operator)
  Restaurants  rest-1 is served by {endpoints.partner_id}, rest-2 by its staff (WHO=restaurant)
  Web pages    {endpoints.web_origin} may call the API
  Docs         {endpoints.docs_url}
  Dashboard    {endpoints.dashboard_url}
  Webhooks     {endpoints.webhooks_url}   (receives the demo partners'; each is shown below)
  Traces       .venv/bin/orders trace ORDER_ID --local   (X-Ray at {endpoints.traces_url})
  All of it    {layout.shown(layout.endpoints)}

Place an order, then list the orders:

curl -i {endpoints.api_url}/partner/orders \\
  -H 'x-api-key: {key}' -H '{IDEMPOTENCY_KEY}: order-1' -H 'Content-Type: application/json' \\
  -d '{body}'

curl {endpoints.api_url}/partner/orders -H 'x-api-key: {key}'

The functions' logs follow. ^C stops everything and keeps the orders.
"""
