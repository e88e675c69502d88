"""Two demo orders, which a partner and a restaurant's staff find in their lists."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING

from local.demo.example import ORDER
from orders.routes import IDEMPOTENCY_KEY, JSON

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints

RESTAURANTS = ("rest-1", "rest-2")
"""One that a demo partner serves, and one that its staff serves (local/demo/seed.py)."""


def place_served(endpoints: Endpoints) -> None:
    """Place them as a customer; those of the last day are found again, by their keys.

    A copy without them is as good: what fails here is told by the first order of anybody.
    """
    of_a_person = {name: value for name, value in ORDER.items() if name != "customerId"}
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for restaurant in RESTAURANTS:
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{endpoints.api_url}/orders",
            data=json.dumps({**of_a_person, "restaurantId": restaurant}).encode(),
            headers={
                "Authorization": endpoints.other_customer_token,
                "Content-Type": JSON,
                IDEMPOTENCY_KEY: f"demo-{restaurant}",
            },
        )
        with contextlib.suppress(OSError, HTTPException):
            direct.open(request, timeout=30).close()
