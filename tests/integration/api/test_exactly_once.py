"""One order for each Idempotency-Key, whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from project.checkout import ROOT
from tests.integration.conftest import function_environment
from tests.shared.examples import ORDER, order

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration


def test_a_repeated_post_gives_the_same_order(acme: Partner) -> None:
    """Sending the same request again answers the same bytes, marked as a replay."""
    key = uuid.uuid4().hex
    first, again = acme.post(ORDER, key=key), acme.post(ORDER, key=key)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first.headers["Location"] == again.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"


def test_spaces_and_the_order_of_fields_do_not_make_another_request(acme: Partner) -> None:
    """A client whose JSON library writes the same order differently gets the same order."""
    key = uuid.uuid4().hex
    first = acme.post(json.dumps(ORDER), key=key)
    again = acme.post(json.dumps(dict(reversed(ORDER.items())), indent=4), key=key)
    assert again.json() == first.json()


def test_the_same_key_with_another_body_is_refused(acme: Partner) -> None:
    """A key that was used for another order answers 422, and places nothing."""
    key, customer = uuid.uuid4().hex, f"reused-{uuid.uuid4().hex}"
    assert acme.post(order(customerId=customer), key=key).status_code == 201
    refused = acme.post(order(customerId=customer, tip=201), key=key)
    assert refused.status_code == 422
    assert refused.json()["type"].endswith(":idempotency-key-reused")
    assert len(acme.all(customerId=customer)) == 1


def test_a_refused_order_leaves_its_key_free(acme: Partner) -> None:
    """After a 400 the mended order goes with the same key, and is a new one."""
    key = uuid.uuid4().hex
    assert acme.post(order(tip=-1), key=key).status_code == 400
    mended = acme.post(ORDER, key=key)
    assert mended.status_code == 201
    assert "Idempotent-Replayed" not in mended.headers


def test_an_order_and_its_change_may_share_a_key(acme: Partner) -> None:
    """A key of a POST is free for a PATCH, and one order's for another's."""
    key = uuid.uuid4().hex
    first, second = acme.post(ORDER, key=key).json(), acme.place()
    for placed in (first, second):
        changed = acme.patch(placed["orderId"], {"status": "CONFIRMED"}, Idempotency_Key=key)
        assert (changed.status_code, changed.json()["status"]) == (200, "CONFIRMED")
        assert "Idempotent-Replayed" not in changed.headers


def test_a_replay_shows_the_order_as_it_now_is(acme: Partner) -> None:
    """A late repetition answers with the order's present state, and changes nothing."""
    key = uuid.uuid4().hex
    placed = acme.post(ORDER, key=key).json()
    acme.patch(placed["orderId"], {"status": "CONFIRMED"})
    again = acme.post(ORDER, key=key)
    assert (again.status_code, again.json()["status"]) == (201, "CONFIRMED")
    assert again.headers["ETag"] == '"2"'


def test_two_partners_can_use_the_same_key(acme: Partner, bella: Partner) -> None:
    """A key is the partner's own: another partner's equal key is another order."""
    key = uuid.uuid4().hex
    ours, theirs = acme.post(ORDER, key=key), bella.post(ORDER, key=key)
    assert ours.status_code == theirs.status_code == 201
    assert ours.json()["orderId"] != theirs.json()["orderId"]


def at_once(calls: list[Any]) -> list[Any]:
    """Make all calls at the same time."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def test_a_hundred_concurrent_duplicates_give_one_order(acme: Partner) -> None:
    """A hundred equal requests at once: one order, and a hundred equal answers."""
    key, customer = uuid.uuid4().hex, f"dup-{uuid.uuid4().hex}"
    address = {**ORDER["deliveryAddress"], "latitude": 10, "longitude": -122.4194}
    body = order(customerId=customer, deliveryAddress=address)
    answers = at_once([lambda: acme.post(body, key=key)] * 100)
    assert [answer.status_code for answer in answers] == [201] * 100
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert len(acme.all(customerId=customer)) == 1


def test_a_hundred_concurrent_orders_are_a_hundred_orders(acme: Partner) -> None:
    """A hundred orders placed at the same moment: all are there, each once."""
    customer = f"many-{uuid.uuid4().hex}"
    body = order(customerId=customer)
    answers = at_once([lambda: acme.post(body)] * 100)
    assert [answer.status_code for answer in answers] == [201] * 100
    placed = {answer.json()["orderId"] for answer in answers}
    assert len(placed) == 100
    listed = [found["orderId"] for found in acme.all(customerId=customer, limit=30)]
    assert sorted(listed) == sorted(placed)


def test_a_function_killed_at_any_step_leaves_one_order(
    stack: Endpoints, acme: Partner, api_key_id: str
) -> None:
    """Wherever a function dies, the retried request ends in exactly one order."""
    environment = {**os.environ, **function_environment(stack), "PYTHONPATH": str(ROOT)}
    driver = [sys.executable, "-m", "tests.integration.laboratories.killed", api_key_id]
    done = subprocess.run(driver, env=environment, cwd=ROOT, capture_output=True, check=True)
    attempts = [json.loads(line) for line in done.stdout.splitlines()]
    assert attempts[-1]["died"] is None
    died = {attempt["died"].partition(":")[0] for attempt in attempts[:-1]}
    assert died == {"http.py", "create_order.py", "store.py", "partners.py"}
    fresh = 0
    for attempt in attempts:
        again = acme.post(order(customerId=attempt["customer"]), key=attempt["key"])
        assert again.status_code == 201, attempt
        assert len(acme.all(customerId=attempt["customer"])) == 1, attempt
        fresh += "Idempotent-Replayed" not in again.headers
    # Some died before the write and some after it: both sides were met.
    assert 0 < fresh < len(attempts)
