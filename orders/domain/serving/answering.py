"""How long a restaurant has to answer an order; `changes.expire` ends the wait.

    placed ──accept_minutes──► acceptBy ──► REJECTED, `no-answer`, by the service
    scheduledFor ◄──accept_lead_minutes── acceptBy, where that is later

Accepting has no clock of its own: whatever is written first while the order is PLACED holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orders.domain.ids import timestamp_of

if TYPE_CHECKING:
    from datetime import datetime

_MINUTE = 60_000  # milliseconds


def accept_by(
    milliseconds: int, scheduled_for: datetime | None, *, minutes: int, lead_minutes: int
) -> str:
    """Say until when a restaurant can answer, in the form of an order's `timestamp`.

    Args:
        milliseconds: when it was asked, since the Unix epoch: when the order was placed, or when it
            was scheduled otherwise.
        scheduled_for: for when the order is scheduled, if it is.
        minutes: how long the restaurant has at least.
        lead_minutes: how long before the scheduled time it must have answered.
    """
    deadline = milliseconds + minutes * _MINUTE
    if scheduled_for is not None:
        scheduled = int(scheduled_for.timestamp() * 1_000)
        deadline = max(deadline, scheduled - lead_minutes * _MINUTE)
    return timestamp_of(deadline)
