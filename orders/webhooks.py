"""Webhooks to partners: signed, sent to public addresses only, and given up after five seconds.

An event's delivery ends in one of three ways:

    a 2xx status      delivered
    Undelivered
    ├── Deferred      PASSING, 5xx, no answer: worth another attempt later
    └── Rejected      any other answer, or an endpoint that must not be called: no attempt helps

Signatures follow Standard Webhooks 1.0 (https://www.standardwebhooks.com).
"""

from __future__ import annotations

import base64
import ipaddress
import os
import re
import socket
import ssl
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cache
from http.client import HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from orders.aws.digests import hmac_sha256
from orders.named_tuple import NamedTuple
from orders.tracing import TRACE_HEADER, Subsegment, subsegment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from ipaddress import IPv4Address, IPv6Address
    from typing import BinaryIO

    from orders.domain.events import OrderEvent

    # Family, type, protocol and the socket's own form of the address.
    Route = tuple[int, int, int, Any]

_Result = TypeVar("_Result")

LIMIT_SECONDS = 5.0
"""How long one delivery may take, from the look-up of the name to the answer's status."""

LONGEST_RETRY_AFTER = 3600.0
"""How many seconds an endpoint can ask to be left alone."""

TEST_NETWORKS = "WEBHOOK_TEST_NETWORKS"
"""The environment variable with networks that may be reached although they are not public.

Only the local emulator's process sets it; no template does. Separated by blanks: `127.0.0.1/32`.
"""

PASSING = frozenset({408, 421, 423, 425, 429})
"""The refusals, besides all 5xx, after which another attempt may succeed.

Request Timeout (RFC 9110, 15.5.9), Misdirected Request (15.5.20, over another connection, which
each of ours is), Locked (RFC 4918, 11.3), Too Early (RFC 8470, 5.2), Too Many Requests (RFC 6585).
"""

_LONGEST_HEAD = 262_144
"""Bytes of interim answers and headers that are read of an answer; who sends more is flooding."""

_LONGEST_PIECE = 8_192  # bytes of a line that are looked at together

_SECRET_PREFIX = "whsec_"  # noqa: S105 - how every secret starts, and none itself
_UNRESOLVED = "DNS: the name does not resolve"
_USER_AGENT = "food-delivery-orders/1"
_STATUS_LINE = rb"HTTP/1\.[0-9] ([1-9][0-9]{2})[ \r\n]"
_SWITCHING = 101  # the end of HTTP on a connection, which nobody asked for
_UNSAFE_IN_URL = r"[\s\\\x00-\x1f\x7f]"  # urlsplit would silently drop some


class Undelivered(Exception):
    """An event did not reach its partner; `reason` is short, stable and safe to log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Deferred(Undelivered):
    """A later attempt may succeed; `retry_after` is how many seconds the endpoint asked for."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Rejected(Undelivered):
    """Another attempt would end in the same way."""


class Endpoint(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A partner's settings, as they are stored: each has its home here.

    Where the partner takes events, and its one or two secrets (`whsec_…`), newest first. A partner
    that is disabled hears nothing; what happens meanwhile is not sent later.
    """

    url: str
    secrets: Annotated[tuple[str, ...], Meta(max_length=2)] = ()
    disabled: bool = False


def deliver(endpoint: Endpoint, event: OrderEvent, *, limit: float = LIMIT_SECONDS) -> int:
    """Send an event once.

    Args:
        endpoint: where to, and what to sign with.
        event: what to send.
        limit: seconds for everything together.

    Returns:
        The endpoint's status: 2xx. It counts as soon as it is there; the body is not read.

    Raises:
        Deferred: for PASSING, 5xx, and when there is no answer.
        Rejected: for every other answer, a redirect included, and for an endpoint whose URL,
            secret or address is not acceptable.
    """
    target = _target_of(endpoint.url)
    headers = _headers(event, endpoint.secrets)
    with subsegment(target.host, namespace="remote") as work:
        # Without the path: who knows a partner's whole address may be able to post to it.
        work.requests("POST", f"https://{target.host}/")
        if trace := work.header:
            headers[TRACE_HEADER] = trace
        try:
            return _attempt(target, headers, event.body, limit, work)
        except Undelivered as error:
            work.annotate(reason=error.reason)
            raise


def _attempt(
    target: _Target, headers: dict[str, str], body: bytes, limit: float, work: Subsegment
) -> int:
    tls_context()  # ours to load, once: none of the partner's time
    deadline = _Deadline(limit)
    try:
        answer = deadline.keep(lambda: _exchange(target, headers, body, deadline))
    except TimeoutError:
        raise Deferred(f"timed out after {limit:g} s") from None
    except (OSError, HTTPException) as error:
        raise Deferred(_reason(error)) from None
    work.answered(answer.status)
    return _judge(answer)


# --- Signatures


def signature_headers(
    event_id: str, timestamp: int, body: bytes, secrets: Sequence[str]
) -> dict[str, str]:
    """Make the headers by which a partner knows that an event is from us, and fresh.

    Args:
        event_id: the same at each attempt.
        timestamp: of this attempt, in seconds since the Unix epoch.
        body: exactly what is sent.
        secrets: one signature is made with each.

    Raises:
        ValueError: when there is no secret, or one is malformed.
    """
    if not secrets:
        raise ValueError("there is no secret to sign with")
    signed = f"{event_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(signed, secret) for secret in secrets),
    }


def _signature(signed: bytes, secret: str) -> str:
    digest = hmac_sha256(_key_of(secret), signed)
    return f"v1,{base64.b64encode(digest).decode()}"


def _key_of(secret: str) -> bytes:
    key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    if not key or not secret.startswith(_SECRET_PREFIX):
        raise ValueError("a secret is whsec_ and base64")
    return key


def _headers(event: OrderEvent, secrets: Sequence[str]) -> dict[str, str]:
    try:
        signature = signature_headers(event.event_id, int(time.time()), event.body, secrets)
    except ValueError:
        raise Rejected("the secret is missing or malformed") from None
    return {
        "Content-Type": "application/json",
        "User-Agent": _USER_AGENT,
        "Connection": "close",
        **signature,
    }


# --- Where to: only https, only public addresses


class _Target(NamedTuple):
    host: str
    port: int
    path: str


def check_url(url: str, *, networks: str | None = None) -> None:
    """Tell whether a URL is one that events are sent to: by the very rules of a delivery.

    Args:
        url: whose name is looked up as a delivery does; nothing is connected to.
        networks: what may be reached besides public addresses, in the form of TEST_NETWORKS; None
            for what the environment says.

    Raises:
        Rejected: when it is not; the reason says why.
        Deferred: when its name has no address now.
    """
    target, deadline = _target_of(url), _Deadline(LIMIT_SECONDS)
    try:
        deadline.keep(lambda: _routes_to(target, networks))
    except OSError:  # a time-out, too
        raise Deferred(_UNRESOLVED) from None


def _target_of(url: str) -> _Target:
    try:
        parts = urlsplit(url)
        port = 443 if parts.port is None else parts.port
        host = _ascii_host(parts.hostname or "")
    except ValueError:
        raise Rejected("the URL is malformed") from None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    flaws = {
        "the URL is not https": parts.scheme != "https",
        "the URL has no host": not host,
        "the URL has credentials": "@" in parts.netloc,
        "the URL has a fragment": "#" in url,
        "the URL is malformed": re.search(_UNSAFE_IN_URL, url) or not path.isascii() or not port,
    }
    for reason, found in flaws.items():
        if found:
            raise Rejected(reason)
    return _Target(host, port, path)


def _ascii_host(host: str) -> str:
    """Write a host name as DNS has it.

    Python knows IDNA 2003 only, in which `straße` is `strasse`: a name of somebody else, perhaps.
    What does not come back as it was is refused; its owner can give the `xn--` form.

    Raises:
        ValueError: when it is no host name.
    """
    encoded = host.encode("idna")
    plain = encoded.decode("ascii").removesuffix(".")
    if "%" in plain or (not host.isascii() and encoded.decode("idna") != host):
        raise ValueError("not a host name")
    return plain


_NETWORKS_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # protocol assignments; Teredo, which carries an IPv4 address, among them
        "2002::/16",  # 6to4, which carries an IPv4 address
        "3fff::/20",  # documentation
    )
)
"""Public for the `ipaddress` of some Python version that this runs on, but not for us."""

_UNICAST = ipaddress.IPv6Network("2000::/3")  # all that IANA has given out as global
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address belongs to a host that anybody on the Internet can reach.

    An IPv6 address that stands for an IPv4 one (mapped, NAT64) is as public as that one is. Those
    of 6to4, Teredo and a network's own NAT64 (64:ff9b:1::/48) are not, whatever they carry:
    no partner's server needs them.
    """
    if address.version == 6:
        carried = _carried(address)
        if carried is not None:
            return is_public(carried)
        if address not in _UNICAST:
            return False
    if any(address in network for network in _NETWORKS_NOT_PUBLIC):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped


def _may_reach(address: IPv4Address | IPv6Address, networks: str) -> bool:
    allowed = map(ipaddress.ip_network, networks.split())
    return is_public(address) or any(address in network for network in allowed)


def _routes_to(target: _Target, networks: str | None = None) -> list[Route]:
    """Look the host up, once: what is judged here is what is connected to."""
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    more = os.environ.get(TEST_NETWORKS, "") if networks is None else networks
    if not all(_may_reach(ipaddress.ip_address(where[0]), more) for *_, where in found):
        raise Rejected("the address is not public")
    return [(family, kind, protocol, where) for family, kind, protocol, _, where in found]


# --- Five seconds for everything


class _Deadline:
    """The end of an attempt, which its thread cannot miss: its connection is shut down.

    A socket's own time-out is not enough: it starts anew with each byte, and the look-up of a name
    has none.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._over = False

    def remaining(self) -> float:
        """Give the seconds that are left.

        Raises:
            TimeoutError: when none are.
        """
        seconds = self._end - time.monotonic()
        if self._over or seconds <= 0:
            raise TimeoutError
        return seconds

    def keep(self, attempt: Callable[[], _Result]) -> _Result:
        """Make an attempt in a thread of its own, and wait for it until the end.

        Raises:
            TimeoutError: when it takes longer.
        """
        future: Future[_Result] = Future()
        threading.Thread(target=_settle, args=(future, attempt), daemon=True).start()
        try:
            return future.result(self.remaining())
        finally:
            with self._lock:
                self._over = True
                self._drop()

    def watch(self, connection: socket.socket) -> None:
        """Shut this connection down at the end, and the one before now.

        The duplicate stays what it is while the attempt wraps its own in TLS, or closes it.

        Raises:
            TimeoutError: when it is too late.
        """
        with self._lock:
            self.remaining()
            self._drop()
            self._connection = connection.dup()

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(OSError), self._connection as connection:
                connection.shutdown(socket.SHUT_RDWR)


def _settle(future: Future[_Result], attempt: Callable[[], _Result]) -> None:
    try:
        future.set_result(attempt())
    except Exception as error:  # noqa: BLE001 - whoever waits for the result gets it
        future.set_exception(error)


# --- One request


class _Answer(NamedTuple):
    status: int
    retry_after: str | None


@cache
def tls_context() -> ssl.SSLContext:
    """Load the certificate authorities, once for this process; a certificate always has to verify.

    They are the system's, or those of the file that SSL_CERT_FILE names.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _exchange(
    target: _Target, headers: dict[str, str], body: bytes, deadline: _Deadline
) -> _Answer:
    host = target.host
    with _connect(_routes_to(target), deadline) as plain:
        plain.settimeout(deadline.remaining())
        with tls_context().wrap_socket(plain, server_hostname=host) as secure:
            secure.settimeout(deadline.remaining())
            return _request(secure, target, headers, body)


def _connect(routes: list[Route], deadline: _Deadline) -> socket.socket:
    """Connect to the first address that answers, each having its share of the time."""
    failure = OSError()
    for tried, (family, kind, protocol, where) in enumerate(routes):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(deadline.remaining() / (len(routes) - tried))
            deadline.watch(connection)
            connection.connect(where)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def _request(
    connection: ssl.SSLSocket, target: _Target, headers: dict[str, str], body: bytes
) -> _Answer:
    http = HTTPSConnection(target.host, target.port, context=tls_context())
    http.sock = connection
    http.request("POST", target.path, body, headers)
    with connection.makefile("rb") as stream:
        return _answer_in(stream)


def _answer_in(stream: BinaryIO) -> _Answer:
    """Read an answer as far as it counts: its status; and for another attempt, Retry-After.

    http.client takes 103 for the end, and fails at a hundred headers, or a long one. RFC 9110,
    section 15.2: a client must be able to take one or more 1xx before the final answer.
    """
    left = _LONGEST_HEAD
    while True:
        status = _status_in(stream.readline(_LONGEST_PIECE))
        if status == _SWITCHING or not 100 <= status < 200:
            break
        for line in _lines(stream, left):
            left -= len(line)
        if left <= 0:
            raise HTTPException
    return _Answer(status, _retry_after(stream, left) if _passes(status) else None)


def _status_in(line: bytes) -> int:
    """Read a status line.

    Raises:
        ConnectionResetError: when there is none.
        HTTPException: when it is something else.
    """
    if not line:
        raise ConnectionResetError
    match = re.match(_STATUS_LINE, line)
    if match is None:
        raise HTTPException
    return int(match[1])


def _lines(stream: BinaryIO, most: int) -> Iterator[bytes]:
    """Give the lines of a head up to the empty one, in pieces where they are long."""
    while most > 0:
        line = stream.readline(_LONGEST_PIECE)
        most -= len(line)
        yield line
        if line in (b"\r\n", b"\n", b""):
            return


def _retry_after(stream: BinaryIO, most: int) -> str | None:
    """Find the header, if the head has it; what breaks off or drips on has told none."""
    with suppress(OSError):
        for line in _lines(stream, most):
            name, _, value = line.partition(b":")
            if name.lower() == b"retry-after":
                return value.decode("latin-1")
    return None


# --- What an answer means


def _judge(answer: _Answer) -> int:
    status = answer.status
    if 200 <= status < 300:
        return status
    if _passes(status):
        raise Deferred(f"HTTP {status}", _seconds_of(answer.retry_after))
    raise Rejected(f"HTTP {status}")


def _passes(status: int) -> bool:
    return status in PASSING or 500 <= status < 600


def _seconds_of(retry_after: str | None) -> float | None:
    """Read a Retry-After (RFC 9110, section 10.2.3): seconds or a date; None if it is neither."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
        seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(seconds, LONGEST_RETRY_AFTER) if seconds >= 0 else None


def _reason(error: OSError | HTTPException) -> str:
    if isinstance(error, socket.gaierror):
        return _UNRESOLVED
    if isinstance(error, ssl.SSLError):
        return f"TLS: {(error.reason or 'failed').lower().replace('_', ' ')}"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionError):
        return "closed without an answer"
    return "not an HTTP answer" if isinstance(error, HTTPException) else "no connection"
