"""Nobody's order is ever seen by a stranger."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from orders.domain.ids import new_order_id
from tests.shared.examples import order

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration


def test_another_partner_s_order_is_as_if_it_did_not_exist(acme: Partner, bella: Partner) -> None:
    """On every route, a stranger's order answers exactly what a missing one answers."""
    theirs = acme.place()["orderId"]
    missing = new_order_id(1_790_000_000_000)
    calls: tuple[Callable[[str], httpx.Response], ...] = (
        bella.get,
        lambda order_id: bella.get(order_id, **{"If-None-Match": "*"}),
        lambda order_id: bella.patch(order_id, {"status": "CANCELLED"}),
        lambda order_id: bella.patch(order_id, {"note": "mine now"}, If_Match='"1"'),
        lambda order_id: bella.patch(order_id, {"note": "mine now"}, If_Match='"9"'),
        lambda order_id: bella.patch(order_id, {"status": "DELIVERED"}),
    )
    for call in calls:
        answers = [call(theirs), call(missing)]
        assert [answer.status_code for answer in answers] == [404, 404]
        bodies = [{**answer.json(), "requestId": ""} for answer in answers]
        assert bodies[0] == bodies[1]
        assert not any("ETag" in answer.headers for answer in answers)
    assert acme.get(theirs).json()["version"] == 1


def test_lists_hold_only_the_partner_s_own_orders(acme: Partner, bella: Partner) -> None:
    """Two partners with a customer of the same id never meet in each other's lists."""
    customer = f"shared-{uuid.uuid4().hex}"
    ours = acme.place(customerId=customer)["orderId"]
    theirs = bella.place(customerId=customer)["orderId"]
    assert [found["orderId"] for found in acme.all(customerId=customer)] == [ours]
    assert [found["orderId"] for found in bella.all(customerId=customer)] == [theirs]
    everything = {found["orderId"] for found in bella.all(limit=100)}
    assert theirs in everything
    assert ours not in everything


def test_a_forged_cursor_stays_in_one_s_own_list(acme: Partner, bella: Partner) -> None:
    """A stranger's order id as a cursor is only a place in one's own list."""
    older = bella.place()["orderId"]
    theirs = acme.place()["orderId"]
    page = bella.page(limit=1, cursor=theirs).json()
    assert [found["orderId"] for found in page["orders"]] == [older]


def test_a_customer_id_cannot_reach_into_another_partner(
    acme: Partner, bella: Partner, stack: Endpoints
) -> None:
    """A customer id that looks like another partner's scoped one finds nothing there."""
    customer = f"scope-{uuid.uuid4().hex}"
    acme.place(customerId=customer)
    assert bella.all(customerId=f"{stack.partner_id}#{customer}") == []
    assert bella.all(customerId=f"../{stack.partner_id}#{customer}") == []


def test_who_a_partner_is_cannot_be_sent(bella: Partner) -> None:
    """A partner id in the body is refused; in a header it is nothing."""
    assert bella.post(order(partnerId="acme")).status_code == 400
    placed = bella.post(order(), **{"X-Partner-Id": "acme"}).json()
    assert placed["partnerId"] != "acme"
