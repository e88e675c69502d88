"""The smoke test of a stage: does its front door answer as callers are promised?

health ─► unknown route ─► no token ─► preflight ─► key ─► rounds of an order ─► head ─► list
(what API Gateway answers by itself)                 (what the functions answer)

A round is the heartbeat's: it places an order that nobody cooks, reads it, repeats it and cancels
it. A step that fails keeps none of the others from being taken, unless they need what it gives.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, NamedTuple

from infrastructure import outputs
from ops.live import aliases, front_door, smoke_key
from ops.live.front_door import Answer, Unreachable
from orders.domain.synthetic import HEARTBEAT
from orders.heartbeat import REQUESTS, Deviation, FrontDoor, Run
from orders.problems import CONTENT_TYPE, NO_SUCH_ROUTE, UNAUTHENTICATED
from orders.settings import ALLOWED_ORIGINS
from project.release import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ops.reach.target import Target
    from orders.problems import Kind

TIMES = 3
"""How many orders are placed: one release in ten that fails at times is not seen by one alone."""

RELEASE_HEADER = "X-Release"
"""The header of /health that says which release the front door has."""

PAUSE_SECONDS = 1.0
"""Between two rounds: the heartbeat's plan lets one through in a second."""

_LET_IN_SECONDS = 90.0  # API Gateway takes up to a minute to know a new key
_SETTLE_SECONDS = 20.0  # … and some seconds to answer by a new deployment of the API
_POLL_SECONDS = 1.0
_TRIES = 3
_SLOW = ("late", "TimeoutError")
_ORDERS = "/partner/orders"

MEANS: Mapping[str, str] = {
    "health": "API Gateway does not answer for this stage: look at its DNS record, its firewall "
    "and the API's deployment (`orders status`)",
    "unknown route": "API Gateway's own answers are not those of this release: the API was changed "
    "without a new deployment of it (`orders drift`)",
    "no token": "the authorizer or the gateway's own answers have been changed: web pages see a "
    "network error in place of a sign-in (`orders drift`)",
    "preflight": "browsers send nothing: the answer to OPTIONS or the stage's `origins` are wrong",
    "key": "partners' keys do not open the API: look at usage plans and API keys",
    "place": "nobody can order: look at create_order (`orders logs tail --function create_order`)",
    "read": "orders cannot be read: look at get_order (`orders logs tail --function get_order`)",
    "repeat": "a request that is sent again may order twice: go back at once (`orders rollback`)",
    "cancel": "orders cannot be changed: look at update_order "
    "(`orders logs tail --function update_order`)",
    "head": "HEAD is not answered as GET is: look at get_order and its permission",
    "list": "orders cannot be listed: look at list_orders "
    "(`orders logs tail --function list_orders`)",
}
"""What it means when a step fails, by the step's name."""


class Step(NamedTuple):
    """One step of the smoke test, taken."""

    name: str
    number: int
    """Which round it belongs to; 0 where it is taken once."""
    milliseconds: float
    fault: str
    """What was not as callers are promised; empty when all was."""

    @property
    def title(self) -> str:
        """The step as people call it, such as `place 2`."""
        return f"{self.name} {self.number}" if self.number else self.name

    @property
    def means(self) -> str:
        """What it means, and where to look; empty when all was well."""
        return MEANS[self.name] if self.fault else ""


class _Fault(Exception):
    """An answer is not what callers are promised; the text says how."""


def smoke(target: Target, told: Callable[[Step], None], times: int = TIMES) -> list[Step]:
    """Try a stage through its front door.

    Args:
        target: the stage.
        told: hears of each step as it is done.
        times: how many orders are placed, one after the other.

    Returns:
        all steps; all is well where none has a fault.
    """
    taken: list[Step] = []
    for step in _steps(target, times):
        told(step)
        taken.append(step)
    return taken


def failed(steps: list[Step]) -> list[Step]:
    """Give the steps that have a fault."""
    return [step for step in steps if step.fault]


def _steps(target: Target, times: int) -> Iterator[Step]:
    url, origin = front_door.address(target), _origin(target)
    healthy = _taken("health", lambda: _health(target, url))
    yield healthy
    if healthy.fault.startswith("no answer"):
        return  # neither will the others be answered
    yield _taken("unknown route", lambda: _unknown_route(url))
    yield _taken("no token", lambda: _no_token(url, origin))
    yield _taken("preflight", lambda: _preflight(url, origin))
    with smoke_key.key(target) as (key, lent):
        opened = _taken("key", lambda: _let_in(url, key, _LET_IN_SECONDS if lent else 0))
        yield opened
        if not opened.fault:
            yield from _with_key(url, key, times)


def _with_key(url: str, key: str, times: int) -> Iterator[Step]:
    order_id = ""
    for number in range(1, times + 1):
        if number > 1:
            time.sleep(PAUSE_SECONDS)
        run = Run()
        yield from _round(url, key, number, run)
        order_id = order_id or str(run.notes.get("orderId", ""))
    sent = {"x-api-key": key}
    if order_id:
        yield _taken("head", lambda: _head(url, order_id, sent))
    yield _taken("list", lambda: _list(url, sent))


def _round(url: str, key: str, number: int, run: Run) -> Iterator[Step]:
    """Take the heartbeat's steps; one that is late is taken again with the same key.

    Whoever comes first after a deployment may meet a cold start. The key makes that safe, and only
    an answer that stays late is a fault.
    """
    idempotency_key, deviation = f"smoke-{secrets.token_hex(16)}", None
    for _ in range(_TRIES):
        deviation = _one(url, key, idempotency_key, run)
        if deviation is None or not deviation.reason.startswith(_SLOW):
            break
    for name in REQUESTS:
        fault = deviation.reason if deviation and deviation.step == name else ""
        if name in run.milliseconds:
            yield Step(name, number, round(run.milliseconds[name], 1), fault)
        if fault:
            return


def _one(url: str, key: str, idempotency_key: str, run: Run) -> Deviation | None:
    try:
        FrontDoor(url, key, run).place_and_cancel(idempotency_key)
    except Deviation as deviation:
        return deviation
    return None


def _taken(name: str, step: Callable[[], None]) -> Step:
    started, fault = time.perf_counter(), ""
    try:
        step()
    except _Fault as found:
        fault = str(found)
    except Unreachable as found:
        fault = f"no answer: {found}"
    return Step(name, 0, front_door.milliseconds_since(started), fault)


def _origin(target: Target) -> str:
    """Give the origin that answers of API Gateway itself permit: the first of the stage's."""
    function = target.output(outputs.function("create_order"))
    found = aliases.latest(target.client("lambda"), function)
    return found.variables.get(ALLOWED_ORIGINS, "").partition(" ")[0]


# --- The steps


def _health(target: Target, url: str) -> None:
    """See that API Gateway answers, and as the release that the stack has."""
    wanted, until = _release(target), time.monotonic() + _SETTLE_SECONDS
    while True:
        answer = front_door.ask(url, "GET", "/health")
        _require(answer.status == 200, f"HTTP {answer.status}")
        _require(answer.document.get("status") == "ok", "not healthy by its own words")
        found = answer.headers.get(RELEASE_HEADER.lower(), wanted)
        if found == wanted:
            return
        if time.monotonic() > until:
            raise _Fault(f"the front door says release {found}, and the stack {wanted}")
        time.sleep(_POLL_SECONDS)


def _release(target: Target) -> str:
    """Give the release of the stack's output as the header has it; empty where it has none."""
    try:
        return parsed(target.outputs.get(outputs.RELEASE, "")).short()
    except ValueError:
        return ""


def _unknown_route(url: str) -> None:
    answer = front_door.ask(url, "GET", f"/{secrets.token_hex(8)}")
    _require_problem(answer, NO_SUCH_ROUTE)


def _no_token(url: str, origin: str) -> None:
    answer = front_door.ask(url, "GET", "/orders", {"Origin": origin})
    _require_problem(answer, UNAUTHENTICATED)
    _require_permitted(answer, origin)
    _require("www-authenticate" in answer.headers, "no WWW-Authenticate")


def _preflight(url: str, origin: str) -> None:
    sent = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = front_door.ask(url, "OPTIONS", "/orders", sent)
    _require(answer.status in (200, 204), f"HTTP {answer.status}")
    _require_permitted(answer, origin)
    methods = answer.headers.get("access-control-allow-methods", "")
    _require("POST" in methods, "POST is not permitted")


def _let_in(url: str, key: str, seconds: float) -> None:
    """Wait until API Gateway knows a key that is new to it."""
    until = time.monotonic() + seconds
    while True:
        answer = front_door.ask(url, "GET", f"{_ORDERS}?limit=1", {"x-api-key": key})
        if answer.status not in (UNAUTHENTICATED.status, 403):
            return  # whether it is a good answer, the step `list` says
        if time.monotonic() > until:
            raise _Fault(f"HTTP {answer.status}")
        time.sleep(_POLL_SECONDS)


def _head(url: str, order_id: str, sent: Mapping[str, str]) -> None:
    answer = front_door.ask(url, "HEAD", f"{_ORDERS}/{order_id}", sent)
    _require(answer.status == 200, f"HTTP {answer.status}")
    _require(not answer.body, "it has a body")
    _require("etag" in answer.headers, "no ETag")


def _list(url: str, sent: Mapping[str, str]) -> None:
    answer = front_door.ask(url, "GET", f"{_ORDERS}?limit=2", sent)
    _require(answer.status == 200, f"HTTP {answer.status}")
    found = answer.document.get("orders")
    _require(isinstance(found, list) and "cursor" in answer.document, "no page of orders")
    own = all(order.get("partnerId") == HEARTBEAT for order in found or [])
    _require(own, "an order of somebody else")


def _require(condition: bool, fault: str) -> None:  # noqa: FBT001 - reads like assert
    if not condition:
        raise _Fault(fault)


def _require_problem(answer: Answer, kind: Kind) -> None:
    _require(answer.status == kind.status, f"HTTP {answer.status}, not {kind.status}")
    content_type = answer.headers.get("content-type", "nothing")
    _require(content_type.startswith(CONTENT_TYPE), f"{content_type}, not {CONTENT_TYPE}")
    _require(answer.document.get("type") == kind.type, f"no problem of the type {kind.type}")


def _require_permitted(answer: Answer, origin: str) -> None:
    permitted = answer.headers.get("access-control-allow-origin", "no origin")
    _require(permitted == origin, f"it permits {permitted}, not {origin}")
