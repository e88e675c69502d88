"""What was really consumed in a time, read from the log lines of functions and API.

REPORT lines ─► calls, billed milliseconds, memory        access log ─► requests, bytes of answers
request lines ─► orders, changes, reads, lists, units     message lines ─► messages, confirmations
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cloudwatch.log_lines import record_of
from infrastructure.request_units import transaction_units
from ops.costs.units import item_bytes, placing_units
from orders.domain.synthetic import SYNTHETIC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ACCESS_LOG = "access log"
"""Where API Gateway's lines are, among the functions."""

_HASHED = "0" * 64  # SHA-256 in hexadecimal


@dataclass
class Consumption:
    """Counts of a time.

    Args:
        requests: that API Gateway answered.
        answer_bytes: of their bodies.
        calls: of each function.
        gigabyte_seconds: billed, of each function.
        log_bytes: of lines, by what they are: `functions`, `metrics`, `access logs`.
        asked: requests by function.
        placed: the ids of new orders.
        partner_orders: how many of them came from partners.
        replays: repetitions of placings.
        changed: requests that did change an order.
        cold: requests and messages that were the first of their process.
        pages: how many orders each list showed.
        told_reads: read units by function, as DynamoDB told them.
        told_writes: write units by function, likewise; of transactions it tells none.
        messages: worked on, by function.
        confirmed: orders that process_order confirmed.
        synthetic: requests of the heartbeat; calls, logs and answers include them.
    """

    requests: int = 0
    answer_bytes: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    gigabyte_seconds: Counter[str] = field(default_factory=Counter)
    log_bytes: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    placed: list[str] = field(default_factory=list)
    partner_orders: int = 0
    replays: int = 0
    changed: int = 0
    cold: int = 0
    pages: list[int] = field(default_factory=list)
    told_reads: Counter[str] = field(default_factory=Counter)
    told_writes: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    confirmed: int = 0
    synthetic: int = 0

    @property
    def orders(self) -> int:
        """How many orders were placed."""
        return len(self.placed)

    @property
    def requests_per_order(self) -> float:
        """How many requests the functions answered for each order."""
        return sum(self.asked.values()) / self.orders

    def take(self, source: str, message: str) -> None:
        """Count one line.

        Args:
            source: the function that wrote it, or ACCESS_LOG.
            message: the line.
        """
        record = record_of({"message": message, "timestamp": 0})
        kind = "access logs" if source == ACCESS_LOG else "functions"
        if any(name.startswith("_aws.") for name in record):
            kind = "metrics"
        self.log_bytes[kind] += len(message.encode())
        if source == ACCESS_LOG:
            self.requests += 1
            self.answer_bytes += int(record.get("responseLength", 0))
        elif record.get("@type") == "REPORT":
            self.calls[source] += 1
            seconds = record["@billedDuration"] / 1_000
            self.gigabyte_seconds[source] += seconds * record["@memorySize"] / 1_024
        elif "route" in record:
            self._take_request(source, record)
        elif "outcome" in record:
            self.messages[source] += 1
            self.confirmed += record["outcome"] == "confirmed"
            self.told_writes[source] += record.get("writeUnits", 0)

    def _take_request(self, function: str, record: Mapping[str, Any]) -> None:
        self.asked[function] += 1
        self.cold += bool(record.get("coldStart"))
        self.synthetic += bool(record.get(SYNTHETIC))
        self.told_reads[function] += record.get("readUnits", 0)
        self.told_writes[function] += record.get("writeUnits", 0)
        if "orders" in record:
            self.pages.append(int(record["orders"]))
        if function == "create_order" and record["status"] == 201 and not record.get(SYNTHETIC):
            self._take_placing(record)
        self.changed += function == "update_order" and record["status"] == 200

    def _take_placing(self, record: Mapping[str, Any]) -> None:
        if record["replayed"]:
            self.replays += 1
        else:
            self.placed.append(str(record["orderId"]))
            self.partner_orders += record["caller"] == "partner"


@dataclass(frozen=True)
class Units:
    """What orders take by DynamoDB's rule, on average over a sample.

    Args:
        placing: write units of an order's transaction, indexes with it.
        replaying: write units of a transaction that finds its key taken.
        order_bytes: an order as it was placed, as DynamoDB counts it.
    """

    placing: float
    replaying: float
    order_bytes: float


def units_of(orders: Sequence[Mapping[str, Any]]) -> Units:
    """Compute what orders took, from how they are stored now.

    Args:
        orders: at least one, as Python values.
    """
    placed = [as_placed(order) for order in orders]
    keys = [key_record(order) for order in orders]
    pairs = [*zip(placed, keys, strict=True)]
    return Units(
        placing=_mean([placing_units(order, key) for order, key in pairs]),
        replaying=_mean(
            [transaction_units(item_bytes(o)) + transaction_units(item_bytes(k)) for o, k in pairs]
        ),
        order_bytes=_mean([item_bytes(order) for order in placed]),
    )


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


def as_placed(order: Mapping[str, Any]) -> dict[str, Any]:
    """Give an order as it was when it was placed; what was edited since is as it is now."""
    return {**order, "history": order["history"][:1], "changedBy": "placing"}


def key_record(order: Mapping[str, Any]) -> dict[str, Any]:
    """Give a record of the size of the one that an order was placed with."""
    role = "partner" if "partnerId" in order else "customer"
    whose = order.get("partnerId", order["customerId"])
    scope = f"{role}:{whose}#{_HASHED}"
    moment = 2_000_000_000  # ten digits, as for the next centuries
    return {
        "key": scope,
        "requestHash": _HASHED,
        "orderId": order["orderId"],
        "expiresAt": moment,
    }
