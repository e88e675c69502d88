"""Lambda's Invoke by signed HTTP, on connections that are kept: there are hundreds of calls.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
import time
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from orders.aws.calls import Api, Limits
from orders.aws.connection import Request
from orders.aws.signing import endpoint
from orders.named_tuple import NamedTuple

if TYPE_CHECKING:
    from orders.aws.connection import Answer

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
        self._api = Api("lambda", endpoint("lambda"), Limits(connect=_SECONDS, answer=_SECONDS))
        self.calls = 0

    def close(self) -> None:
        """Close all connections."""
        self._api.close()

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
            answer, seconds = self._exchange(path, f"Qualifier={qualifier}", body, tail=tail)
            if answer.status == 200:
                return _invoked(answer, seconds)
            name = answer.headers.get("x-amzn-errortype") or f"HTTP {answer.status}"
            why = name.partition(":")[0]
            if left == 0 or not (answer.status >= 500 or why.startswith((*_LATER, *_NOT_YET))):
                break
            time.sleep(_PAUSE)
        raise Unanswered(why)

    def _exchange(self, path: str, query: str, body: bytes, *, tail: bool) -> tuple[Answer, float]:
        headers = {"content-type": "application/json"}
        if tail:
            headers["x-amz-log-type"] = "Tail"
        started = time.perf_counter()
        try:
            answer = self._api.send(Request("POST", path, query, headers, body), _SECONDS)
        except TimeoutError:
            raise Unanswered(f"no answer within {_SECONDS:.0f} s") from None
        except OSError as error:
            raise Unanswered(type(error).__name__) from None
        self.calls += 1
        return answer, time.perf_counter() - started


def _invoked(answer: Answer, seconds: float) -> Invoked:
    try:
        payload = json.loads(answer.body or b"null")
    except (ValueError, RecursionError):
        payload = None
    error = ""
    if answer.headers.get("x-amz-function-error"):
        told = payload.get("errorType") if isinstance(payload, dict) else None
        error = told if isinstance(told, str) else "Unhandled"
    log = b64decode(answer.headers.get("x-amz-log-result", "")).decode(errors="replace")
    version = answer.headers.get("x-amz-executed-version", "")
    return Invoked(payload, version, error, seconds, log)
