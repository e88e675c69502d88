"""The lifecycle of an order: its statuses, the moves between them, and who may make each.

    PLACED ─► CONFIRMED ─► PREPARING ─► READY ─► PICKED_UP ─► DELIVERED
      │  │        │            │                     │
      │  │        └────────────┴──► CANCELLED        └──► FAILED
      │  └──► CANCELLED
      └──► REJECTED

This table is the only place that says so: the API's documentation and its tests are made from it.
"""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where an order stands."""

    PLACED = "PLACED"
    CONFIRMED = "CONFIRMED"
    PREPARING = "PREPARING"
    READY = "READY"
    PICKED_UP = "PICKED_UP"
    DELIVERED = "DELIVERED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


class Role(StrEnum):
    """Who changes an order."""

    CUSTOMER = "customer"
    PARTNER = "partner"
    RESTAURANT = "restaurant"
    """A restaurant's own staff."""
    OPERATOR = "operator"
    SERVICE = "service"
    """The service itself, in the background."""


_STAFF = frozenset({Role.PARTNER, Role.RESTAURANT, Role.OPERATOR})
_ALL = frozenset({*_STAFF, Role.CUSTOMER})

MOVES: dict[Status, dict[Status, frozenset[Role]]] = {
    Status.PLACED: {
        Status.CONFIRMED: frozenset({*_STAFF, Role.SERVICE}),
        Status.REJECTED: frozenset({*_STAFF, Role.SERVICE}),
        Status.CANCELLED: _ALL,
    },
    Status.CONFIRMED: {Status.PREPARING: _STAFF, Status.CANCELLED: _ALL},
    Status.PREPARING: {Status.READY: _STAFF, Status.CANCELLED: _STAFF},
    Status.READY: {Status.PICKED_UP: _STAFF},
    Status.PICKED_UP: {Status.DELIVERED: _STAFF, Status.FAILED: _STAFF},
    Status.DELIVERED: {},
    Status.REJECTED: {},
    Status.CANCELLED: {},
    Status.FAILED: {},
}
"""From each status, the statuses that can follow and the roles that may make the move."""

EDITABLE = frozenset({Status.PLACED})
"""The statuses in which what an order consists of may still be changed."""


def statuses_before(target: Status, role: Role) -> frozenset[Status]:
    """Name the statuses from which this role may move an order to `target`; empty when none."""
    return frozenset(origin for origin, moves in MOVES.items() if role in moves.get(target, ()))


def statuses_after(origin: Status, role: Role) -> list[Status]:
    """Name the statuses to which this role may move an order that stands at `origin`."""
    return [target for target, roles in MOVES[origin].items() if role in roles]
