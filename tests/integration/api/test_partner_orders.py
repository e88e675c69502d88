"""The partners' API over HTTP, as docs/api describes it."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from project.release import here
from tests.shared.examples import ORDER, order

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration


def test_an_order_is_placed_and_read_back(stack: Endpoints, acme: Partner) -> None:
    """A placed order answers 201 with all its fields, and its Location leads to the same order."""
    response = acme.post(ORDER)
    placed = response.json()
    assert response.status_code == 201
    assert {name: placed[name] for name in ORDER} == ORDER
    assert (placed["subtotal"], placed["total"]) == (2698, 3197)
    assert (placed["status"], placed["version"]) == ("PLACED", 1)
    assert placed["partnerId"] == stack.partner_id
    assert response.headers["ETag"] == '"1"'
    read = acme.http.get(response.url.join(response.headers["Location"]))
    assert (read.status_code, read.json()) == (200, placed)
    assert read.headers["ETag"] == '"1"'


def test_an_unchanged_order_is_not_sent_again(acme: Partner) -> None:
    """With If-None-Match, an order that the client has answers 304 without a body."""
    placed = acme.place()
    for tag in ('"1"', 'W/"1"', '"9", "1"', "*"):
        unchanged = acme.get(placed["orderId"], **{"If-None-Match": tag})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["ETag"] == '"1"'
    assert acme.get(placed["orderId"], **{"If-None-Match": '"2"'}).status_code == 200


def test_an_order_goes_its_way(acme: Partner) -> None:
    """A partner takes an order from placed to delivered; history tells each step."""
    order_id = acme.place()["orderId"]
    steps = ["CONFIRMED", "PREPARING", "READY", "PICKED_UP", "DELIVERED"]
    for version, status in enumerate(steps, start=2):
        moved = acme.patch(order_id, {"status": status})
        assert (moved.status_code, moved.headers["ETag"]) == (200, f'"{version}"')
        assert moved.json()["status"] == status
    history = acme.get(order_id).json()["history"]
    assert [entry["status"] for entry in history] == ["PLACED", *steps]
    assert {entry["by"] for entry in history} == {"partner"}
    assert [entry["at"] for entry in history] == sorted(entry["at"] for entry in history)


def test_a_move_that_the_lifecycle_does_not_know_is_refused(acme: Partner) -> None:
    """409 says where the order stands and where it can go from there."""
    order_id = acme.place()["orderId"]
    refused = acme.patch(order_id, {"status": "DELIVERED"})
    assert refused.status_code == 409
    assert refused.json()["type"].endswith(":move-not-allowed")
    assert "PLACED" in refused.json()["detail"]
    assert "CONFIRMED, REJECTED, CANCELLED" in refused.json()["detail"]
    assert acme.get(order_id).json()["version"] == 1


def test_a_placed_order_s_contents_can_be_changed(acme: Partner) -> None:
    """A merge patch changes what it names, takes away what it sets to null, keeps the rest."""
    placed = acme.place()
    line = {"itemId": "tiramisu", "name": "Tiramisù", "quantity": 3, "unitPrice": 700}
    address = {"line2": "Flat 3", "latitude": 37.7749, "longitude": -122.4194}
    patch = {"items": [line], "note": None, "deliveryAddress": address}
    headers = {"Content_Type": "application/merge-patch+json"}
    changed = acme.patch(placed["orderId"], patch, **headers).json()
    assert changed["items"] == [line]
    assert "note" not in changed
    assert changed["deliveryAddress"] == {**ORDER["deliveryAddress"], **address}
    assert (changed["subtotal"], changed["total"]) == (2100, 2100 + 299 + 200)
    assert changed["createdAt"] == placed["createdAt"] <= changed["updatedAt"]
    removed = acme.patch(placed["orderId"], {"deliveryAddress": {"line2": None}}).json()
    assert "line2" not in removed["deliveryAddress"]
    assert acme.get(placed["orderId"]).json() == removed


def test_a_confirmed_order_s_contents_stay(acme: Partner) -> None:
    """Once a restaurant has confirmed, the items do not change any more."""
    order_id = acme.place()["orderId"]
    acme.patch(order_id, {"status": "CONFIRMED"})
    refused = acme.patch(order_id, {"note": "too late"})
    assert refused.status_code == 409
    assert acme.get(order_id).json()["note"] == "ring twice"


def change_note(partner: Partner, order_id: str, note: str) -> httpx.Response:
    """Change version 1 of an order."""
    return partner.patch(order_id, {"note": note}, If_Match='"1"')


def test_of_two_changes_to_one_version_one_wins(acme: Partner) -> None:
    """Two concurrent PATCHes with one ETag: one is done, the other gets 412."""
    for _ in range(5):
        order_id = acme.place()["orderId"]
        with ThreadPoolExecutor(2) as pool:
            notes = ["first", "second"]
            change = partial(change_note, acme, order_id)
            answers = list(pool.map(change, notes))
        assert sorted(answer.status_code for answer in answers) == [200, 412]
        (won,) = (answer.json() for answer in answers if answer.status_code == 200)
        (lost,) = (answer for answer in answers if answer.status_code == 412)
        assert lost.headers["ETag"] == '"2"'
        assert acme.get(order_id).json() == won


def test_an_order_can_be_scheduled(acme: Partner) -> None:
    """A time within the week is kept; one in the past is refused by name."""
    later = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert acme.place(scheduledFor=later)["scheduledFor"] == later
    refused = acme.post(order(scheduledFor="2020-01-01T00:00:00Z"))
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "#/scheduledFor"


def test_lists_are_by_partner_or_by_customer_newest_first(acme: Partner) -> None:
    """The whole partner's list and one customer's list hold the newest orders first."""
    customer = f"list-{uuid.uuid4().hex}"
    placed = [acme.place(customerId=customer)["orderId"] for _ in range(3)]
    other = acme.place(customerId="somebody-else")["orderId"]
    mine = acme.page(customerId=customer).json()
    assert [found["orderId"] for found in mine["orders"]] == placed[::-1]
    assert mine["cursor"] is None
    whole = [found["orderId"] for found in acme.page(limit=4).json()["orders"]]
    assert whole == [other, *placed[::-1]]


def test_a_list_can_be_filtered_by_status(acme: Partner) -> None:
    """The filter gives exactly the orders of that status, over all pages."""
    customer = f"filter-{uuid.uuid4().hex}"
    placed = [acme.place(customerId=customer)["orderId"] for _ in range(7)]
    for order_id in placed[::2]:
        acme.patch(order_id, {"status": "CONFIRMED"})
    confirmed = acme.all(customerId=customer, status="CONFIRMED", limit=2)
    assert [found["orderId"] for found in confirmed] == placed[::2][::-1]
    assert acme.all(customerId=customer, status="FAILED") == []


def test_a_customer_of_nobody_has_an_empty_list(acme: Partner) -> None:
    """A list without orders is an empty list, not an error."""
    assert acme.page(customerId="nobody").json() == {"orders": [], "cursor": None}


def test_250_orders_page_through_while_new_ones_arrive(acme: Partner) -> None:
    """Paging meets every order that was there at the start, none twice, while others arrive."""
    customer = f"pages-{uuid.uuid4().hex}"
    with ThreadPoolExecutor(16) as pool:
        placed = list(pool.map(lambda _: acme.place(customerId=customer), range(250)))
        seen: list[str] = []
        cursor: dict[str, Any] = {}
        arriving = []
        while True:
            arriving.append(pool.submit(acme.place, customerId=customer))
            page = acme.page(customerId=customer, limit=17, **cursor).json()
            seen += [found["orderId"] for found in page["orders"]]
            if page["cursor"] is None:
                break
            cursor = {"cursor": page["cursor"]}
        new = {future.result()["orderId"] for future in arriving}
    assert len(seen) == len(set(seen))
    assert {found["orderId"] for found in placed} <= set(seen)
    assert set(seen) - {found["orderId"] for found in placed} <= new


def test_orders_of_the_same_millisecond_are_paged_too(
    acme: Partner, dynamodb: Any, stack: Endpoints
) -> None:
    """Orders that share their timestamp are neither skipped nor repeated at a page's edge."""
    customer = f"tie-{uuid.uuid4().hex}"
    item = {
        "customerId": {"S": f"{stack.partner_id}#{customer}"},
        "partnerId": {"S": stack.partner_id},
        "timestamp": {"S": "2026-11-22T12:00:00.000Z"},
    }
    template_id = acme.place(customerId=customer)["orderId"]
    key = {
        "orderId": {"S": template_id},
        "timestamp": {"S": acme.get(template_id).json()["createdAt"]},
    }
    stored = dynamodb.get_item(TableName=stack.tables["orders"], Key=key)["Item"]
    same_time = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp() * 1000)
    ids = [
        f"{same_time:012x}"[:8] + "-" + f"{same_time:012x}"[8:] + f"-7000-8000-{n:012d}"
        for n in range(9)
    ]
    for order_id in ids:
        tied = {**stored, **item, "orderId": {"S": order_id}}
        dynamodb.put_item(TableName=stack.tables["orders"], Item=tied)
    for limit in (1, 2, 4):
        found = [o["orderId"] for o in acme.all(customerId=customer, limit=limit)]
        assert sorted(found) == sorted([*ids, template_id])


def test_health_needs_no_key(stack: Endpoints) -> None:
    """Anybody can ask whether the API is up."""
    health = httpx.get(f"{stack.api_url}/health")
    assert (health.status_code, health.json()) == (200, {"status": "ok"})


def test_health_says_which_release_runs(stack: Endpoints) -> None:
    """Anybody sees which version and commit a stage runs: the checkout's that was deployed."""
    for ask in (httpx.get, httpx.head):
        assert ask(f"{stack.api_url}/health").headers["X-Release"] == here().short()


def test_a_reading_is_strongly_consistent(acme: Partner) -> None:
    """What was just written is what is read, every time."""
    order_id = acme.place()["orderId"]
    for version in range(2, 22):
        acme.patch(order_id, {"note": f"note {version}"})
        assert acme.get(order_id).json()["version"] == version
