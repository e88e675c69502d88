"""Who serves an order: a partner's system, or the restaurant's own staff.

    servedBy   acme-pos#rest-1   the partner acme-pos, for the restaurant rest-1
               #rest-2           the staff of rest-2
               (none)            nobody does, or whoever placed it: it keeps every move

It is stamped when the order is placed, and is the key of the index `by-server`. Annotations are
types here and not texts, which a first request would have to compile: orders.named_tuple.
"""

from orders.named_tuple import NamedTuple

SERVED_BY = "servedBy"
"""The attribute of an order that says who serves it."""

ACCEPT_BY = "acceptBy"
"""The attribute that says until when they can answer; it means nothing where nobody serves it."""

LONGEST = 64
"""The most characters of the id of a restaurant that can be served."""

BINDABLE = rf"[A-Za-z0-9._~\x2d]{{1,{LONGEST}}}"
"""The ids of restaurants that can be served: they stand in an address as they are."""


class Bound(NamedTuple):
    """Who serves a restaurant, and which partners may place orders there."""

    server: str
    """The partner's id; empty for the restaurant's own staff."""
    placers: tuple[str, ...] = ()
    """Partners. What another one calls by the restaurant's id is another restaurant."""

    def serves(self, restaurant_id: str, placer: str | None) -> str | None:
        """Say who serves an order as it is placed, or None.

        Args:
            restaurant_id: of the restaurant that this is of.
            placer: the partner that places it; None for a person. A partner that serves the
                restaurant itself keeps every move on the orders that it places.
        """
        if placer is not None and (placer == self.server or placer not in self.placers):
            return None
        return server_of(self.server, restaurant_id)


def server_of(partner_id: str, restaurant_id: str) -> str:
    """Give the identity of who serves a restaurant's orders; the staff's has no partner."""
    return f"{partner_id}#{restaurant_id}"
