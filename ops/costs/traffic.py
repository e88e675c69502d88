"""What a month's orders ask of AWS: assumptions, each with its unit, and nothing of prices.

The figures are estimates until a real stage has run for a month: replace them by its metrics. They
lean to the dear side: where one may argue, the model counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

from infrastructure.functions import BY_NAME
from orders.heartbeat import REQUESTS
from orders.settings import MOST_LOOKED_AT

DAYS = 365 / 12
"""Days of an average month."""

HOURS = DAYS * 24
SECONDS = HOURS * 3_600

CHUNK = 64 * 1024
"""Bytes that EventBridge Pipes, SNS and SQS count as one request."""

OCCASIONAL: dict[str, str] = {
    BY_NAME["create_parameters"].handler: "runs when the stack is deployed: cents a year",
    BY_NAME["release_gate"].handler: "asks new versions at a deployment: below a cent each time",
    BY_NAME["place_heartbeat"].handler: "counted with the schedule that calls it",
    BY_NAME["check_second_factor"].handler: "runs when people sign in: cents a month",
}
"""Functions that nobody's order calls, by handler, and what of their cost. Reviewed."""


LOOKED_EVERY = {"placed": 10, "underWay": 20, "list": 20, "hidden": 120}
"""Seconds between two looks of the web client, as web/src/pauses.ts has them."""

_STAFFED = 0.25
"""Share of the orders that are for restaurants whose staff watches them with the web client."""

_ORDERS_OF_A_KITCHEN = 20
"""Orders a day of one of these."""

_UNCHANGED_BYTES = 700
"""An answer 304, or a page with no order or one; with headers."""


class TableUse(NamedTuple):
    """What a month asks of a table or an index.

    Args:
        writes: write units of 1 KB, those of transactions twice.
        reads: read units of 4 KB strongly consistent, or of 8 KB eventually.
        stored: bytes that are kept, DynamoDB's 100 bytes for each item with them.
    """

    writes: float
    reads: float
    stored: float


class Sampling(NamedTuple):
    """What X-Ray records: so many requests a second in any case, and a share of the others."""

    reservoir: float
    fixed_rate: float


DEFAULT_SAMPLING = Sampling(reservoir=1, fixed_rate=0.05)
"""X-Ray's rule where there is no other; Lambda's own, for what is undecided, is fixed."""


@dataclass(frozen=True, kw_only=True)
class HeartbeatRun:
    """What one run of the heartbeat asks for: an order that is placed, read, repeated, cancelled.

    Args:
        requests: to the API; a function answers each.
        write_units: of the order in a transaction, two; as many for the repetition, which fails;
            one for the cancellation; twice two for the idempotency record; two in each index.
            DynamoDB deletes what has expired for nothing.
        read_units: of the order that is read, and of record and order for the repetition.
        changes: that the pipe takes: placed and cancelled. Deletions are filtered, for nothing.
        messages: to process_order; nobody else gets any.
        order_bytes: a stored order with 100 bytes for the item, three times with its indexes.
        change_bytes: a message about a change of it.
        own_ms: billed milliseconds of its own function, which waits for all the answers.
        cold_share: share of calls that start an environment; at night it comes alone.
    """

    requests: int = len(REQUESTS)
    write_units: int = 13
    read_units: int = 3
    changes: int = 2
    messages: int = 1
    order_bytes: int = 3 * 900
    change_bytes: int = 3_000
    own_ms: float = 500
    cold_share: float = 0.5

    @property
    def calls(self) -> int:
        """Calls of functions, its own included."""
        return 1 + self.requests + self.messages


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """A month's load.

    Args:
        orders_per_day: orders placed in a day.
        changes: PATCH requests to an order: confirm, prepare, ready, picked up, delivered.
        reads: GET requests of one order, for each order.
        lists: GET requests of a page of orders, for each order; reads and lists make eight.
        auto_confirmed: share of orders that process_order confirms; the flag is off at first.
        partners: share of orders that come from partners, who hear of each change.
        served: share of orders that a restaurant serves, which has until a deadline to answer; who
            serves reads half of its pages. What a partner serves that has not placed it is taken as
            many: it hears of each change but its own moves.
        own_moves: changes of an order that whoever serves it makes, and so does not hear of.
        busy_hours: hours of a day in which orders come; the others are idle.
        order_bytes: a stored order with its history: two items, an address, five moves.
        key_bytes: a stored idempotency record.
        page_orders: orders in a page.
        answer_bytes: an order's representation with headers.
        kept_months: months of orders that the table holds. Nothing deletes them, unless the stage
            sets order_retention_days: six is the average of the first year, and the share grows
            by as much each half year.
        change_bytes: a message about a change: the order before and after as DynamoDB's JSON.
        webhook_bytes: a webhook's request.
        webhook_attempts: requests for each webhook, on average.
        log_bytes: the JSON line of a request or message, its trace's id with it.
        platform_bytes: Lambda's START, END and REPORT lines of a call.
        metric_bytes: a line that counts metrics (EMF).
        access_bytes: API Gateway's access log of a request.
        compression: bytes of logs kept for each byte taken in.
        warm_ms: billed milliseconds of a warm call.
        webhook_ms: those of one that waits for a partner's server.
        cold_ms: billed milliseconds of a start besides; AWS bills the init phase.
        cold_share: share of calls that start an environment; a lull of minutes ends one.
        pollers: connections with which Lambda long-polls each queue, idle or not.
        poll_seconds: how long each poll waits.
        key_calls: requests to a key for each write to a table or queue that it encrypts.
        shards: shards of the stream; a new on-demand table has four partitions.
        shard_polls: GetRecords a second on each.
        looks: GET requests of one order by the web client, which watches it, for each order; no
            less is read for those that are answered 304.
        kitchen_looks: GET requests of a restaurant's newest orders by the web client, likewise.
        preflights: of the path of an order that is watched, for each order: API Gateway's own
            answer, and a request to it.
        page_loads: of the web client, for each order.
        page_files: files of a load; browsers keep most of them.
        page_bytes: of a load.
    """

    orders_per_day: float
    changes: float = 5
    reads: float = 6
    lists: float = 2
    auto_confirmed: float = 0
    partners: float = 0.5
    served: float = 0.5
    own_moves: float = 2
    busy_hours: float = 12
    order_bytes: int = 1_600
    key_bytes: int = 250
    page_orders: int = 20
    answer_bytes: int = 1_500
    kept_months: float = 6
    change_bytes: int = 5_000
    webhook_bytes: int = 2_000
    webhook_attempts: float = 1.05
    log_bytes: int = 450
    platform_bytes: int = 300
    metric_bytes: int = 350
    access_bytes: int = 450
    compression: float = 0.15
    warm_ms: float = 15
    webhook_ms: float = 200
    cold_ms: float = 400
    cold_share: float = 0.01
    pollers: int = 5
    poll_seconds: float = 20
    key_calls: float = 0.1
    shards: int = 4
    shard_polls: float = 4
    looks: float = 0
    kitchen_looks: float = 0
    preflights: float = 0
    page_loads: float = 0
    page_files: float = 5
    page_bytes: int = 75_000

    def watched(self) -> Traffic:
        """Give the load where the web client is hosted, and people watch their orders with it.

        Half of the orders are customers' own. They look at one for three minutes while it waits
        and for five more; for twenty the page is open and hidden. A quarter of all orders is for
        restaurants whose staff has the client open, twenty a day for each.
        """
        seconds = {"placed": 180, "underWay": 300, "hidden": 1_200}
        looks = sum(seconds[name] / LOOKED_EVERY[name] for name in seconds)
        own = 1 - self.partners
        in_a_day = self.busy_hours * 3_600 / LOOKED_EVERY["list"]
        return replace(
            self,
            looks=own * looks,
            kitchen_looks=_STAFFED * in_a_day / _ORDERS_OF_A_KITCHEN,
            preflights=own,
            page_loads=own,
        )

    @property
    def orders(self) -> float:
        """Orders a month."""
        return self.orders_per_day * DAYS

    @property
    def requests_per_order(self) -> float:
        """API requests for each order."""
        watching = self.looks + self.kitchen_looks + self.preflights
        return 1 + self.changes + self.reads + self.lists + watching

    @property
    def requests(self) -> float:
        """API requests a month."""
        return self.orders * self.requests_per_order

    @property
    def events(self) -> float:
        """Changes of orders a month that the stream tells: each order's placing is one."""
        return self.orders * (1 + self.changes + self.auto_confirmed)

    @property
    def webhooks(self) -> float:
        """Messages a month to notify_partner about orders that partners have placed."""
        return self.events * self.partners

    @property
    def deadlines(self) -> float:
        """Deadlines a month: each served order that is left waiting has one, answered or not."""
        return self.orders * self.served * (1 - self.auto_confirmed)

    @property
    def served_webhooks(self) -> float:
        """Messages a month to it about orders that others serve."""
        return self.served * (self.events - self.own_moves * self.orders)

    @property
    def posted(self) -> float:
        """Requests a month to partners' endpoints: each is one attempt."""
        return (self.webhooks + self.served_webhooks) * self.webhook_attempts

    @property
    def bytes_out(self) -> float:
        """Bytes a month that leave AWS: answers and webhooks."""
        singles = self.orders * (1 + self.changes + self.reads)
        pages = self.orders * self.lists * self.page_orders
        looked = self.orders * (self.looks + self.kitchen_looks) * _UNCHANGED_BYTES
        answered = (singles + pages) * self.answer_bytes + looked
        return answered + self.posted * self.webhook_bytes

    def calls(self) -> dict[str, float]:
        """Give the calls of each function a month; at this load a batch holds one message."""
        return {
            "create_order": self.orders,
            "update_order": self.orders * self.changes,
            "get_order": self.orders * (self.reads + self.looks),
            "list_orders": self.orders * (self.lists + self.kitchen_looks),
            "process_order": self.orders + self.deadlines,
            "notify_partner": self.posted,
        }

    def milliseconds(self, function: str) -> float:
        """Give the billed milliseconds of a call, its share of starts with it."""
        warm = self.webhook_ms if function == "notify_partner" else self.warm_ms
        return warm + self.cold_share * self.cold_ms

    def counting(self) -> float:
        """Give the calls a month that write a line of metrics."""
        calls = self.calls()
        return sum(calls[name] for name in calls if BY_NAME[name].counts)

    def tables(self) -> dict[str, TableUse]:
        """Give the use of each table by its partition key."""
        writes = self._placed_units * 2 + self._changed_units + self._refused_units
        replay_record = 2 * _units(self.key_bytes, 1024) * self.orders
        reads = self.orders * (self.reads + self.looks) * _units(self.order_bytes, 4096)
        return {
            "orderId": TableUse(writes, reads, self._kept_bytes),
            # Records expire after a day, and DynamoDB deletes them within another two.
            "key": TableUse(replay_record, 0, 3 * self.orders_per_day * (self.key_bytes + 100)),
            "apiKeyId": TableUse(0, self.cold_share * self.requests, 100 * 1024),
        }

    def indexes(self) -> dict[str, TableUse]:
        """Give the use of each index of the orders; a transaction counts once there."""
        writes = self._placed_units + self._changed_units
        page = _units(self.page_orders * self.order_bytes, 4096) / 2
        reads = self.orders * self.lists * page
        by_customer = TableUse(writes, reads * (1 - self.partners), self._kept_bytes)
        by_partner = TableUse(
            writes * self.partners, reads * self.partners, self._kept_bytes * self.partners
        )
        looked = (
            self.orders * self.kitchen_looks * _units(MOST_LOOKED_AT * self.order_bytes, 4096) / 2
        )
        by_server = TableUse(
            writes * self.served, reads * self.served / 2 + looked, self._kept_bytes * self.served
        )
        return {"by-customer": by_customer, "by-partner": by_partner, "by-server": by_server}

    @property
    def busy_share(self) -> float:
        """Share of the hours in which anything happens."""
        return self.busy_hours / 24

    def traced(self, requests: float, sampling: Sampling = DEFAULT_SAMPLING) -> float:
        """Give the traces that a sampling rule records of a month's requests.

        One in each second of the reservoir, and a share of the rest: requests that come at random
        at a rate of r a second leave a second empty with the probability exp(-r).
        """
        places = SECONDS * self.busy_share * sampling.reservoir
        first = places * -math.expm1(-requests / places) if places else 0.0
        return first + sampling.fixed_rate * max(requests - first, 0.0)

    @property
    def _placed_units(self) -> float:
        return self.orders * _units(self.order_bytes, 1024)

    @property
    def _changed_units(self) -> float:
        changes = self.changes + self.auto_confirmed
        return self.orders * changes * _units(self.order_bytes, 1024)

    @property
    def _refused_units(self) -> float:
        """Count what deadlines of answered orders write in vain, which is paid for all the same."""
        return self.deadlines * _units(self.order_bytes, 1024)

    @property
    def _kept_bytes(self) -> float:
        return self.orders * self.kept_months * (self.order_bytes + 100)


def _units(size: float, unit: int) -> int:
    return math.ceil(size / unit)


def chunks(size: float) -> int:
    """Give how many requests AWS counts for a message of some bytes."""
    return max(math.ceil(size / CHUNK), 1)
