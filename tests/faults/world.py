"""A running copy in which things break, clients that do not give up, and the accounting.

Every client behaves as docs/api/orders.md asks: it repeats a request that was not answered, or was
answered 429 or 5xx, with the same Idempotency-Key. The accounting looks at the table, at what
partners accepted and at the dead-letter queues, and at nothing that the service says of itself.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import secrets
import signal
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx

from load.accounting import match
from local.stack import start
from ops.live.function_variables import change, look
from ops.reach.clients import clients
from orders.order_changes import Malformed, parse
from orders.partner_endpoints import parameter_name
from orders.settings import RETRY_SECONDS
from tests.faults.partner_server import PartnerServer, serving
from tests.integration.laboratories.dynamodb_proxy import Proxy, proxy_to
from tests.shared.examples import order
from tests.shared.people import make_partner, usage_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ops.reach.endpoints import Endpoints

PATIENCE_SECONDS = 120.0
_POLL_SECONDS = 0.25
_QUIET_ROUNDS = 8
_WORKERS = ("process_order", "notify_partner")
_QUEUES = ("order_processing", "partner_notifications", "partner_retries")


@dataclass
class Shop:
    """A partner with a server of its own, and what it has been promised."""

    partner_id: str
    api_key: str
    server: PartnerServer
    accepted: dict[str, str] = field(default_factory=dict)
    """The order's id for each Idempotency-Key that was answered 201."""


@dataclass(frozen=True)
class Accounting:
    """Where every order and every change is."""

    accepted: int
    found_once: int
    missing: list[str]
    doubled: list[str]
    changes: int
    delivered: int
    delivered_again: int
    dead: int
    lost: list[str]
    forged: int
    unconfirmed: list[str]

    @property
    def sound(self) -> bool:
        """Whether nothing is lost, doubled or forged."""
        faults = (self.missing, self.doubled, self.lost, self.unconfirmed)
        return not (any(faults) or self.forged)

    def check(self) -> None:
        """Fail if anything is lost, doubled or forged."""
        assert not self.missing, f"accepted orders that are not there: {self.missing}"
        assert not self.doubled, f"orders that are there more than once: {self.doubled}"
        assert not self.lost, f"changes neither delivered nor dead: {self.lost}"
        assert not self.forged, "webhooks whose signature is wrong"
        assert not self.unconfirmed, f"orders neither confirmed nor dead: {self.unconfirmed}"

    def lines(self) -> list[str]:
        """Arrange it for reading."""
        return [
            f"orders accepted             {self.accepted:6}",
            f"  found exactly once        {self.found_once:6}",
            f"  missing                   {len(self.missing):6}",
            f"  more than once            {len(self.doubled):6}",
            f"  not processed, not dead   {len(self.unconfirmed):6}",
            f"changes of status           {self.changes:6}",
            f"  delivered                 {self.delivered:6}",
            f"  of these, more than once  {self.delivered_again:6}",
            f"  in a dead-letter queue    {self.dead:6}",
            f"  lost                      {len(self.lost):6}",
            f"webhooks, wrongly signed    {self.forged:6}",
        ]


class World:
    """A running copy whose functions reach AWS by way of a proxy that can break."""

    def __init__(
        self, stack: Endpoints, proxy: Proxy, proxy_url: str, stop: Callable[[], None]
    ) -> None:
        """Send the functions' calls through the proxy."""
        self.stack = stack
        self.stop = stop
        self.certificate = Path(stack.server_pem)
        self.proxy = proxy
        self.proxy_url = proxy_url
        self.client = clients(stack.aws_endpoint_url)
        self.shops: list[Shop] = []
        for name in stack.functions.values():
            self._send_through_proxy(name)

    def _send_through_proxy(self, function: str) -> None:
        client = self.client("lambda")
        change(client, look(client, function), "AWS_ENDPOINT_URL", self.proxy_url)

    def set_flags(self, **flags: Any) -> None:
        """Set the feature flags, as an operator does."""
        named = {name.replace("_", "-"): value for name, value in flags.items()}
        self.client("ssm").put_parameter(
            Name=self.stack.parameters["flags"],
            Value=json.dumps(named),
            Type="String",
            Overwrite=True,
        )

    def forget_flags(self) -> None:
        """Have the flags read anew, by processes that have not read any yet."""
        for pid in self.workers("process_order"):
            kill(pid)

    def put(self, item: dict[str, Any]) -> None:
        """Put an item among the orders, past the API."""
        self.client("dynamodb").put_item(TableName=self.stack.tables["orders"], Item=item)

    def publish(self, records: list[dict[str, Any]]) -> None:
        """Publish records of the stream, as the pipe does."""
        for record in records:
            topic = self.stack.topics["order_changes"]
            self.client("sns").publish(TopicArn=topic, Message=json.dumps(record))

    def tries(self, order_id: str) -> int:
        """Read in the log how often the processing of an order was tried."""
        pages = self.client("logs").get_paginator("filter_log_events")
        group = self.stack.log_groups["process_order"]
        return sum(
            f'"{order_id}"' in event["message"]
            for page in pages.paginate(logGroupName=group)
            for event in page["events"]
        )

    @contextlib.contextmanager
    def shop(self, *, at: int | None = None) -> Iterator[Shop]:
        """Open a partner's shop, whose server runs as long as the context lasts.

        Args:
            at: the port of a server that is not there, and that the caller may start later.
        """
        secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
        partner = make_partner(self.stack, plan=usage_plan(self.stack, "premium"))
        shop = Shop(partner.partner_id, partner.key, PartnerServer(secret))
        self.shops.append(shop)
        if at is not None:
            self._announce(shop, f"https://127.0.0.1:{at}", secret)
            yield shop
            return
        with serving(shop.server, self.certificate):
            self._announce(shop, shop.server.url, secret)
            yield shop

    def _announce(self, shop: Shop, url: str, secret: str) -> None:
        name = parameter_name(self.stack.parameters["partners"], shop.partner_id)
        value = json.dumps({"url": url, "secrets": [secret]})
        self.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString")

    def place(self, shop: Shop, how_many: int, *, at_once: int = 10) -> None:
        """Place orders, each with a key that stands in its note; does not give up."""
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(lambda _: self._place(shop), range(how_many)))

    def _place(self, shop: Shop) -> None:
        key = uuid.uuid4().hex
        headers = {"x-api-key": shop.api_key, "Idempotency-Key": key}
        answer = patiently("POST", f"{self.stack.api_url}/partner/orders", headers, order(note=key))
        assert answer.status_code == 201, answer.text
        shop.accepted[key] = answer.json()["orderId"]

    def workers(self, function: str) -> list[int]:
        """Name the processes in which a function of this copy runs; others' have the same name."""
        name = f"AWS_LAMBDA_FUNCTION_NAME={self.stack.functions[function]}".encode()
        wanted = {name, f"AWS_ENDPOINT_URL={self.proxy_url}".encode()}
        found = []
        for entry in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if wanted <= {*entry.read_bytes().split(b"\0")}:
                    found.append(int(entry.parent.name))
        return found

    def kill_one(self, *functions: str) -> bool:
        """Kill a process of one of these functions, if there is one, as a crash does."""
        found = [pid for name in functions for pid in self.workers(name)]
        if found:
            kill(random.choice(found))
        return bool(found)

    def hurry(self) -> None:
        """Let messages come back sooner: of a killed function, and those whose work has failed.

        All tries together still last longer than an outage. The real figures are in the template,
        and tests of the template look at them.
        """
        functions = self.client("lambda")
        for name in _WORKERS:
            found = look(functions, self.stack.functions[name])
            change(functions, found, RETRY_SECONDS, "0.5")
        for name in _QUEUES:
            url = self.stack.queues[name]
            attributes = {"VisibilityTimeout": "20"}
            self.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=attributes)

    def depth(self, queue: str) -> int:
        """Count the messages of a queue, those that somebody works on included."""
        names = ("", "NotVisible", "Delayed")
        wanted = [f"ApproximateNumberOfMessages{name}" for name in names]
        answer = self.client("sqs").get_queue_attributes(
            QueueUrl=self.stack.queues[queue], AttributeNames=wanted
        )
        return sum(int(answer["Attributes"][name]) for name in wanted)

    def settle(self, patience: float = PATIENCE_SECONDS) -> None:
        """Wait until nothing moves any more."""
        deadline, quiet, before = time.monotonic() + patience, 0, None
        while quiet < _QUIET_ROUNDS:
            assert time.monotonic() < deadline, "the queues did not come to rest"
            # All orders are looked at only once the queues are empty: there are hundreds.
            now = None if any(map(self.depth, _QUEUES)) else self._moved()
            quiet = quiet + 1 if now is not None and now == before else 0
            before = now
            time.sleep(_POLL_SECONDS)

    def _moved(self) -> tuple[int, int]:
        versions = (item["version"] for item in self._items(ProjectionExpression="version"))
        attempts = sum(len(shop.server.attempts) for shop in self.shops)
        return sum(int(version.get("N", 0)) for version in versions), attempts

    def _items(self, **asked: str) -> Iterator[dict[str, Any]]:
        pages = self.client("dynamodb").get_paginator("scan")
        table = self.stack.tables["orders"]
        for page in pages.paginate(TableName=table, ConsistentRead=True, **asked):
            yield from page["Items"]

    def letters(self, queue: str) -> list[str]:
        """Read the bodies in a dead-letter queue, and leave them there."""
        sqs, url = self.client("sqs"), self.stack.queues[f"{queue}_dead_letters"]
        found: dict[str, str] = {}
        while messages := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=30
        ).get("Messages"):
            found |= {message["ReceiptHandle"]: message["Body"] for message in messages}
        for handle in found:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
        return list(found.values())

    def account(self, *shops: Shop) -> Accounting:
        """Look for every accepted order of these shops and for every change of its status."""
        by_note: dict[str, list[dict[str, Any]]] = {}
        for item in self._items():
            by_note.setdefault(item.get("note", {}).get("S", ""), []).append(item)
        expected = {
            key: (shop, order_id) for shop in shops for key, order_id in shop.accepted.items()
        }
        matched = match(
            {key: order_id for key, (_, order_id) in expected.items()},
            {key: [item["orderId"]["S"] for item in items] for key, items in by_note.items()},
        )
        changes = {
            f"{expected[key][1]} {entry['M']['status']['S']}": expected[key][0]
            for key in matched.once
            for entry in by_note[key][0]["history"]["L"]
        }
        delivered = {e for e, shop in changes.items() if shop.server.accepted[e]}
        again = {e for e, shop in changes.items() if shop.server.accepted[e] > 1}
        dead = _changes(self.letters("partner_notifications"))
        unprocessed = {one.split()[0] for one in _changes(self.letters("order_processing"))}
        return Accounting(
            accepted=len(expected),
            found_once=len(matched.once),
            missing=matched.missing,
            doubled=matched.doubled,
            changes=len(changes),
            delivered=len(delivered),
            delivered_again=len(again),
            dead=len(set(changes) & dead),
            lost=sorted(set(changes) - delivered - dead),
            forged=sum(shop.server.forged for shop in shops),
            unconfirmed=[
                key
                for key in matched.once
                if by_note[key][0]["status"]["S"] == "PLACED"
                and expected[key][1] not in unprocessed
            ],
        )


def _changes(letters: list[str]) -> set[str]:
    """Name the changes in dead letters, by order and status."""
    found = set()
    for body in letters:
        with contextlib.suppress(Malformed):
            change = parse(body)
            found.add(f"{change.order_id} {change.new['status']}")
    return found


def kill(pid: int) -> None:
    """End a process as a crash does, unless it has ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def patiently(method: str, url: str, headers: dict[str, str], body: Any = None) -> httpx.Response:
    """Send a request, and again while it is not answered, or answered 429 or 5xx."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        pause = random.uniform(0.2, 0.6)
        try:
            answer = httpx.request(method, url, headers=headers, json=body, timeout=30)
            if answer.status_code != 429 and answer.status_code < 500:
                return answer
            pause = max(pause, float(answer.headers.get("Retry-After", 0)))
        except httpx.HTTPError:
            assert time.monotonic() < deadline, "nobody answers any more"
        else:
            assert time.monotonic() < deadline, f"still {answer.status_code}: {answer.text}"
        time.sleep(pause)


@contextlib.contextmanager
def world(port: int, directory: Path) -> Iterator[World]:
    """Run a copy with a proxy for as long as the context lasts."""
    upstream = f"http://127.0.0.1:{port}"
    with proxy_to(upstream) as (url, proxy), contextlib.ExitStack() as running:
        stack = running.enter_context(start(port, directory))
        yield World(stack, proxy, url, running.close)


class InBackground:
    """Repeats something in a thread for as long as the context lasts."""

    def __init__(self, work: Any, every: float) -> None:
        """Take what to do, and the pause between two times in seconds."""
        self._work, self._every = work, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.times = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self.times += bool(self._work())
