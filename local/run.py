"""`make run`: the whole service on this machine, until ^C."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from infrastructure.asset import AssetError
from local.example import ORDER
from local.layout import Layout, LocalError, layout_from_environment
from local.logs import Follower
from local.stack import run as run_stack
from local.steps import on_terminal
from orders.routes import IDEMPOTENCY_KEY

if TYPE_CHECKING:
    from local.endpoints import Endpoints
    from local.stack import Stack

_POLL_SECONDS = 1.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Stopped(BaseException):
    """A signal asked the run to stop."""


def main() -> None:
    """Run until stopped; exit with 1 when it cannot start or go on."""
    argparse.ArgumentParser(
        prog="make run",
        description=__doc__,
        epilog="LOCAL_PORT chooses the port (4566), LOCAL_DIR where everything is kept (.local).",
    ).parse_args()
    for number in _SIGNALS:
        signal.signal(number, _stop)
    try:
        _serve(layout_from_environment())
    except (LocalError, AssetError) as error:
        sys.exit(f"\n{error}")
    except (ClientError, BotoCoreError) as error:
        sys.exit(f"\nThe emulator has failed: {error}")


def _serve(layout: Layout) -> None:
    print(f"Starting the order service at {layout.url}", flush=True)
    try:
        with run_stack(layout, on_terminal()) as stack:
            print(_greeting(stack.endpoints, layout), flush=True)
            _follow(stack)
    except _Stopped:
        pass
    print(f"Stopped; orders are kept in {layout.shown(layout.home)}.", flush=True)


def _stop(_number: int, _frame: Any) -> NoReturn:
    """Stop at the first signal, and let none interrupt the clean-up: people press ^C twice."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    print("\nStopping …", flush=True)
    raise _Stopped


def _follow(stack: Stack) -> None:
    """Show the functions' logs until a signal, or until make is gone."""
    follower = Follower(stack.client, stack.endpoints.log_groups)
    parent = os.getppid() if "MAKELEVEL" in os.environ else None
    while parent in (None, os.getppid()):
        try:
            for line in follower.new_lines():
                print(line, flush=True)
        except (ClientError, BotoCoreError):
            if stack.emulator.alive():
                raise
        if not stack.emulator.alive():
            raise stack.emulator.epitaph()
        time.sleep(_POLL_SECONDS)


def _greeting(endpoints: Endpoints, layout: Layout) -> str:
    body = json.dumps(ORDER, separators=(",", ":"))
    key = endpoints.partner_api_key
    return f"""
  API          {endpoints.api_url}
  AWS APIs     {endpoints.aws_endpoint_url}   (any credentials, {endpoints.region})
  Partners     {endpoints.partner_id} {key}
               {endpoints.other_partner_id} {endpoints.other_partner_api_key}
  All of it    {layout.shown(layout.endpoints)}

Place an order, then list the orders:

curl -i {endpoints.api_url}/partner/orders \\
  -H 'x-api-key: {key}' -H '{IDEMPOTENCY_KEY}: order-1' -H 'Content-Type: application/json' \\
  -d '{body}'

curl {endpoints.api_url}/partner/orders -H 'x-api-key: {key}'

The functions' logs follow. ^C stops everything and keeps the orders.
"""


if __name__ == "__main__":
    main()
