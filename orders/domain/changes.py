"""What happens to an order: how it is placed, how it is changed, and how its owner sees it.

An order is stored as a map with the API's own field names, and besides them

    timestamp          the sort key, which readers see as `createdAt`
    charges, sums      what parts of the total add up to: with them, one update expression computes
                       a new total without reading the order first (money.py)
    changedBy          the last change's id: the SDK repeats a change whose answer was lost, and
                       recognizes its own work
    basket             the digest of its items that a price quote has vouched for, if one did
    changeKeys         what is left of the Idempotency-Keys of its changes: key, request, key, …
    traceId            the trace of the request or message that made the last change, where there is
                       one: the stream drops it, and whoever reads the stream finds it here

    servedBy           who serves it, where somebody does (serving/servers.py)
    acceptBy           until when they can answer; where nobody serves it, an edit may have left one
                       that says nothing (docs/decisions/0029)
    expiresAt          when it may be deleted, where orders are not kept for ever
    erasedAt           when a person's data in it was overwritten, if it was

Those of the heartbeat also have `synthetic`, and an `expiresAt` of their own.
"""

from __future__ import annotations

import os
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from orders.domain.checks import needs_postal_code
from orders.domain.ids import new_order_id, timestamp_of
from orders.domain.lifecycle import EDITABLE, MOVES, Role, Status, statuses_before
from orders.domain.money import PARTS, TOTAL_OF_SUMS, new_sums, subtotal_of, sums_of
from orders.domain.order import (
    Address,
    ContentsPatch,
    Item,
    LineItem,
    NewPartnerOrder,
    Option,
    Order,
    OrderContents,
    PartnerOrderPatch,
    ServedOrderPatch,
    StatusChange,
)
from orders.domain.reasons import NO_ANSWER, REASONED, REASONS_OF, assumed
from orders.domain.serving.servers import ACCEPT_BY, SERVED_BY
from orders.domain.synthetic import HEARTBEAT, mark
from orders.named_tuple import NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from msgspec import Struct

    from orders.domain.money import Addition, Path


_PLACING = "placing"
BASKET: Path = ("basket",)
"""Where an order keeps the digest of the items that its price quote was for."""

_COUNTRY: Path = ("deliveryAddress", "country")
_POSTAL_CODE: Path = ("deliveryAddress", "postalCode")

SCHEDULING_WINDOW = timedelta(days=7)
"""How far ahead an order can be scheduled."""

READY_WINDOW = timedelta(days=8)
"""How far ahead an order can be ready: a day after the last for which one can be scheduled."""

DELAYABLE = frozenset({Status.CONFIRMED, Status.PREPARING})
"""The statuses in which a restaurant can say anew when an order will be ready."""

KEYS_KEPT = 10
"""How many of its changes an order knows again by their Idempotency-Keys, at least."""

MOST_KEYS = 2 * KEYS_KEPT
"""How many it knows at most; the change after that leaves the older half behind."""


class InvalidField(ValueError):
    """A field that is well formed but breaks a rule."""

    def __init__(self, pointer: str, detail: str) -> None:
        """Name the field by its JSON Pointer (RFC 6901, as a fragment) and say what is wrong."""
        super().__init__(detail)
        self.pointer = pointer
        self.detail = detail


class Owner(NamedTuple):
    """Whose orders a caller may see: the attribute that holds the identity, and the identity."""

    attribute: str
    identity: str

    def owns(self, item: Item) -> bool:
        """Tell whether an order is this owner's."""
        return bool(item.get(self.attribute) == self.identity)


class ChangeKey(NamedTuple):
    """What makes a repeated request for a change recognizable: both are hashes."""

    key: str
    """The caller's Idempotency-Key, as only this caller can have sent it."""
    request: str
    """What it asked for."""


class Change(NamedTuple):
    """One conditional change of an order."""

    assign: dict[Path, Any]
    remove: tuple[Path, ...]
    to: Status | None
    only_from: frozenset[Status]
    at: str
    by: Role
    id: str
    trace: str | None = None
    operator: str | None = None
    """Which operator makes it, if one does."""
    add: tuple[Addition, ...] = ()
    why: tuple[tuple[str, str], ...] = ()
    """The reason, as the history keeps it."""
    key: ChangeKey | None = None
    keys: tuple[str, ...] | None = None
    """All keys that the order has then; None where the change's own is added to them."""
    overdue: bool = False
    """Whether it is right only where the order should have been answered by then."""
    if_served: frozenset[Status] | None = None
    """Those of `only_from` that count where somebody serves the order; None for all of them."""
    where: tuple[tuple[Path, Any], ...] = ()
    """What the order must be, as a price quote says; None where there is to be nothing."""

    @property
    def needs_postal_code(self) -> bool:
        """Whether it moves an order to where there are postal codes, and names none."""
        return _POSTAL_CODE not in self.assign and needs_postal_code(
            self.assign.get(_COUNTRY, UNSET)
        )

    def needs_postal_code_of(self, item: Item) -> bool:
        """Tell whether it needs that an order has one, which has none."""
        return self.needs_postal_code and _POSTAL_CODE[1] not in item[_POSTAL_CODE[0]]

    def allowed_from(self, item: Item) -> frozenset[Status]:
        """Name the statuses from which this order takes the change."""
        served = self.if_served is not None and SERVED_BY in item
        return (self.if_served or frozenset()) if served else self.only_from

    @property
    def edits(self) -> bool:
        """Whether it changes what the order consists of, and not its status alone."""
        return bool(self.assign or self.remove)

    @property
    def leaves_basket(self) -> bool:
        """Whether it puts items into an order for which no price quote vouches."""
        return ("items",) in self.assign and BASKET not in self.assign

    @property
    def rests_on_sums(self) -> bool:
        """Whether it is right only where the order's sums are those of its total."""
        return bool(self.add) or TOTAL_OF_SUMS in self.assign


def partner_customer_id(partner_id: str, customer_id: str) -> str:
    """Scope a partner's own customer id, so that no partner can reach another's customers."""
    return f"{partner_id}#{customer_id}"


def check_schedule(order: OrderContents | ContentsPatch, now: datetime) -> None:
    """Check that an order is scheduled in UTC, in the future and within seven days, if at all.

    Raises:
        InvalidField: when it is not.
    """
    moment = order.scheduled_for
    if moment is UNSET or moment is None:
        return
    if fault := schedule_fault(moment, now):
        raise InvalidField("#/scheduledFor", fault)


def schedule_fault(moment: datetime, now: datetime) -> str | None:
    """Say what is wrong with a time for which an order is scheduled, if anything is."""
    return _time_fault(moment, now, SCHEDULING_WINDOW)


def check_ready_time(patch: ServedOrderPatch, now: datetime) -> None:
    """Check that an order will be ready in UTC, in the future and within eight days, if it says.

    Raises:
        InvalidField: when it is not so.
    """
    if patch.ready_at is UNSET:
        return
    if fault := _time_fault(patch.ready_at, now, READY_WINDOW):
        raise InvalidField("#/readyAt", fault)


def _time_fault(moment: datetime, now: datetime, window: timedelta) -> str | None:
    if moment.utcoffset() != timedelta(0):
        return "Must be in UTC: end it with Z"
    if not now < moment <= now + window:
        return f"Must be in the future, within the next {window.days} days"
    return None


def place_for_partner(
    order: NewPartnerOrder,
    partner_id: str,
    milliseconds: int,
    trace: str | None = None,
    server: str | None = None,
) -> Item:
    """Make the stored form of a new order that a partner places for a customer of its own.

    Args:
        order: what the partner sent; checked and normalized.
        partner_id: who the partner is, by its API key.
        milliseconds: the time of placing, since the Unix epoch.
        trace: the trace of the request.
        server: who serves it, if somebody does.
    """
    customer_id = partner_customer_id(partner_id, order.customer_id)
    item = place(order, customer_id, Role.PARTNER, milliseconds, trace, server)
    item["partnerId"] = partner_id
    if partner_id == HEARTBEAT:
        mark(item, milliseconds)
    return item


def place(
    order: OrderContents,
    customer_id: str,
    role: Role,
    milliseconds: int,
    trace: str | None = None,
    server: str | None = None,
) -> Item:
    """Make the stored form of a new order.

    Args:
        order: what the caller sent; checked and normalized.
        customer_id: whose order it is, as it is stored.
        role: who places it.
        milliseconds: the time of placing, since the Unix epoch.
        trace: the trace of the request.
        server: who serves it, if somebody does.
    """
    at = timestamp_of(milliseconds)
    operator = customer_id if role is Role.OPERATOR else None
    item: Item = msgspec.to_builtins(order)
    item.update(
        orderId=new_order_id(milliseconds),
        timestamp=at,
        customerId=customer_id,
        status=Status.PLACED.value,
        subtotal=subtotal_of(order.items),
        updatedAt=at,
        changedBy=_PLACING,
        version=1,
        history=[_entry(Status.PLACED, at, role, operator)],
    )
    item |= sums_of(item)
    if trace is not None:
        item["traceId"] = trace
    if server is not None:
        item[SERVED_BY] = server
    return item


def revise(
    patch: ContentsPatch | ServedOrderPatch,
    role: Role,
    milliseconds: int,
    trace: str | None = None,
    operator: str | None = None,
) -> Change:
    """Turn a merge patch into one conditional change.

    Args:
        patch: what the caller sent; checked and normalized.
        role: who the caller is; decides which moves are open.
        milliseconds: the time of the change, since the Unix epoch.
        trace: the trace of the request.
        operator: which operator the caller is, if it is one.

    Raises:
        InvalidField: when the patch changes nothing, or gives a reason that it cannot have.
    """
    assign, remove, add = _edits(patch)
    to = None if patch.status is UNSET else patch.status
    why = _why(patch, role)
    if not (assign or remove or to):
        raise InvalidField("#", f"Must change something: {', '.join(_changeable(patch))}")
    only_from = frozenset(Status) if to is None else statuses_before(to, role)
    if assign or remove:
        only_from &= _open_to(patch)
    at = timestamp_of(milliseconds)
    change_id = os.urandom(8).hex()
    change = Change(assign, remove, to, only_from, at, role, change_id, trace, operator, add, why)
    if role is Role.PARTNER and to is not None and isinstance(patch, ContentsPatch):
        # Who serves the order moves it; who placed it is then as its customer is.
        served = only_from & statuses_before(to, Role.CUSTOMER)
        return change if served == only_from else change._replace(if_served=served)
    return change


def _open_to(patch: ContentsPatch | ServedOrderPatch) -> frozenset[Status]:
    """Name the statuses in which what a patch sets, besides the status, can be set.

    Raises:
        InvalidField: when a time to be ready comes with a move that tells of none.
    """
    if isinstance(patch, ContentsPatch):
        return EDITABLE
    if patch.status is UNSET:
        return DELAYABLE
    if patch.status is not Status.CONFIRMED:
        raise InvalidField("#/readyAt", f"Goes only with a status of {Status.CONFIRMED}, or alone")
    return EDITABLE


def meaning_of(change: Change) -> bytes:
    """Write down what a change asks for, the same for each spelling of it."""
    edits = [("/".join(path), value) for path, value in change.assign.items()]
    edits += [("/".join(path), None) for path in change.remove]
    return msgspec.json.encode([sorted(edits), change.to, change.why], order="sorted")


def request_known(item: Item, key: ChangeKey) -> str | None:
    """Give the request for which an order has taken an Idempotency-Key, or None."""
    known = item.get("changeKeys", [])
    return dict(zip(known[::2], known[1::2], strict=True)).get(key.key)


def settled(change: Change, item: Item) -> Change | None:
    """Make a change anew for an order that cannot take it blindly, from the order as it stands.

    It then holds for exactly this version: an order that an earlier release has placed or edited
    has no sums, or others, one with many keys must leave some behind, and one that was placed
    without a price quote does not know the digest of its items, or knows that of others.

    Returns:
        The change, or None where the order can take it as it is.
    """
    # Whoever asks has compared the quote's digest with the items themselves.
    kept = item.get(BASKET[0])
    unknown = any(path == BASKET and kept != digest for path, digest in change.where)
    stale = change.rests_on_sums and item.get("sums", {}).get("total") != item["total"]
    full = change.key is not None and len(item.get("changeKeys", ())) >= 2 * MOST_KEYS
    if item["status"] not in change.allowed_from(item) or not (stale or full or unknown):
        return None
    if unknown:
        where = tuple((path, value) for path, value in change.where if path != BASKET)
        change = change._replace(where=where)
    if stale:
        parts = {part: change.assign.get((part,), item[part]) for part in PARTS}
        sums: dict[Path, Any] = {(name,): value for name, value in sums_of(parts).items()}
        own = {path: to for path, to in change.assign.items() if path[0] != "sums"}
        change = change._replace(assign={**own, **sums}, add=())
    if full and change.key is not None:
        kept = item["changeKeys"][-2 * (KEYS_KEPT - 1) :]
        change = change._replace(keys=(*kept, *change.key))
    return change


def confirm(milliseconds: int, trace: str | None = None) -> Change:
    """Make the change by which the service itself confirms an order.

    Args:
        milliseconds: the time of the change, since the Unix epoch.
        trace: the trace of the message.
    """
    to, role = Status.CONFIRMED, Role.SERVICE
    at = timestamp_of(milliseconds)
    only_from = statuses_before(to, role)
    return Change({}, (), to, only_from, at, role, os.urandom(8).hex(), trace)


def expire(milliseconds: int, trace: str | None = None) -> Change:
    """Make the change by which the service rejects an order that nobody has answered in time.

    It holds only for an order that somebody serves, and whose `acceptBy` has come; arguments as of
    `confirm`.
    """
    to, role, why = Status.REJECTED, Role.SERVICE, (("reason", NO_ANSWER),)
    at, only_from = timestamp_of(milliseconds), statuses_before(to, role)
    change = Change({}, (), to, only_from, at, role, os.urandom(8).hex(), trace, why=why)
    return change._replace(overdue=True)


def history_entry(change: Change) -> dict[str, str]:
    """Make the entry that a change of status adds to an order's history."""
    if change.to is None:
        raise ValueError("a change that moves the order to no status has no history entry")
    entry = _entry(change.to, change.at, change.by, change.operator)
    return {**entry, **dict(change.why)}


def attributes_of(change: Change) -> list[str]:
    """Name the attributes of an order that a change looks at or sets, its key included.

    For permissions: DynamoDB holds a request against them by `dynamodb:Attributes`.
    """
    names = {"orderId", "timestamp", "status", "version", "updatedAt", "changedBy", "traceId"}
    names |= {path[0] for path in (*change.assign, *change.remove)}
    names |= {name for target, base, _ in change.add for name in (target[0], base[0])}
    names |= {path[0] for path, _ in change.where}
    if change.leaves_basket:
        names.add(BASKET[0])
    if change.to is not None:
        names.add("history")
    if change.rests_on_sums:
        names |= {"sums", "total"}
    if change.key is not None:
        names.add("changeKeys")
    if change.overdue:
        names |= {ACCEPT_BY, SERVED_BY}
    if change.if_served is not None:
        names.add(SERVED_BY)
    return sorted(names)


def view(item: Item, reader: Role = Role.CUSTOMER, *, serving: bool = False) -> dict[str, Any]:
    """Arrange a stored order as it is read: own fields only, always in the same order.

    Args:
        item: the order.
        reader: who reads it; which operator moved it, operators alone are told.
        serving: whether that is who serves it, who is not told whose it is, and once it has ended
            not where it went.
    """
    shown: dict[str, Any] = msgspec.to_builtins(arranged(item, reader, serving=serving))
    return shown


def arranged(item: Item, reader: Role = Role.CUSTOMER, *, serving: bool = False) -> Struct:
    """Arrange an order as `view` does, for whoever writes it as JSON and looks at nothing."""
    order: Any = msgspec.convert(item, _form_for(operator=reader is Role.OPERATOR))
    order.createdAt = item["timestamp"]
    if "partnerId" in item:
        order.customerId = item["customerId"].removeprefix(f"{item['partnerId']}#")
    if SERVED_BY not in item:
        order.acceptBy = UNSET
    if serving:
        _hide(order)
    made: Struct = order
    return made


WHOSE = ("customerId", "partnerId", "reference")
"""What who serves an order is not shown."""

WHERE = ("contactPhone", "deliveryAddress", "note")
"""What it is not shown either, once the order has ended."""


def _hide(order: Any) -> None:
    """Take away what who serves an order is not shown, and the lines' notes once it has ended."""
    ended = not MOVES[Status(order.status)]
    for name in (*WHOSE, *WHERE) if ended else WHOSE:
        setattr(order, name, UNSET)
    for line in order.items if ended else ():
        line.note = UNSET


_COORDINATES = ("latitude", "longitude")
_OPERATOR = "operator"

_ORDER_FIELDS = (
    *Order.__struct_encode_fields__[len(OrderContents.__struct_encode_fields__) :],
    *OrderContents.__struct_encode_fields__,
)


@cache
def _form_for(*, operator: bool) -> type[Struct]:
    """Make what orders are arranged by: compiled code does it for a list of a hundred."""
    option, history = _form(Option), _fields_of(StatusChange)
    line = _form(LineItem, options=(list[option] | UnsetType, UNSET))  # type: ignore[valid-type]
    # DynamoDB gives 10 for what was sent and answered as 10.0.
    address = _form(
        Address,
        # Clients of v1 were promised that it is there: where there is none, it is an empty text.
        postalCode=(Any, ""),
        **dict.fromkeys(_COORDINATES, (float | UnsetType, UNSET)),
    )
    if not operator:
        history.pop(_OPERATOR)
    fields = dict.fromkeys(_ORDER_FIELDS, (Any, UNSET)) | {
        "items": (list[line], UNSET),  # type: ignore[valid-type]  # it is, to msgspec
        "deliveryAddress": (address, UNSET),
        "history": (list[_made("Entry", history)], UNSET),  # type: ignore[misc]
    }
    return _made("Order", fields)


def _form(struct: type[Struct], **others: tuple[Any, Any]) -> type[Struct]:
    return _made(struct.__name__, _fields_of(struct) | others)


def _fields_of(struct: type[Struct]) -> dict[str, tuple[Any, Any]]:
    return dict.fromkeys(struct.__struct_encode_fields__, (Any, UNSET))


def _made(name: str, fields: dict[str, tuple[Any, Any]]) -> type[Struct]:
    told = [(field, kind, default) for field, (kind, default) in fields.items()]
    return msgspec.defstruct(name, told, gc=False)


def _entry(status: Status, at: str, by: Role, operator: str | None) -> dict[str, str]:
    entry = {"status": status.value, "at": at, "by": by.value}
    return entry if operator is None else {**entry, _OPERATOR: operator}


def _changeable(patch: ContentsPatch | ServedOrderPatch) -> list[str]:
    """Name what a patch can change: all that some caller may, or what the restaurant may."""
    kind = PartnerOrderPatch if isinstance(patch, ContentsPatch) else type(patch)
    return [name for name in kind.__struct_encode_fields__ if name != "reason"]


def _edits(
    patch: ContentsPatch | ServedOrderPatch,
) -> tuple[dict[Path, Any], tuple[Path, ...], tuple[Addition, ...]]:
    fields = msgspec.to_builtins(patch)
    for name in ("status", "reason"):
        fields.pop(name, None)
    address = fields.pop("deliveryAddress", {})
    if address and not any(name in address for name in _COORDINATES):
        address |= dict.fromkeys(_COORDINATES)  # the point was that of the address before
    wanted: dict[Path, Any] = {(name,): value for name, value in fields.items()}
    wanted |= {("deliveryAddress", name): value for name, value in address.items()}
    assign = {path: value for path, value in wanted.items() if value is not None}
    remove = tuple(path for path, value in wanted.items() if value is None)
    if isinstance(patch, ContentsPatch) and patch.items is not UNSET:
        assign["subtotal",] = subtotal_of(patch.items)
    totals, add = new_sums({part: assign[part,] for part in PARTS if (part,) in assign})
    return assign | totals, remove, add


def _why(patch: ContentsPatch | ServedOrderPatch, role: Role) -> tuple[tuple[str, str], ...]:
    """Give the reason of a move that has one, as the history keeps it; a restaurant names it."""
    given = patch.reason
    if patch.status is UNSET or patch.status not in REASONED:
        if given is not UNSET:
            known = ", ".join(sorted(REASONED))
            raise InvalidField("#/reason", f"Goes only with a status of {known}")
        return ()
    if given is UNSET:
        if isinstance(patch, ServedOrderPatch):
            raise InvalidField("#/reason", f"Say why the order is {patch.status}: send its code")
        return (("reason", assumed(role)),)
    if given.code not in REASONS_OF[role]:
        raise InvalidField("#/reason/code", f"Must be one of {', '.join(REASONS_OF[role])}")
    text = () if given.text is UNSET else (("reasonText", given.text),)
    return (("reason", given.code), *text)
