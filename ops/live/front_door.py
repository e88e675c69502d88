"""The API as anybody reaches it: where it is, and one request to it."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from infrastructure import outputs
from orders.routes import STAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.reach.target import Target

SECONDS = 10.0
"""How long an answer may take; API Gateway itself gives up after 29."""

_MOST_BYTES = 256 * 1024
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


class Unreachable(Exception):
    """There was no answer; the text says why, and names no header that was sent."""


class Answer(NamedTuple):
    """An answer, and how long it took."""

    status: int
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes
    milliseconds: float

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object that the body is; an empty one where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def address(target: Target) -> str:
    """Give the base address of a deployment's API, without a slash at its end.

    An emulator answers for AWS on this machine, but not under the name that AWS would give.

    Raises:
        OperatorError: when the stack is older than this command.
    """
    endpoint = urlsplit(str(target.client("apigateway").meta.endpoint_url))
    if endpoint.hostname not in _THIS_MACHINE:
        return target.output(outputs.API_URL).rstrip("/")
    api = target.output(outputs.REST_API_ID)
    return f"{endpoint.scheme}://{endpoint.netloc}/_aws/execute-api/{api}/{STAGE}"


def ask(url: str, method: str, path: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Send a request without a body, on a connection of its own.

    Args:
        url: the API's base address.
        method: such as HEAD.
        path: from the base on, with its query.
        headers: to send.

    Raises:
        Unreachable: when there is no answer.
    """
    target = urlsplit(url)
    kind = HTTPSConnection if target.scheme == "https" else HTTPConnection
    connection = kind(target.netloc, timeout=SECONDS)  # TLS verifies by default
    started = time.perf_counter()
    try:
        connection.request(method, target.path + path, headers=dict(headers or {}))
        with connection.getresponse() as response:
            body = response.read(_MOST_BYTES)
            received = {name.lower(): value for name, value in response.getheaders()}
    except (OSError, HTTPException) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from None
    finally:
        connection.close()
    return Answer(response.status, received, body, milliseconds_since(started))


def milliseconds_since(started: float) -> float:
    """Give the milliseconds since a moment of `time.perf_counter`."""
    return round((time.perf_counter() - started) * 1000, 1)
