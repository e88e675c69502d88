"""The demo partners' webhook receiver: checks each signature, and tells what came.

POST /<partner>     a webhook, answered 204, or 400 when its signature is wrong
GET  /              the latest ones, as JSON
"""

from __future__ import annotations

import contextlib
import hmac
import json
import re
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

from orders.webhooks import signature_headers
from project.text import plain

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping

_KEPT = 1_000
_TOLERANCE_SECONDS = 300
_SECONDS = 30
_SECONDS_SINCE_1970 = re.compile(r"[0-9]{1,15}")


class Webhook(NamedTuple):
    """A webhook that came."""

    at: float
    partner_id: str
    event: dict[str, Any]
    genuine: bool

    def line(self) -> str:
        """Describe it on one line."""
        at = time.strftime("%H:%M:%S", time.gmtime(self.at))
        mark = "signature verified" if self.genuine else "WRONG SIGNATURE"
        kind, order_id = (str(self.event.get(name, "?")) for name in ("type", "orderId"))
        return plain(f"{at}  {'webhook':<14} {self.partner_id:<17} {kind:<18} {order_id}  {mark}")


class Receiver:
    """What came, and the secrets to check it with, by partner."""

    def __init__(self) -> None:
        """Start with nothing, and nobody's secret."""
        self.secrets: Mapping[str, str] = {}
        self.url = ""
        self._webhooks: deque[Webhook] = deque(maxlen=_KEPT)
        self._told = 0
        self._count = 0
        self._lock = threading.Lock()

    def take(self, partner_id: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Take a webhook; tell whether it is genuine."""
        genuine = self._genuine(partner_id, headers, body)
        with self._lock:
            self._webhooks.append(Webhook(time.time(), partner_id, _event_in(body), genuine))
            self._count += 1
        return genuine

    def latest(self) -> list[Webhook]:
        """Give the latest ones, oldest first."""
        with self._lock:
            return list(self._webhooks)

    def untold(self) -> list[Webhook]:
        """Give those that came since the last call."""
        with self._lock:
            fresh = min(self._count - self._told, len(self._webhooks))
            self._told = self._count
            return list(self._webhooks)[len(self._webhooks) - fresh :]

    def _genuine(self, partner_id: str, headers: Mapping[str, str], body: bytes) -> bool:
        secret = self.secrets.get(partner_id)
        sent = headers.get("webhook-timestamp", "")
        if not secret or not _SECONDS_SINCE_1970.fullmatch(sent):
            return False
        wanted = signature_headers(headers.get("webhook-id", ""), int(sent), body, (secret,))
        given = headers.get("webhook-signature", "").split()
        fresh = abs(time.time() - int(sent)) <= _TOLERANCE_SECONDS
        return fresh and any(
            hmac.compare_digest(wanted["webhook-signature"], signature) for signature in given
        )


def _event_in(body: bytes) -> dict[str, Any]:
    """Read an event; anybody on this machine can send something else."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    receiver: Receiver
    protocol_version = "HTTP/1.1"
    timeout = _SECONDS

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        genuine = self.receiver.take(self.path.strip("/"), self.headers, body)  # type: ignore[arg-type]  # a message is a mapping
        self._answer(204 if genuine else 400, b"")

    def do_GET(self) -> None:
        latest = [webhook._asdict() for webhook in self.receiver.latest()]
        self._answer(200, json.dumps(latest, indent=2).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def receiver(port: int, context: ssl.SSLContext) -> Iterator[Receiver]:
    """Receive webhooks for as long as the context lasts.

    Args:
        port: where to listen on 127.0.0.1; 0 for any free port.
        context: the server's certificate.
    """
    state = Receiver()
    server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"receiver": state}))
    server.context = context
    state.url = f"https://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    """Shakes hands in each connection's own thread: one that hangs holds up nobody else."""

    daemon_threads = True
    request_queue_size = 200
    context: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(_SECONDS)
        with (
            contextlib.suppress(OSError),
            self.context.wrap_socket(request, server_side=True) as encrypted,
        ):
            super().finish_request(encrypted, client_address)

    def handle_error(self, *_: object) -> None:
        pass
