"""Orders that nobody answers, on the running stack: a one-shot, the queue, and the worker."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cli import app as cli
from ops.reach import target
from orders.deadlines import DEADLINE_OF, message_of
from tests.integration.conftest import Partner
from tests.integration.restaurants.kitchens import Kitchen
from tests.integration.workers.test_processing import wait_until
from tests.shared.people import aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration


@pytest.fixture
def kitchen(stack: Endpoints, acme: Partner, bella: Partner) -> Kitchen:
    return Kitchen(stack, acme, bella)


def lines(stack: Endpoints, order_id: str) -> list[dict[str, Any]]:
    """Read what the worker has told of an order."""
    pages = aws(stack, "logs").get_paginator("filter_log_events")
    found = pages.paginate(logGroupName=stack.log_groups["process_order"])
    texts = (event["message"] for page in found for event in page["events"])
    return [json.loads(text) for text in texts if text.startswith("{") and order_id in text]


def outcomes(stack: Endpoints, order_id: str) -> list[str]:
    return [line["outcome"] for line in lines(stack, order_id) if "outcome" in line]


@pytest.fixture(scope="session")
def unanswered(stack: Endpoints) -> Iterator[tuple[Kitchen, dict[str, Any]]]:
    """An order that nobody answers, with its restaurant; conftest.py says who waits for it."""
    acme, bella = (
        Partner(stack.api_url, key) for key in (stack.partner_api_key, stack.other_partner_api_key)
    )
    with acme.http, bella.http:
        kitchen = Kitchen(stack, acme, bella)
        yield kitchen, kitchen.place()


def test_an_order_that_nobody_answers_has_a_one_shot(
    unanswered: tuple[Kitchen, dict[str, Any]],
) -> None:
    """The restaurant has two minutes on this stack; the one-shot for then has the id alone."""
    kitchen, placed = unanswered
    order_id, deadline = placed["orderId"], datetime.fromisoformat(placed["acceptBy"])
    assert deadline - datetime.fromisoformat(placed["createdAt"]) == timedelta(minutes=2)
    wait_until(lambda: bool(kitchen.schedules(order_id)), "no one-shot is there")
    ((name, schedule),) = kitchen.schedules(order_id).items()
    assert schedule["GroupName"].endswith("-deadlines")
    assert schedule["ActionAfterCompletion"] == "DELETE"
    assert json.loads(schedule["Target"]["Input"]) == {DEADLINE_OF: order_id}
    assert order_id in name


def test_an_order_that_nobody_answers_is_rejected_in_time(
    stack: Endpoints, unanswered: tuple[Kitchen, dict[str, Any]]
) -> None:
    """From the request on nobody does anything: after its minutes the placer reads REJECTED.

    Its one-shot is gone then.
    """
    kitchen, placed = unanswered
    order_id, deadline = placed["orderId"], datetime.fromisoformat(placed["acceptBy"])
    left = (deadline - datetime.now(UTC)).total_seconds()
    rejected = kitchen.wait_for(order_id, "REJECTED", max(left, 0) + 60)
    entry = rejected["history"][-1]
    assert (entry["by"], entry["reason"]) == ("service", "no-answer")
    assert datetime.fromisoformat(entry["at"]) >= deadline
    assert rejected["version"] == 2
    wait_until(lambda: not kitchen.schedules(order_id), "the one-shot stays")
    wait_until(lambda: "unanswered" in outcomes(stack, order_id), "not told")
    (line,) = (one for one in lines(stack, order_id) if one["outcome"] == "unanswered")
    assert line["restaurantId"] == kitchen.restaurant
    assert line["dynamodbCalls"] == 1


def test_an_order_that_is_answered_stays_so(stack: Endpoints, kitchen: Kitchen) -> None:
    """A deadline that comes for it, however often, does nothing, and is no dead letter."""
    order_id = kitchen.place()["orderId"]
    assert kitchen.answer(order_id, {"status": "CONFIRMED"}, If_Match='"1"').status_code == 200
    before = kitchen.read(order_id)
    kitchen.time_is_up(before)
    for _ in range(2):
        kitchen.remind(order_id)
    wait_until(lambda: outcomes(stack, order_id).count("answered") == 2, "not told")
    order = kitchen.read(order_id)
    assert {**order, "acceptBy": ""} == {**before, "acceptBy": ""}


def test_a_deadline_that_comes_too_early_is_waited_for(stack: Endpoints, kitchen: Kitchen) -> None:
    """An order that was scheduled for later meanwhile has its new time, and a one-shot for it."""
    placed = kitchen.place()
    order_id = placed["orderId"]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")
    body = {"scheduledFor": tomorrow.replace("+00:00", "Z")}
    edited = kitchen.placer.patch(order_id, body).json()
    assert datetime.fromisoformat(edited["acceptBy"]) > datetime.now(UTC) + timedelta(hours=22)
    kitchen.remind(order_id)
    wait_until(lambda: len(outcomes(stack, order_id)) == 3, "not told")
    assert set(outcomes(stack, order_id)) == {"waiting"}
    assert kitchen.read(order_id)["status"] == "PLACED"
    wait_until(lambda: len(kitchen.schedules(order_id)) == 2, "no one-shot for the new time")


def test_an_order_that_nobody_serves_has_no_deadline(stack: Endpoints, bella: Partner) -> None:
    """Where nobody is asked, it waits for whoever placed it, as it always has."""
    placed = bella.place()
    assert "acceptBy" not in placed
    wait_until(lambda: outcomes(stack, placed["orderId"]) == ["waiting"], "not told")
    assert not aws(stack, "scheduler").list_schedules(NamePrefix=placed["orderId"])["Schedules"]


def test_a_deadline_can_be_a_dead_letter_and_be_sent_again(
    stack: Endpoints,
    kitchen: Kitchen,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What could not be worked on is found by the order's id, and does its work once it can be."""
    monkeypatch.setattr(target, "endpoints_on_this_machine", lambda: stack)
    order_id = kitchen.place()["orderId"]
    wait_until(lambda: outcomes(stack, order_id) == ["waiting"], "not told")
    dead = stack.queues["order_processing_dead_letters"]
    aws(stack, "sqs").send_message(QueueUrl=dead, MessageBody=message_of(order_id))

    def dlq(*arguments: str) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(["dlq", *arguments, "--order", order_id, "--local"])
        assert ended.value.code == 0
        return capsys.readouterr().out

    (letter,) = json.loads(dlq("show", "processing", "--json"))
    assert (letter["orderId"], letter["status"]) == (order_id, "deadline")
    dlq("redrive", "processing", "--yes")
    wait_until(lambda: len(outcomes(stack, order_id)) == 2, "not told")
    assert outcomes(stack, order_id) == ["waiting", "waiting"]  # its time is not up yet
    assert not json.loads(dlq("show", "processing", "--json"))
