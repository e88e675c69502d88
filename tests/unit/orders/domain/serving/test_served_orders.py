"""What becomes of an order that somebody serves: who moves it, and who sees what of it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.changes import (
    Change,
    InvalidField,
    attributes_of,
    history_entry,
    revise,
    settled,
    view,
)
from orders.domain.lifecycle import MOVES, Role, Status, statuses_before
from orders.domain.order import OrderPatch, PartnerOrderPatch, ServedOrderPatch
from orders.domain.reasons import REASONED
from tests.shared.examples import order
from tests.shared.stream_records import customers_order, partners_order

NOW = 1_795_000_000_123
WHY = {"code": "too-busy", "text": "Two ovens are broken"}
SERVED = {"servedBy": "bella#rest-1"}
ENDED = sorted(status for status, moves in MOVES.items() if not moves)


def placers(body: dict[str, Any]) -> Change:
    """Change an order as the partner that placed it."""
    return revise(_read(body, PartnerOrderPatch), Role.PARTNER, NOW)


def servers(body: dict[str, Any], role: Role = Role.RESTAURANT) -> Change:
    """Change an order as who serves it."""
    return revise(_read(body, ServedOrderPatch), role, NOW)


def _read(body: dict[str, Any], kind: Any) -> Any:
    return msgspec.convert(body, kind)


@given(st.sampled_from(Status))
def test_who_placed_a_served_order_moves_it_as_a_customer(to: Status) -> None:
    """A partner moves along every arrow what nobody else serves, and only cancels what one does."""
    change = placers({"status": to.value})
    assert change.allowed_from({}) == statuses_before(to, Role.PARTNER)
    assert change.allowed_from(SERVED) == statuses_before(to, Role.CUSTOMER)


@given(st.sampled_from(Status))
def test_who_serves_an_order_makes_every_move(to: Status) -> None:
    """Staff and partners that serve take an order along every arrow that partners had so far."""
    body = {"status": to.value, **({"reason": WHY} if to in REASONED else {})}
    for role in (Role.RESTAURANT, Role.PARTNER, Role.OPERATOR):
        change = servers(body, role)
        assert change.allowed_from(SERVED) == statuses_before(to, Role.PARTNER)
        assert not change.edits


def test_who_placed_a_served_order_edits_it_while_it_is_placed() -> None:
    """Contents stay the placer's, as long as the kitchen has not taken them."""
    change = placers({"note": "ring twice"})
    assert change.allowed_from(SERVED) == change.allowed_from({}) == {Status.PLACED}
    assert placers({"note": "x", "status": "CONFIRMED"}).allowed_from(SERVED) == frozenset()


def test_operators_and_customers_do_as_before() -> None:
    """Whether somebody serves an order is nothing to them."""
    for role in (Role.OPERATOR, Role.CUSTOMER):
        for to in Status:
            change = revise(OrderPatch(status=to), role, NOW)
            assert change.allowed_from(SERVED) == change.allowed_from({})


def test_a_change_looks_at_who_serves_only_where_that_decides() -> None:
    """Every condition costs a grant: a cancellation by a customer has none for it."""
    assert "servedBy" in attributes_of(placers({"status": "READY"}))
    assert "servedBy" not in attributes_of(placers({"note": "x"}))
    assert "servedBy" not in attributes_of(servers({"status": "READY"}))


def test_a_served_order_with_old_sums_is_not_made_anew_for_a_move_it_refuses() -> None:
    """What the order does not take is told, and not tried again in another form."""
    item = {**partners_order(order()), **SERVED, "status": "PREPARING"}
    change = placers({"status": "READY"})._replace(add=((("total",), ("total",), 1),))
    assert settled(change, {**item, "sums": {}}) is None


@pytest.mark.parametrize("to", sorted(REASONED))
def test_a_restaurant_says_why_an_order_ended(to: Status) -> None:
    """Without a reason such an end is refused; with one it stands in the history."""
    with pytest.raises(InvalidField, match=f"Say why the order is {to}") as caught:
        servers({"status": to.value})
    assert caught.value.pointer == "#/reason"
    entry = history_entry(servers({"status": to.value, "reason": WHY}))
    assert entry["by"] == "restaurant"
    assert (entry["reason"], entry["reasonText"]) == (WHY["code"], WHY["text"])


def test_a_restaurant_cannot_say_that_nobody_answered() -> None:
    """That reason is the service's own."""
    with pytest.raises(msgspec.ValidationError):
        servers({"status": "REJECTED", "reason": {"code": "no-answer"}})


def test_a_restaurant_must_say_something() -> None:
    """An empty change is refused with what it could be."""
    with pytest.raises(InvalidField, match="Must change something: status"):
        servers({})


@pytest.mark.parametrize("status", [status for status in Status if status not in ENDED])
def test_who_serves_an_order_reads_where_it_goes_and_not_whose_it_is(status: Status) -> None:
    """Cooks and couriers need phone, address and notes; whose customer it is they do not."""
    item = {**partners_order(order(note="ring", reference="r-1")), **SERVED, "status": status}
    whole, served = view(item, Role.PARTNER), view(item, Role.RESTAURANT, serving=True)
    assert set(whole) - set(served) == {"customerId", "partnerId", "reference"}
    assert all(served[name] == whole[name] for name in served)
    assert "servedBy" not in whole


@pytest.mark.parametrize("status", ENDED)
def test_once_an_order_ended_who_served_it_reads_no_personal_data(status: Status) -> None:
    """What was ordered, what it cost and why it ended stay; phone, address and notes go."""
    body = order(note="ring")
    body["items"][0]["note"] = "no onions, for Ann"
    item = {**customers_order(body, "sub-1"), "servedBy": "#rest-1", "status": status}
    item["history"].append(
        {"status": status, "at": item["timestamp"], "by": "x", "reasonText": "y"}
    )
    before = json.dumps(item)
    whole, served = view(item), view(item, Role.RESTAURANT, serving=True)
    assert set(whole) - set(served) == {"customerId", "contactPhone", "deliveryAddress", "note"}
    assert "no onions" not in json.dumps(served)
    assert served["items"][0]["name"] == whole["items"][0]["name"]
    assert served["history"][-1]["reasonText"] == "y"
    assert json.dumps(item) == before, "the order itself is as it was"
    assert "no onions" in json.dumps(whole)
