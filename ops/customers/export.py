"""All that the service holds of somebody, as they may ask for it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from ops.customers import people, remains
from ops.customers.theirs import orders_of
from orders.domain.changes import view
from orders.domain.lifecycle import Role
from orders.order_changes import typed_as_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.target import Target

PERSON, ORDER, ELSEWHERE = "person", "order", "elsewhere"
"""The kinds of records."""


def records(target: Target, customer_id: str) -> Iterator[dict[str, Any]]:
    """Give the person, each order as its customer reads it, and where else data is.

    Args:
        target: the deployment.
        customer_id: whose.

    Raises:
        OperatorError: when there is nobody of this id, and no order of theirs.
    """
    person, orders = people.find(target, customer_id), orders_of(target, customer_id)
    first = next(orders, None)
    if person is None and first is None:
        raise people.nobody(customer_id)
    if person is not None:
        yield {"kind": PERSON, "enabled": person.enabled, "attributes": person.attributes}
    for order in itertools.chain([] if first is None else [first], orders):
        yield {"kind": ORDER, "order": view(typed_as_plain(order), Role.CUSTOMER)}
    for place in remains.everywhere():
        yield {"kind": ELSEWHERE, **place._asdict()}
