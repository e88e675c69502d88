"""What people write stays in their orders: everything is run with marks, and then searched."""

from __future__ import annotations

import json
import re
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ops.log_levels import change_all
from ops.reach.target import Target
from orders.domain.events import event_of
from tests.shared.examples import order
from tests.shared.people import aws
from tests.shared.stream_records import item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration

MARK = f"mark{uuid.uuid4().hex[:10]}"
"""Stands wherever somebody may write text."""

PHONE = f"+1415{uuid.uuid4().int % 10**8:08d}"
LATITUDE, LONGITUDE = 12.345678, 98.765432

# A place alone: a time in seconds, such as 1795000012.3456, may end in the same digits.
MARKS = (MARK, re.escape(PHONE), r"(?<!\d)12\.3456", r"(?<!\d)98\.7654")
"""What may stand nowhere, as patterns."""


def marked() -> dict[str, Any]:
    """Give an order whose every text, number and place is a person's."""
    texts = {name: f"{MARK} {name}" for name in ("line1", "line2", "city", "postalCode")}
    texts["postalCode"] = MARK
    address = {**texts, "country": "US", "latitude": LATITUDE, "longitude": LONGITUDE}
    line = {
        "itemId": "margherita",
        "name": f"{MARK} pizza",
        "quantity": 1,
        "unitPrice": 1199,
        "options": [{"name": f"{MARK} cheese", "price": 150}],
        "note": f"{MARK} well done",
    }
    return order(items=[line], deliveryAddress=address, contactPhone=PHONE, note=f"{MARK} ring")


def exercise(partner: Partner) -> str:
    """Do what partners do, right and wrong; give the id of an order of the marks."""
    placed = partner.place(**marked())
    order_id: str = placed["orderId"]
    partner.patch(order_id, {"status": "CONFIRMED"})
    partner.patch(order_id, {"note": f"{MARK} later", "contactPhone": PHONE})
    partner.get(order_id)
    partner.page(limit=5)
    for wrong in ({"note": MARK * 100}, {"contactPhone": f"{MARK}"}, {"items": MARK}):
        assert partner.post({**marked(), **wrong}).status_code == 400
    assert partner.post({**marked(), MARK: MARK}).status_code == 400
    why = {"code": "other", "text": f"{MARK} called"}
    partner.patch(order_id, {"status": "CANCELLED", "reason": why}, Idempotency_Key=MARK)
    partner.patch(order_id, {"status": "CANCELLED", "reason": why}, Idempotency_Key=MARK)
    assert partner.post(f'{{"note": "{MARK}').status_code == 400
    assert partner.page(status=MARK).status_code == 400
    assert partner.page(**{MARK: "x"}).status_code == 400
    assert partner.http.get("/partner/orders", params={"cursor": MARK}).status_code == 400
    partner.patch(order_id, {"note": "x"}, if_match=f'"{MARK}"')
    # Not the User-Agent: API Gateway's own segment has it, as docs/tracing.md says.
    headers = {"Referer": MARK, "X-Forwarded-For": MARK, "Cookie": MARK}
    partner.http.get(f"/partner/orders/{order_id}", headers=headers)
    return order_id


def poison(stack: Endpoints) -> None:
    """Put what no worker can work on into the queues, marked as well."""
    for queue in ("order_processing", "partner_notifications"):
        for body in (MARK, json.dumps({"dynamodb": {"NewImage": {"note": {"S": MARK}}}})):
            aws(stack, "sqs").send_message(QueueUrl=stack.queues[queue], MessageBody=body)


def told(stack: Endpoints) -> Iterator[tuple[str, str]]:
    """Give all that the service tells about itself, by where it stands."""
    logs = aws(stack, "logs")
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
            yield f"log {name}", "\n".join(event["message"] for event in page["events"])
    metrics = aws(stack, "cloudwatch").get_paginator("list_metrics")
    yield "metrics", json.dumps([page["Metrics"] for page in metrics.paginate()], default=str)
    home = Path(stack.server_pem).parent
    yield "traces", (home / "traces.jsonl").read_text()
    yield "emulator's log", (home / "emulator.log").read_text()


@pytest.fixture
def talkative(stack: Endpoints) -> Iterator[None]:
    """Let every function log as much as it can."""
    outputs = aws(stack, "cloudformation").describe_stacks(StackName=stack.stack_name)
    values = {o["OutputKey"]: o["OutputValue"] for o in outputs["Stacks"][0]["Outputs"]}
    target = Target("it", stack.stack_name, lambda name: aws(stack, name), values, "")
    list(change_all(target, stack.functions, "DEBUG"))
    yield
    list(change_all(target, stack.functions, "INFO"))


@pytest.mark.usefixtures("talkative")
def test_logs_metrics_and_traces_hold_ids_only(stack: Endpoints, acme: Partner) -> None:
    """Names, addresses, phone numbers, places and notes are in no log, metric or trace."""
    order_id = exercise(acme)
    poison(stack)
    deadline = time.monotonic() + 60
    while True:
        found = dict(told(stack))
        worker = "".join(text for where, text in found.items() if "NotifyPartner" in where)
        text = "".join(found.values())
        at_length = text.count(order_id) > 10
        if at_length and order_id in found["traces"] and order_id in worker and '"dead"' in worker:
            break
        assert time.monotonic() < deadline, "the workers' part was never told of"
        time.sleep(1)
    assert '"level":"DEBUG"' in text
    leaks = {
        where: mark for where, part in found.items() for mark in MARKS if re.search(mark, part)
    }
    assert not leaks


def test_a_place_is_found_and_a_time_is_not_taken_for_one() -> None:
    """The marks find what they stand for, and a clock cannot make them fail."""
    for mark, text in zip(MARKS, (MARK, PHONE, f"[{LATITUDE}", f"{LONGITUDE}"), strict=True):
        assert re.search(mark, text)
    assert not [mark for mark in MARKS if re.search(mark, "1795000012.3456, 1795000098.7654")]


def test_events_hold_ids_only() -> None:
    """What partners' servers and their logs get to see has nothing of a person in it."""
    event = event_of({**item(), **marked()}, None)
    assert event is not None
    assert not [mark for mark in MARKS if re.search(mark, event.body.decode())]
