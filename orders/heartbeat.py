"""The heartbeat's run: an order that goes through the API's own front door, as a partner's does.

key ─► admission ─► place ─► read ─► repeat ─► cancel
(what the partner is known by)  (four requests, each checked)

Whatever is not as partners are promised ends the run and names the step.
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from orders.domain.ids import timestamp_in
from orders.domain.lifecycle import Status
from orders.domain.synthetic import HEARTBEAT
from orders.named_tuple import NamedTuple
from orders.routes import IDEMPOTENCY_KEY, JSON, MERGE_PATCH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orders.domain.order import Item

REQUESTS = ("place", "read", "repeat", "cancel")
"""The steps that are requests to the API, in their order."""

LATE_SECONDS = 4.0
"""How long a step may take; people who order have given up by then."""

_MOST_BYTES = 256 * 1024  # of an answer
_REPLAYED = "Idempotent-Replayed"
_PATH = "/partner/orders"

ORDER: dict[str, Any] = {
    "restaurantId": HEARTBEAT,
    "customerId": HEARTBEAT,
    "currency": "USD",
    "items": [{"itemId": HEARTBEAT, "name": "Nothing", "quantity": 1, "unitPrice": 100}],
    "deliveryFee": 0,
    "tip": 0,
    "deliveryAddress": {"line1": "-", "city": "-", "postalCode": "00000", "country": "US"},
    "contactPhone": "+12025550100",  # of the numbers that belong to nobody
    "note": "Synthetic: not to be cooked or delivered",
}
"""What is ordered: always the same, so that the same key stands for the same order."""


class Deviation(Exception):
    """A step that did not go as partners are promised; the text quotes nothing of an answer."""

    def __init__(self, step: str, reason: str) -> None:
        """Name the step, and say what was wrong."""
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason


class Run:
    """One run: what its log line tells, and how long each step took."""

    def __init__(self) -> None:
        """Begin."""
        self.milliseconds: dict[str, float] = {}
        self.notes: dict[str, Any] = {"stepMilliseconds": self.milliseconds}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Take the time of a step.

        Raises:
            Deviation: whatever was raised within, or when it took too long.
        """
        started = time.perf_counter()
        try:
            yield
        except Deviation:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the line names the step
            raise Deviation(name, f"{type(error).__name__}{_code_of(error)}") from None
        finally:
            seconds = time.perf_counter() - started
            self.milliseconds[name] = round(seconds * 1000, 2)
        if seconds > LATE_SECONDS:
            raise Deviation(name, f"late, after {seconds:.1f} s")


def _code_of(error: Exception) -> str:
    """Give AWS's own name for an error, which quotes nothing, if it has one."""
    code = getattr(error, "code", None)
    return f" {code}" if isinstance(code, str) else ""


class _Answer(NamedTuple):
    """An answer of the API."""

    step: str
    status: int
    headers: dict[str, str]
    order: Item

    @property
    def replayed(self) -> bool:
        """Whether the order had been placed before."""
        return self.headers.get(_REPLAYED.lower()) == "true"

    def require(self, condition: bool, reason: str) -> None:  # noqa: FBT001 - reads like assert
        """Go on only if a condition holds.

        Raises:
            Deviation: when it does not.
        """
        if not condition:
            raise Deviation(self.step, reason)


class FrontDoor:
    """The API, as a partner with a key reaches it."""

    def __init__(self, url: str, api_key: str, run: Run) -> None:
        """Connect at the first request.

        Args:
            url: the API's base address.
            api_key: the partner's; it is sent, and told nowhere.
            run: takes the times.
        """
        target = urlsplit(url)
        kind = HTTPSConnection if target.scheme == "https" else HTTPConnection
        self._connection = kind(target.netloc, timeout=LATE_SECONDS)  # TLS verifies by default
        self._base = target.path
        self._api_key = api_key
        self._run = run

    def place_and_cancel(self, key: str) -> None:
        """Place an order, read it, place it again and cancel it.

        Args:
            key: stands for this order; with the same one nothing more is placed.

        Raises:
            Deviation: when a step does not go as it must.
        """
        try:
            placed = self._place("place", key)
            self._run.notes.update(orderId=placed.order["orderId"], replayed=placed.replayed)
            order = self._read(placed)
            repeated = self._place("repeat", key)
            repeated.require(repeated.replayed, "placed a second time")
            repeated.require(repeated.order == order, "another order")
            if not (placed.replayed and order["status"] == Status.CANCELLED):
                self._cancel(order, repeated.headers.get("etag", ""))
        finally:
            self._connection.close()

    def _place(self, step: str, key: str) -> _Answer:
        answer = self._send(step, "POST", _PATH, ORDER, {IDEMPOTENCY_KEY: key})
        answer.require(answer.status == 201, f"HTTP {answer.status}")
        owned = answer.order.get("partnerId") == HEARTBEAT and _is_id(answer.order.get("orderId"))
        answer.require(owned, "no order of the heartbeat")
        return answer

    def _read(self, placed: _Answer) -> Item:
        answer = self._send("read", "GET", f"{_PATH}/{placed.order['orderId']}")
        answer.require(answer.status == 200, f"HTTP {answer.status}")
        answer.require(answer.order == placed.order, "another order")
        return answer.order

    def _cancel(self, order: Item, etag: str) -> None:
        patch = {"status": Status.CANCELLED.value}
        path = f"{_PATH}/{order['orderId']}"
        answer = self._send("cancel", "PATCH", path, patch, {"If-Match": etag})
        answer.require(answer.status == 200, f"HTTP {answer.status}")
        same = answer.order.get("orderId") == order["orderId"]
        answer.require(same and answer.order.get("status") == Status.CANCELLED, "not cancelled")

    def _send(
        self,
        step: str,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> _Answer:
        sent = {"x-api-key": self._api_key, "User-Agent": f"food-delivery-{HEARTBEAT}"}
        sent |= headers or {}
        if body is not None:
            sent["Content-Type"] = MERGE_PATCH if method == "PATCH" else JSON
        text = None if body is None else json.dumps(body).encode()
        with self._run.step(step):
            self._connection.request(method, self._base + path, text, sent)
            with self._connection.getresponse() as response:
                received = {name.lower(): value for name, value in response.getheaders()}
                answer = response.read(_MOST_BYTES)
        self._run.notes.update(httpStatus=response.status, apiRequestId=_id_in(received))
        return _Answer(step, response.status, received, _order_in(answer))


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and timestamp_in(value) is not None


def _id_in(headers: dict[str, str]) -> str:
    """Give the id under which the API's own log has the request."""
    return headers.get("x-request-id") or headers.get("x-amzn-requestid", "")


def _order_in(answer: bytes) -> Item:
    """Read what should be an order; an answer that is none has none of its fields."""
    try:
        decoded = json.loads(answer)
    except (ValueError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}
