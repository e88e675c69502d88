"""Whether one caller leaves the others their share of what all use.

Pure: settings in, uses out. A caller at its own limit may take a fifth of each thing at most, so
that four fifths are left, whatever it asks for. Of what a rate allows, the first second is the
worst: the burst, and a second's requests (docs/decisions/0022-fair-shares.md).

    plan, person, address ─┬─ requests ────────► routes, executions, workers
                           ├─ × MOST of each ──► tables, indexes
                           └─ a day's quota ───► messages that wait for a partner
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, Protocol

from infrastructure.functions import NOTIFYING, Caller, names
from infrastructure.request_units import CAPACITIES, most_of
from orders.domain.lifecycle import Role
from orders.routes import ROUTES
from orders.slow_partners import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orders.routes import Route

FAIR_SHARE = 0.2
"""The most that one caller may take of anything."""

_ROUNDING = 1e-9

RATE_WINDOW_SECONDS, PERSON_SECONDS = 300, 60
"""Over how long the firewall counts the requests of an address, and of a person."""

HELD_SECONDS = 1.0
"""How long a request holds an execution at most, unless DynamoDB is away: a cold start, or a key
that is held by another request."""

MESSAGE_SECONDS = 0.2
"""How long process_order holds one for a message."""

QUOTA_DAYS = 3
"""How many days' quotas can wait for a partner at once: the waits of a webhook, a day and some,
touch three days from midnight to midnight."""


class _Throttle(Protocol):
    """How many requests are let through."""

    @property
    def rate(self) -> int: ...
    @property
    def burst(self) -> int: ...


class _Plan(Protocol):
    @property
    def throttle(self) -> _Throttle: ...
    @property
    def daily_quota(self) -> int: ...


class _Worker(Protocol):
    @property
    def most_at_once(self) -> int: ...
    @property
    def batch_size(self) -> int: ...


class _Webhooks(Protocol):
    @property
    def restaurants_at_once(self) -> int: ...


class _AddressLimits(Protocol):
    @property
    def customers(self) -> int: ...
    @property
    def partners(self) -> int: ...


class _Capacity(Protocol):
    def ceiling_name(self, verb: str) -> str: ...
    def ceiling_of(self, verb: str) -> int: ...


class _Settings(Protocol):
    """What is looked at of infrastructure/settings.py, which itself asks this module."""

    @property
    def plans(self) -> Mapping[str, _Plan]: ...
    @property
    def person_throttle(self) -> _Throttle: ...
    @property
    def address_limits(self) -> _AddressLimits: ...
    @property
    def capacity(self) -> _Capacity: ...
    @property
    def workers(self) -> Mapping[str, _Worker]: ...
    @property
    def webhooks(self) -> _Webhooks: ...
    @property
    def reserved_concurrency(self) -> Mapping[str, int | None]: ...
    @property
    def unreserved(self) -> int: ...
    @property
    def hidden_messages_quota(self) -> int: ...
    def throttle_of(self, route: Route) -> _Throttle: ...
    def throttle_name_of(self, route: Route) -> str: ...


class Use(NamedTuple):
    """What one caller at its own limit takes of one thing, and what there is of it."""

    limit: str
    """The setting that limits the caller."""
    thing: str
    ceiling: str
    """The setting that says how much of the thing there is."""
    used: float
    most: float

    @property
    def share(self) -> float:
        """The part that the caller takes."""
        return self.used / self.most

    @property
    def fair(self) -> bool:
        """Whether four fifths are left to the others."""
        return self.share <= FAIR_SHARE + _ROUNDING

    def __str__(self) -> str:
        """Say what is wrong, and what to change."""
        needed = math.ceil(round(self.used / FAIR_SHARE, 6))
        return (
            f"{self.limit} lets one caller take {self.share:.0%} of {self.thing} "
            f"({self.used:,.0f} of {self.most:,}), where {FAIR_SHARE:.0%} are fair: lower "
            f"{self.limit}, or raise {self.ceiling} to {needed}"
        )


class _Limited(NamedTuple):
    """Somebody whose requests are limited: a partner by its plan, or a person."""

    setting: str
    throttle: _Throttle
    role: Role
    each: bool
    """Whether the limit is one for each function, rather than one for all of them."""

    @property
    def first_second(self) -> int:
        """The most requests in one second."""
        return self.throttle.burst + self.throttle.rate

    def routes(self) -> Iterator[Route]:
        return _routes_of(self.role)


def _routes_of(role: Role) -> Iterator[Route]:
    """Give the routes of partners, or those of all people: customers, operators and staff."""
    return (route for route in ROUTES if route.by_key == (role is Role.PARTNER))


def uses(settings: _Settings) -> Iterator[Use]:
    """Compute what each kind of caller, at its own limit, takes of each shared thing."""
    for caller in _callers(settings):
        yield from _routes(settings, caller)
        yield from _units(settings, caller)
        yield from _executions(settings, caller)
    for caller in _callers(settings):
        yield from _workers(settings, caller)
    yield from _addresses(settings)
    yield from _waiting(settings)


def unfair(settings: _Settings) -> list[str]:
    """Say of each limit that is not fair what its caller could take most of."""
    worst: dict[str, Use] = {}
    for use in sorted(uses(settings), key=lambda use: -use.share):
        if not use.fair:
            worst.setdefault(use.limit, use)
    return [str(use) for use in worst.values()]


def _callers(settings: _Settings) -> Iterator[_Limited]:
    for name, plan in settings.plans.items():
        yield _Limited(f"plans.{name}.throttle", plan.throttle, Role.PARTNER, each=False)
    yield _Limited("person_throttle", settings.person_throttle, Role.CUSTOMER, each=True)


def _routes(settings: _Settings, caller: _Limited) -> Iterator[Use]:
    for route in caller.routes():
        name, most = settings.throttle_name_of(route), settings.throttle_of(route)
        for part in ("rate", "burst"):
            yield Use(
                f"{caller.setting}.{part}",
                f"the {part} of {route.method} {route.path}",
                f"{name}.{part}",
                getattr(caller.throttle, part),
                getattr(most, part),
            )


def _units(settings: _Settings, caller: _Limited) -> Iterator[Use]:
    together = sum if caller.each else max
    functions = {route.function for route in caller.routes()}
    for capacity in CAPACITIES:
        cost = together(most_of(function, capacity) for function in sorted(functions))
        yield Use(
            caller.setting,
            f"{capacity}, in units a second",
            f"capacity.{settings.capacity.ceiling_name(capacity.verb)}",
            caller.first_second * cost,
            settings.capacity.ceiling_of(capacity.verb),
        )


def _executions(settings: _Settings, caller: _Limited) -> Iterator[Use]:
    for function in sorted({route.function for route in caller.routes()}):
        reserved = settings.reserved_concurrency.get(function)
        own = f"reserved_concurrency.{function}"
        yield Use(
            caller.setting,
            f"the executions of {function}",
            "concurrency_quota" if reserved is None else own,
            caller.throttle.burst + caller.throttle.rate * HELD_SECONDS,
            settings.unreserved if reserved is None else reserved,
        )


def _workers(settings: _Settings, caller: _Limited) -> Iterator[Use]:
    """Compute what the changes of one caller keep busy: a queue evens its bursts out."""
    held = {NOTIFYING: PATIENCE_SECONDS if caller.role is Role.PARTNER else 0.0}
    for worker in names(Caller.QUEUE):
        yield Use(
            f"{caller.setting}.rate",
            f"the executions of {worker}",
            f"workers.{worker}.most_at_once",
            caller.throttle.rate * held.get(worker, MESSAGE_SECONDS),
            settings.workers[worker].most_at_once,
        )
    # Who serves the orders may let every attempt take as long as it can. A queue that waits fills
    # its batches, whose messages are sent at the same time.
    yield Use(
        f"{caller.setting}.rate",
        "the executions that tell who serves orders",
        "webhooks.restaurants_at_once",
        caller.throttle.rate * PATIENCE_SECONDS / settings.workers[NOTIFYING].batch_size,
        settings.webhooks.restaurants_at_once,
    )


def _addresses(settings: _Settings) -> Iterator[Use]:
    """Compute what one address takes, whoever calls from there, with a key or without one."""
    limits = {Role.CUSTOMER: "customers", Role.PARTNER: "partners"}
    for role, name in limits.items():
        rate = getattr(settings.address_limits, name) / RATE_WINDOW_SECONDS
        limit = f"address_limits.{name}"
        for route in _routes_of(role):
            ceiling = settings.throttle_name_of(route)
            thing = f"the rate of {route.method} {route.path}"
            most = settings.throttle_of(route).rate
            yield Use(limit, thing, f"{ceiling}.rate", rate, most)
        for capacity in CAPACITIES:
            cost = max(most_of(function, capacity) for function in names(Caller.API))
            yield Use(
                limit,
                f"{capacity}, in units a second",
                f"capacity.{settings.capacity.ceiling_name(capacity.verb)}",
                rate * cost,
                settings.capacity.ceiling_of(capacity.verb),
            )


def _waiting(settings: _Settings) -> Iterator[Use]:
    """Compute the messages that wait for a partner whose endpoint never answers.

    SQS counts those that are hidden, and hands out no more of a queue above its quota.
    """
    for name, plan in settings.plans.items():
        yield Use(
            f"plans.{name}.daily_quota",
            "the messages that may wait in partner-retries",
            "hidden_messages_quota",
            QUOTA_DAYS * plan.daily_quota,
            settings.hidden_messages_quota,
        )
