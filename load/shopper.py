"""People who order, wait and look: each goes through one journey after another.

    journey ─► request ─► answer ─┬─ as promised ─► ledger
                                  ├─ 429, 5xx, none ─► the same request again, after a pause
                                  └─ anything else ─► a fault in the ledger

Nothing here knows how requests are sent: the swarm sends them, and tests answer themselves.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from load.journey import Act, Step, journey
from load.ledger import Fault, Owner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from load.journey import Mix
    from load.ledger import Writer
    from orders.domain.lifecycle import Status

TRIES = 6
"""How often a request is sent at most."""

_FIRST_PAUSE = 0.2
_GROWTH = 2.0
_SPREAD = 0.5

_ROOTS = {"customer": "/orders", "partner": "/partner/orders"}
_ONE = "/{orderId}"


class Request(NamedTuple):
    """A request, and the name under which it is counted: method and route."""

    method: str
    path: str
    name: str
    headers: Mapping[str, str]
    body: Any = None
    expected: tuple[int, ...] = (200,)


class Answer(NamedTuple):
    """An answer; status 0 stands for none. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = {}
    body: Any = None


class Caller(NamedTuple):
    """Somebody with credentials; the role names the routes that these open."""

    role: str
    identity: str
    headers: Mapping[str, str]

    @property
    def owner(self) -> Owner:
        """Whose orders the caller's own are."""
        return Owner(self.role, self.identity)


class World(NamedTuple):
    """What a shopper has to do with.

    Args:
        send: sends a request once.
        wait: waits some seconds; tells whether to go on.
        write: the ledger.
        strangers: ids of orders with their owners, of all shoppers; the newest are kept.
        order: an order as partners send it.
        run: what the run's keys begin with.
    """

    send: Callable[[Request], Answer]
    wait: Callable[[float], bool]
    write: Writer
    strangers: dict[Owner, str]
    order: Mapping[str, Any]
    run: str


def worth_repeating(status: int) -> bool:
    """Tell whether the API asks to send the same request again later."""
    return status in (0, 429) or status >= 500


def pause_before(attempt: int, headers: Mapping[str, str], dice: Random) -> float:
    """Give the seconds before an attempt, the first repetition being number 1."""
    grown = _FIRST_PAUSE * _GROWTH ** (attempt - 1) * dice.uniform(1 - _SPREAD, 1 + _SPREAD)
    asked = headers.get("retry-after", "")
    return max(grown, float(asked) if asked.isdigit() else 0.0)


@dataclass
class _Order:
    """An order as its people know it."""

    key: str
    body: dict[str, Any]
    order_id: str = ""
    etag: str = ""


@dataclass
class Shopper:
    """Somebody who orders, and the staff who handle the orders; None where nobody may."""

    buyer: Caller
    staff: Caller | None
    world: World
    dice: Random
    _last: _Order = field(default_factory=lambda: _Order("", {}))

    def order(self, mix: Mix) -> bool:
        """Go through one journey; tells whether to go on to another."""
        for step in journey(self.dice, mix):
            if not self.world.wait(step.think):
                return False
            if not self._take(step):
                break
        return True

    def _take(self, step: Step) -> bool:
        """Take a step; tells whether the order can go on."""
        simple = {
            Act.PLACE: self._place,
            Act.REPEAT: self._send_order,
            Act.READ: self._read,
            Act.LIST: self._list,
            Act.SNOOP: self._snoop,
            Act.EDIT: self._edit,
        }
        if step.act in simple:
            return simple[step.act]()
        caller = self.buyer if step.act is Act.CANCEL else self.staff
        return caller is None or self._patch(caller, {"status": step.to}, step.to)

    def _place(self) -> bool:
        key = f"{self.world.run}-{uuid.UUID(int=self.dice.getrandbits(128)).hex}"
        body = {**self.world.order, "note": key}
        if self.buyer.role == "customer":
            del body["customerId"]
        self._last = _Order(key, body)
        self.world.write("placing", key=key, **self.buyer.owner._asdict())
        return self._send_order()

    def _send_order(self) -> bool:
        """Place the order, or place it once more: there is one for each key."""
        order = self._last
        headers = {"Idempotency-Key": order.key}
        request = _request(self.buyer, "POST", headers=headers)
        answer = self._patiently(request._replace(body=order.body, expected=(201,)))
        if answer is None:
            return False
        order.order_id, order.etag = answer.body["orderId"], answer.headers.get("etag", "")
        self.world.write("placed", key=order.key, order_id=order.order_id)
        self.world.strangers[self.buyer.owner] = order.order_id
        return True

    def _read(self) -> bool:
        answer = self._patiently(_request(self.buyer, "GET", self._last.order_id))
        if answer is None:
            return False
        self._last.etag = answer.headers.get("etag", "")
        self._check_own([answer.body])
        return True

    def _list(self) -> bool:
        answer = self._patiently(_request(self.buyer, "GET"))
        if answer is not None:
            self._check_own(answer.body["orders"])
        return answer is not None

    def _check_own(self, orders: list[dict[str, Any]]) -> None:
        owner = self.buyer.owner
        for order in orders:
            if not owns(owner, order):
                detail = f"{owner.role} {owner.identity} was shown {order['orderId']}"
                self.world.write("fault", kind=Fault.STRANGER, detail=detail)

    def _snoop(self) -> bool:
        """Read an order of somebody else: it must be answered as one that is not there."""
        others = [own for own in self.world.strangers if own != self.buyer.owner]
        if not others:
            return True
        other = self.dice.choice(others)
        order_id = self.world.strangers[other]
        request = _request(self.buyer, "GET", order_id)
        name = f"{request.name} (a stranger's)"
        answer = self._patiently(request._replace(name=name, expected=(200, 404)))
        if answer is not None and answer.status != 404:
            detail = f"{self.buyer.role} {self.buyer.identity} read {order_id} of {other.identity}"
            self.world.write("fault", kind=Fault.STRANGER, detail=detail)
        return answer is not None

    def _edit(self) -> bool:
        door = f"Door {self.dice.randint(1, 99)}"
        return self._patch(self.buyer, {"deliveryAddress": {"line2": door}}, None)

    def _patch(self, caller: Caller, body: dict[str, Any], to: Status | None) -> bool:
        """Change the order at the version that is known, and so at most once."""
        order = self._last
        headers = {"If-Match": order.etag, "Content-Type": "application/merge-patch+json"}
        request = _request(caller, "PATCH", order.order_id, headers=headers)
        # 403 where the flag has edits switched off; moves are never stopped so.
        refused = (403, 409, 412) if to is None else (409, 412)
        answer = self._patiently(request._replace(body=body, expected=(200, *refused)))
        if answer is None:
            return False
        if answer.status != 200:
            return self._overtaken(to)
        order.etag = answer.headers.get("etag", "")
        if to is not None:
            self.world.write("moved", key=order.key, status=to)
        return True

    def _overtaken(self, to: Status | None) -> bool:
        """Look what the order is now: a repetition meets its own work, or somebody was quicker."""
        answer = self._patiently(_request(self.buyer, "GET", self._last.order_id))
        if answer is None:
            return False
        self._last.etag = answer.headers.get("etag", "")
        history = [entry["status"] for entry in answer.body["history"]]
        return to is None or to in history

    def _patiently(self, request: Request) -> Answer | None:
        answer = self._once(request)
        for attempt in range(1, TRIES):
            if not worth_repeating(answer.status):
                break
            if not self.world.wait(pause_before(attempt, answer.headers, self.dice)):
                break
            answer = self._once(request)
        if answer.status in request.expected:
            return answer
        if not worth_repeating(answer.status):
            self._fault(Fault.UNEXPECTED, request, answer)
        return None

    def _once(self, request: Request) -> Answer:
        answer = self.world.send(request)
        if answer.status >= 500:
            self._fault(Fault.SERVER_ERROR, request, answer)
        elif answer.status == 0:
            self._fault(Fault.UNANSWERED, request, answer)
        return answer

    def _fault(self, kind: Fault, request: Request, answer: Answer) -> None:
        problem = answer.body.get("type", "") if isinstance(answer.body, dict) else ""
        known = answer.headers.get("x-request-id", "")
        words = (request.method, request.path, str(answer.status), problem, known)
        self.world.write("fault", kind=kind, detail=" ".join(filter(None, words)))


def _request(
    caller: Caller, method: str, order_id: str = "", *, headers: Mapping[str, str] | None = None
) -> Request:
    """Make a request for one of a caller's own, or for all of them."""
    route = f"{_ROOTS[caller.role]}{_ONE if order_id else ''}"
    path = route.replace("{orderId}", order_id)
    return Request(method, path, f"{method} {route}", {**caller.headers, **(headers or {})})


def owns(owner: Owner, order: Mapping[str, Any]) -> bool:
    """Tell whether an order, as the API shows it, is an owner's."""
    if owner.role == "partner":
        return order.get("partnerId") == owner.identity
    return "partnerId" not in order and order.get("customerId") == owner.identity
