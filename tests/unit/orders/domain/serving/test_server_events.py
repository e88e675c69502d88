"""Who serves an order hears what others did with it, and where it stands when it is new to it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orders.domain.events import event_of
from orders.domain.lifecycle import MOVES, Status
from orders.domain.serving.server_events import OWN_MOVES, event_for_server, partner_serving
from tests.shared.stream_records import item

AT = "2026-11-18T11:06:40.000Z"


def stored(status: str = "PLACED", **changes: Any) -> dict[str, Any]:
    """Store an order that acme placed and bella serves."""
    return item(**{"status": status, "servedBy": "bella#rest-42", **changes})


def heard(new: dict[str, Any], old: dict[str, Any] | None) -> dict[str, Any] | None:
    """Read what is told of a write, if anything is."""
    event = event_for_server(new, old)
    return None if event is None else json.loads(event.body)


def test_a_new_order_is_told_of_with_what_accepting_it_takes() -> None:
    """The event is that of who placed it, and says which restaurant, and until when."""
    new = stored(acceptBy="2026-11-18T11:16:40.123Z", restaurantId="rest-42")
    event, placer_s = event_for_server(new, None), event_of(new, None)
    assert event is not None
    assert placer_s is not None
    assert event.event_id == placer_s.event_id
    added = ',"restaurantId":"rest-42","acceptBy":"2026-11-18T11:16:40.123Z"}'
    assert event.body.decode() == placer_s.body.decode().removesuffix("}") + added


def test_an_order_without_a_deadline_has_none_in_its_event() -> None:
    """Nothing is made up for what was placed before there were deadlines."""
    fields = heard(stored(), None)
    assert fields is not None
    assert "acceptBy" not in fields


MOVES_MADE = [(origin, target) for origin, moves in MOVES.items() for target in moves]


@pytest.mark.parametrize(("origin", "target"), MOVES_MADE)
def test_every_move_is_told_of_but_its_own(origin: Status, target: Status) -> None:
    """Whoever prepares an order knows that it does; all else is told."""
    new = stored(target.value, version=7)
    fields = heard(new, {**new, "status": origin.value, "version": 6})
    assert (fields is None) == (target.value in OWN_MOVES)


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("before", [None, "#rest-42", "other#rest-42"])
def test_who_takes_over_hears_where_the_order_stands(status: Status, before: str | None) -> None:
    """The new server is told the status as it is, whatever it is, once."""
    new = stored(status.value, version=4)
    old = {**new, "version": 3, "servedBy": before}
    if before is None:
        del old["servedBy"]
    fields = heard(new, old)
    assert fields is not None
    told = (fields["type"], fields["eventId"])
    assert told == (f"order.{status.lower().replace('_', '-')}", f"{new['orderId']}.4")
    assert heard({**new, "version": 5}, new) is None


@pytest.mark.parametrize("served_by", [None, "", "#rest-42", "acme#rest-42", 7])
def test_nothing_is_told_where_no_other_partner_serves(served_by: Any) -> None:
    """Staff look at their list, and who placed the order hears of it as that."""
    new = {**stored(), "servedBy": served_by}
    assert heard(new, None) is None


@pytest.mark.parametrize(
    ("served_by", "partner"),
    [("bella#rest-1", "bella"), ("#rest-1", None), ("bella#a~b.c", "bella"), (None, None)],
)
def test_the_partner_stands_before_the_restaurant(
    served_by: str | None, partner: str | None
) -> None:
    """Whose endpoint is called is read from the order as it was stamped."""
    assert partner_serving({"servedBy": served_by}) == partner
