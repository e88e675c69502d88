"""What requests cost on the local stack, by way of the emulator: correct, but not AWS's figures."""

from __future__ import annotations

import json
import statistics
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx

from ops.reach.clients import clients
from project.checkout import ROOT

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints

_SEQUENTIAL = 60
_AT_ONCE = 100
_LONGEST_SECONDS = 120.0
_POLL_SECONDS = 0.2


def measure(stack: Endpoints, orders: int = _SEQUENTIAL) -> dict[str, Any]:
    """Place, read and list one after another, then place a hundred orders at once, cold and warm.

    Orders confirm themselves here, so that the bursts show how long the workers take, too.

    Args:
        stack: that no order has come to yet. A worker that runs keeps its flags for a minute, and
            would confirm none of the first burst.
        orders: how many of each kind to send one after another.

    Returns:
        Milliseconds as the client sees them: for each operation p50 and p95, for the bursts the
        time to the last answer, and to the last order's being CONFIRMED.
    """
    _confirm_all(stack)
    headers = {"x-api-key": stack.partner_api_key}
    limits = httpx.Limits(max_connections=_AT_ONCE)
    order = json.loads((ROOT / "docs/api/order.json").read_text())
    with httpx.Client(base_url=stack.api_url, headers=headers, limits=limits, timeout=120) as http:

        def place(_: int = 0) -> str:
            answer = http.post(
                "/partner/orders", json=order, headers={"Idempotency-Key": uuid.uuid4().hex}
            )
            return str(answer.raise_for_status().json()["orderId"])

        cold = _burst(place, http)
        warm = _burst(place, http)
        one = place()
        operations = {
            "POST": place,
            "GET one": lambda _: http.get(f"/partner/orders/{one}").raise_for_status(),
            "GET list": lambda _: http.get("/partner/orders").raise_for_status(),
        }
        figures: dict[str, Any] = {name: _series(call, orders) for name, call in operations.items()}
    return {**figures, "100 at once, cold": cold, "100 at once, warm": warm}


def _series(call: Any, repeats: int) -> dict[str, float]:
    times = []
    for number in range(repeats):
        started = time.perf_counter()
        call(number)
        times.append((time.perf_counter() - started) * 1000)
    p95 = statistics.quantiles(times, n=20)[-1]
    return {"p50_ms": round(statistics.median(times), 1), "p95_ms": round(p95, 1)}


def _burst(place: Any, http: httpx.Client) -> dict[str, float]:
    first = time.time()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        placed = set(pool.map(place, range(_AT_ONCE)))
    last = time.time()
    if len(placed) != _AT_ONCE:
        raise RuntimeError(f"{len(placed)} orders of {_AT_ONCE} were placed")
    confirmed = max(_confirmed_at(http, order_id) for order_id in placed)
    return {
        "last_ms": round((last - first) * 1000, 1),
        "confirmed_ms": round((confirmed - first) * 1000, 1),
    }


def _confirmed_at(http: httpx.Client, order_id: str) -> float:
    """Wait until an order is confirmed; gives the time that its history tells."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < deadline:
        history = http.get(f"/partner/orders/{order_id}").raise_for_status().json()["history"]
        for entry in history:
            if entry["status"] == "CONFIRMED":
                return datetime.fromisoformat(entry["at"]).timestamp()
        time.sleep(_POLL_SECONDS)
    raise RuntimeError(f"order {order_id} was not confirmed within {_LONGEST_SECONDS:.0f} s")


def _confirm_all(stack: Endpoints) -> None:
    clients(stack.aws_endpoint_url)("ssm").put_parameter(
        Name=stack.parameters["flags"],
        Value=json.dumps({"auto-confirm": {"enabled": True, "reason": "measuring"}}),
        Type="String",
        Overwrite=True,
    )
