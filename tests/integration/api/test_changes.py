"""Changes that people ask for, reasons, and changes that are repeated, over HTTP."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from orders.handlers import update_order
from tests.integration.laboratories.dynamodb_proxy import proxy_to
from tests.shared.events import event
from tests.shared.examples import order
from tests.shared.people import client_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration


@pytest.fixture
def customer(stack: Endpoints) -> Iterator[httpx.Client]:
    with client_of(stack, {"Authorization": stack.customer_token}) as client:
        yield client


def place(client: httpx.Client) -> dict[str, Any]:
    """Place the example order as a customer."""
    body = {name: value for name, value in order().items() if name != "customerId"}
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    placed: dict[str, Any] = client.post("/orders", json=body, headers=headers).json()
    return placed


def tomorrow() -> str:
    return f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"


def test_a_customer_changes_phone_tip_and_schedule(customer: httpx.Client) -> None:
    """While nobody has accepted I may change them; the total follows, and null is "at once"."""
    placed = place(customer)
    path = f"/orders/{placed['orderId']}"
    later = tomorrow()
    changed = customer.patch(
        path, json={"contactPhone": "+41791234567", "tip": 550, "scheduledFor": later}
    ).json()
    assert (changed["contactPhone"], changed["scheduledFor"]) == ("+41791234567", later)
    assert (changed["tip"], changed["total"]) == (550, placed["total"] + 350)
    assert "scheduledFor" not in customer.patch(path, json={"scheduledFor": None}).json()
    refused = customer.patch(path, json={"scheduledFor": "2020-01-01T00:00:00Z"})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "#/scheduledFor"
    assert customer.patch(path, json={"deliveryFee": 0}).status_code == 400
    assert customer.patch(path, json={"tip": None}).status_code == 400


def test_a_partner_changes_its_delivery_fee_too(acme: Partner) -> None:
    """Fee, tip and items, alone and together: the total is what they add up to."""
    item = acme.place()
    line = {"itemId": "soup", "name": "Soup", "quantity": 2, "unitPrice": 450}
    for body in (
        {"deliveryFee": 1},
        {"tip": 1000},
        {"items": [line]},
        {"deliveryFee": 5, "tip": 7},
        {"items": [line] * 2, "deliveryFee": 0},
        {"items": [line], "deliveryFee": 3, "tip": 0, "contactPhone": "+14155550199"},
    ):
        item = acme.patch(item["orderId"], body).json()
        assert item["total"] == item["subtotal"] + item["deliveryFee"] + item["tip"]
        assert {name: item[name] for name in body} == body
    acme.patch(item["orderId"], {"status": "CONFIRMED"})
    late: tuple[dict[str, Any], ...] = (
        {"tip": 1},
        {"deliveryFee": 1},
        {"contactPhone": "+14155550199"},
    )
    for edit in late:
        assert acme.patch(item["orderId"], edit).status_code == 409


def test_each_end_has_its_reason_in_history_and_list(acme: Partner) -> None:
    """The code and the text stay with the order, wherever it is read; none is `other`."""
    who = f"reason-{uuid.uuid4().hex}"
    given = {"code": "item-unavailable", "text": "No basil\ntoday"}
    placed = acme.place(customerId=who)["orderId"]
    ended = acme.patch(placed, {"status": "REJECTED", "reason": given}).json()
    last = ended["history"][-1]
    assert (last["reason"], last["reasonText"]) == (given["code"], given["text"])
    (listed,) = acme.all(customerId=who)
    assert listed == ended == acme.get(placed).json()
    placed = acme.place()["orderId"]
    bare = acme.patch(placed, {"status": "CANCELLED"}).json()["history"][-1]
    assert (bare["reason"], "reasonText" in bare) == ("other", False)
    placed = acme.place()["orderId"]
    for status in ("CONFIRMED", "PREPARING", "READY", "PICKED_UP"):
        assert "reason" not in acme.patch(placed, {"status": status}).json()["history"][-1]
    failed = {"status": "FAILED", "reason": {"code": "delivery-problem"}}
    assert acme.patch(placed, failed).json()["history"][-1]["reason"] == "delivery-problem"


def test_a_customer_cancels_at_its_own_request(customer: httpx.Client) -> None:
    """Without a word of mine it is my request; a restaurant's reasons are not mine to give."""
    path = f"/orders/{place(customer)['orderId']}"
    foreign = {"status": "CANCELLED", "reason": {"code": "too-busy"}}
    refused = customer.patch(path, json=foreign)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "#/reason/code"
    last = customer.patch(path, json={"status": "CANCELLED"}).json()["history"][-1]
    assert (last["reason"], last["by"]) == ("customer-request", "customer")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reason": {"code": "other"}}, "#/reason"),
        ({"status": "CONFIRMED", "reason": {"code": "other"}}, "#/reason"),
        ({"status": "REJECTED", "reason": {"code": "no-answer"}}, "#/reason/code"),
        ({"status": "REJECTED", "reason": {"code": "bored"}}, "#/reason/code"),
        ({"status": "REJECTED", "reason": {"code": "other", "text": "x" * 201}}, "#/reason/text"),
    ],
)
def test_a_reason_that_cannot_be_is_named(acme: Partner, body: Any, pointer: str) -> None:
    """What is no code, too long, or no end's is refused, and the order stays as it is."""
    order_id = acme.place()["orderId"]
    refused = acme.patch(order_id, body)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert acme.get(order_id).json()["version"] == 1


def test_a_repeated_change_answers_the_order(acme: Partner) -> None:
    """With its key it is known again, after other changes too; with another body it is refused."""
    order_id, key = acme.place()["orderId"], uuid.uuid4().hex
    first = acme.patch(order_id, {"status": "CONFIRMED"}, Idempotency_Key=key)
    again = acme.patch(order_id, {"status": "CONFIRMED"}, Idempotency_Key=key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    assert "Idempotent-Replayed" not in first.headers
    assert (again.headers["Idempotent-Replayed"], again.headers["ETag"]) == ("true", '"2"')
    refused = acme.patch(order_id, {"status": "PREPARING"}, Idempotency_Key=key)
    assert refused.status_code == 422
    assert refused.json()["type"].endswith(":idempotency-key-reused")
    acme.patch(order_id, {"status": "PREPARING"})
    late = acme.patch(order_id, {"status": "CONFIRMED"}, Idempotency_Key=key, If_Match='"1"')
    assert (late.status_code, late.json()["status"]) == (200, "PREPARING")
    assert acme.patch(order_id, {"status": "CONFIRMED"}).status_code == 409


def test_a_hundred_equal_changes_are_one(acme: Partner) -> None:
    """A hundred at once: one entry of history, one version, and a hundred equal answers."""
    order_id, key = acme.place()["orderId"], uuid.uuid4().hex
    body = {"status": "REJECTED", "reason": {"code": "too-busy"}}
    with ThreadPoolExecutor(100) as pool:
        answers = list(
            pool.map(lambda _: acme.patch(order_id, body, Idempotency_Key=key), range(100))
        )
    assert [answer.status_code for answer in answers] == [200] * 100
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    shown = acme.get(order_id).json()
    assert ([entry["status"] for entry in shown["history"]], shown["version"]) == (
        ["PLACED", "REJECTED"],
        2,
    )


def test_a_repeated_change_is_one_round_trip(
    stack: Endpoints,
    acme: Partner,
    fresh_function: None,
    monkeypatch: pytest.MonkeyPatch,
    api_key_id: str,
) -> None:
    """The write that is refused brings the order: a repetition reads nothing."""
    assert fresh_function is None
    one = {"order_id": acme.place()["orderId"], "api_key_id": api_key_id}
    with proxy_to(stack.aws_endpoint_url) as (url, proxy):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        for replayed, lost in ((False, 1), (True, 0), (True, 0)):
            proxy.losses = lost
            sent = event("PATCH", body={"tip": 5}, headers={"Idempotency-Key": "my-key"}, **one)
            answer = update_order.handler(sent, None)
            assert answer["statusCode"] == 200
            assert ("Idempotent-Replayed" in answer["headers"]) == replayed
            assert json.loads(answer["body"])["version"] == 2
            updates = [call for call in proxy.take() if call != "Scan"]
            assert updates[-1:] == ["UpdateItem"]
            assert set(updates) <= {"UpdateItem", "GetItem"}
            assert not replayed or updates == ["UpdateItem"]
