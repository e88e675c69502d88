"""Who serves an order hears of it, on the running stack, by a queue of its own."""

from __future__ import annotations

import contextlib
import json
import ssl
import time
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest

from infrastructure import outputs
from local.demo.receiver import Listener, receiver
from ops.partners.webhooks import new_secret
from orders.domain.ids import timestamp_in, timestamp_of
from orders.partner_endpoints import parameter_name, text_of
from orders.webhooks import Endpoint
from tests.shared.people import aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from local.demo.receiver import Receiver
    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration

PATIENCE = 60.0
NOBODY = "r-nobody-serves"
"""A restaurant that nobody serves, until a test says who does."""


class Server(NamedTuple):
    """A partner that serves a restaurant, and what came to its endpoint."""

    stack: Endpoints
    partner_id: str
    state: Receiver

    @property
    def served_by(self) -> str:
        return f"{self.partner_id}#{NOBODY}"

    def tries(self, order_id: str) -> list[dict[str, Any]]:
        """Give the events of an order, as they came."""
        assert all(webhook.genuine for webhook in self.state.latest())
        events = [webhook.event for webhook in self.state.latest()]
        return [event for event in events if event["orderId"] == order_id]

    def heard(self, order_id: str) -> list[dict[str, Any]]:
        """Give the events of an order, each once, by their versions."""
        return distinct(self.tries(order_id))

    def types(self, order_id: str) -> list[str]:
        return [event["type"] for event in self.heard(order_id)]


class Answers:
    """What an endpoint answers, for as long as it is not told otherwise."""

    def __init__(self, status: int) -> None:
        """Begin with a status."""
        self.status = status

    def __iter__(self) -> Iterator[int]:
        """Give the status of the moment, without end."""
        while True:
            yield self.status


def distinct(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Drop what came before, as a partner does: an attempt that was broken off comes again."""
    known = {event["eventId"]: event for event in events}
    return sorted(known.values(), key=lambda event: int(event["version"]))


def wait_until(promise: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not promise():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


@contextlib.contextmanager
def serving(stack: Endpoints, answers: Iterable[int] = ()) -> Iterator[Server]:
    """Let a new partner listen, which answers so at first."""
    partner_id, secret = f"kitchen-{uuid.uuid4().hex[:8]}", new_secret()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(stack.server_pem)
    described = aws(stack, "cloudformation").describe_stacks(StackName=stack.stack_name)
    values = {each["OutputKey"]: each["OutputValue"] for each in described["Stacks"][0]["Outputs"]}
    with receiver(0, context, Listener(partner_id, secret, answers)) as state:
        aws(stack, "ssm").put_parameter(
            Name=parameter_name(stack.parameters["partners"], partner_id),
            Value=text_of(Endpoint(f"{state.url}/hook", (secret,))),
            Type="SecureString",
            KeyId=values[outputs.PARTNER_SECRETS_KEY],
        )
        yield Server(stack, partner_id, state)


@pytest.fixture
def kitchen(stack: Endpoints) -> Iterator[Server]:
    """A partner that serves restaurants."""
    with serving(stack) as server:
        yield server


UNTIL = timestamp_of(int((time.time() + 3_600) * 1_000))
"""Until when these orders can be answered: longer than the tests take."""


def hand_to(stack: Endpoints, order_id: str, served_by: str) -> None:
    """Say who serves an order from now on, as an operator's command does."""
    aws(stack, "dynamodb").update_item(
        TableName=stack.tables["orders"],
        Key={"orderId": {"S": order_id}, "timestamp": {"S": timestamp_in(order_id) or ""}},
        UpdateExpression="SET servedBy = :server, acceptBy = :until ADD version :one",
        ConditionExpression="attribute_exists(orderId)",
        ExpressionAttributeValues={
            ":server": {"S": served_by},
            ":until": {"S": UNTIL},
            ":one": {"N": "1"},
        },
    )


def move(stack: Endpoints, order_id: str, status: str) -> None:
    """Move an order as an operator does."""
    moved = httpx.patch(
        f"{stack.api_url}/orders/{order_id}",
        json={"status": status},
        headers={"Authorization": f"Bearer {stack.operator_token}"},
        timeout=60,
    )
    assert moved.status_code == 200, moved.text


def placed_for(partner: Partner) -> str:
    return str(partner.place(restaurantId=NOBODY)["orderId"])


def told(stack: Endpoints, order_id: str) -> list[dict[str, Any]]:
    """Read what the worker has told of an order, a line for each message."""
    pages = aws(stack, "logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName=stack.log_groups["notify_partner"])
    lines = [event["message"] for page in found for event in page["events"]]
    parsed = [json.loads(line) for line in lines if line.startswith("{") and order_id in line]
    return [line for line in parsed if "outcome" in line]


def test_who_serves_an_order_hears_of_each_status_that_others_give_it(
    stack: Endpoints, acme: Partner, kitchen: Server
) -> None:
    """Once for each status, what it prepares itself left out; the event says where and until when.

    Who placed the order hears of every status, and nothing of restaurant or deadline.
    """
    order_id = placed_for(acme)
    hand_to(stack, order_id, kitchen.served_by)
    for status in ("CONFIRMED", "PREPARING", "READY", "PICKED_UP", "DELIVERED"):
        move(stack, order_id, status)
    expected = ["order.placed", "order.confirmed", "order.picked-up", "order.delivered"]
    wait_until(lambda: len(kitchen.types(order_id)) >= len(expected), "its server hears nothing")
    wait_until(lambda: len(to_placer(stack, order_id)) >= 6, "who placed it hears nothing")
    assert kitchen.types(order_id) == expected
    first = kitchen.heard(order_id)[0]
    assert (first["version"], first["restaurantId"]) == (2, NOBODY)
    assert first["acceptBy"] == UNTIL
    placers = to_placer(stack, order_id)
    assert not {"restaurantId", "acceptBy"} & {name for event in placers for name in event}
    assert [event["version"] for event in placers] == [1, 3, 4, 5, 6, 7]


def test_a_restaurant_that_is_bound_is_heard_of_from_the_first(
    stack: Endpoints, bella: Partner
) -> None:
    """Who serves the demo's first restaurant hears of an order there as it is placed."""
    order_id = str(bella.place(restaurantId="rest-1")["orderId"])
    wait_until(lambda: len(to_demo_partners(stack, order_id)) >= 2, "one of both hears nothing")
    heard = {one["partner_id"]: one["event"] for one in to_demo_partners(stack, order_id)}
    assert set(heard) == {stack.partner_id, stack.other_partner_id}
    server, placer = heard[stack.partner_id], heard[stack.other_partner_id]
    assert (server["type"], server["restaurantId"]) == ("order.placed", "rest-1")
    assert {name: server[name] for name in placer} == placer


def to_demo_partners(stack: Endpoints, order_id: str) -> list[dict[str, Any]]:
    """Give the webhooks of an order that came to the demo partners."""
    trusted = ssl.create_default_context(
        cafile=stack.server_pem.replace("server.pem", "authorities.pem")
    )
    latest: list[dict[str, Any]] = httpx.get(stack.webhooks_url, verify=trusted).json()
    return [one for one in latest if one["event"]["orderId"] == order_id]


def to_placer(stack: Endpoints, order_id: str) -> list[dict[str, Any]]:
    """Give the events that the demo partner got which placed an order, in order."""
    return distinct([one["event"] for one in to_demo_partners(stack, order_id)])


def test_nobody_hears_by_webhook_where_staff_serve(stack: Endpoints, acme: Partner) -> None:
    """Staff look at their list: no second message comes to the worker, and nothing is sent."""
    order_id = placed_for(acme)
    hand_to(stack, order_id, f"#{NOBODY}")
    move(stack, order_id, "CONFIRMED")
    wait_until(lambda: len(to_placer(stack, order_id)) == 2, "who placed it hears nothing")
    # Placed, confirmed, and handed to staff, which is no event to who placed it.
    wait_until(lambda: {2, 3} <= {line["version"] for line in told(stack, order_id)}, "not seen")
    passed_on = [line for line in told(stack, order_id) if line["outcome"] == "no event"]
    assert [line["version"] for line in passed_on] == [2]


def test_an_endpoint_that_was_down_gets_its_event_and_who_placed_no_second(
    stack: Endpoints, acme: Partner
) -> None:
    """What fails at one endpoint is sent again there, until it is taken, and nowhere else."""
    order_id = placed_for(acme)
    with serving(stack, answers=[503, 503]) as kitchen:
        hand_to(stack, order_id, kitchen.served_by)
        move(stack, order_id, "CANCELLED")
        wait_until(lambda: set(kitchen.types(order_id)) >= {"order.cancelled"}, "not delivered")
        wait_until(lambda: len(delivered(stack, order_id)) == 2, "not delivered")
        assert len(kitchen.tries(order_id)) >= 4  # two were not taken at first
        assert kitchen.types(order_id) == ["order.placed", "order.cancelled"]
    assert [event["type"] for event in to_placer(stack, order_id)] == [
        "order.placed",
        "order.cancelled",
    ]


def delivered(stack: Endpoints, order_id: str) -> list[dict[str, Any]]:
    """Give the lines of what was delivered to whoever serves an order."""
    lines = told(stack, order_id)
    return [one for one in lines if one["outcome"] == "delivered" and one.get("side") == "server"]


def test_what_an_endpoint_refuses_waits_among_dead_letters_of_its_own(
    stack: Endpoints, acme: Partner
) -> None:
    """Sent back from there it goes to the same endpoint, and who placed the order hears nothing."""
    order_id = placed_for(acme)
    answers = Answers(410)
    with serving(stack, answers) as kitchen:
        hand_to(stack, order_id, kitchen.served_by)
        letter = dead_letter(stack, order_id)
        assert letter["MessageAttributes"]["reason"]["StringValue"] == "HTTP 410"
        answers.status = 204
        sqs = aws(stack, "sqs")
        sqs.send_message(
            QueueUrl=stack.queues["restaurant_notifications"],
            MessageBody=letter["Body"],
            MessageAttributes=letter["MessageAttributes"],
        )
        sqs.delete_message(
            QueueUrl=stack.queues["restaurant_notifications_dead_letters"],
            ReceiptHandle=letter["ReceiptHandle"],
        )
        wait_until(lambda: len(delivered(stack, order_id)) == 1, "not delivered")
        assert kitchen.types(order_id) == ["order.placed"]
        assert len(kitchen.tries(order_id)) >= 2
    assert len(to_placer(stack, order_id)) == 1


def dead_letter(stack: Endpoints, order_id: str) -> Any:
    """Wait for the dead letter of an order at those who serve, and take it."""
    found: list[Any] = []

    def is_there() -> bool:
        answer = aws(stack, "sqs").receive_message(
            QueueUrl=stack.queues["restaurant_notifications_dead_letters"],
            MessageAttributeNames=["All"],
            MaxNumberOfMessages=10,
            VisibilityTimeout=5,
        )
        found.extend(one for one in answer.get("Messages", ()) if order_id in one["Body"])
        return bool(found)

    wait_until(is_there, "there is no dead letter")
    return found[0]


def test_a_retry_that_dies_by_its_function_s_death_still_knows_for_whom_it_is(
    stack: Endpoints, acme: Partner, kitchen: Server
) -> None:
    """The queue of retries has one place for its dead: sent back from there, its side is kept."""
    order_id = placed_for(acme)
    wait_until(lambda: len(to_placer(stack, order_id)) == 1, "who placed it hears nothing")
    answers = Answers(410)
    with serving(stack, answers) as refusing:
        hand_to(stack, order_id, refusing.served_by)
        letter = dead_letter(stack, order_id)
        answers.status = 204
        before = len(refusing.tries(order_id))
        aws(stack, "sqs").send_message(
            QueueUrl=stack.queues["partner_notifications"],
            MessageBody=letter["Body"],
            MessageAttributes=letter["MessageAttributes"],
        )
        wait_until(lambda: len(refusing.tries(order_id)) > before, "not sent again")
        assert refusing.types(order_id) == ["order.placed"]
    assert len(to_placer(stack, order_id)) == 1
    assert not kitchen.heard(order_id)


@pytest.mark.parametrize("moves", [(), ("CONFIRMED",), ("CONFIRMED", "PREPARING", "READY")])
def test_who_takes_over_hears_where_the_order_stands(
    stack: Endpoints, acme: Partner, kitchen: Server, moves: tuple[str, ...]
) -> None:
    """Bound to somebody new, an order is told of as it stands; whoever served it hears no more."""
    order_id = placed_for(acme)
    with serving(stack) as former:
        hand_to(stack, order_id, former.served_by)
        for status in moves:
            move(stack, order_id, status)
        hand_to(stack, order_id, kitchen.served_by)
        wait_until(lambda: bool(kitchen.heard(order_id)), "the new server hears nothing")
        (event,) = kitchen.heard(order_id)
        assert event["status"] == (moves[-1] if moves else "PLACED")
        assert event["version"] == len(moves) + 3
        told_before = {event["version"] for event in former.heard(order_id)}
        assert event["version"] not in told_before
