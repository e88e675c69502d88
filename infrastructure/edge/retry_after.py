"""When a request that API Gateway refused may come again, for the template and the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.problems import QUOTA_EXCEEDED, TOO_MANY_REQUESTS

if TYPE_CHECKING:
    from orders.problems import Kind

_QUOTA_SECONDS = 3_600


def retry_after(kind: Kind) -> int | None:
    """Tell in how many seconds a refused request may be sent again; None when that is no help.

    A repetition is safe: POST has its Idempotency-Key. A day's quota comes back at midnight UTC;
    API Gateway cannot compute how far that is, so its callers look once an hour.
    """
    if kind is QUOTA_EXCEEDED:
        return _QUOTA_SECONDS
    return 1 if kind is TOO_MANY_REQUESTS or kind.status >= 500 else None
