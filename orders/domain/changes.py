"""What happens to an order: how it is placed, how it is changed, and how its owner sees it.

An order is stored as a map with the API's own field names, and besides them `timestamp` (the sort
key, which readers see as `createdAt`), `charges` (delivery fee plus tip: with it, one update
expression can compute a new total without reading the order first), `changedBy` (the last
change's id: a change whose answer was lost recognizes its own work when it is sent again) and
`traceId` (the trace of the request or message that made the last change, where there is one: the
table's stream drops it, and whoever reads the stream finds it here). Those of the heartbeat also
have `synthetic` and `expiresAt`.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import UNSET

from orders.domain.checks import needs_postal_code
from orders.domain.ids import new_order_id, timestamp_of
from orders.domain.lifecycle import EDITABLE, Role, Status, statuses_before
from orders.domain.money import subtotal_of
from orders.domain.order import (
    Address,
    Item,
    LineItem,
    NewOrder,
    NewPartnerOrder,
    Option,
    Order,
    StatusChange,
)
from orders.domain.synthetic import HEARTBEAT, mark

if TYPE_CHECKING:
    from datetime import datetime

    from msgspec import Struct

    from orders.domain.order import OrderPatch


Path = tuple[str, ...]
"""An attribute's names, from the item down."""

_PLACING = "placing"
_COUNTRY: Path = ("deliveryAddress", "country")
_POSTAL_CODE: Path = ("deliveryAddress", "postalCode")

SCHEDULING_WINDOW = timedelta(days=7)
"""How far ahead an order can be scheduled."""


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

    @property
    def needs_postal_code(self) -> bool:
        """Whether it moves an order to where there are postal codes, and names none."""
        return _POSTAL_CODE not in self.assign and needs_postal_code(
            self.assign.get(_COUNTRY, UNSET)
        )

    def needs_postal_code_of(self, item: Item) -> bool:
        """Tell whether it needs that an order has one, which has none."""
        return self.needs_postal_code and _POSTAL_CODE[1] not in item[_POSTAL_CODE[0]]

    @property
    def edits(self) -> bool:
        """Whether it changes what the order consists of, and not its status alone."""
        return bool(self.assign or self.remove)


def partner_customer_id(partner_id: str, customer_id: str) -> str:
    """Scope a partner's own customer id, so that no partner can reach another's customers."""
    return f"{partner_id}#{customer_id}"


def check_schedule(order: NewOrder, now: datetime) -> None:
    """Check that an order is scheduled in UTC, in the future and within seven days, if at all.

    Raises:
        InvalidField: when it is not.
    """
    moment = order.scheduled_for
    if moment is not UNSET and (fault := schedule_fault(moment, now)):
        raise InvalidField("#/scheduledFor", fault)


def schedule_fault(moment: datetime, now: datetime) -> str | None:
    """Say what is wrong with a time for which an order is scheduled, if anything is."""
    if moment.utcoffset() != timedelta(0):
        return "Must be in UTC: end it with Z"
    if not now < moment <= now + SCHEDULING_WINDOW:
        return "Must be in the future, within the next 7 days"
    return None


def place_for_partner(
    order: NewPartnerOrder, partner_id: str, milliseconds: int, trace: str | None = None
) -> Item:
    """Make the stored form of a new order that a partner places for a customer of its own.

    Args:
        order: what the partner sent; checked and normalized.
        partner_id: who the partner is, by its API key.
        milliseconds: the time of placing, since the Unix epoch.
        trace: the trace of the request.
    """
    customer_id = partner_customer_id(partner_id, order.customer_id)
    item = place(order, customer_id, Role.PARTNER, milliseconds, trace)
    item["partnerId"] = partner_id
    if partner_id == HEARTBEAT:
        mark(item, milliseconds)
    return item


def place(
    order: NewOrder, customer_id: str, role: Role, milliseconds: int, trace: str | None = None
) -> Item:
    """Make the stored form of a new order.

    Args:
        order: what the caller sent; checked and normalized.
        customer_id: whose order it is, as it is stored.
        role: who places it.
        milliseconds: the time of placing, since the Unix epoch.
        trace: the trace of the request.
    """
    at = timestamp_of(milliseconds)
    subtotal = subtotal_of(order.items)
    charges = order.delivery_fee + order.tip
    operator = customer_id if role is Role.OPERATOR else None
    item: Item = msgspec.to_builtins(order)
    item.update(
        orderId=new_order_id(milliseconds),
        timestamp=at,
        customerId=customer_id,
        status=Status.PLACED.value,
        subtotal=subtotal,
        charges=charges,
        total=subtotal + charges,
        updatedAt=at,
        changedBy=_PLACING,
        version=1,
        history=[_entry(Status.PLACED, at, role, operator)],
    )
    if trace is not None:
        item["traceId"] = trace
    return item


def revise(
    patch: OrderPatch,
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
        InvalidField: when the patch changes nothing.
    """
    assign, remove = _edits(patch)
    to = None if patch.status is UNSET else patch.status
    if not (assign or remove or to):
        raise InvalidField("#", "Must change something: status, items, deliveryAddress or note")
    only_from = frozenset(Status) if to is None else statuses_before(to, role)
    if assign or remove:
        only_from &= EDITABLE
    at = timestamp_of(milliseconds)
    change_id = os.urandom(8).hex()
    return Change(assign, remove, to, only_from, at, role, change_id, trace, operator)


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


def history_entry(change: Change) -> dict[str, str]:
    """Make the entry that a change of status adds to an order's history."""
    if change.to is None:
        raise ValueError("a change that moves the order to no status has no history entry")
    return _entry(change.to, change.at, change.by, change.operator)


def attributes_of(change: Change) -> list[str]:
    """Name the attributes of an order that a change looks at or sets, its key included.

    For permissions: DynamoDB holds a request against them by `dynamodb:Attributes`.
    """
    names = {"orderId", "timestamp", "status", "version", "updatedAt", "changedBy", "traceId"}
    names |= {path[0] for path in (*change.assign, *change.remove)}
    if change.to is not None:
        names.add("history")
    if ("subtotal",) in change.assign:
        names |= {"charges", "total"}
    return sorted(names)


def view(item: Item, reader: Role = Role.CUSTOMER) -> dict[str, Any]:
    """Arrange a stored order as it is read: own fields only, always in the same order.

    Args:
        item: the order.
        reader: who reads it; which operator moved it, operators alone are told.
    """
    shown = dict(item)
    shown["createdAt"] = item["timestamp"]
    if "partnerId" in item:
        shown["customerId"] = item["customerId"].removeprefix(f"{item['partnerId']}#")
    shown["items"] = [_view_line(line) for line in item["items"]]
    shown["deliveryAddress"] = _view_address(item["deliveryAddress"])
    told = StatusChange.__struct_encode_fields__
    if reader is not Role.OPERATOR:
        told = tuple(name for name in told if name != _OPERATOR)
    shown["history"] = [_only(told, entry) for entry in item["history"]]
    return {name: shown[name] for name in _ORDER_FIELDS if name in shown}


_COORDINATES = ("latitude", "longitude")
_OPERATOR = "operator"

_ORDER_FIELDS = (
    *Order.__struct_encode_fields__[len(NewOrder.__struct_encode_fields__) :],
    *NewOrder.__struct_encode_fields__,
)


def _view_line(line: Item) -> Item:
    arranged = _arrange(LineItem, line)
    if "options" in arranged:
        arranged["options"] = [_arrange(Option, option) for option in arranged["options"]]
    return arranged


def _view_address(address: Item) -> Item:
    # Clients of v1 were promised that it is there: where there is none, it is an empty text.
    arranged = _arrange(Address, {"postalCode": "", **address})
    for name in _COORDINATES:
        if name in arranged:  # DynamoDB gives 10 for what was sent and answered as 10.0
            arranged[name] = float(arranged[name])
    return arranged


def _arrange(struct: type[Struct], fields: Item) -> Item:
    return _only(struct.__struct_encode_fields__, fields)


def _only(names: tuple[str, ...], fields: Item) -> Item:
    return {name: fields[name] for name in names if name in fields}


def _entry(status: Status, at: str, by: Role, operator: str | None) -> dict[str, str]:
    entry = {"status": status.value, "at": at, "by": by.value}
    return entry if operator is None else {**entry, _OPERATOR: operator}


def _edits(patch: OrderPatch) -> tuple[dict[Path, Any], tuple[Path, ...]]:
    fields = msgspec.to_builtins(patch)
    fields.pop("status", None)
    address = fields.pop("deliveryAddress", {})
    if address and not any(name in address for name in _COORDINATES):
        address |= dict.fromkeys(_COORDINATES)  # the point was that of the address before
    wanted: dict[Path, Any] = {(name,): value for name, value in fields.items()}
    wanted |= {("deliveryAddress", name): value for name, value in address.items()}
    assign = {path: value for path, value in wanted.items() if value is not None}
    remove = tuple(path for path, value in wanted.items() if value is None)
    if patch.items is not UNSET:
        assign["subtotal",] = subtotal_of(patch.items)
    return assign, remove
