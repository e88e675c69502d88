"""Why an order ended before it was delivered: the codes, who may give which, and what is assumed.

What each code is called by Open Delivery and Uber Eats: docs/api/mapping.md. No
enumeration: making one of this size would be felt when a function starts.
"""

from __future__ import annotations

from orders.domain.lifecycle import Role, Status

CUSTOMER_REQUEST, DUPLICATE, OTHER = "customer-request", "duplicate", "other"

NO_ANSWER = "no-answer"
"""Nobody accepted the order in time: the service alone says so."""

GIVEN = (
    *("item-unavailable", "outdated-menu", "too-busy", "closed", "outside-area", "unsafe-area"),
    *("no-courier", DUPLICATE, "customer-blocked", "special-request", "technical"),
    *("delivery-problem", CUSTOMER_REQUEST, OTHER),
)
"""The reasons that callers may give."""

REASONS = (*GIVEN, NO_ANSWER)
"""All reasons for which an order was rejected or cancelled, or failed."""

REASONED = frozenset({Status.REJECTED, Status.CANCELLED, Status.FAILED})
"""The statuses that an order takes for a reason."""

REASONS_OF = {
    Role.CUSTOMER: (CUSTOMER_REQUEST, DUPLICATE, OTHER),
    Role.PARTNER: GIVEN,
    Role.RESTAURANT: GIVEN,
    Role.OPERATOR: GIVEN,
    Role.SERVICE: (NO_ANSWER,),
}
"""The reasons that each role may give."""


def assumed(role: Role) -> str:
    """Give the reason of a caller that names none."""
    return CUSTOMER_REQUEST if role is Role.CUSTOMER else OTHER
