"""The header Idempotency-Key: what makes a repeated request recognizable, whatever became of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orders.problems import INVALID_PARAMETER, Problem
from orders.routes import IDEMPOTENCY_KEY

if TYPE_CHECKING:
    from orders.http import Request

_KEY = r"[\x21-\x7e]{1,255}"  # compiled by the first request that has a key


def key_of(request: Request) -> str | None:
    """Read the key, if the request has one or its route requires one.

    Raises:
        Problem: `invalid-parameter`, for what is no key, or for none where there must be one.
    """
    key = request.headers.get(IDEMPOTENCY_KEY.lower())
    if key is None and IDEMPOTENCY_KEY not in request.route.required_headers:
        return None
    if key is None or not re.fullmatch(_KEY, key):
        what = "order" if request.route.method == "POST" else "change"
        detail = f"Send a key of your own for each {what}: 1 to 255 visible ASCII characters"
        raise Problem(INVALID_PARAMETER, detail, pointer=IDEMPOTENCY_KEY)
    return key
