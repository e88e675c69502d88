"""Events sent from here: the very ones that the service sent, or would have."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.partners import events
from ops.partners.events import (
    Sent,
    as_the_local_run,
    events_for_server,
    events_of,
    send,
    trial_event,
)
from ops.reach.errors import OperatorError
from ops.reach.target import Target
from orders.domain.changes import history_entry, revise
from orders.domain.events import OrderEvent, event_of
from orders.domain.lifecycle import Role, Status
from orders.domain.order import Item, OrderPatch
from orders.domain.serving.server_events import OWN_MOVES, event_for_server
from orders.webhooks import TEST_NETWORKS, Deferred, Endpoint, Rejected
from tests.shared.stream_records import NOW, item, typed

if TYPE_CHECKING:
    from pathlib import Path

patches = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from([status.value for status in Status]),
        "note": st.text("ab", max_size=3),
    },
).filter(bool)


def changed(order: Item, patch: dict[str, Any], milliseconds: int) -> Item | None:
    """Change an order as the table does; None when its status does not allow it."""
    change = revise(msgspec.convert(patch, OrderPatch), Role.PARTNER, milliseconds)
    if Status(order["status"]) not in change.only_from:
        return None
    after = {**order, "version": order["version"] + 1, "updatedAt": change.at}
    if change.to is not None:
        after |= {"status": change.to.value, "history": [*order["history"], history_entry(change)]}
    return after


@given(st.lists(patches, max_size=12))
def test_an_order_tells_every_event_that_it_ever_made(steps: list[dict[str, Any]]) -> None:
    """Whatever happens to an order, its events computed later are those that were sent.

    Byte by byte: ids, versions, times and all.
    """
    order = item()
    sent = [event_of(order, None)]
    for number, patch in enumerate(steps):
        after = changed(order, patch, NOW + 1_000 * (number + 1))
        if after is not None:
            sent.append(event_of(after, order))
            order = after
    made = events_of(order)
    assert list(made.values()) == [event for event in sent if event is not None]
    assert [event.event_id for event in made.values()] == [
        f"{order['orderId']}.{version}" for version in made
    ]


@given(st.lists(patches, max_size=12))
def test_who_serves_an_order_can_be_told_all_of_it_again(steps: list[dict[str, Any]]) -> None:
    """Its events computed later are those that were sent to it, and where the order stands now."""
    order = item(servedBy="bella#rest-42")
    sent = [event_for_server(order, None)]
    for number, patch in enumerate(steps):
        after = changed(order, patch, NOW + 1_000 * (number + 1))
        if after is not None:
            sent.append(event_for_server(after, order))
            order = after
    made = events_for_server(order)
    told = [event for event in sent if event is not None]
    assert [event for event in made.values() if event in told] == told
    assert len(made) <= len(told) + (order["status"] in OWN_MOVES)
    assert json.loads(made[max(made)].body)["status"] == order["status"]


@pytest.mark.parametrize("served_by", [None, "#rest-42", "acme#rest-42"])
def test_who_does_not_serve_for_others_is_told_nothing(served_by: str | None) -> None:
    """An order without a second partner has no second events, and the operator reads why."""
    with pytest.raises(OperatorError, match=r"No other partner serves .*: its restaurant's staff"):
        events_for_server({**item(), "servedBy": served_by})


def test_a_new_time_to_be_ready_moves_no_event() -> None:
    """An order that is delayed tells what it told, and the delay, each by the id that it had."""
    placed = item(servedBy="bella#rest-42")
    confirmed = changed(placed, {"status": "CONFIRMED"}, NOW + 1_000)
    assert confirmed is not None
    confirmed["readyAt"] = "2026-11-18T12:00:00Z"
    later = {"readyAt": "2026-11-18T12:20:00Z", "version": 3, "updatedAt": "2026-11-18T11:30:00Z"}
    delayed = {**confirmed, **later}
    told = [event_of(placed, None), event_of(confirmed, placed), event_of(delayed, confirmed)]
    made = events_of(delayed)
    assert [event.event_id for event in made.values()] == [e and e.event_id for e in told]
    assert (made[1], made[3]) == (told[0], told[2])


def test_an_erasure_moves_no_event() -> None:
    """What a partner was told of an order is what it would be told once its person is erased."""
    history = [{"status": status, "at": f"t{n}"} for n, status in enumerate(["PLACED", "REJECTED"])]
    order = item(status="REJECTED", version=2, history=history, updatedAt="t1")
    erased = {**order, "version": 3, "erasedAt": "t2", "updatedAt": "t2"}
    assert events_of(erased) == events_of(order)


def test_a_trial_is_known_as_one() -> None:
    """A test event says so, and is of an order that there cannot be."""
    event = trial_event("2026-11-18T11:06:40.000Z")
    fields = json.loads(event.body)
    assert fields["test"] is True
    assert fields["eventId"] == event.event_id == f"{events.NO_ORDER}.1"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (204, Sent("e.1", delivered=True, answer="204")),
        (Deferred("HTTP 503"), Sent("e.1", delivered=False, answer="HTTP 503")),
        (Rejected("HTTP 410"), Sent("e.1", delivered=False, answer="HTTP 410")),
    ],
)
def test_what_an_endpoint_answers_is_told(
    answer: int | Exception, told: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator reads the status, or in a word why there was none."""

    def deliver(*_: object) -> int:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(events, "deliver", deliver)
    assert send(Endpoint("https://x.example"), OrderEvent("e.1", b"{}")) == told


class Table:
    """A table of one order, or of none."""

    def __init__(self, stored: Item | None) -> None:
        """Keep it as DynamoDB does."""
        self.stored = stored
        self.asked: list[Any] = []

    def get_item(self, **asked: Any) -> dict[str, Any]:
        """Give it."""
        self.asked.append(asked)
        return {"Item": typed(self.stored)} if self.stored else {}


def target(table: Table) -> Target:
    """A deployment with this table."""
    return Target("the stage", "orders-dev", lambda _: table, {"OrdersTable": "orders"}, "deploy")


def test_an_order_is_read_whole_and_in_one_read() -> None:
    """Its id is its key: one consistent read gives it, and its events."""
    order = item()
    table = Table(order)
    found = events.order_of(target(table), order["orderId"])
    assert events_of(found) == events_of(order)
    (asked,) = table.asked
    assert asked["ConsistentRead"]


@pytest.mark.parametrize(
    "order_id", [item()["orderId"], "no-id", ""], ids=["gone", "no id", "empty"]
)
def test_no_order(order_id: str) -> None:
    """An id that is no order's is told in a sentence; one that is none is not even looked for."""
    table = Table(None)
    with pytest.raises(OperatorError, match="There is no order"):
        events.order_of(target(table), order_id)
    assert len(table.asked) == (len(order_id) == 36)


def test_what_reaches_this_machine_does_so_only_while_it_must(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The local run's trust and networks are gone afterwards; mine are back."""
    monkeypatch.setenv("SSL_CERT_FILE", "mine.pem")
    monkeypatch.delenv(TEST_NETWORKS, raising=False)
    with as_the_local_run(tmp_path / "authorities.pem"):
        assert os.environ["SSL_CERT_FILE"] == str(tmp_path / "authorities.pem")
        assert "127.0.0.1/32" in os.environ[TEST_NETWORKS]
    assert os.environ["SSL_CERT_FILE"] == "mine.pem"
    assert TEST_NETWORKS not in os.environ
