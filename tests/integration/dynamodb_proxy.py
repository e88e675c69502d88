"""A proxy in front of DynamoDB that counts calls and makes chosen ones fail."""

from __future__ import annotations

import contextlib
import json
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


class Proxy:
    """What passed, and what to do with what comes next."""

    def __init__(self) -> None:
        """Start with nothing counted and nothing planned."""
        self.calls: list[str] = []
        self.failures: list[str] = []  # error codes with which the next calls are answered
        self.conflicts = 0  # how many of the next transactions are cancelled for a conflict
        self.losses = 0  # how many of the next calls are done but their answers lost

    def take(self) -> list[str]:
        """Give the calls since the last time, by operation."""
        calls, self.calls = self.calls, []
        return calls


@contextlib.contextmanager
def proxy_to(upstream: str) -> Iterator[tuple[str, Proxy]]:
    """Run a proxy to an endpoint on a free port; gives its address and its state."""
    proxy = Proxy()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            proxy.calls.append(self.headers["X-Amz-Target"].partition(".")[2])
            if proxy.conflicts and proxy.calls[-1] == "TransactWriteItems":
                proxy.conflicts -= 1
                self._fail("TransactionCanceledException")
                return
            if proxy.failures:
                self._fail(proxy.failures.pop(0))
                return
            connection = HTTPConnection(urlsplit(upstream).netloc, timeout=30)
            with contextlib.closing(connection):
                connection.request("POST", "/", body, dict(self.headers))
                answer = connection.getresponse()
                done = answer.read()
            if proxy.losses:
                proxy.losses -= 1
                self._send(500, b"{}")
                return
            self._send(answer.status, done)

        def _fail(self, code: str) -> None:
            error = {
                "__type": f"com.amazonaws.dynamodb.v20120810#{code}",
                "message": "Transaction cancelled, please refer cancellation reasons for specific "
                "reasons [TransactionConflict, None]",
                "CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}],
            }
            self._send(400, json.dumps(error).encode())

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", proxy
    finally:
        server.shutdown()
        server.server_close()
