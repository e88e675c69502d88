"""Lambda's Invoke by signed HTTP, on connections that are kept: there are hundreds of calls.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
import threading
import time
from base64 import b64decode
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any

from orders.aws_api import endpoint, sign, tls
from orders.named_tuple import NamedTuple

if TYPE_CHECKING:
    from http.client import HTTPResponse

_SECONDS = 31.0
"""How long an answer may take: no function of the API runs longer than 29 seconds."""

_LATER = ("TooManyRequestsException", "ServiceException", "EC2ThrottledException", "Throttling")
_NOT_YET = ("AccessDeniedException", "AccessDenied", "ResourceConflictException")
_TRIES = 15
_PAUSE = 2.0
"""Half a minute in all: IAM takes up to 16 s after CREATE_COMPLETE, and others' bursts pass."""


class Unanswered(Exception):
    """Lambda did not run the function; the text says why, by Lambda's own name for it."""


class Late(Exception):
    """There is no time left."""


class Invoked(NamedTuple):
    """What came of a call."""

    payload: Any
    version: str
    """The version that ran, as Lambda says."""
    error: str
    """The type of what the function raised; empty where it answered."""
    seconds: float
    log: str
    """The end of the run's log, where it was asked for."""


class Lambda:
    """Lambda, as the function's role may use it; threads may share one."""

    def __init__(self, deadline: float) -> None:
        """Begin.

        Args:
            deadline: of `time.monotonic`; no call is made after it.
        """
        self._deadline = deadline
        self._own = threading.local()
        self._made: list[HTTPConnection] = []
        self.calls = 0

    def close(self) -> None:
        """Close all connections."""
        for connection in self._made:
            connection.close()

    def invoke(self, function: str, qualifier: str, event: Any, *, tail: bool = False) -> Invoked:
        """Call a version of a function and wait for its answer.

        What AWS throttles, or lets nobody do yet, is tried again for half a minute.

        Args:
            function: its name.
            qualifier: a version's number, or an alias.
            event: what it is called with.
            tail: whether to ask for the end of its log.

        Raises:
            Late: when there is no time left for it.
            Unanswered: when Lambda does not run it.
        """
        path = f"/2015-03-31/functions/{function}/invocations"
        body = json.dumps(event, separators=(",", ":")).encode()
        why = ""
        for left in reversed(range(_TRIES)):
            if time.monotonic() > self._deadline:
                raise Late
            response, answer, seconds = self._exchange(
                path, f"Qualifier={qualifier}", body, tail=tail
            )
            if response.status == 200:
                return _invoked(response, answer, seconds)
            name = response.getheader("x-amzn-errortype") or f"HTTP {response.status}"
            why = name.partition(":")[0]
            if left == 0 or not (response.status >= 500 or why.startswith((*_LATER, *_NOT_YET))):
                break
            time.sleep(_PAUSE)
        raise Unanswered(why)

    def _exchange(
        self, path: str, query: str, body: bytes, *, tail: bool
    ) -> tuple[HTTPResponse, bytes, float]:
        url = endpoint("lambda")
        headers = {"content-type": "application/json", "host": url.netloc}
        if tail:
            headers["x-amz-log-type"] = "Tail"
        for fresh in (False, True):
            signed = sign(headers, body, "lambda", time.gmtime(), ("POST", path, query))
            try:
                connection = self._connection(url.scheme, url.netloc, fresh=fresh)
                started = time.perf_counter()
                connection.request("POST", f"{path}?{query}", body, signed)
                response = connection.getresponse()
                answer = response.read()
            except TimeoutError:
                self._own.connection = None
                raise Unanswered(f"no answer within {_SECONDS:.0f} s") from None
            except (OSError, HTTPException) as error:  # one that was kept may have been closed
                self._own.connection = None
                if fresh:
                    raise Unanswered(type(error).__name__) from None
            else:
                self.calls += 1
                return response, answer, time.perf_counter() - started
        raise AssertionError("the last try returns or raises")

    def _connection(self, scheme: str, place: str, *, fresh: bool) -> HTTPConnection:
        known: HTTPConnection | None = getattr(self._own, "connection", None)
        if known is not None and not fresh:
            return known
        made = (
            HTTPSConnection(place, timeout=_SECONDS, context=tls())
            if scheme == "https"
            else HTTPConnection(place, timeout=_SECONDS)
        )
        self._made.append(made)
        made.connect()
        self._own.connection = made
        return made


def _invoked(response: HTTPResponse, answer: bytes, seconds: float) -> Invoked:
    try:
        payload = json.loads(answer or b"null")
    except (ValueError, RecursionError):
        payload = None
    error = ""
    if response.getheader("x-amz-function-error"):
        told = payload.get("errorType") if isinstance(payload, dict) else None
        error = told if isinstance(told, str) else "Unhandled"
    log = b64decode(response.getheader("x-amz-log-result") or "").decode(errors="replace")
    version = response.getheader("x-amz-executed-version") or ""
    return Invoked(payload, version, error, seconds, log)
