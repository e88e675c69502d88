"""Why an order ended before it was delivered: the codes, who may give which, and what is assumed.

What each code is called by Open Delivery and Uber Eats: docs/api/orders.md, "Reasons".
"""

from __future__ import annotations

from enum import StrEnum

from orders.domain.lifecycle import Role, Status


class Reason(StrEnum):
    """Why an order was rejected or cancelled, or failed."""

    ITEM_UNAVAILABLE = "item-unavailable"
    OUTDATED_MENU = "outdated-menu"
    TOO_BUSY = "too-busy"
    CLOSED = "closed"
    OUTSIDE_AREA = "outside-area"
    UNSAFE_AREA = "unsafe-area"
    NO_COURIER = "no-courier"
    DUPLICATE = "duplicate"
    CUSTOMER_BLOCKED = "customer-blocked"
    SPECIAL_REQUEST = "special-request"
    TECHNICAL = "technical"
    DELIVERY_PROBLEM = "delivery-problem"
    CUSTOMER_REQUEST = "customer-request"
    NO_ANSWER = "no-answer"
    """Nobody accepted the order in time: the service alone says so."""
    OTHER = "other"


REASONED = frozenset({Status.REJECTED, Status.CANCELLED, Status.FAILED})
"""The statuses that an order takes for a reason."""

GIVEN = tuple(reason for reason in Reason if reason is not Reason.NO_ANSWER)
"""The reasons that callers may give."""

REASONS_OF: dict[Role, tuple[Reason, ...]] = {
    Role.CUSTOMER: (Reason.CUSTOMER_REQUEST, Reason.DUPLICATE, Reason.OTHER),
    Role.PARTNER: GIVEN,
    Role.OPERATOR: GIVEN,
    Role.SERVICE: (Reason.NO_ANSWER,),
}
"""The reasons that each role may give."""


def assumed(role: Role) -> Reason:
    """Give the reason of a caller that names none."""
    return Reason.CUSTOMER_REQUEST if role is Role.CUSTOMER else Reason.OTHER
