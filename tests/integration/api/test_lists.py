"""Lists by time, by the partner's own number and by several statuses, over HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.shared.examples import order
from tests.shared.people import client_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration

MILLISECOND = timedelta(milliseconds=1)


def ids(orders: list[dict[str, Any]]) -> list[str]:
    return [found["orderId"] for found in orders]


def placed_at(placed: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(placed["createdAt"])


@pytest.fixture
def operator(stack: Endpoints) -> Iterator[httpx.Client]:
    with client_of(stack, {"Authorization": stack.operator_token}) as client:
        yield client


def everything(client: httpx.Client, path: str, **query: Any) -> list[dict[str, Any]]:
    """Read every page as one caller."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client.get(path, params={**query, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["orders"]
        if page["cursor"] is None:
            return found
        cursor = {"cursor": page["cursor"]}


def test_a_range_holds_its_first_moment_and_not_its_last(
    acme: Partner, operator: httpx.Client, stack: Endpoints
) -> None:
    """Of a partner, of its customer, and of both as an operator: each order is in one range."""
    customer = f"range-{uuid.uuid4().hex}"
    placed = [acme.place(customerId=customer) for _ in range(5)]
    first, middle, last = placed[0], placed[2], placed[4]
    later, earlier = placed[2:][::-1], placed[:2][::-1]
    of_one = {"customerId": customer, "limit": 2}
    assert ids(acme.all(**of_one, createdFrom=middle["createdAt"])) == ids(later)
    assert ids(acme.all(**of_one, createdTo=middle["createdAt"])) == ids(earlier)
    bounds = {
        "createdFrom": first["createdAt"],
        "createdTo": (placed_at(last) + MILLISECOND).isoformat(),
    }
    assert ids(acme.all(**of_one, **bounds)) == ids(placed[::-1])
    whole = ids(acme.all(limit=2, **bounds))
    assert [one for one in whole if one in ids(placed)] == ids(placed[::-1])
    for whose in (
        {"customerId": f"{stack.partner_id}#{customer}"},
        {"partnerId": stack.partner_id},
        {},
    ):
        found = ids(everything(operator, "/orders", **whose, **bounds, limit=3))
        assert set(ids(placed)) <= set(found)
        assert len(found) == len(set(found))


def test_a_customer_lists_its_orders_of_a_time(stack: Endpoints) -> None:
    """What I ordered since a moment, and before it, with my own clock's offset."""
    body = {name: value for name, value in order().items() if name != "customerId"}
    with client_of(stack, {"Authorization": stack.customer_token}) as client:
        placed = [
            client.post("/orders", json=body, headers={"Idempotency-Key": uuid.uuid4().hex}).json()
            for _ in range(3)
        ]
        since = f"{placed_at(placed[1]).isoformat()[:-6]}+00:00"
        assert ids(everything(client, "/orders", createdFrom=since)) == ids(placed[:0:-1])
        found = ids(everything(client, "/orders", createdTo=since, limit=100))
        assert placed[0]["orderId"] in found
        assert not set(ids(placed[1:])) & set(found)
        assert client.get("/orders", params={"reference": "x"}).status_code == 400


def test_an_empty_range_is_an_empty_page(acme: Partner) -> None:
    """From a moment to the same one there is nothing; backwards is a mistake."""
    at = acme.place()["createdAt"]
    assert acme.page(createdFrom=at, createdTo=at).json() == {"orders": [], "cursor": None}
    before = (placed_at({"createdAt": at}) - MILLISECOND).isoformat()
    refused = acme.page(createdFrom=at, createdTo=before)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "createdTo")


def test_several_statuses_are_given_one_by_one(acme: Partner) -> None:
    """The parameter is repeated, each value counts, and a list of them in one is refused."""
    customer = f"statuses-{uuid.uuid4().hex}"
    placed, confirmed, rejected = (acme.place(customerId=customer)["orderId"] for _ in range(3))
    acme.patch(confirmed, {"status": "CONFIRMED"})
    acme.patch(rejected, {"status": "REJECTED"})
    for statuses, wanted in (
        (["PLACED", "CONFIRMED"], [confirmed, placed]),
        (["REJECTED", "PLACED", "PLACED"], [rejected, placed]),
        (["REJECTED"], [rejected]),
        (["FAILED", "READY"], []),
    ):
        assert ids(acme.all(customerId=customer, status=statuses, limit=2)) == wanted
    refused = acme.page(status="PLACED,CONFIRMED")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "status")


def test_an_order_is_found_by_the_partner_s_own_number(
    acme: Partner, bella: Partner, operator: httpx.Client
) -> None:
    """It is read back, found by its partner and by operators, and need not be unique."""
    number = f"#{uuid.uuid4().hex[:12]}/B"
    first, second = acme.place(reference=number), acme.place(reference=number)
    theirs = bella.place(reference=number)
    acme.place(reference=f"{number}2")
    assert first["reference"] == acme.get(first["orderId"]).json()["reference"] == number
    since = {"createdFrom": first["createdAt"]}
    both = [second["orderId"], first["orderId"]]
    assert ids(acme.page(reference=number, **since).json()["orders"]) == both
    assert ids(bella.all(reference=number, **since)) == [theirs["orderId"]]
    found = everything(operator, "/orders", reference=number, **since)
    assert sorted(ids(found)) == sorted([*both, theirs["orderId"]])


def test_orders_at_one_restaurant_are_listed(acme: Partner, operator: httpx.Client) -> None:
    """A partner with many restaurants, and an operator, look at one of them."""
    here, there = (f"rest-{uuid.uuid4().hex[:8]}" for _ in range(2))
    first, _, second = (acme.place(restaurantId=at) for at in (here, there, here))
    since = {"createdFrom": first["createdAt"]}
    both = [second["orderId"], first["orderId"]]
    assert ids(acme.all(restaurantId=here, limit=1, **since)) == both
    assert sorted(ids(everything(operator, "/orders", restaurantId=here, **since))) == sorted(both)
    refused = acme.page(restaurantId="r" * 129)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "restaurantId")


def test_a_cursor_of_another_query_is_refused(acme: Partner) -> None:
    """With other filters it would skip or repeat orders: 400, and the page's size is free."""
    customer = f"cursor-{uuid.uuid4().hex}"
    placed = [acme.place(customerId=customer) for _ in range(4)]
    since, until = placed[1]["createdAt"], placed[3]["createdAt"]
    queries: list[dict[str, Any]] = [
        {"customerId": customer},
        {"customerId": customer, "createdFrom": since},
        {"customerId": customer, "createdTo": until},
        {"customerId": customer, "status": ["PLACED", "READY"]},
        {"customerId": customer, "restaurantId": placed[0]["restaurantId"]},
        {},
    ]
    for here in queries:
        cursor = acme.page(**here, limit=1).json()["cursor"]
        for there in queries:
            answer = acme.page(**there, cursor=cursor, limit=2)
            assert answer.status_code == (200 if here == there else 400), (here, there)
    other = [{"customerId": customer, "status": ["READY", "PLACED"]}]
    cursor = acme.page(**queries[3], limit=1).json()["cursor"]
    assert acme.page(**other[0], cursor=cursor).status_code == 200
