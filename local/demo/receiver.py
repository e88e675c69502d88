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
from typing import TYPE_CHECKING, Any, NamedTuple

from local.serving import Handler, serving
from orders.webhooks import signature_headers
from project.json_object import json_object
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
            self._webhooks.append(
                Webhook(time.time(), partner_id, json_object(body) or {}, genuine)
            )
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


class _Handler(Handler):
    """Answers one connection."""

    receiver: Receiver
    timeout = _SECONDS

    def _take(self) -> None:
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(int(length)) if length.isdecimal() else b""
        genuine = self.receiver.take(self.path.strip("/"), self.headers, body)  # type: ignore[arg-type]  # a message is a mapping
        self.send(204 if genuine else 400, {}, b"")

    def _tell(self) -> None:
        latest = [webhook._asdict() for webhook in self.receiver.latest()]
        body = json.dumps(latest, indent=2).encode()
        self.send(200, {"Content-Type": "application/json"}, body)

    do_POST, do_GET = _take, _tell  # noqa: N815 - the base class's names


@contextlib.contextmanager
def receiver(port: int, context: ssl.SSLContext) -> Iterator[Receiver]:
    """Receive webhooks for as long as the context lasts.

    Args:
        port: where to listen on 127.0.0.1; 0 for any free port.
        context: the server's certificate.
    """
    state = Receiver()
    with serving(type("Handler", (_Handler,), {"receiver": state}), port, context) as address:
        state.url = address.rstrip("/")
        yield state
