"""Webhooks of the running stack, as a partner's server gets them."""

from __future__ import annotations

import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.demo.receiver import Receiver
from orders.webhooks import signature_headers

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration
SECRET = "whsec_c2VjcmV0LW9mLWEtdGVzdA=="


def received(stack: Endpoints, order_id: str, how_many: int) -> list[dict[str, Any]]:
    """Wait until the demo receiver has some events of an order."""
    trusted = ssl.create_default_context(
        cafile=str(Path(stack.server_pem).with_name("authorities.pem"))
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        latest = httpx.get(stack.webhooks_url, verify=trusted).json()
        found = [item for item in latest if item["event"]["orderId"] == order_id]
        if len({item["event"]["eventId"] for item in found}) >= how_many:
            return found
        time.sleep(0.2)
    raise AssertionError("the webhooks did not come")


def test_a_partner_hears_of_each_status_of_its_order(stack: Endpoints, acme: Partner) -> None:
    """Each status makes one kind of event, signed, and an edit makes none; nothing else is told."""
    placed = acme.place(note="as it was")
    acme.patch(placed["orderId"], {"note": "changed"})
    acme.patch(placed["orderId"], {"status": "CONFIRMED"})
    webhooks = received(stack, placed["orderId"], 2)
    assert all(item["genuine"] and item["partner_id"] == stack.partner_id for item in webhooks)
    events = {item["event"]["version"]: item["event"] for item in webhooks}
    assert {version: event["type"] for version, event in events.items()} == {
        1: "order.placed",
        3: "order.confirmed",
    }
    assert set(events[3]) == {
        *("eventId", "schemaVersion", "type", "orderId", "status", "version", "occurredAt"),
    }


def test_a_partner_hears_why_its_order_ended(stack: Endpoints, acme: Partner) -> None:
    """The event of an end has the reason's code, and not the text, which may be about a person."""
    placed = acme.place()
    reason = {"code": "no-courier", "text": "Ada is ill"}
    acme.patch(placed["orderId"], {"status": "CANCELLED", "reason": reason})
    webhooks = received(stack, placed["orderId"], 2)
    (told,) = {
        item["event"]["version"]: item["event"]
        for item in webhooks
        if item["event"]["type"] == "order.cancelled"
    }.values()
    assert told["reason"] == "no-courier"
    assert "Ada" not in str(webhooks)


def test_another_partner_hears_nothing(stack: Endpoints, bella: Partner) -> None:
    """An event goes to the partner whose order it is, and to nobody else."""
    placed = bella.place()
    webhooks = received(stack, placed["orderId"], 1)
    assert {item["partner_id"] for item in webhooks} == {stack.other_partner_id}


def test_the_demo_receiver_refuses_what_is_forged() -> None:
    """The local run shows a webhook as verified only when signature, body and time are right."""
    receiver = Receiver()
    receiver.secrets = {"acme": SECRET}
    now, body = int(time.time()), b'{"type":"order.placed"}'
    signed = signature_headers("event-1", now, body, (SECRET,))
    assert receiver.take("acme", signed, body)
    assert not receiver.take("acme", signed, b'{"type":"order.failed"}')
    assert not receiver.take("bella", signed, body)
    old = signature_headers("event-1", now - 1_000, body, (SECRET,))
    assert not receiver.take("acme", old, body)
    assert [webhook.genuine for webhook in receiver.untold()] == [True, False, False, False]
    assert receiver.untold() == []
