"""The event of a change says what happened, and nothing about whom it happened to."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.changes import place_for_partner
from orders.domain.events import event_of
from orders.domain.lifecycle import MOVES, Status
from orders.domain.order import NewPartnerOrder
from orders.domain.reasons import REASONED
from tests.shared import examples

NOW = 1_795_000_000_000
AT = "2026-11-18T11:06:40.000Z"


def stored(status: Status = Status.PLACED, **changes: Any) -> dict[str, Any]:
    """Make an order as it is stored."""
    body = msgspec.convert(examples.ORDER, NewPartnerOrder)
    return {**place_for_partner(body, "acme", NOW), "status": status.value, **changes}


def fields_of(new: dict[str, Any], old: dict[str, Any] | None) -> dict[str, Any]:
    """Read the event that must be there."""
    event = event_of(new, old)
    assert event is not None
    fields: dict[str, Any] = json.loads(event.body)
    assert fields["eventId"] == event.event_id
    return fields


def test_a_placed_order_is_told_of() -> None:
    """The partner hears of a new order, in exactly these fields, in this order, compact."""
    event = event_of(stored(orderId="order-1"), None)
    assert event is not None
    assert event.event_id == "order-1.1"
    assert event.body.decode() == (
        '{"eventId":"order-1.1","schemaVersion":"1","type":"order.placed","orderId":"order-1",'
        f'"status":"PLACED","version":1,"occurredAt":"{AT}"}}'
    )


@pytest.mark.parametrize("status", sorted(REASONED))
def test_the_event_of_an_end_says_why(status: Status) -> None:
    """The reason's code is told; its text, which may be about a person, is not."""
    why = {"reason": "too-busy", "reasonText": "Ada called"}
    entry = {"status": status.value, "at": AT, "by": "partner", **why}
    new = stored(status, version=2, history=[{"status": "PLACED"}, entry])
    event = event_of(new, {**new, "status": "PLACED", "version": 1})
    assert event is not None
    assert json.loads(event.body)["reason"] == "too-busy"
    assert b"Ada" not in event.body


@pytest.mark.parametrize(
    "history",
    [
        None,
        [],
        "x",
        [None],
        ["too-busy"],
        [{}],
        [{"reason": "Ada called"}],
        [{"reason": ["other"]}],
    ],
)
def test_what_is_no_reason_is_told_to_nobody(history: Any) -> None:
    """An order that ended before there were reasons has none, and no text passes for a code."""
    new = stored(Status.CANCELLED, version=2, history=history)
    assert "reason" not in fields_of(new, {**new, "status": "PLACED", "version": 1})


MOVES_MADE = [(origin, target) for origin, moves in MOVES.items() for target in moves]


@pytest.mark.parametrize(("origin", "target"), MOVES_MADE)
def test_every_move_is_told_of(origin: Status, target: Status) -> None:
    """Each move of the lifecycle makes an event with the new status, version and time."""
    new = stored(target, version=7, updatedAt="2026-11-18T12:00:00.000Z")
    fields = fields_of(new, {**new, "status": origin.value, "version": 6, "updatedAt": AT})
    told = (fields["status"], fields["version"], fields["occurredAt"])
    assert told == (target, 7, "2026-11-18T12:00:00.000Z")


@pytest.mark.parametrize("status", Status)
def test_an_edit_is_not_told_of(status: Status) -> None:
    """A change of items, address or note makes no event, at any status."""
    assert event_of(stored(status, version=2, note="ring twice"), stored(status)) is None


def test_a_new_time_to_be_ready_is_told_of() -> None:
    """The partner hears of a delay: the order stands where it stood, at a version of its own."""
    ready, later = "2026-11-18T12:00:00Z", "2026-11-18T12:20:00Z"
    old = stored(Status.CONFIRMED, version=2, readyAt=ready)
    fields = fields_of({**old, "version": 3, "readyAt": later}, old)
    assert fields["type"] == "order.ready-time-changed"
    assert (fields["status"], fields["version"], fields["readyAt"]) == ("CONFIRMED", 3, later)
    assert event_of({**old, "version": 3, "note": "x"}, old) is None
    first = fields_of({**old, "version": 3}, stored(Status.CONFIRMED, version=2))
    assert first["type"] == "order.ready-time-changed"


def test_an_accepted_order_is_told_with_its_time() -> None:
    """One event says that it is confirmed and when it is ready; later ones need not repeat it."""
    ready = "2026-11-18T12:00:00Z"
    new = stored(Status.CONFIRMED, version=2, readyAt=ready)
    fields = fields_of(new, stored())
    assert (fields["type"], fields["readyAt"]) == ("order.confirmed", ready)
    cooking = stored(Status.PREPARING, version=3, readyAt=ready)
    assert "readyAt" not in fields_of(cooking, new)


def test_a_type_is_the_status_in_lower_case_with_hyphens() -> None:
    """Types read as partners expect of webhooks: order.picked-up."""
    assert [fields_of(stored(status), None)["type"] for status in Status] == [
        "order.placed",
        "order.confirmed",
        "order.preparing",
        "order.ready",
        "order.picked-up",
        "order.delivered",
        "order.rejected",
        "order.cancelled",
        "order.failed",
    ]


def test_a_redelivered_change_is_the_same_event() -> None:
    """A partner knows a duplicate by its id: the same change makes the same bytes each time."""
    new, old = stored(Status.CONFIRMED, version=2), stored()
    assert event_of(new, old) == event_of(dict(reversed(new.items())), old)


@given(examples.orders, st.sampled_from(Status))
def test_an_event_has_no_personal_data(body: dict[str, Any], status: Status) -> None:
    """Whatever a customer writes, an event has only the order's id, status, version and time."""
    item = place_for_partner(msgspec.convert(body, NewPartnerOrder), "acme", NOW)
    order_id = item["orderId"]
    assert fields_of({**item, "status": status.value}, None) == {
        "eventId": f"{order_id}.1",
        "schemaVersion": "1",
        "type": f"order.{status.value.lower().replace('_', '-')}",
        "orderId": order_id,
        "status": status.value,
        "version": 1,
        "occurredAt": AT,
    }
