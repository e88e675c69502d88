"""Cross-origin answers: which web origins may read what the API says."""

from __future__ import annotations

import os
from functools import cache

from orders.routes import IDEMPOTENCY_KEY
from orders.settings import ALLOWED_ORIGINS

REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    IDEMPOTENCY_KEY,
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Unmodified-Since",
    "X-Api-Key",
)
"""What a page may send."""

EXPOSED_HEADERS = (
    *("Accept-Patch", "Allow", "ETag", "Idempotent-Replayed", "Location"),
    *("Retry-After", "X-Request-Id"),
)
"""What a page may read of an answer, besides its body."""


@cache
def _origins() -> frozenset[str]:
    return frozenset(os.environ.get(ALLOWED_ORIGINS, "").split())


def cors_headers(origin: str | None) -> dict[str, str]:
    """Give the headers with which an answer permits its origin, and no other, to read it.

    Args:
        origin: the request's `Origin`; None when a program, and no page, is calling.
    """
    if origin not in _origins():
        return {"Vary": "Origin"}
    return {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": origin or "",
        "Access-Control-Expose-Headers": ", ".join(EXPOSED_HEADERS),
    }
