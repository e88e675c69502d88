"""A partner's HTTPS server that behaves as it is told, and remembers every event it accepted."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from collections import Counter
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook, WebhookVerificationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Behaviour(StrEnum):
    """How a partner's server answers."""

    ACCEPTS = "accepts"
    FAILS = "fails"
    HANGS = "hangs"
    REDIRECTS = "redirects"
    CLOSES = "closes"
    """Answers 200, and closes in the middle of the body that it promised."""
    DROPS = "drops"
    """Closes without an answer."""
    REFUSES = "refuses"
    """Answers 410."""


_HANG_SECONDS = 12  # longer than anybody waits


class PartnerServer:
    """What came, and how to answer what comes next."""

    def __init__(self, secret: str) -> None:
        """Accept everything, and check it with this secret."""
        self.behaviour = Behaviour.ACCEPTS
        # By order and status, which an order takes once at most.
        self.accepted: Counter[str] = Counter()
        self.attempts: Counter[str] = Counter()
        self.arrived: dict[str, float] = {}
        """When each was accepted first, by `time.monotonic`."""
        self.forged = 0
        self.url = ""
        self._webhook = Webhook(secret)
        self._lock = threading.Lock()

    def take(self, headers: dict[str, str], body: bytes) -> Behaviour:
        """Take an event; it counts as accepted only if the answer says so."""
        try:
            self._webhook.verify(body, headers)
        except (WebhookVerificationError, ValueError):  # of a malformed signature, the latter
            self.forged += 1
        event = json.loads(body)
        told = f"{event['orderId']} {event['status']}"
        with self._lock:
            behaviour = self.behaviour
            self.attempts[told] += 1
            if behaviour in (Behaviour.ACCEPTS, Behaviour.CLOSES):
                self.accepted[told] += 1
                self.arrived.setdefault(told, time.monotonic())
        return behaviour


class _Handler(BaseHTTPRequestHandler):
    server_state: PartnerServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:  # whoever sent it has died
            return
        match self.server_state.take(dict(self.headers), body):
            case Behaviour.ACCEPTS:
                self._answer(200)
            case Behaviour.FAILS:
                self._answer(500)
            case Behaviour.REFUSES:
                self._answer(410)
            case Behaviour.REDIRECTS:
                self._answer(302, Location=f"{self.server_state.url}/elsewhere")
            case Behaviour.CLOSES:
                self._answer(200, length=1_000)
            case Behaviour.HANGS:
                time.sleep(_HANG_SECONDS)
        self.close_connection = True

    def _answer(self, status: int, *, length: int = 0, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 200
    context: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(30)
        with (
            contextlib.suppress(OSError),
            self.context.wrap_socket(request, server_side=True) as encrypted,
        ):
            super().finish_request(encrypted, client_address)

    def handle_error(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def serving(state: PartnerServer, certificate: Path, port: int = 0) -> Iterator[None]:
    """Serve for as long as the context lasts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"server_state": state}))
    server.context = context
    state.url = f"https://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def nobody_listens() -> int:
    """Give a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
