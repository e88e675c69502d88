"""`make token`: print a fresh identity token of a demo person of the running copy."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from local.demo.people import PEOPLE, Pool, sign_in
from ops.reach import endpoints as endpoints_document
from ops.reach.clients import clients
from ops.reach.errors import LocalError
from ops.reach.layout import layout_from_environment

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints


def main() -> None:
    """Print the token; exit with 1 and a sentence when there is no running copy."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog="make token", description=__doc__)
    parser.usage = f"make token WHO={'|'.join(PEOPLE)}"
    parser.add_argument("who", metavar="WHO", nargs="?", choices=PEOPLE, default="customer")
    who = parser.parse_args().who
    try:
        endpoints = _running()
        cognito = clients(endpoints.aws_endpoint_url)("cognito-idp")
        print(sign_in(Pool(cognito, endpoints.user_pool_id), who))
    except (LocalError, ClientError, BotoCoreError) as error:
        sys.exit(f"make token: {error}")


def _running() -> Endpoints:
    layout = layout_from_environment()
    endpoints = endpoints_document.read(layout.endpoints)
    if endpoints is None:
        raise LocalError(f"Nothing is running at {layout.url}; start it with: make run")
    return endpoints


if __name__ == "__main__":
    main()
