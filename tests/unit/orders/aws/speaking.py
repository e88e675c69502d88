"""Servers that say exactly what a test wants, byte by byte, over TLS or without."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Sequence

CREDENTIALS = {
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "a-secret",
    "AWS_SESSION_TOKEN": "a-token",
}
HANG = None
"""In the place of an answer: say nothing until the caller goes."""


def http(body: bytes = b"{}", status: int = 200, **headers: str) -> bytes:
    """Write an answer; `_` in a header's name stands for `-`."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Speaker:
    """A server: each of its connections has its own answers, and is closed after the last."""

    def __init__(self, *connections: Sequence[bytes | None], tls: ssl.SSLContext | None = None):
        """Say what each connection answers, in the order in which they come."""
        self.requests: list[bytes] = []
        self.accepted = 0
        self._connections = connections
        self._speaking: socket.socket | None = None
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop, whoever still waits: a caller for its answer, or we for its next request."""
        for one in (self._listener, self._speaking):
            with contextlib.suppress(OSError):
                if one is not None:
                    one.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        for answers in self._connections:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._speaking = plain
            with plain, contextlib.suppress(OSError):
                plain.settimeout(10)
                self._answer(plain, answers)

    def _answer(self, plain: socket.socket, answers: Sequence[bytes | None]) -> None:
        speaking: Any = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
        with speaking:
            for answer in answers:
                self.requests.append(_request(speaking))
                if answer is HANG:
                    speaking.recv(1)
                else:
                    speaking.sendall(answer)


def _request(speaking: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got:
        more = speaking.recv(65536)
        if not more:
            raise OSError("the caller has gone")
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    while len(body) < int(length or 0):
        body += speaking.recv(65536)
    return head + b"\r\n\r\n" + body


@contextlib.contextmanager
def speaking(
    *connections: Sequence[bytes | None], tls: ssl.SSLContext | None = None
) -> Iterator[Speaker]:
    """Serve for a while."""
    made = Speaker(*connections, tls=tls)
    try:
        yield made
    finally:
        made.close()
