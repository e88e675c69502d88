"""A proxy in front of AWS that counts the calls of functions and makes chosen ones fail."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


_POLL_SECONDS = 0.05
_SERVER_ERRORS = {"InternalServerError"}


class Proxy:
    """What passed, and what to do with what comes next."""

    def __init__(self) -> None:
        """Start with nothing counted and nothing planned."""
        self.calls: list[str] = []
        self.failures: list[str] = []  # error codes with which the next calls are answered
        self.conflicts = 0  # how many of the next transactions are cancelled for a conflict
        self.losses = 0  # how many of the next calls are done but their answers lost
        self.outage: frozenset[str] = frozenset()  # the operations that fail until further notice
        self.refused = Counter[str]()  # how many calls fell into an outage, by operation
        self.held: frozenset[str] = frozenset()  # the operations that wait until further notice
        self.holding = 0  # how many calls wait

    def take(self) -> list[str]:
        """Give the calls since the last time, by operation."""
        calls, self.calls = self.calls, []
        return calls


_OUTAGE = ("ProvisionedThroughputExceededException", "InternalServerError")
"""What an outage answers, in turn."""


class _Handler(BaseHTTPRequestHandler):
    """Passes a call on, or does with it what is planned."""

    proxy: Proxy
    upstream: str
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        self.proxy.calls.append(operation)
        self._wait(operation)
        if operation in self.proxy.outage:
            self.proxy.refused[operation] += 1
            self._fail(_OUTAGE[self.proxy.refused.total() % len(_OUTAGE)])
        elif self.proxy.conflicts and operation == "TransactWriteItems":
            self.proxy.conflicts -= 1
            self._fail("TransactionCanceledException")
        elif self.proxy.failures:
            self._fail(self.proxy.failures.pop(0))
        else:
            self._forward(body)

    def _wait(self, operation: str) -> None:
        if operation in self.proxy.held:
            self.proxy.holding += 1
            while operation in self.proxy.held:
                time.sleep(_POLL_SECONDS)

    def _forward(self, body: bytes) -> None:
        netloc = urlsplit(self.upstream).netloc
        with contextlib.closing(HTTPConnection(netloc, timeout=30)) as connection:
            connection.request("POST", "/", body, dict(self.headers))
            answer = connection.getresponse()
            done = answer.read()
        if self.proxy.losses:
            self.proxy.losses -= 1
            self._send(500, b"{}")
        else:
            self._send(answer.status, done)

    def _fail(self, code: str) -> None:
        error = {
            "__type": f"com.amazonaws.dynamodb.v20120810#{code}",
            "message": "Transaction cancelled, please refer cancellation reasons for specific "
            "reasons [TransactionConflict, None]",
            "CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}],
        }
        self._send(500 if code in _SERVER_ERRORS else 400, json.dumps(error).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def proxy_to(upstream: str) -> Iterator[tuple[str, Proxy]]:
    """Run a proxy to an endpoint on a free port; gives its address and its state."""
    proxy = Proxy()
    handler = type("Handler", (_Handler,), {"proxy": proxy, "upstream": upstream})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # whoever calls sees it
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", proxy
    finally:
        server.shutdown()
        server.server_close()
