"""Writes the tables of docs/api/mapping.md: what others call our statuses and reasons.

One row for each of ours: a status or a reason without a row stops `make docs` and a test.
"""

from __future__ import annotations

from typing import NamedTuple

from orders.domain.lifecycle import Status
from orders.domain.reasons import NO_ANSWER, REASONS
from project.checkout import ROOT
from project.markdown import table, with_blocks

DOCUMENT = ROOT / "docs/api/mapping.md"

NOTHING = "–"
"""Stands where the other side has no name for it."""


class StatusNames(NamedTuple):
    """What a status is to the others."""

    open_delivery: str
    uber_eats: str
    deliverect: str


class ReasonNames(NamedTuple):
    """What a reason is to the others; Deliverect has none."""

    open_delivery: str
    uber_eats: str


STATUSES = {
    Status.PLACED: StatusNames(
        "`CREATED`", "webhook `orders.notification`", "a new order; 25 while it is scheduled"
    ),
    Status.CONFIRMED: StatusNames("`CONFIRMED`, by `confirm`", "`accept_pos_order`", "20"),
    Status.PREPARING: StatusNames("`PREPARING`", NOTHING, "50"),
    Status.READY: StatusNames("`READY_FOR_PICKUP`", "ready", "60, 70"),
    Status.PICKED_UP: StatusNames("`DISPATCHED`", "the courier's states", "80, 87"),
    Status.DELIVERED: StatusNames("`DELIVERED`", "the courier's states", "90 of the courier"),
    Status.REJECTED: StatusNames(
        "`requestCancellation`, then `CANCELLED`", "`deny_pos_order`", "35, 30, 120"
    ),
    Status.CANCELLED: StatusNames("`CANCELLED`", "`cancel`", "100 by the channel, 110 by the POS"),
    Status.FAILED: StatusNames("`DELIVERY_PROBLEM`", "`cancel`", "115"),
}

_DIFFICULTIES = "INTERNAL_DIFFICULTIES_OF_THE_RESTAURANT"

REASON_NAMES = {
    "item-unavailable": ReasonNames("UNAVAILABLE_ITEM", "ITEM_AVAILABILITY"),
    "outdated-menu": ReasonNames("OUTDATED_MENU", "PRICING"),
    "too-busy": ReasonNames(_DIFFICULTIES, "CAPACITY"),
    "closed": ReasonNames("OUTSIDE_DELIVERY_HOURS", "STORE_CLOSED"),
    "outside-area": ReasonNames("ORDER_OUTSIDE_THE_DELIVERY_AREA", "ADDRESS"),
    "unsafe-area": ReasonNames("RISK_AREA", "ADDRESS"),
    "no-courier": ReasonNames("RESTAURANT_WITHOUT_DELIVERY_PERSON", "OTHER"),
    "duplicate": ReasonNames("DUPLICATE_APPLICATION", "OTHER"),
    "customer-blocked": ReasonNames("BLOCKED_CUSTOMER", "OTHER"),
    "special-request": ReasonNames(_DIFFICULTIES, "SPECIAL_INSTRUCTIONS"),
    "technical": ReasonNames("SYSTEMIC_ISSUES", "POS_OFFLINE"),
    "delivery-problem": ReasonNames("DELIVERY_PROBLEM", "OTHER"),
    "customer-request": ReasonNames("CONSUMER_CANCELLATION_REQUESTED", "CUSTOMER_CALLED_TO_CANCEL"),
    "other": ReasonNames("OTHER_CANCELLATION_REASON", "OTHER"),
    NO_ANSWER: ReasonNames("OTHER_CANCELLATION_REASON", "OTHER"),
}


def blocks() -> dict[str, str]:
    """Give the tables by their names.

    Raises:
        KeyError: when a status or a reason has no row.
    """
    statuses = [(f"`{status}`", *STATUSES[status]) for status in Status]
    reasons = [(_shown(code), *map(_code, REASON_NAMES[code])) for code in REASONS]
    return {
        "statuses": table(["ours", "Open Delivery 1.7.1", "Uber Eats", "Deliverect"], statuses),
        "reasons": table(["ours", "Open Delivery 1.7.1", "Uber Eats"], reasons),
    }


def _shown(code: str) -> str:
    return f"{_code(code)}, of the service alone" if code == NO_ANSWER else _code(code)


def _code(name: str) -> str:
    return f"`{name}`"


def rendered() -> str:
    """Make the document: what people wrote, with today's tables."""
    return with_blocks(DOCUMENT.read_text(), blocks())


def main() -> None:
    """Write the document's tables."""
    DOCUMENT.write_text(rendered())


if __name__ == "__main__":
    main()
