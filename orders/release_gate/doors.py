"""What must be refused, and the routes of everybody else: asked once, for they write nothing.

Nobody gets at the gate's order but the partner that it is of, and an operator. What is refused must
be refused by the new version, too, as the same problem; its words for people may be mended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orders.release_gate.asking import LIVE, NEW, SIDES, compare
from orders.release_gate.plan import LISTING, PLACING, READING
from orders.release_gate.requests import (
    NOBODY,
    NOBODYS,
    PARTNER,
    STRANGER,
    Request,
    changing,
    listing,
    person,
    placing,
    reading,
    request,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orders.release_gate.asking import Versions

    Doors = Iterator[tuple[Request, int]]
    """Requests, each with the status that it must be answered with."""

_TOO_LONG = 8 * 1024 + 1
_ONE = "/orders/{orderId}"
_SERVED = "/restaurants/{restaurantId}/orders"
_OURS = "heartbeat"


def greeting(function: str) -> tuple[Request, int]:
    """Give what a function is met with, which writes nothing, and what it answers."""
    if function == PLACING:
        return placing({}, "release-gate-greeting"), 400
    if function == LISTING:
        return listing(customerId=NOBODYS), 200
    one = reading(NOBODYS) if function == READING else changing(NOBODYS, {"status": "CANCELLED"})
    return one, 404


def check_doors(
    versions: Versions, ended: str, key: str, body: dict[str, Any], *, quotes: bool
) -> None:
    """Knock at each door of both.

    Args:
        versions: which are asked.
        ended: an order that has been cancelled.
        key: the Idempotency-Key with which it was placed.
        body: what it was placed with.
        quotes: whether a customer's price quote is looked at.

    Raises:
        Refused: when the new version opens one, or refuses otherwise.
    """
    versions.at = "refusals"
    everything = (_reading(ended), _placing(key, body), _changing(ended), _listing())
    for asked, status in (pair for pairs in everything for pair in pairs):
        answers = {side: versions.ask(side, asked, status, timed=False) for side in SIDES}
        compare(answers[LIVE].whole, answers[NEW].whole, answers[NEW])
    if quotes:
        _check_prices(versions, body)


def _reading(ended: str) -> Doors:
    yield reading(ended, {"If-None-Match": '"4"'}), 304
    yield reading(ended, {"If-Match": '"1"'}), 412
    yield reading(NOBODYS), 404
    yield reading("no-id"), 404
    yield request(f"HEAD /partner{_ONE}", places={"orderId": ended}), 200
    yield _read(person(), _ONE, ended), 404
    yield _read(person("operators"), _ONE, ended), 200
    yield _read(NOBODY, _ONE, ended), 401
    yield _read(STRANGER, f"/partner{_ONE}", ended), 403
    yield _read(person("restaurants", _OURS), f"{_SERVED}/{{orderId}}", ended, _OURS), 404
    yield _read(person(), f"{_SERVED}/{{orderId}}", ended, _OURS), 403
    yield _read(PARTNER, f"/partner{_SERVED}/{{orderId}}", ended, _OURS), 404


def _read(sender: dict[str, Any], resource: str, order_id: str, restaurant: str = "") -> Request:
    places = {"orderId": order_id, **({"restaurantId": restaurant} if restaurant else {})}
    return request(f"GET {resource}", sender=sender, places=places)


def _placing(key: str, body: dict[str, Any]) -> Doors:
    yield placing({**body, "tip": body["tip"] + 1}, key), 422
    yield placing({}, f"{key}-empty"), 400
    yield placing("{", f"{key}-broken"), 400
    yield placing({**body, "note": "x" * _TOO_LONG}, f"{key}-long"), 413
    yield placing({**body, "total": 1}, f"{key}-total"), 400
    yield request("POST /partner/orders", body=body), 400
    yield request("POST /partner/orders", body=body, sender=STRANGER), 403
    headers = {"Content-Type": "text/plain", "Idempotency-Key": f"{key}-plain"}
    yield request("POST /partner/orders", body=body, headers=headers), 415


def _changing(ended: str) -> Doors:
    cancelled = {"status": "CANCELLED", "reason": {"code": "other"}}
    yield changing(ended, {"tip": 5}, {"If-Match": '"1"'}), 412
    yield changing(ended, {"tip": 5}), 409
    yield changing(ended, {"total": 5}), 400
    yield changing(NOBODYS, cancelled), 404
    for sender, resource, status in (
        (person(), _ONE, 404),
        (person("operators"), _ONE, 409),
        (NOBODY, _ONE, 401),
        (person("restaurants", _OURS), f"{_SERVED}/{{orderId}}", 404),
        (PARTNER, f"/partner{_SERVED}/{{orderId}}", 404),
    ):
        places = {"orderId": ended, **({"restaurantId": _OURS} if "{rest" in resource else {})}
        asked = request(f"PATCH {resource}", body=cancelled, sender=sender, places=places)
        yield asked, status


def _listing() -> Doors:
    yield listing(limit="0"), 400
    yield listing(unknown="1"), 400
    yield listing(cursor="none"), 400
    yield listing(status="NONE"), 400
    yield request("GET /orders", sender=person()), 200
    yield request("HEAD /orders", sender=person()), 200
    yield request("GET /orders", sender=NOBODY), 401
    ours = {"restaurantId": _OURS}
    for sender, prefix in ((person("restaurants", _OURS), ""), (PARTNER, "/partner")):
        yield request(f"GET {prefix}{_SERVED}", sender=sender, places=ours), 200


def _check_prices(versions: Versions, body: dict[str, Any]) -> None:
    """See that no customer names a price with a quote that nobody has signed."""
    own = {name: body[name] for name in body if name not in ("customerId", "reference")}
    forged = {**own, "quote": "not.a.quote"}
    answers = {}
    nobody = person(sub=_OURS)  # whose refused orders no metric counts
    for side in SIDES:
        headers = {"Idempotency-Key": "release-gate-quote"}
        asked = request("POST /orders", body=forged, headers=headers, sender=nobody)
        answers[side] = versions.ask(side, asked, 422, timed=False)
    compare(answers[LIVE].whole, answers[NEW].whole, answers[NEW])
