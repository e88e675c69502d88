"""What requests cost on the local stack, by way of the emulator: correct, but not AWS's figures."""

from __future__ import annotations

import json
import statistics
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx

from infrastructure.synth import ROOT

if TYPE_CHECKING:
    from local.endpoints import Endpoints

_SEQUENTIAL = 60
_AT_ONCE = 100


def measure(stack: Endpoints) -> dict[str, Any]:
    """Place, read and list one after another, then place a hundred orders at once, cold and warm.

    Returns:
        Milliseconds as the client sees them, for each operation p50 and p95, and for the bursts
        the time to the last answer.
    """
    headers = {"x-api-key": stack.partner_api_key}
    limits = httpx.Limits(max_connections=_AT_ONCE)
    order = json.loads((ROOT / "docs/api/order.json").read_text())
    with httpx.Client(base_url=stack.api_url, headers=headers, limits=limits, timeout=120) as http:

        def place(_: int = 0) -> str:
            answer = http.post(
                "/partner/orders", json=order, headers={"Idempotency-Key": uuid.uuid4().hex}
            )
            return str(answer.raise_for_status().json()["orderId"])

        cold = _burst(place)
        warm = _burst(place)
        one = place()
        operations = {
            "POST": place,
            "GET one": lambda _: http.get(f"/partner/orders/{one}").raise_for_status(),
            "GET list": lambda _: http.get("/partner/orders").raise_for_status(),
        }
        figures: dict[str, Any] = {name: _series(call) for name, call in operations.items()}
    return {**figures, "100 at once, cold": cold, "100 at once, warm": warm}


def _series(call: Any) -> dict[str, float]:
    times = []
    for number in range(_SEQUENTIAL):
        started = time.perf_counter()
        call(number)
        times.append((time.perf_counter() - started) * 1000)
    p95 = statistics.quantiles(times, n=20)[-1]
    return {"p50_ms": round(statistics.median(times), 1), "p95_ms": round(p95, 1)}


def _burst(place: Any) -> dict[str, float]:
    started = time.perf_counter()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        placed = set(pool.map(place, range(_AT_ONCE)))
    if len(placed) != _AT_ONCE:
        raise RuntimeError(f"{len(placed)} orders of {_AT_ONCE} were placed")
    return {"last_ms": round((time.perf_counter() - started) * 1000, 1)}
