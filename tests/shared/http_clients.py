"""HTTP clients of the tests, which are made by the thousand."""

from __future__ import annotations

import functools

import httpx
from httpx._transports import default


def read_certificates_once() -> None:
    """Let all of httpx's clients in this process have one TLS context.

    httpx reads every authority's certificate for each client, and for each `httpx.get`: 25 ms of
    processor time, for an address that most often is plain HTTP.
    """
    vars(default)["create_ssl_context"] = functools.cache(httpx.create_ssl_context)
