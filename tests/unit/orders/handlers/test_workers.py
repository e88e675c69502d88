"""What each worker does with a change."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from orders.consumer import SERVER, SIDE, HandOver, Hopeless, Message, Retry
from orders.domain.lifecycle import Role, Status
from orders.flags import Decision
from orders.handlers import notify_partner, process_order
from orders.metrics import (
    PROCESSING_LATENCY,
    STREAM_LATENCY,
    WEBHOOKS_DELIVERED,
    WEBHOOKS_GIVEN_UP,
    WEBHOOKS_RETRIED,
)
from orders.parameters import Unreadable
from orders.settings import MAX_RECEIVES, RESTAURANTS_QUEUE, RETRIES_QUEUE, WEBHOOK_WAITS
from orders.slow_partners import PATIENCE_SECONDS, REMEMBERED_SECONDS, SlowPartners
from orders.store import Refused, Store
from orders.webhooks import LIMIT_SECONDS, Deferred, Endpoint, Rejected
from tests.shared.stream_records import item, message, record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orders.domain.changes import Change
    from orders.domain.order import Item

UNITS = 3.0
"""That a confirmation takes of the table and both its indexes."""

ENDPOINT = Endpoint("https://partner.example/hook", ("whsec_c2VjcmV0",))


def told(new: Item, old: Item | None = None) -> Message:
    """Make the message of a change."""
    return Message(message(json.dumps(record(new, old))))


def told_who_serves(new: Item, old: Item | None = None) -> Message:
    """Make the message of a change as the queue of those who serve orders has it."""
    record_ = message(json.dumps(record(new, old)))
    return Message({**record_, "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:serving"})


def served(**changes: Any) -> Item:
    """Store an order that acme placed and bella serves."""
    return item(servedBy="bella#rest-42", acceptBy="2026-11-18T11:16:40.123Z", **changes)


def told_again(new: Item, receives: int = 1) -> Message:
    """Make the message of a change as the queue of retries has it."""
    record_ = message(json.dumps(record(new)), receives=receives)
    return Message({**record_, "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:retries"})


def used(one: Message) -> tuple[float, ...]:
    """Read what a message's line tells of DynamoDB: calls, read and write units."""
    return tuple(one.notes[name] for name in ("dynamodbCalls", "readUnits", "writeUnits"))


class Table:
    """Takes changes, or refuses them."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, Change, frozenset[int]]] = []
        self.refuses = False

    def update(
        self, order_id: str, change: Change, owner: None, versions: Iterable[int]
    ) -> dict[str, Any]:
        assert owner is None
        Store.calls += 1
        if self.refuses:
            raise Refused(None)
        Store.write_units += UNITS
        self.changes.append((order_id, change, frozenset(versions)))
        return {"version": max(versions) + 1}


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    made = Table()
    monkeypatch.setattr(process_order, "store", lambda: made)
    return made


@pytest.fixture
def flag(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The decision of the next orders, and for whom it was asked."""
    decision: dict[str, Any] = {"is": Decision(on=True, why="set"), "asked": []}

    class Fixed:
        def decide(self, flag: Any, subject: str) -> Decision:
            decision["asked"].append((flag.name, subject))
            answer: Decision = decision["is"]
            return answer

    for worker in (process_order, notify_partner):
        monkeypatch.setattr(worker, "flags", Fixed)
    return decision


def test_a_placed_order_is_confirmed_at_the_version_of_its_message(
    table: Table, flag: dict[str, Any]
) -> None:
    """The service confirms, where the flag is on, exactly the version that it was told of."""
    new = item(version=3)
    one = told(new)
    assert process_order.process_order(one) == "confirmed"
    ((order_id, change, versions),) = table.changes
    assert (order_id, set(versions)) == (new["orderId"], {3})
    assert (change.to, change.by) == (Status.CONFIRMED, Role.SERVICE)
    assert change.only_from == {Status.PLACED}
    assert flag["asked"] == [("auto-confirm", "acme#cust-1")]
    assert one.notes["version"] == 4
    assert used(one) == (1, 0, UNITS)


def test_an_order_is_tried_again_while_the_flags_cannot_be_read(
    table: Table, flag: dict[str, Any]
) -> None:
    """A moment in which no flag can be read leaves no order waiting; the last try decides."""
    flag["is"] = Decision(on=False, why="unreadable")
    body = json.dumps(record(item()))
    with pytest.raises(Retry):
        process_order.process_order(Message(message(body, receives=MAX_RECEIVES - 1)))
    assert process_order.process_order(Message(message(body, receives=MAX_RECEIVES))) == "waiting"
    assert not table.changes


@pytest.mark.parametrize("why", ["set", "unset"])
def test_an_order_waits_for_its_restaurant_where_the_flag_is_off(
    table: Table, flag: dict[str, Any], why: str
) -> None:
    """Without the flag nothing is confirmed; the log says why."""
    flag["is"] = Decision(on=False, why=why)
    one = told(item())
    assert process_order.process_order(one) == "waiting"
    assert not table.changes
    told_of = {"flag": "auto-confirm", "flagOn": False, "flagWhy": why}
    assert {name: one.notes[name] for name in told_of} == told_of
    assert one.counts == []


@pytest.mark.usefixtures("flag")
def test_an_order_that_has_changed_meanwhile_is_left_alone(table: Table) -> None:
    """A message that comes late, twice or out of order does nothing."""
    table.refuses = True
    one = told(item())
    assert process_order.process_order(one) == "outdated"
    assert used(one) == (1, 0, 0)
    assert not one.latencies
    assert one.counts == []


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.PLACED])
def test_only_placed_orders_are_confirmed(
    table: Table, flag: dict[str, Any], status: Status
) -> None:
    """An order that has gone further is not taken back."""
    assert process_order.process_order(told(item(status=status.value))) == "not placed"
    assert not table.changes
    assert not flag["asked"]


@pytest.mark.usefixtures("table", "flag")
def test_how_long_an_order_took_is_measured_for_new_orders_only() -> None:
    """The latency is that from placing to processed; an edit hours later does not spoil it."""
    fresh, edited = told(item()), told(item(version=2), item())
    for one in (fresh, edited):
        assert process_order.process_order(one) == "confirmed"
    assert set(fresh.latencies) == {PROCESSING_LATENCY, STREAM_LATENCY}
    assert all(milliseconds >= 0 for milliseconds in fresh.latencies.values())
    assert not edited.latencies


def heartbeats() -> Item:
    """Store an order as the heartbeat places it."""
    order_ = item(partnerId="heartbeat", customerId="heartbeat#heartbeat", synthetic=True)
    return {**order_, "expiresAt": 1_795_604_800}


def test_an_order_of_the_heartbeat_is_seen_and_left_alone(
    table: Table, flag: dict[str, Any]
) -> None:
    """Whatever the flags say, nobody confirms it and nothing counts it; the log has its times."""
    one = told(heartbeats())
    assert process_order.process_order(one) == "synthetic"
    assert not table.changes
    assert not flag["asked"]
    assert not one.counts
    assert not one.latencies
    assert one.notes["processingLatency"] >= one.notes["streamLatency"] - 1000 >= -1000


class Partners:
    """The partners' endpoints, and what is sent to them."""

    def __init__(self) -> None:
        self.endpoint: Endpoint | None = ENDPOINT
        self.unreadable = False
        self.answer: int | Exception = 204
        self.sent: list[dict[str, Any]] = []
        self.limits: list[float] = []
        self.asked = "acme"
        self.takes = 0.0
        self.now = 1_000.0

    def of(self, partner_id: str) -> Endpoint | None:
        assert partner_id == self.asked
        if self.unreadable:
            raise Unreadable("ThrottlingException: acme")
        return self.endpoint

    def deliver(self, endpoint: Endpoint, event: Any, *, limit: float) -> int:
        assert endpoint is self.endpoint
        self.limits.append(limit)
        self.now += min(self.takes, limit)
        self.sent.append(json.loads(event.body))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def partners(monkeypatch: pytest.MonkeyPatch, flag: dict[str, Any]) -> Partners:
    assert flag["is"].on
    made = Partners()
    monkeypatch.setattr(notify_partner, "endpoints", lambda: made)
    monkeypatch.setattr(notify_partner, "deliver", made.deliver)
    memory = SlowPartners()
    monkeypatch.setattr(notify_partner, "slow_partners", lambda: memory)
    monkeypatch.setattr(time, "monotonic", lambda: made.now)
    serving = "https://sqs.us-east-1.amazonaws.com/111122223333/serving"
    monkeypatch.setenv(RESTAURANTS_QUEUE, serving)
    monkeypatch.setenv(RETRIES_QUEUE, "https://sqs.us-east-1.amazonaws.com/111122223333/retries")
    monkeypatch.setenv(WEBHOOK_WAITS, "5 300 1800")
    return made


def test_a_partner_hears_of_a_new_status(partners: Partners) -> None:
    """The event of the change goes to the partner whose order it is."""
    one = told(item(status="CONFIRMED", version=2), item())
    assert notify_partner.notify_partner(one) == "delivered"
    (event,) = partners.sent
    assert (event["type"], event["version"]) == ("order.confirmed", 2)
    assert one.counts == [WEBHOOKS_DELIVERED]
    assert one.notes["httpStatus"] == 204


def test_who_serves_an_order_hears_of_it_by_its_own_queue(
    partners: Partners, flag: dict[str, Any]
) -> None:
    """Of one change each queue calls one partner: who placed the order, or who serves it."""
    new, old = served(status="CANCELLED", version=2), served()
    assert notify_partner.notify_partner(told(new, old)) == "delivered"
    partners.asked = "bella"
    one = told_who_serves(new, old)
    assert notify_partner.notify_partner(one) == "delivered"
    placer, server = partners.sent
    extra = {"restaurantId": new["restaurantId"], "acceptBy": new["acceptBy"]}
    assert server == {**placer, **extra}
    assert not extra.keys() & placer.keys()
    assert flag["asked"] == [("partner-webhooks", "acme"), ("partner-webhooks", "bella")]
    assert (one.notes["partnerId"], one.notes["side"]) == ("bella", "server")


def test_a_retry_remembers_for_whom_it_is(partners: Partners) -> None:
    """The queue of retries is one for both; its attribute says who is to hear."""
    partners.asked, partners.answer = "bella", Deferred("HTTP 500")
    with pytest.raises(HandOver) as caught:
        notify_partner.notify_partner(told_who_serves(served()))
    assert caught.value.group == "bella"
    record_ = message(json.dumps(record(served())))
    side = {SIDE: {"stringValue": SERVER, "dataType": "String"}}
    for queue in ("retries", "queue"):  # the latter: a letter that came back where it lay
        arn = f"arn:aws:sqs:us-east-1:111122223333:{queue}"
        retried = Message({**record_, "eventSourceARN": arn, "messageAttributes": side})
        with pytest.raises(Retry):
            notify_partner.notify_partner(retried)
        assert retried.notes["partnerId"] == "bella"


def test_a_server_that_hangs_is_slow_for_itself_alone(partners: Partners) -> None:
    """Who serves orders and hangs keeps no other partner waiting, in either queue."""
    partners.asked, partners.takes, partners.answer = "bella", 60, Deferred("timed out")
    for reason in ("timed out", "slow lately"):
        with pytest.raises(HandOver, match=reason):
            notify_partner.notify_partner(told_who_serves(served()))
    partners.asked, partners.takes, partners.answer = "acme", 0, 204
    assert notify_partner.notify_partner(told(served())) == "delivered"


@pytest.mark.parametrize("served_by", [None, "#rest-42", "acme#rest-42"])
def test_no_second_partner_hears_where_there_is_none(
    partners: Partners, served_by: str | None
) -> None:
    """Served by nobody, by staff, or by who placed it: nothing is sent from this queue."""
    new = item() if served_by is None else item(servedBy=served_by)
    assert notify_partner.notify_partner(told_who_serves(new)) == "no event"
    assert not partners.sent


def test_nobody_hears_of_an_edit_or_of_an_order_without_partner(partners: Partners) -> None:
    """Only changes of status are told, and only to partners about their own orders."""
    assert notify_partner.notify_partner(told(item(version=2), item())) == "no event"
    direct = item()
    del direct["partnerId"]
    assert notify_partner.notify_partner(told(direct)) == "no event"
    assert not partners.sent


def test_nobody_hears_of_an_order_of_the_heartbeat(
    partners: Partners, flag: dict[str, Any]
) -> None:
    """Should its message get past the filter, nothing is looked up, sent or counted."""
    partners.unreadable = True
    cancelled = {**heartbeats(), "status": "CANCELLED", "version": 2}
    for one in (told(heartbeats()), told(cancelled, heartbeats())):
        assert notify_partner.notify_partner(one) == "synthetic"
        assert not one.counts
    assert not partners.sent
    assert not flag["asked"]


def test_a_partner_without_an_endpoint_is_done_with(partners: Partners) -> None:
    """A partner that wants no webhooks gets none, and nothing fails."""
    partners.endpoint = None
    assert notify_partner.notify_partner(told(item())) == "no endpoint"


def test_a_disabled_partner_hears_nothing(partners: Partners) -> None:
    """Neither new events are sent nor those that waited for another try, and none later."""
    partners.endpoint = msgspec.structs.replace(ENDPOINT, disabled=True)
    for one in (told(item()), told_again(item())):
        assert notify_partner.notify_partner(one) == "partner disabled"
        assert one.counts == []
    assert not partners.sent


def test_a_partner_whose_webhooks_are_off_gets_none(
    partners: Partners, flag: dict[str, Any]
) -> None:
    """Switched off for a partner, nothing is sent, tried again or even looked up; the log says."""
    flag["is"], partners.unreadable = Decision(on=False, why="set"), True
    one = told(item())
    assert notify_partner.notify_partner(one) == "webhooks off"
    assert flag["asked"] == [("partner-webhooks", "acme")]
    assert not partners.sent
    assert (one.notes["flag"], one.notes["flagOn"]) == ("partner-webhooks", False)
    assert one.counts == []


def test_nobody_asks_whether_webhooks_are_on_where_there_is_none_to_send(
    partners: Partners, flag: dict[str, Any]
) -> None:
    """An edit, which no partner hears of, costs no decision."""
    assert notify_partner.notify_partner(told(item(version=2), item())) == "no event"
    assert not flag["asked"]
    assert not partners.sent


def test_a_passing_failure_is_tried_again_when_the_partner_says(partners: Partners) -> None:
    """A partner that is busy gets its event later, not before it asked."""
    partners.answer = Deferred("HTTP 429", 77)
    for one, kind in ((told(item()), HandOver), (told_again(item()), Retry)):
        with pytest.raises(Retry, match="HTTP 429") as caught:
            notify_partner.notify_partner(one)
        assert type(caught.value) is kind
        assert caught.value.after == 77
        assert one.counts == [WEBHOOKS_RETRIED]


def test_a_first_attempt_that_fails_goes_to_the_retries(partners: Partners) -> None:
    """It waits there, as its partner's, and in the first queue nobody waits with it."""
    partners.answer = Deferred("connection refused")
    with pytest.raises(HandOver, match="connection refused") as caught:
        notify_partner.notify_partner(told(item()))
    assert caught.value.group == "acme"
    assert 5 <= caught.value.after <= 6


def test_a_webhook_is_given_up_at_the_last_retry_and_not_before(partners: Partners) -> None:
    """What counts are the tries of the retries' queue; a first attempt is never the last."""
    partners.answer = Deferred("HTTP 500")
    first = Message(message(json.dumps(record(item())), receives=MAX_RECEIVES))
    counted = []
    for one in (first, told_again(item(), 2), told_again(item(), 3)):
        with pytest.raises(Retry):
            notify_partner.notify_partner(one)
        counted += one.counts
    assert counted == [WEBHOOKS_RETRIED, WEBHOOKS_RETRIED, WEBHOOKS_GIVEN_UP]


def test_a_partner_that_hangs_takes_one_second_of_a_function(partners: Partners) -> None:
    """However many events it is to get: one is tried, for a second, and the others not at all."""
    partners.takes, partners.answer = 60, Deferred("timed out after 1 s")
    began = partners.now
    waiting = []
    for number in range(1, 81):
        with pytest.raises(HandOver) as caught:
            notify_partner.notify_partner(told(item(version=number)))
        waiting.append(caught.value)
    assert partners.now - began == PATIENCE_SECONDS
    assert partners.limits == [PATIENCE_SECONDS]
    assert {str(one) for one in waiting[1:]} == {"slow lately"}
    assert {one.after for one in waiting[1:]} == {0}
    assert {one.group for one in waiting} == {"acme"}


def test_an_event_that_was_not_sent_is_no_failed_attempt(partners: Partners) -> None:
    """What counts a partner's failures counts attempts, and of those there was none."""
    partners.takes = 60
    partners.answer = Deferred("timed out after 1 s")
    for attempted in (True, False):
        one = told(item())
        with pytest.raises(HandOver):
            notify_partner.notify_partner(one)
        assert ("attempted" in one.notes) is attempted
        assert bool(one.counts) is attempted


def test_a_retry_has_all_the_time_that_was_promised(partners: Partners) -> None:
    """A partner that is slow, but answers, gets its events: always from the retries."""
    partners.takes, partners.answer = 3, Deferred("timed out after 1 s")
    with pytest.raises(HandOver):
        notify_partner.notify_partner(told(item()))
    partners.answer = 200
    assert notify_partner.notify_partner(told_again(item())) == "delivered"
    assert partners.limits == [PATIENCE_SECONDS, LIMIT_SECONDS]
    with pytest.raises(HandOver, match="slow lately"):
        notify_partner.notify_partner(told(item()))


@pytest.mark.parametrize("recovers", ["a quick retry", "time"])
def test_a_partner_that_recovers_is_served_at_once_again(partners: Partners, recovers: str) -> None:
    """Its first quick answer ends the suspicion, and so do five minutes."""
    partners.takes, partners.answer = 60, Deferred("timed out after 1 s")
    with pytest.raises(HandOver):
        notify_partner.notify_partner(told(item()))
    partners.takes, partners.answer = 0.1, 204
    if recovers == "time":
        partners.now += REMEMBERED_SECONDS + 1
    else:
        assert notify_partner.notify_partner(told_again(item())) == "delivered"
    assert notify_partner.notify_partner(told(item())) == "delivered"


def test_a_partner_that_fails_quickly_is_tried_each_time(partners: Partners) -> None:
    """A quick refusal keeps nobody waiting, so there is no reason to leave an attempt out."""
    partners.answer = Deferred("HTTP 500")
    for _ in range(3):
        with pytest.raises(HandOver, match="HTTP 500"):
            notify_partner.notify_partner(told(item()))
    assert len(partners.sent) == 3


def test_a_refusal_is_final(partners: Partners) -> None:
    """An event that its partner refuses is not sent again; an operator sees it."""
    partners.answer = Rejected("HTTP 404")
    one = told(item())
    with pytest.raises(Hopeless, match="HTTP 404"):
        notify_partner.notify_partner(one)
    assert one.counts == [WEBHOOKS_GIVEN_UP]


def test_an_endpoint_that_cannot_be_read_is_worth_another_try(partners: Partners) -> None:
    """While Parameter Store is away no event is dropped."""
    partners.unreadable = True
    with pytest.raises(Retry):
        notify_partner.notify_partner(told(item()))
