"""The demo partners' webhook receiver: checks each signature, and tells what came.

POST /<partner>     a webhook, answered 204, or 400 when its signature is wrong; a Listener may
                    be told to answer otherwise
GET  /              the latest ones, as JSON
"""

from __future__ import annotations

import contextlib
import hmac
import itertools
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
    from collections.abc import Callable, Iterable, Iterator, Mapping

_KEPT = 1_000
_TAKEN, _REFUSED = 204, 400
_SUCCESS = 2
_TOLERANCE_SECONDS = 300
_SECONDS = 30
_SECONDS_SINCE_1970 = re.compile(r"[0-9]{1,15}")


class Webhook(NamedTuple):
    """A webhook that came."""

    at: float
    partner_id: str
    event: dict[str, Any]
    genuine: bool
    answered: int
    """The status that its sender got."""

    @property
    def mark(self) -> str:
        """Say whether it was signed by us, and what was answered unless it was taken."""
        mark = "signature verified" if self.genuine else "WRONG SIGNATURE"
        return mark if self.answered // 100 == _SUCCESS else f"{mark}, answered {self.answered}"

    def line(self) -> str:
        """Describe it on one line."""
        at = time.strftime("%H:%M:%S", time.gmtime(self.at))
        kind, order_id = (str(self.event.get(name, "?")) for name in ("type", "orderId"))
        return plain(
            f"{at}  {'webhook':<14} {self.partner_id:<17} {kind:<18} {order_id}  {self.mark}"
        )


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

    def take(
        self,
        partner_id: str,
        headers: Mapping[str, str],
        body: bytes,
        answer: Callable[[int], object] = bool,
    ) -> bool:
        """Take a webhook; tell whether it is genuine.

        Args:
            partner_id: whose it is, by where it came.
            headers: as they came, by names in lower case.
            body: as it came.
            answer: gives the sender a status; what is kept has been answered.
        """
        genuine = self._genuine(partner_id, headers, body)
        status = self.status(genuine=genuine)
        answer(status)
        with self._lock:
            self._webhooks.append(
                Webhook(time.time(), partner_id, json_object(body) or {}, genuine, status)
            )
            self._count += 1
        return genuine

    def status(self, *, genuine: bool) -> int:
        """Say what to answer."""
        return _TAKEN if genuine else _REFUSED

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
        expected = wanted["webhook-signature"].encode()  # text beyond ASCII cannot be compared
        given = headers.get("webhook-signature", "").encode(errors="replace").split()
        fresh = abs(time.time() - int(sent)) <= _TOLERANCE_SECONDS
        return fresh and any(hmac.compare_digest(expected, signature) for signature in given)


class Listener(Receiver):
    """A partner that listens at whatever path, and may answer what is asked of it."""

    def __init__(self, partner_id: str, secret: str, answers: Iterable[int]) -> None:
        """Take one partner's webhooks, and answer them in turn as told, at last always 204."""
        super().__init__()
        self.secrets = {partner_id: secret}
        self._partner_id = partner_id
        self._answers = itertools.chain(answers, itertools.repeat(_TAKEN))

    def take(
        self,
        partner_id: str,  # noqa: ARG002 - the path, which may be any
        headers: Mapping[str, str],
        body: bytes,
        answer: Callable[[int], object] = bool,
    ) -> bool:
        """Take a webhook, wherever it came."""
        return super().take(self._partner_id, headers, body, answer)

    def status(self, *, genuine: bool) -> int:
        """Say what to answer; a forged one is refused in any case."""
        return next(self._answers) if genuine else _REFUSED


class _Handler(Handler):
    """Answers one connection."""

    receiver: Receiver
    timeout = _SECONDS

    def _take(self) -> None:
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(int(length)) if length.isdecimal() else b""
        self.receiver.take(self.path.strip("/"), self.headers, body, self._answer)  # type: ignore[arg-type]  # a message is a mapping

    def _answer(self, status: int) -> None:
        self.send(status, {}, b"")

    def _tell(self) -> None:
        latest = [webhook._asdict() for webhook in self.receiver.latest()]
        body = json.dumps(latest, indent=2).encode()
        self.send(200, {"Content-Type": "application/json"}, body)

    do_POST, do_GET, do_HEAD = _take, _tell, _tell  # noqa: N815 - the base class's names


@contextlib.contextmanager
def receiver(
    port: int, context: ssl.SSLContext, state: Receiver | None = None, *, only: bool = False
) -> Iterator[Receiver]:
    """Receive webhooks for as long as the context lasts.

    Args:
        port: where to listen on 127.0.0.1; any other when it is taken, or 0.
        context: the server's certificate.
        state: takes what comes; without it, a new one.
        only: whether no other port will do.

    Raises:
        OSError: when the port is taken, and no other will do.
    """
    state = state or Receiver()
    handler = type("Handler", (_Handler,), {"receiver": state})
    with serving(handler, port, context, only=only) as address:
        state.url = address.rstrip("/")
        yield state
