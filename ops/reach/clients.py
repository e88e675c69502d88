"""boto3 clients for the emulator, whatever AWS settings and proxies this machine has."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable

REGION = "us-east-1"


ACCOUNT = "000000000000"


OPERATOR = ("local", "local")
"""The access key and secret of whoever works on the emulator from outside, who may do all."""

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    # It is on this machine: it either answers or is gone.
    retries={"total_max_attempts": 2},
    proxies={},
    s3={"addressing_style": "path"},
)

# No profile and no files of the user's: (name in files, variable, default, conversion).
_NO_SETTINGS = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


@functools.cache
def clients(url: str) -> Callable[[str], Any]:
    """Give a factory of clients, by the service's name, for the emulator at an address.

    Who asks again has the same clients: to make one takes as long as a dozen of its requests.
    """
    session = boto3.Session(
        aws_access_key_id=OPERATOR[0],
        aws_secret_access_key=OPERATOR[1],
        region_name=REGION,
        botocore_session=botocore.session.Session(session_vars=_NO_SETTINGS),
    )

    @functools.cache
    def client(service: str) -> Any:
        factory: Any = session.client  # its stubs want the name as a literal
        return factory(service, endpoint_url=url, config=_CONFIG)

    return client
