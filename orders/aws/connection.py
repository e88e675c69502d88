"""HTTP/1.1 to one of AWS's endpoints, on a connection that is kept.

Request ─► Connection.exchange ─► Answer
           nothing came, on a connection that was used before ─► Stale: the server had closed it
           cut off, too long, of no known length ─► Broken     ─► the connection is not used again
           no answer in time ─► TimeoutError

All that fails is an OSError. RFC 9112: https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import _socket
import time
from binascii import crc32
from typing import TYPE_CHECKING

from msgspec import Struct

from orders.aws.tls import Socket, secured

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 32 * 1024 * 1024
"""The longest answer that is read; Lambda's are 6 MB at most, DynamoDB's a little above one."""

_MOST_HEAD = 64 * 1024
_AT_ONCE = 16 * 1024  # bytes of a TLS record
_PORTS = {"https": 443, "http": 80}
_WITHOUT_BODY = (204, 304)


class Broken(OSError):
    """The answer is none that HTTP allows, or was damaged or cut off on the way."""


class Stale(Broken):
    """The connection, which was used before, gave nothing: most likely it had been closed."""


class Address(Struct, frozen=True):
    """Where an API is."""

    scheme: str
    netloc: str
    """As the header `Host` names it."""
    host: str
    port: int

    @property
    def url(self) -> str:
        """Its URL, without a path."""
        return f"{self.scheme}://{self.netloc}"


def address_of(url: str) -> Address:
    """Read a URL; its path is passed over.

    Raises:
        ValueError: when it is no address of a server.
    """
    scheme, _, rest = url.partition("://")
    netloc = rest.partition("/")[0]
    host, colon, port = netloc.rpartition(":")
    if not colon or netloc.endswith("]"):
        host, port = netloc, ""
    host = host.removeprefix("[").removesuffix("]")
    if scheme not in _PORTS or not host or "@" in netloc:
        raise ValueError("an endpoint is http:// or https:// with a host, and maybe a port")
    return Address(scheme, netloc, host, int(port) if port else _PORTS[scheme])


class Request(Struct, frozen=True):
    """What is asked: signed and unsigned requests have the same form."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    def written(self) -> bytes:
        """Give the bytes that are sent.

        Raises:
            ValueError: when the path or a header would be read as something else.
        """
        target = f"{self.path}?{self.query}" if self.query else self.path
        lines = [f"{self.method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body or self.method != "GET":
            lines.append(f"content-length: {len(self.body)}")
        if " " in target or not "".join(lines).isprintable():
            raise ValueError("a path or a header holds what HTTP does not allow there")
        return "\r\n".join([*lines, "\r\n"]).encode() + self.body


class Answer(Struct, frozen=True):
    """What came back."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


class Connection:
    """One connection; for one thread at a time."""

    def __init__(
        self,
        opened: Socket,
        read: Callable[[int], bytes],
        write: Callable[[bytes | memoryview], int],
    ) -> None:
        """Take what is connected.

        Args:
            opened: bounds how long reading and writing take, and is closed in the end.
            read: gives so many bytes at most, and none at the end.
            write: sends, and tells how many bytes were taken.
        """
        self._used = False
        self._left = b""
        self._socket = opened
        self._read, self._write = read, write

    def close(self) -> None:
        """Close; TLS is not told good-bye, for nobody waits for that."""
        self._socket.close()

    def exchange(self, request: bytes, seconds: float) -> tuple[Answer, bool]:
        """Send a request and read its answer.

        Args:
            request: all bytes of it.
            seconds: by when the answer must be there, whole.

        Returns:
            The answer, and whether the connection may be used again.

        Raises:
            Stale: when nothing came, and the connection was used before.
            OSError: when there is no answer.
        """
        deadline = time.monotonic() + seconds
        try:
            self._send(request, deadline)
            self._left = self._more(deadline)
        except TimeoutError:
            raise
        except OSError as error:
            if self._used:
                raise Stale(type(error).__name__) from error
            raise
        status, version, headers = self._head(deadline)
        body = self._body(status, headers, deadline)
        _verify(headers, body)
        self._used = True
        kept = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
        return Answer(status, headers, body), kept

    def _send(self, data: bytes, deadline: float) -> None:
        self._wait_until(deadline)
        sent = self._write(data)
        if sent < len(data):
            rest = memoryview(data)
            while sent < len(data):
                self._wait_until(deadline)
                sent += self._write(rest[sent:])

    def _more(self, deadline: float) -> bytes:
        self._wait_until(deadline)
        data = self._read(_AT_ONCE)
        if not data:
            raise Broken("the answer ends too early")
        return data

    def _wait_until(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        self._socket.settimeout(left)

    def _until(self, end: bytes, deadline: float) -> bytes:
        """Read up to an end, which is passed over."""
        while (at := self._left.find(end)) < 0:
            if len(self._left) > _MOST_HEAD:
                raise Broken("a line or a head that does not end")
            self._left += self._more(deadline)
        found, self._left = self._left[:at], self._left[at + len(end) :]
        return found

    def _exactly(self, length: int, deadline: float) -> bytes:
        if length > MOST_BYTES:
            raise Broken("an answer that is too long")
        parts, there = [self._left], len(self._left)
        while there < length:
            parts.append(self._more(deadline))
            there += len(parts[-1])
        found = parts[0] if len(parts) == 1 else b"".join(parts)
        self._left = found[length:]
        return found[:length]

    def _head(self, deadline: float) -> tuple[int, str, dict[str, str]]:
        """Read a head; whatever is told beforehand is passed over (RFC 9110, 15.2)."""
        status = 100
        while 100 <= status < 200:
            first, *lines = self._until(b"\r\n\r\n", deadline).decode("latin-1").split("\r\n")
            version, _, told = first.partition(" ")
            number = told[:3]
            if version not in {"HTTP/1.1", "HTTP/1.0"} or not _is_number(number):
                raise Broken("this is no HTTP")
            status = int(number)
        return status, version, _headers(lines)

    def _body(self, status: int, headers: dict[str, str], deadline: float) -> bytes:
        if status in _WITHOUT_BODY:
            return b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = self._chunks(deadline)
        else:
            length = headers.get("content-length", "")
            if "transfer-encoding" in headers or not _is_number(length):
                raise Broken("the answer does not say where it ends")
            body = self._exactly(int(length), deadline)
        if self._left:
            raise Broken("more than the answer came")
        return body

    def _chunks(self, deadline: float) -> bytes:
        parts, there = [], 0
        while True:
            size = self._until(b"\r\n", deadline).partition(b";")[0].strip().lower()
            if not size or size.strip(b"0123456789abcdef") or len(size) > 8:
                raise Broken("a chunk without a length")
            length = int(size, 16)
            if not length:
                break
            there += length
            if there > MOST_BYTES:
                raise Broken("an answer that is too long")
            parts.append(self._exactly(length, deadline))
            if self._exactly(2, deadline) != b"\r\n":
                raise Broken("a chunk of another length")
        while self._until(b"\r\n", deadline):
            pass  # a trailer says nothing that is asked here
        return b"".join(parts)


def connect(address: Address, seconds: float) -> Connection:
    """Connect, and verify who answers.

    Args:
        address: of the server.
        seconds: the longest wait for each of its addresses, and for each step of TLS.

    Raises:
        OSError: when there is no connection, or it is to somebody else.
    """
    opened = _connected(address, seconds)
    if address.scheme != "https":
        return Connection(opened, opened.recv, opened.send)
    try:
        secure = secured(opened, address.host)
    except OSError:
        opened.close()
        raise
    return Connection(opened, secure.read, secure.write)


def _connected(address: Address, seconds: float) -> Socket:
    """Connect to the first of a host's addresses that lets us."""
    # Of a text, whatever it is, Python loads the codec for names beyond ASCII.
    host = address.host.encode() if address.host.isascii() else address.host
    found = _socket.getaddrinfo(host, address.port, 0, _socket.SOCK_STREAM)
    failure: OSError = Broken("the host has no address")
    for family, kind, protocol, _, place in found:
        made = Socket(family, kind, protocol)
        try:
            made.settimeout(seconds)
            made.connect(place)
            made.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        except OSError as error:
            made.close()
            failure = error
        else:
            return made
    raise failure


def _headers(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Broken("a header that is none")
        name, value = name.lower(), value.strip()
        if found.setdefault(name, value) != value and name == "content-length":
            raise Broken("the answer says twice where it ends")
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10


def _verify(headers: dict[str, str], body: bytes) -> None:
    """Compare the body with the checksum that DynamoDB sends of it.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
    """
    told = headers.get("x-amz-crc32")
    if told is not None and told != str(crc32(body)) and "content-encoding" not in headers:
        raise Broken("the answer was damaged on the way")
