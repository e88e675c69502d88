"""Calls of one of AWS's APIs: signed, on connections that are kept, and made again if need be.

no connection, an answer cut off, 5xx, throttled ─► again after a pause by chance, longer each time
a kept connection that gives nothing             ─► again at once, on a new one
our clock differs from AWS's                     ─► again at once, by AWS's clock

A call whose answer did not come may have been done. So whoever calls must be one that may repeat:
reads, writes that come to the same, and transactions by their ClientRequestToken. For a change of
an order, orders/store.py knows its own change again.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from msgspec import DecodeError, Struct
from msgspec.json import decode

from orders.aws.connection import Request, Stale, connect
from orders.aws.signing import sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from orders.aws.connection import Address, Answer, Connection

UNKNOWN = "UnknownAnswer"
"""The code of an answer that is no JSON object; AWS has none such."""

_TOO_MANY = 429
_FIRST_PAUSE = 0.05  # seconds, at most; twice as long each time
_KEPT_SECONDS = 300.0  # after 350 a network of AWS forgets a connection, and tells nobody
_MOST_KEPT = 10  # as many as a worker's threads
_SKEW = 240.0  # seconds: AWS refuses a signature at 300
_BY_THE_CLOCK = (
    "InvalidSignatureException",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
)
_LATER = (
    "InternalFailure",
    "InternalServerError",
    "LimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "ThroughputExceeded",
    "Throttl",
    "TooManyRequests",
    "TransactionInProgress",
)
"""Parts of the names of errors that pass."""
_NOTHING: dict[str, Any] = {}


class Limits(Struct, frozen=True):
    """How long and how often is tried; in seconds."""

    connect: float = 1.0
    answer: float = 2.0
    whole: float = 6.0
    """No try begins later, and none waits longer: a function has ten by default."""
    tries: int = 3


class Outcome(Struct, frozen=True):
    """What became of a call, whatever AWS says."""

    status: int
    code: str
    """AWS's own name for why it refused; empty where it did not."""
    told: dict[str, Any]
    """The answer's body."""
    request_id: str | None
    retries: int

    @property
    def passes(self) -> bool:
        """Whether what was refused may be granted a little later."""
        return passes(self.status, self.code)

    @property
    def throttled(self) -> bool:
        """Whether it was refused because there were too many calls."""
        return self.status == _TOO_MANY or "Throttl" in self.code


class Unanswered(Exception):
    """No try got an answer; the text is the last failure's type."""

    def __init__(self, failure: Exception, retries: int) -> None:
        """Keep the type, and how often was tried again."""
        super().__init__(type(failure).__name__)
        self.retries = retries


class Api:
    """One API of AWS; threads may share it."""

    def __init__(
        self,
        service: str,
        address: Address,
        limits: Limits,
        read: Callable[[bytes], Any] = decode,
    ) -> None:
        """Name the API; nothing is connected yet.

        Args:
            service: its name in AWS's endpoints.
            address: where it is.
            limits: how long and how often is tried.
            read: reads the body of an answer that refuses nothing; a ValueError says that it is
                none.
        """
        self._reader = read
        self._service = service
        self._address = address
        self._limits = limits
        self._idle: list[tuple[Connection, float]] = []
        self._ahead = 0.0  # seconds that AWS's clock is before ours

    def ask(self, request: Request) -> Outcome:
        """Make a call, and make it again while that may help.

        Args:
            request: unsigned, and without `host`.

        Raises:
            Unanswered: when no answer came to the last try.
        """
        limits = self._limits
        deadline = time.monotonic() + limits.whole
        tried = 0
        while True:
            left = deadline - time.monotonic()
            last = tried + 1 >= limits.tries or left <= 0
            try:
                answer, told, code = self._once(request, min(limits.answer, left))
            except OSError as failure:
                if last:
                    raise Unanswered(failure, tried) from failure
            else:
                if not code or last or not passes(answer.status, code):
                    number = answer.headers.get("x-amzn-requestid")
                    return Outcome(answer.status, code, told, number, tried)
            _pause(tried, deadline)
            tried += 1

    def _once(self, request: Request, seconds: float) -> tuple[Answer, dict[str, Any], str]:
        answer = self.send(request, seconds)
        told, code = _read(answer, self._reader)
        if code not in _BY_THE_CLOCK:
            return answer, told, code
        ahead = _ahead(answer)
        if abs(ahead - self._ahead) < _SKEW:
            return answer, told, code
        self._ahead = ahead
        answer = self.send(request, seconds)
        return answer, *_read(answer, self._reader)

    def send(self, request: Request, seconds: float) -> Answer:
        """Send a request once, for whoever makes it again himself; not to a closed connection.

        Args:
            request: as for `ask`.
            seconds: by when the answer must be there.

        Raises:
            OSError: when there is none; TimeoutError when it takes too long.
        """
        now = time.gmtime(time.time() + self._ahead)
        headers = {**request.headers, "host": self._address.netloc}
        target = request.method, request.path, request.query
        headers = sign(headers, request.body, self._service, now, target)
        signed = Request(request.method, request.path, request.query, headers, request.body)
        return self._exchange(signed, seconds)

    def _exchange(self, signed: Request, seconds: float) -> Answer:
        data = signed.written()
        if (kept := self._kept()) is not None:
            try:
                return self._on(kept, data, seconds)
            except Stale:
                self._idle.clear()  # the others are as old
        return self._on(connect(self._address, self._limits.connect), data, seconds)

    def _on(self, connection: Connection, data: bytes, seconds: float) -> Answer:
        try:
            answer, reusable = connection.exchange(data, seconds)
        except OSError:
            connection.close()
            raise
        if reusable and len(self._idle) < _MOST_KEPT:
            self._idle.append((connection, time.time()))
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close all connections that are kept."""
        self._idle.clear()

    def _kept(self) -> Connection | None:
        """Take the connection that was used last, unless that is long ago."""
        try:
            connection, since = self._idle.pop()
        except IndexError:
            return None
        return connection if abs(time.time() - since) < _KEPT_SECONDS else None


def passes(status: int, code: str) -> bool:
    """Tell whether what was refused may be granted a little later."""
    return (
        status >= 500
        or status == _TOO_MANY
        or code == UNKNOWN
        or any(part in code for part in _LATER)
    )


def _read(answer: Answer, read: Callable[[bytes], Any]) -> tuple[dict[str, Any], str]:
    """Give what an answer tells, and AWS's name for why it refused."""
    if answer.status < 300:
        told = _object(answer.body, read)
        return (_NOTHING, UNKNOWN) if told is None else (told, "")
    told = _object(answer.body, decode) or _NOTHING
    name = told.get("__type") or answer.headers.get("x-amzn-errortype")
    if not isinstance(name, str):
        return told, "UnknownError"
    return told, name.rpartition("#")[2].partition(":")[0]


def _object(body: bytes, read: Callable[[bytes], Any]) -> dict[str, Any] | None:
    """Read what should be a JSON object; what stands between us and AWS can say anything."""
    if not body:
        return _NOTHING
    try:
        decoded = read(body)
    except (DecodeError, ValueError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None


def _pause(tried: int, deadline: float) -> None:
    """Wait by chance, so that those who failed together do not come again together.

    https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    longest = min(_FIRST_PAUSE * 2**tried, max(deadline - time.monotonic(), 0.0))
    chance = int.from_bytes(os.urandom(4)) / 2**32  # `random` costs a start, which waits seldom
    time.sleep(longest * chance)


def _ahead(answer: Answer) -> float:
    """Tell by how many seconds AWS's clock is before ours; 0 where it does not say."""
    from datetime import datetime

    date = answer.headers.get("date", "").replace("GMT", "+0000")
    try:
        return datetime.strptime(date, "%a, %d %b %Y %H:%M:%S %z").timestamp() - time.time()
    except ValueError:
        return 0.0
