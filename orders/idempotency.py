"""The header Idempotency-Key: what makes a repeated request recognizable, whatever became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.problems import INVALID_PARAMETER, Problem
from orders.routes import IDEMPOTENCY_KEY

if TYPE_CHECKING:
    from orders.http import Request

_LONGEST = 255


def key_of(request: Request) -> str | None:
    """Read the key, if the request has one or its route requires one.

    Raises:
        Problem: `invalid-parameter`, for what is no key, or for none where there must be one.
    """
    key = request.headers.get(IDEMPOTENCY_KEY.lower())
    if key is None and IDEMPOTENCY_KEY not in request.route.required_headers:
        return None
    if key is None or not _is_sound(key):
        what = "order" if request.route.method == "POST" else "change"
        detail = f"Send a key of your own for each {what}: 1 to 255 visible ASCII characters"
        raise Problem(INVALID_PARAMETER, detail, pointer=IDEMPOTENCY_KEY)
    return key


def _is_sound(key: str) -> bool:
    """Tell whether a key has visible ASCII characters alone, and not too many."""
    return 0 < len(key) <= _LONGEST and key.isascii() and key.isprintable() and " " not in key
