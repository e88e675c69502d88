"""Who serves an order: a partner's system, or the restaurant's own staff.

    servedBy   acme-pos#rest-1   the partner acme-pos, for the restaurant rest-1
               #rest-2           the staff of rest-2
               (none)            nobody does, or whoever placed it: it keeps every move

It is stamped when the order is placed, and is the key of the index `by-server`.
"""

from __future__ import annotations

SERVED_BY = "servedBy"
"""The attribute of an order that says who serves it."""

ACCEPT_BY = "acceptBy"
"""The attribute that says until when they can answer; it means nothing where nobody serves it."""


def server_of(partner_id: str, restaurant_id: str) -> str:
    """Give the identity of who serves a restaurant's orders; the staff's has no partner."""
    return f"{partner_id}#{restaurant_id}"
