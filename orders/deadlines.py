"""Deadlines: what reminds the service that a restaurant should have answered an order.

process_order leaves a served order waiting ─► a one-shot of EventBridge Scheduler, at its acceptBy
─► the queue `order-processing` again, as a message that has the order's id in it and nothing else

A one-shot goes when it has run. Its name is the order's id and its moment: to make it twice makes
one, and a deadline that an edit has moved has one of its own (docs/decisions/0029).
https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET

from orders.domain.ids import timestamp_in
from orders.domain.serving.answering import accept_by
from orders.settings import (
    ACCEPT_LEAD_MINUTES,
    ACCEPT_MINUTES,
    DEADLINES_GROUP,
    DEADLINES_QUEUE,
    DEADLINES_ROLE,
    setting,
)

if TYPE_CHECKING:
    from msgspec import UnsetType

DEADLINE_OF = "deadlineOf"
"""The one field of the message, with the order's id."""

PRECISION_SECONDS = 60
"""How late EventBridge Scheduler may be; whatever is nearer need not be asked of it."""

_THERE = "ConflictException"


def deadline_of(milliseconds: int, scheduled_for: datetime | UnsetType | None) -> str:
    """Say until when a restaurant can answer, as this stage's settings have it.

    Args:
        milliseconds: when it was asked, since the Unix epoch.
        scheduled_for: for when the order is scheduled, if it is.
    """
    return accept_by(
        milliseconds,
        None if scheduled_for is UNSET else scheduled_for,
        minutes=int(setting(ACCEPT_MINUTES)),
        lead_minutes=int(setting(ACCEPT_LEAD_MINUTES)),
    )


def message_of(order_id: str) -> str:
    """Write the message that says that an order's deadline has come."""
    return json.dumps({DEADLINE_OF: order_id}, separators=(",", ":"))


def order_in(body: str) -> str | None:
    """Read which order a deadline's message is about; None for any other message."""
    try:
        fields = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or fields.keys() != {DEADLINE_OF}:
        return None
    order_id = fields[DEADLINE_OF]
    return order_id if isinstance(order_id, str) and timestamp_in(order_id) else None


def set_deadline(order_id: str, accept_by: str) -> None:
    """Let the deadline's message come at its time, if nothing does so yet.

    Args:
        order_id: which order.
        accept_by: until when it can be answered, as it is stored; ahead.

    Raises:
        ApiError: when EventBridge Scheduler did not take it.
    """
    from orders.aws_api import ApiError, post  # not for those who only ask for a deadline

    # A schedule has whole seconds; one that came too early would have to wait again.
    moment = datetime.fromisoformat(accept_by).astimezone(UTC) + timedelta(milliseconds=999)
    # AWS refuses a moment that has passed when the request arrives.
    runs_at = max(moment, datetime.now(UTC) + timedelta(seconds=PRECISION_SECONDS))
    schedule = {
        "GroupName": setting(DEADLINES_GROUP),
        "ScheduleExpression": f"at({runs_at:%Y-%m-%dT%H:%M:%S})",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": setting(DEADLINES_QUEUE),
            "RoleArn": setting(DEADLINES_ROLE),
            "Input": message_of(order_id),
        },
    }
    try:
        post("scheduler", f"/schedules/{order_id}.{moment:%Y%m%dT%H%M%S}", schedule)
    except ApiError as error:
        if error.code != _THERE:
            raise
