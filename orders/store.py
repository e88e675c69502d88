"""DynamoDB: the only module that knows it.

Each operation of the request path is one round trip; a replay of an idempotent request takes three.
Units and semantics: docs/architecture.md, "Data".
"""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from orders.domain.changes import BASKET, MOST_KEYS, history_entry
from orders.domain.ids import timestamp_in, timestamp_of
from orders.domain.money import TOTAL_OF_SUMS
from orders.domain.serving.servers import ACCEPT_BY, SERVED_BY
from orders.dynamodb import (
    Client,
    ConditionFailed,
    DynamoDBError,
    Mistake,
    Throttled,
    TransactionCancelled,
    connect,
)
from orders.named_tuple import NamedTuple
from orders.settings import (
    BY_CUSTOMER,
    BY_PARTNER,
    BY_SERVER,
    IDEMPOTENCY_HOURS,
    IDEMPOTENCY_TABLE,
    MOST_LOOKED_AT,
    MOST_TRIES,
    ORDERS_TABLE,
    PARTNERS_TABLE,
    setting,
)
from orders.tracing import Subsegment, subsegment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from orders.domain.changes import Change, Owner
    from orders.domain.listing import Filters
    from orders.domain.money import Path
    from orders.domain.order import Item
    from orders.dynamodb import Used

T = TypeVar("T", bound=tuple[Any, ...])

_TRACE_ID = ("traceId",)
_POSTAL_CODE = ("deliveryAddress", "postalCode")
_VERSION = ("version",)
_KEYS = ("changeKeys",)

_CONFLICT_PAUSES = (0.02, 0.05, 0.1, 0.2)  # seconds, between tries and looks at one order
_NOTHING = {"dynamodbCalls": 0, "readUnits": 0.0, "writeUnits": 0.0}
_OK, _CLIENT_ERROR = 200, 400  # of HTTP: DynamoDB has no others for what it took and refused
_UNMET, _THROTTLES = "ConditionalCheckFailed", ("ThrottlingError", "ProvisionedThroughputExceeded")
_INDEX_OF = {"partnerId": BY_PARTNER, "customerId": BY_CUSTOMER, SERVED_BY: BY_SERVER}

RESTAURANTS = "#restaurants"
"""The item of the partners' table that says who serves which restaurant; no API key's id is so."""


class Unavailable(Exception):
    """DynamoDB did not answer, throttled, or kept refusing a conflicting transaction."""


class KeyReused(Exception):
    """The idempotency key was used before, for another body or for an order that is gone."""


class Refused(Exception):
    """A conditional change met an order that does not allow it."""

    def __init__(self, item: Item | None) -> None:
        """Keep the order as it stands, or None when there is none."""
        super().__init__("the condition of the change is not met")
        self.item = item


class Claim(NamedTuple):
    """A caller's claim to place one order: the record that makes a repetition recognizable."""

    key: str
    request_hash: str


class Page(NamedTuple):
    """One page of a list, newest order first; `cursor` is None at the end of the list."""

    items: list[Item]
    cursor: str | None


class Store:
    """The three tables."""

    calls = 0
    """Round trips that this process has made."""

    read_units = 0.0
    write_units = 0.0
    """Capacity units that DynamoDB says they have taken; of a transaction it says nothing."""

    @classmethod
    def used(cls, before: Mapping[str, float] = _NOTHING) -> dict[str, float]:
        """Give what this process has asked of DynamoDB, as the log names it.

        Args:
            before: what it had asked for earlier, which is left out.
        """
        return {
            "dynamodbCalls": cls.calls - before["dynamodbCalls"],
            "readUnits": cls.read_units - before["readUnits"],
            "writeUnits": cls.write_units - before["writeUnits"],
        }

    def __init__(self, client: Client) -> None:
        """Use a client; the tables' names come from the environment."""
        self._client = client

    @property
    def _orders(self) -> str:
        return setting(ORDERS_TABLE)

    def create(self, item: Item, claim: Claim) -> tuple[Item, bool]:
        """Place an order exactly once for each claim.

        Returns:
            The order, and whether it is a replay of an earlier request.

        Raises:
            KeyReused: when the claim's key stands for something else.
            Unavailable: when other requests with this key held it and placed nothing.
        """
        for attempt, pause in enumerate((*_CONFLICT_PAUSES, None)):
            # A try costs all the units of a placing, a look one: the table of what requests can
            # cost counts two tries (infrastructure/request_units.py).
            if attempt < MOST_TRIES and self._placed(item, claim):
                return item, False
            # Either the key is taken or another transaction holds it: the record tells.
            if (placed := self.replay(claim)) is not None:
                return placed, True
            if pause is not None:
                time.sleep(pause)
        raise Unavailable("other requests with the same Idempotency-Key kept conflicting")

    def _placed(self, item: Item, claim: Claim) -> bool:
        """Try to place an order; tells whether it was placed, or its key is held or taken."""
        try:
            self._put_both(item, claim)
        except TransactionCancelled as error:
            if _only_throttled(error):
                raise Unavailable("TransactionThrottled") from error
            return False
        return True

    def replay(self, claim: Claim) -> Item | None:
        """Find the order that an earlier request with this claim placed, or None.

        Raises:
            KeyReused: when the claim's key stands for something else.
        """
        record = self._get(setting(IDEMPOTENCY_TABLE), {"key": claim.key})
        if record is None or record["expiresAt"] <= int(time.time()):
            return None
        placed = self.get(record["orderId"])
        if record["requestHash"] != claim.request_hash or placed is None:
            raise KeyReused
        return placed

    def get(self, order_id: str) -> Item | None:
        """Read an order, strongly consistent; None when there is none."""
        key = _key(order_id)
        return None if key is None else self._get(self._orders, key)

    def page(
        self, owner: Owner | None, *, filters: Filters, limit: int, cursor: str | None
    ) -> Page:
        """Read one page of orders, eventually consistent.

        Args:
            owner: whose orders, newest first; None for everybody's, where that holds within a page.
            filters: only orders that are so.
            limit: the most orders in the page. It looks at MOST_LOOKED_AT at most, so it may hold
                fewer, even none where they are filtered, and still have a cursor.
            cursor: the id after which the page starts; within the range, where there is an owner.
        """
        if filters.nothing:
            return Page([], None)
        found, last = self._read_page(owner, filters, limit, _start_after(owner, cursor))
        most = min(limit, MOST_LOOKED_AT)
        page = found[:most]
        if len(found) > most:
            last = page[-1]
        if owner is None:
            page.sort(key=lambda item: item["timestamp"], reverse=True)
        return Page(page, None if last is None else last["orderId"])

    def _read_page(
        self, owner: Owner | None, filters: Filters, limit: int, start: Item | None
    ) -> tuple[list[Item], Item | None]:
        """Read one order more than the page holds: it tells whether there is another page."""
        placeholders = _Placeholders()
        kept = placeholders.kept(filters, in_range=owner is None)
        options = {
            "filter_expression": kept,
            "limit": (MOST_LOOKED_AT if kept else min(limit, MOST_LOOKED_AT)) + 1,
            "exclusive_start_key": start,
        }
        if owner is None:
            options |= placeholders.options()
            scan = self._client.scan_page
            found, last, _ = self._call("Scan", scan, self._orders, **options)
            return found, last
        options |= {"scan_index_forward": False, "index_name": _INDEX_OF[owner.attribute]}
        key = placeholders.equal(owner.attribute, owner.identity)
        if filters.ranged:
            key += f" AND {placeholders.between(*_reach(filters, start))}"
        options |= placeholders.options()
        query = self._client.query_page
        found, last, _ = self._call("Query", query, self._orders, key, **options)
        return _within(filters, found, last)

    def update(
        self,
        order_id: str,
        change: Change,
        owner: Owner | None,
        versions: Iterable[int] | None,
        *,
        others: Iterable[int] = (),
        last_change: str | None = None,
    ) -> Item:
        """Change an order in one conditional write.

        Args:
            order_id: which order.
            change: what to change, and from which statuses.
            owner: whose order it must be; None for anybody's.
            versions: the versions that the caller would change; None for any.
            others: the versions that the caller would not change.
            last_change: when it may have changed last; None for whenever.

        Returns:
            The order after the change.

        Raises:
            Refused: with the order as it stands, when a condition is not met.
        """
        key = _key(order_id)
        if key is None:
            raise Refused(None)
        expressions = _Expressions()
        condition = expressions.condition(change, owner, versions)
        condition += expressions.preconditions(others, last_change)
        try:
            item, _ = self._call(
                "UpdateItem",
                self._client.update_item,
                self._orders,
                key,
                update_expression=expressions.update(change),
                condition_expression=condition,
                **expressions.options(),
                return_values_on_condition_check_failure="ALL_OLD",
                return_values="ALL_NEW",
            )
        except ConditionFailed as error:
            item = error.item
            # The client sends a change again when its answer does not come: it may have been made.
            if item is None or item.get("changedBy") != change.id:
                raise Refused(item) from None
        return item or {}

    def partner_of(self, api_key_id: str) -> Item | None:
        """Read the partner that an API key belongs to, or None."""
        return self._get(setting(PARTNERS_TABLE), {"apiKeyId": api_key_id})

    def admit(self, api_key_id: str, partner_id: str) -> None:
        """Say which partner an API key belongs to; a repetition changes nothing."""
        entry = {"apiKeyId": api_key_id, "partnerId": partner_id}
        put = self._client.put_item
        self._call("PutItem", put, setting(PARTNERS_TABLE), entry)

    def partners(self) -> tuple[list[Item], bool]:
        """Read the first megabyte of partners: up to some thousands; tells whether that is all.

        Strongly consistent: a process that is started anew for what was just written must find it.
        """
        scan = self._client.scan_page
        found, last, _ = self._call("Scan", scan, setting(PARTNERS_TABLE), consistent_read=True)
        return found, last is None

    def restaurants(self) -> Item | None:
        """Read who serves which restaurant, or None where nobody has been bound to one."""
        return self._get(setting(PARTNERS_TABLE), {"apiKeyId": RESTAURANTS})

    def _get(self, table: str, key: Item) -> Item | None:
        read = self._client.get_item
        item, _ = self._call("GetItem", read, table, key, consistent_read=True)
        return item

    def _put_both(self, item: Item, claim: Claim) -> None:
        now = int(time.time())
        record = {
            "key": claim.key,
            "requestHash": claim.request_hash,
            "orderId": item["orderId"],
            "expiresAt": now + int(setting(IDEMPOTENCY_HOURS)) * 3600,
        }
        claimed = {
            "table": setting(IDEMPOTENCY_TABLE),
            "item": record,
            # DynamoDB deletes expired items some time later, not at once.
            "condition_expression": "attribute_not_exists(#key) OR #expires <= :now",
            "expression_attribute_names": {"#key": "key", "#expires": "expiresAt"},
            "expression_attribute_values": {":now": now},
        }
        placed = {
            "table": self._orders,
            "item": item,
            "condition_expression": "attribute_not_exists(orderId)",
        }
        write = self._client.transact_write
        self._call("TransactWriteItems", write, [claimed, placed])

    def _call(
        self, operation: str, call: Callable[..., T], target: Any, *args: Any, **options: Any
    ) -> T:
        """Make one call of DynamoDB; its target is a table, or operations with one table each."""
        Store.calls += 1
        try:
            with subsegment("DynamoDB", namespace="aws") as work:
                work.aws(operation=operation, **_tables_of(target))
                return _observed(work, call, target, *args, **options)
        except (ConditionFailed, TransactionCancelled, Mistake):
            raise
        except DynamoDBError as error:
            raise Unavailable(str(error)) from error


def _observed(work: Subsegment, call: Callable[..., T], *args: Any, **options: Any) -> T:
    """Make a call and note what became of it."""
    try:
        answer = call(*args, **options)
    except DynamoDBError as error:
        work.aws(request_id=error.used.request_id, retries=error.used.retries)
        if isinstance(error, ConditionFailed | TransactionCancelled | Mistake):
            work.answered(_CLIENT_ERROR)
        if isinstance(error, Throttled) or _only_throttled(error):
            work.throttled()
        raise
    work.answered(_OK)
    used: Used = answer[-1]
    Store.read_units += used.consumed_rcu or 0
    Store.write_units += used.consumed_wcu or 0
    work.aws(
        request_id=used.request_id,
        retries=used.retries,
        consumed_rcu=used.consumed_rcu,
        consumed_wcu=used.consumed_wcu,
    )
    return answer


def _only_throttled(error: Exception) -> bool:
    """Tell whether a transaction was cancelled for want of capacity: its text lists the reasons.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    """
    if not isinstance(error, TransactionCancelled):
        return False
    reasons = str(error)
    return _UNMET not in reasons and any(code in reasons for code in _THROTTLES)


def _tables_of(target: Any) -> dict[str, Any]:
    if isinstance(target, str):
        return {"table_name": target}
    return {"resource_names": [operation["table"] for operation in target]}


class _Placeholders:
    """The placeholders of one call's expressions: no name is reserved, no value is injected."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def options(self) -> dict[str, Any]:
        return {
            "expression_attribute_names": self.names or None,
            "expression_attribute_values": self.values or None,
        }

    def equal(self, name: str, value: Any) -> str:
        return f"{self._path((name,))} = {self._value(value)}"

    def between(self, first: str, last: str) -> str:
        return f"{self._path(('timestamp',))} BETWEEN {self._value(first)} AND {self._value(last)}"

    def kept(self, filters: Filters, *, in_range: bool) -> str | None:
        """Filter what was read; the range too, where it is no condition of the key."""
        terms = []
        if filters.statuses:
            terms.append(self.one_of("status", filters.statuses))
        if filters.reference is not None:
            terms.append(self.equal("reference", filters.reference))
        if filters.restaurant is not None:
            terms.append(self.equal("restaurantId", filters.restaurant))
        if filters.ranged and in_range:
            terms.append(self.between(*filters.bounds))
        return " AND ".join(terms) or None

    def one_of(self, name: str, allowed: Iterable[Any]) -> str:
        # "-" is never a value: nothing allowed, nothing matches
        values = ", ".join([self._value(value) for value in allowed] or [self._value("-")])
        return f"{self._path((name,))} IN ({values})"

    def _path(self, path: tuple[str, ...]) -> str:
        for name in path:
            self.names[f"#{name}"] = name
        return ".".join(f"#{name}" for name in path)

    def _value(self, value: Any) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = value
        return placeholder


class _Expressions(_Placeholders):
    """The update and condition expressions of one change."""

    def update(self, change: Change) -> str:
        wanted = {**change.assign, ("updatedAt",): change.at, ("changedBy",): change.id}
        if change.trace is not None:
            wanted[_TRACE_ID] = change.trace
        sets = [f"{self._path(path)} = {self._value(value)}" for path, value in wanted.items()]
        added = (*change.add, (_VERSION, _VERSION, 1))
        sets += [
            f"{self._path(path)} = {self._path(base)} + {self._value(more)}"
            for path, base, more in added
        ]
        if change.key is not None:
            sets.append(self._known(change))
        if change.to is not None:
            history = self._path(("history",))
            sets.append(f"{self._path(('status',))} = {self._value(change.to.value)}")
            entry = self._value([history_entry(change)])
            sets.append(f"{history} = list_append({history}, {entry})")
        removes = ", ".join(self._path(path) for path in _outdated(change))
        return f"SET {', '.join(sets)}" + (f" REMOVE {removes}" if removes else "")

    def _known(self, change: Change) -> str:
        """Let the order know the change's Idempotency-Key; its first one makes the list."""
        keys = self._path(_KEYS)
        if change.keys is not None:
            return f"{keys} = {self._value(list(change.keys))}"
        none, own = self._value([]), self._value(list(change.key or ()))
        return f"{keys} = list_append(if_not_exists({keys}, {none}), {own})"

    def condition(self, change: Change, owner: Owner | None, versions: Iterable[int] | None) -> str:
        conditions = [
            self._allowed(change),
            f"{self._path(('changedBy',))} <> {self._value(change.id)}",
        ]
        if owner is not None:
            conditions.append(self.equal(owner.attribute, owner.identity))
        if versions is not None:
            conditions.append(self.one_of("version", versions))
        if change.overdue:
            conditions.append(f"{self._path((ACCEPT_BY,))} <= {self._value(change.at)}")
            conditions.append(f"attribute_exists({self._path((SERVED_BY,))})")
        if change.needs_postal_code:
            conditions.append(f"attribute_exists({self._path(_POSTAL_CODE)})")
        if change.rests_on_sums:
            sums, total = self._path(TOTAL_OF_SUMS), self._path(("total",))
            conditions.append(f"{sums} = {total}")
        conditions += [self._as_it_is(path, value) for path, value in change.where]
        if change.key is not None and change.keys is None:
            keys = self._path(_KEYS)
            conditions.append(f"NOT contains({keys}, {self._value(change.key.key)})")
            conditions.append(f"attribute_not_exists({keys}[{2 * MOST_KEYS - 1}])")
        return " AND ".join(conditions)

    def _allowed(self, change: Change) -> str:
        """Write from where it may start, which may depend on whether somebody serves the order."""
        text = self.one_of("status", sorted(change.only_from))
        if change.if_served is None:
            return text
        unserved = f"attribute_not_exists({self._path((SERVED_BY,))})"
        return f"{text} AND ({unserved} OR {self.one_of('status', sorted(change.if_served))})"

    def _as_it_is(self, path: Path, value: Any) -> str:
        if value is None:
            return f"attribute_not_exists({self._path(path)})"
        return f"{self._path(path)} = {self._value(value)}"

    def preconditions(self, others: Iterable[int], last_change: str | None) -> str:
        """Write what else is to be true, to go on after a condition."""
        text = f" AND NOT {self.one_of('version', others)}" if others else ""
        if last_change is not None:
            text += f" AND {self._path(('updatedAt',))} <= {self._value(last_change)}"
        return text


def _outdated(change: Change) -> tuple[Path, ...]:
    """Give what a change takes away, and what it makes untrue.

    That is the trace of the change before, where it has none of its own, and the digest of the
    items before.
    """
    untrue = () if change.trace is not None else (_TRACE_ID,)
    return (*change.remove, *untrue, *((BASKET,) if change.leaves_basket else ()))


def _key(order_id: str) -> Item | None:
    timestamp = timestamp_in(order_id)
    return None if timestamp is None else {"orderId": order_id, "timestamp": timestamp}


def _reach(filters: Filters, start: Item | None) -> tuple[str, str]:
    """Give the sort keys between which a range is read.

    A page that ended at the range's first millisecond goes on from a key a millisecond before it,
    for an order placed in the same one may follow: whether DynamoDB takes a start key that equals
    its bound is told nowhere.
    """
    first, last = filters.bounds
    if start is not None and start["timestamp"] == first:
        first = timestamp_of(max(filters.start - 1, 0))
    return first, last


def _within(
    filters: Filters, found: list[Item], last: Item | None
) -> tuple[list[Item], Item | None]:
    """Leave out what was placed before the range: the list ends there."""
    if not filters.ranged:
        return found, last
    first, _ = filters.bounds
    ended = last is not None and last["timestamp"] < first
    return [item for item in found if item["timestamp"] >= first], None if ended else last


def _start_after(owner: Owner | None, cursor: str | None) -> Item | None:
    key = None if cursor is None else _key(cursor)
    if key is not None and owner is not None:
        key[owner.attribute] = owner.identity
    return key


@cache
def store() -> Store:
    """Open the store once for this process."""
    return Store(connect())
