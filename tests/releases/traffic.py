"""Live traffic while a release is deployed: people who place, read, list and change orders.

Every answer is held against what docs/api/orders.md promises. Nobody tries again: whatever is not
as promised is a failure, and so is an order that is lost, there twice, or processed twice.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

import httpx

from ops.reach.clients import clients
from orders.domain.ids import timestamp_of
from orders.settings import BY_CUSTOMER
from tests.shared import examples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from ops.reach.endpoints import Endpoints

_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.1
_PAUSE_SECONDS = 0.2
_KEPT_SECONDS = 2.0  # less than the emulator keeps a connection on which nothing comes
_PERSONS_PAUSE_SECONDS = 0.2  # a person may send four requests a second

PLACED, REPEATED, READ, LISTED, CHANGED = "placed", "repeated", "read", "listed", "changed"
KINDS = (PLACED, REPEATED, READ, LISTED, CHANGED)


class Traffic:
    """People who order for as long as the context lasts, whenever somebody looks at them."""

    def __init__(self, stack: Endpoints) -> None:
        """Order from this stage; whoever orders has a name of this traffic's own."""
        self._stack = stack
        self._name = f"t-{uuid.uuid4().hex[:12]}"
        self._over = threading.Event()
        self._wanted = threading.Event()
        self._pool = ThreadPoolExecutor(3)
        self._running: list[Future[None]] = []
        self._since = _minutes_ago()
        self._loops = {"partner": self._partner, "reader": self._reader, "customer": self._customer}
        self._turns: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        """How often each kind of request was answered as promised."""
        self.failures: list[str] = []
        self._ended: list[tuple[str, str, str]] = []
        """What was placed, and left alone: its Idempotency-Key, its order, its last status."""

    def __enter__(self) -> Self:
        """Begin."""
        self._running = [self._pool.submit(self._again, who) for who in self._loops]
        return self

    def __exit__(self, *_: object) -> None:
        """End, once what was sent has been answered."""
        self._over.set()
        self._wanted.set()
        self._pool.shutdown()

    @contextlib.contextmanager
    def unharmed(self) -> Iterator[None]:
        """Fail if anything goes wrong for anybody while the context lasts, or is wrong after it.

        Before it ends everybody does all that they do once more.
        """
        self.failures.clear()
        self._ended.clear()
        self._since = _minutes_ago()
        before = Counter(self.answered)
        with self._wants():
            yield
            self.go_on()
            self._check(before)

    @contextlib.contextmanager
    def _wants(self) -> Iterator[None]:
        """Have them order meanwhile; they go on if they did so before."""
        already = self._wanted.is_set()
        self._wanted.set()
        try:
            yield
        finally:
            if not already:
                self._wanted.clear()

    def go_on(self) -> None:
        """Wait until everybody has done all that they do, from now on, whatever comes of it."""
        before, deadline = Counter(self._turns), time.monotonic() + _PATIENCE_SECONDS
        with self._wants():
            # Of two turns the second began after now.
            while any(self._turns[who] < before[who] + 2 for who in self._loops):
                for loop in self._running:
                    if loop.done():
                        loop.result()
                assert time.monotonic() < deadline, f"somebody waits for ever: {self._turns}"
                time.sleep(_POLL_SECONDS)

    def _check(self, before: Counter[str]) -> None:
        """Fail if a request was not answered as promised, or an order is lost, doubled or worse."""
        assert not self.failures, f"{len(self.failures)}, at first: {self.failures[0]}"
        idle = [kind for kind in KINDS if self.answered[kind] == before[kind]]
        assert not idle, f"meanwhile nothing was {', '.join(idle)}"
        ended = list(self._ended)
        assert ended, "nobody has placed anything"
        found = self._found([order_id for _, order_id, _ in ended])
        for key, order_id, status in ended:
            items = found.get(key, [])
            assert [item["orderId"]["S"] for item in items] == [order_id], f"{key}: {items}"
            history = [entry["M"]["status"]["S"] for entry in items[0]["history"]["L"]]
            assert history == ["PLACED", status], f"{key} went through {history}"

    # What people do.

    def _again(self, who: str) -> None:
        """Let somebody take turns, with a new key each time, until it is over."""
        customer = who == "customer"
        token, key = self._stack.customer_token, self._stack.partner_api_key
        headers = {"Authorization": token} if customer else {"x-api-key": key}
        limits = httpx.Limits(keepalive_expiry=_KEPT_SECONDS)
        with httpx.Client(headers=headers, timeout=30, limits=limits) as http:
            while not self._over.wait(_PERSONS_PAUSE_SECONDS if customer else _PAUSE_SECONDS):
                self._wanted.wait()
                self._take_turn(who, http)
                self._turns[who] += 1

    def _take_turn(self, who: str, http: httpx.Client) -> None:
        """Do all that somebody does, once; an answer of another form is one more failure.

        People go on: a test that breaks the front door is not the last one.
        """
        try:
            self._loops[who](http, self._turns[who], uuid.uuid4().hex)
        except (KeyError, TypeError, ValueError) as error:
            self.failures.append(f"{who}: an answer has no {error}")

    def _partner(self, http: httpx.Client, turn: int, key: str) -> None:
        """Place an order, and send it a second time with the same key."""
        body = _shape(turn, key, customerId=self._name)
        placed = self._place(http, "/partner/orders", body, PLACED)
        again = placed and self._place(http, "/partner/orders", body, REPEATED)
        if placed and again:
            self._require(again["orderId"] == placed["orderId"], REPEATED, "the order")
            self._ended.append((key, placed["orderId"], "CONFIRMED"))

    def _reader(self, http: httpx.Client, _turn: int, _key: str) -> None:
        """List the partner's orders, and read the newest."""
        query = {"customerId": self._name, "limit": "5"}
        page = self._ask(http, "GET", "/partner/orders", LISTED, 200, params=query)
        listed = [one["orderId"] for one in page.json()["orders"]] if page else []
        self._require(listed == sorted(listed, reverse=True), LISTED, f"{listed}")
        if listed:
            read = self._ask(http, "GET", f"/partner/orders/{listed[0]}", READ, 200)
            if read is not None:
                self._judge(read, READ)

    def _customer(self, http: httpx.Client, turn: int, key: str) -> None:
        """Place an order, edit it at the version that was answered, and cancel it."""
        body = _shape(turn, key)
        del body["customerId"]
        order = self._place(http, "/orders", body, PLACED)
        for patch in ({"tip": body["tip"] + 10}, {"status": "CANCELLED"}):
            time.sleep(_PERSONS_PAUSE_SECONDS)
            order = order and self._change(http, order, patch)
        if order:
            self._ended.append((key, order["orderId"], "CANCELLED"))

    def _place(
        self, http: httpx.Client, path: str, body: dict[str, Any], kind: str
    ) -> dict[str, Any] | None:
        headers = {"Idempotency-Key": body["note"]}
        answer = self._ask(http, "POST", path, kind, 201, json=body, headers=headers)
        if answer is None:
            return None
        placed: dict[str, Any] = self._judge(answer, kind)
        replayed = answer.headers.get("Idempotent-Replayed")
        self._require(replayed == ("true" if kind == REPEATED else None), kind, f"{replayed=}")
        self._require(placed["total"] == cost(body), kind, f"total {placed['total']}")
        location = answer.headers.get("Location", "")
        self._require(location.endswith(f"{path}/{placed['orderId']}"), kind, f"{location=}")
        return placed

    def _change(
        self, http: httpx.Client, placed: dict[str, Any], patch: dict[str, Any]
    ) -> dict[str, Any] | None:
        path, headers = f"/orders/{placed['orderId']}", {"If-Match": f'"{placed["version"]}"'}
        answer = self._ask(http, "PATCH", path, CHANGED, 200, json=patch, headers=headers)
        if answer is None:
            return None
        changed: dict[str, Any] = self._judge(answer, CHANGED)
        self._require(changed["version"] == placed["version"] + 1, CHANGED, "the version")
        self._require({**changed, **patch} == changed, CHANGED, f"{patch}")
        self._require(changed["total"] == cost(changed), CHANGED, f"total {changed['total']}")
        return changed

    def _judge(self, answer: httpx.Response, kind: str) -> Any:
        """Check what holds for every answer that is an order, and give the order."""
        found = answer.json()
        tag = answer.headers.get("ETag")
        self._require(tag == f'"{found["version"]}"', kind, f"{tag=}")
        media = answer.headers.get("Content-Type", "")
        self._require(media.startswith("application/json"), kind, f"{media=}")
        return found

    def _require(self, holds: bool, kind: str, what: str) -> None:  # noqa: FBT001 - reads like assert
        if not holds:
            self.failures.append(f"{kind}: {what} is not as promised")

    def _ask(
        self, http: httpx.Client, method: str, path: str, kind: str, status: int, **more: Any
    ) -> httpx.Response | None:
        """Send a request once; None where it is not answered as promised, which is noted."""
        try:
            answer = http.request(method, f"{self._stack.api_url}{path}", **more)
        except httpx.HTTPError as error:
            self.failures.append(f"{kind}: {type(error).__name__} {error}")
            return None
        if answer.status_code != status:
            self.failures.append(f"{kind}: {answer.status_code} {answer.text}")
            return None
        self.answered[kind] += 1
        return answer

    # What became of it.

    def _found(self, ids: list[str]) -> dict[str, list[dict[str, Any]]]:
        """Give what is in the table of all who ordered lately, by Idempotency-Key.

        Args:
            ids: the orders that are to be processed first.

        Raises:
            AssertionError: when one of them waits for ever.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            items = list(self._items())
            waiting = {item["orderId"]["S"] for item in items if item["status"]["S"] == "PLACED"}
            if waiting.isdisjoint(ids):
                break
            assert time.monotonic() < deadline, f"never processed: {waiting.intersection(ids)}"
            time.sleep(_POLL_SECONDS)
        found: dict[str, list[dict[str, Any]]] = {}
        for item in items:
            found.setdefault(item["note"]["S"], []).append(item)
        return found

    def _items(self) -> Iterator[dict[str, Any]]:
        pages = clients(self._stack.aws_endpoint_url)("dynamodb").get_paginator("query")
        for owner in (f"{self._stack.partner_id}#{self._name}", self._stack.customer_id):
            for page in pages.paginate(
                TableName=self._stack.tables["orders"],
                IndexName=BY_CUSTOMER,
                KeyConditionExpression="customerId = :owner AND #at >= :since",
                ExpressionAttributeNames={"#at": "timestamp"},
                ExpressionAttributeValues={":owner": {"S": owner}, ":since": {"S": self._since}},
            ):
                yield from page["Items"]


def _minutes_ago() -> str:
    """Give a time, as orders have it, before which nobody placed what is not done with."""
    return timestamp_of(int((time.time() - _PATIENCE_SECONDS) * 1000))


def cost(body: dict[str, Any]) -> int:
    """Add up what an order costs, as its customer does."""
    lines = (
        line["quantity"]
        * (line["unitPrice"] + sum(each["price"] for each in line.get("options", [])))
        for line in body["items"]
    )
    return int(sum(lines) + body["deliveryFee"] + body["tip"])


def _shape(number: int, key: str, **more: Any) -> dict[str, Any]:
    """Make an order with or without options and tip; its note is its Idempotency-Key."""
    body = examples.order(note=key, tip=(0, 200, 333)[number % 3], **more)
    if number % 2:
        for line in body["items"]:
            line.pop("options", None)
    return body
