"""`python -m local.outage`: the running copy's functions lose DynamoDB, for some seconds.

Each request is answered 503 with `Retry-After`, as on AWS while DynamoDB does not answer.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ops.live.function_variables import change, look
from ops.reach.clients import clients
from ops.reach.errors import LocalError, OperatorError
from ops.reach.target import endpoints_on_this_machine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_OF_THE_API = ("create_order", "get_order", "list_orders", "update_order")
_ADDRESS = "AWS_ENDPOINT_URL_DYNAMODB"
_NOBODY = "http://127.0.0.1:9"
"""Where nothing listens: the port of discard, which needs root."""


def main() -> None:
    """Take DynamoDB away, wait, and give it back, whatever happens meanwhile."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m local.outage", description=__doc__
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="how long; ^C ends it sooner")
    seconds = parser.parse_args().seconds
    try:
        endpoints = endpoints_on_this_machine()
        client = clients(endpoints.aws_endpoint_url)("lambda")
        with outage(client, [endpoints.functions[name] for name in _OF_THE_API]):
            print(f"For {seconds:g} seconds each request is answered 503.", flush=True)
            with contextlib.suppress(KeyboardInterrupt):
                time.sleep(seconds)
    except (LocalError, OperatorError, ClientError, BotoCoreError) as error:
        sys.exit(f"local.outage: {error}")
    print("DynamoDB is back.")


@contextlib.contextmanager
def outage(client: Any, functions: Iterable[str]) -> Iterator[None]:
    """Have functions look for DynamoDB where it is not, for as long as the context lasts."""
    with contextlib.ExitStack() as before:
        for function in functions:
            before.callback(_set, client, function, None)
            _set(client, function, _NOBODY)
        yield


def _set(client: Any, function: str, address: str | None) -> None:
    """Say where callers' function finds DynamoDB; None also mends what one that was killed left."""
    change(client, look(client, function), _ADDRESS, address)


if __name__ == "__main__":
    main()
