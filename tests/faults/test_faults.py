"""What breaks at lunch, and that every order and every change is accounted for afterwards."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.stack import start
from ops.reach.layout import free_port
from orders.domain.ids import new_order_id, timestamp_in
from tests.faults.partner_server import Behaviour, nobody_listens, serving
from tests.faults.world import InBackground, World, kill, patiently, world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.world import Shop

pytestmark = pytest.mark.integration

OUTAGE_SECONDS = 20.0
OUTAGES = (("UpdateItem", "Query", "Scan"), ("TransactWriteItems", "GetItem"))
"""The operations that are away together. While work on orders fails, new ones go on coming; it is
tried again while none come.
"""


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A copy whose functions reach AWS by way of a proxy; orders confirm themselves."""
    with world(free_port(), tmp_path_factory.mktemp("faults")) as broken:
        broken.set_flags(auto_confirm={"enabled": True})
        broken.hurry()
        yield broken


def test_workers_killed_in_the_middle_of_a_batch(faulty: World) -> None:
    """Workers that die with a batch in hand lose no order and no webhook: both come again."""
    with faulty.shop() as shop:
        shop.server.behaviour = Behaviour.HANGS
        faulty.proxy.held = frozenset({"UpdateItem"})
        holding = faulty.proxy.holding
        try:
            faulty.place(shop, 30)
            _wait_for(lambda: faulty.proxy.holding > holding)
            _wait_for(lambda: len(shop.server.attempts) > 0)
            cut = set(shop.server.attempts)
            for function in ("process_order", "notify_partner"):
                killed = faulty.workers(function)
                assert killed, f"no {function} was at work"
                for pid in killed:
                    kill(pid)
        finally:
            faulty.proxy.held = frozenset()
            shop.server.behaviour = Behaviour.ACCEPTS
        workers = ("process_order", "notify_partner")
        with InBackground(lambda: faulty.kill_one(*workers), every=0.3):
            faulty.place(shop, 70)
            time.sleep(3)
        faulty.settle()
        faulty.account(shop).check()
        assert all(shop.server.attempts[told] >= 2 for told in cut)


def test_nobody_elses_functions_are_killed(faulty: World) -> None:
    """The tests can run beside my own copy of the service: its functions have the same names."""
    name = {"AWS_LAMBDA_FUNCTION_NAME": faulty.stack.functions["create_order"]}
    theirs = {**name, "AWS_ENDPOINT_URL": faulty.stack.aws_endpoint_url}
    with faulty.shop() as shop, subprocess.Popen(["sleep", "60"], env=theirs) as neighbour:
        try:
            faulty.place(shop, 1)
            found = faulty.workers("create_order")
        finally:
            neighbour.kill()
        faulty.settle()  # who closes with webhooks on their way lets the next test wait for them
    assert found
    assert neighbour.pid not in found


def test_functions_of_the_api_killed_while_they_answer(faulty: World) -> None:
    """Functions that die while they place orders leave each order there once, for the retry."""
    with faulty.shop() as shop:
        with InBackground(lambda: faulty.kill_one("create_order"), every=0.6) as killer:
            for _ in range(5):  # a quick machine has placed all before the second kill
                faulty.place(shop, 30)
                if killer.times >= 2:
                    break
        assert killer.times >= 2, "nothing was killed"
        faulty.settle()
        faulty.account(shop).check()


def test_dynamodb_is_away_for_twenty_seconds_in_each_operation(faulty: World) -> None:
    """While DynamoDB throttles and fails, callers are told to come back; then all is done once.

    Meanwhile, so that nobody waits for it twice: an order whose work always fails, for it has no
    history, is tried five times and then rests whole in the dead letters.
    """
    poison = _poison()
    faulty.put(poison)
    with faulty.shop() as shop:
        faulty.place(shop, 5)
        over = threading.Event()
        known = next(iter(shop.accepted.values()))
        readers = [
            threading.Thread(target=_read, args=(faulty, shop, "/partner/orders", over)),
            threading.Thread(target=_read, args=(faulty, shop, f"/partner/orders/{known}", over)),
            threading.Thread(target=_list_all, args=(faulty, over)),
            threading.Thread(target=_place_until, args=(faulty, shop, over)),
        ]
        for reader in readers:
            reader.start()
        try:
            for operations in OUTAGES:
                faulty.proxy.refused.clear()
                faulty.proxy.outage = frozenset(operations)
                time.sleep(OUTAGE_SECONDS)
                assert set(operations) <= set(faulty.proxy.refused), "not all met their outage"
        finally:
            faulty.proxy.outage = frozenset()
            over.set()
        for reader in readers:
            reader.join()
        faulty.settle()
        faulty.account(shop).check()
    assert _letter_of(faulty, poison)["dynamodb"]["NewImage"] == poison
    assert faulty.tries(poison["orderId"]["S"]) == 5


def _place_until(faulty: World, shop: Shop, over: threading.Event) -> None:
    while not over.wait(0.5):
        faulty.place(shop, 2)


def _read(faulty: World, shop: Shop, path: str, over: threading.Event) -> None:
    """Read again and again: whatever happens is an answer, and the last one is 200."""
    while not over.wait(0.5):
        headers = {"x-api-key": shop.api_key}
        answer = httpx.get(f"{faulty.stack.api_url}{path}", headers=headers, timeout=30)
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 503:
            assert answer.headers["Retry-After"] == "1"
    assert patiently("GET", f"{faulty.stack.api_url}{path}", headers).status_code == 200


def _list_all(faulty: World, over: threading.Event) -> None:
    """List as an operator, but for the poison, which has not all that an answer shows."""
    headers = {"Authorization": faulty.stack.operator_token}
    url = f"{faulty.stack.api_url}/orders?status=CONFIRMED"
    while not over.wait(0.5):
        answer = httpx.get(url, headers=headers, timeout=30)
        assert answer.status_code in (200, 503), answer.text


def test_messages_that_come_twice_and_in_any_order(faulty: World) -> None:
    """An old message of an order edited since does nothing; the latest confirms it once."""
    with faulty.shop() as shop:
        faulty.set_flags(auto_confirm={"enabled": False})
        faulty.forget_flags()
        faulty.place(shop, 20)
        for order_id in shop.accepted.values():
            url = f"{faulty.stack.api_url}/partner/orders/{order_id}"
            edit = {"deliveryAddress": {"line2": "back door"}}
            assert patiently("PATCH", url, {"x-api-key": shop.api_key}, edit).status_code == 200
        faulty.settle()
        faulty.set_flags(auto_confirm={"enabled": True})
        faulty.forget_flags()
        records = list(_records(faulty, shop))
        old = [record for record in records if _version(record) == 1]
        assert (len(old), len(records)) == (20, 40)
        faulty.publish(old * 2)
        faulty.settle()
        assert len(faulty.account(shop).unconfirmed) == 20, "an old message confirmed an order"
        again = records * 3
        random.shuffle(again)
        faulty.publish(again)
        faulty.settle()
        accounting = faulty.account(shop)
        accounting.check()
        assert accounting.changes == 40, "a duplicate changed an order"
        assert accounting.delivered_again >= 20, "the duplicates were not even delivered"


def _version(record: dict[str, Any]) -> int:
    return int(record["dynamodb"]["NewImage"]["version"]["N"])


def _records(faulty: World, shop: Shop) -> Iterator[dict[str, Any]]:
    """Read the stream's records of a shop's orders, in the form that the pipe gives them."""
    tables, streams = faulty.client("dynamodb"), faulty.client("dynamodbstreams")
    table = tables.describe_table(TableName=faulty.stack.tables["orders"])["Table"]
    arn = table["LatestStreamArn"]
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        place = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while place:
            page = streams.get_records(ShardIterator=place)
            place = page.get("NextShardIterator") if page["Records"] else None
            for record in page["Records"]:
                change = record["dynamodb"]
                if change.get("NewImage", {}).get("partnerId", {}).get("S") == shop.partner_id:
                    at = change["ApproximateCreationDateTime"].timestamp()
                    yield {**record, "dynamodb": {**change, "ApproximateCreationDateTime": at}}


def test_a_poison_order_among_fifty(faulty: World) -> None:
    """An order that is none rests whole in the dead letters at once; fifty others go on."""
    item = _poison(version={"S": "not a number"})
    with faulty.shop() as shop:
        faulty.place(shop, 25)
        faulty.put(item)
        faulty.place(shop, 25)
        faulty.settle()
        accounting = faulty.account(shop)
        accounting.check()
        assert (accounting.found_once, accounting.dead) == (50, 0)
        assert _letter_of(faulty, item)["dynamodb"]["NewImage"] == item


def _poison(**changes: dict[str, str]) -> dict[str, dict[str, str]]:
    order_id = new_order_id(time.time_ns() // 1_000_000)
    at = {"S": str(timestamp_in(order_id))}
    return {
        "orderId": {"S": order_id},
        "timestamp": at,
        "updatedAt": at,
        "customerId": {"S": "c"},
        "status": {"S": "PLACED"},
        "version": {"N": "1"},
        "note": {"S": "poison"},
        **changes,
    }


def _letter_of(faulty: World, item: dict[str, dict[str, str]]) -> dict[str, Any]:
    letters = [text for text in faulty.letters("order_processing") if item["orderId"]["S"] in text]
    (letter,) = letters
    decoded: dict[str, Any] = json.loads(letter)
    return decoded


LATER = (Behaviour.FAILS, Behaviour.HANGS, Behaviour.DROPS)
NEVER = (Behaviour.REDIRECTS, Behaviour.REFUSES)


def test_partners_misbehave_for_a_while(faulty: World) -> None:
    """A partner's bad answers cost it time, or stand in the dead letters; others do not suffer.

    What may work later is tried again, as is a server that is not there; what never will work is a
    dead letter at once; and a status that came counts, whatever happens to the rest of the answer.
    """
    port = nobody_listens()
    with contextlib.ExitStack() as open_shops:
        bad = {kind: open_shops.enter_context(faulty.shop()) for kind in Behaviour}
        good, gone = bad.pop(Behaviour.ACCEPTS), open_shops.enter_context(faulty.shop(at=port))
        for kind, shop in bad.items():
            shop.server.behaviour = kind
        for shop in (gone, *bad.values(), good):
            faulty.place(shop, 3)
        _wait_for(lambda: len(good.server.accepted) == 6)
        _wait_for(lambda: all(len(shop.server.attempts) == 6 for shop in bad.values()))
        assert not any(bad[kind].server.accepted for kind in (*LATER, *NEVER))
        assert not gone.server.attempts
        for shop in bad.values():
            shop.server.behaviour = Behaviour.ACCEPTS
        with serving(gone.server, faulty.certificate, port):
            faulty.settle()
        faulty.account(good, gone, *bad.values()).check()
        for shop in (good, gone, bad[Behaviour.CLOSES], *(bad[kind] for kind in LATER)):
            assert faulty.account(shop).delivered == 6
        for kind in NEVER:
            assert faulty.account(bad[kind]).dead == 6
            assert set(bad[kind].server.attempts.values()) == {1}


def _wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def test_flags_that_cannot_be_read(faulty: World) -> None:
    """While Parameter Store hangs orders wait; they are confirmed once flags can be read."""
    letters = faulty.depth("order_processing_dead_letters")
    with faulty.shop() as shop:
        faulty.forget_flags()
        faulty.proxy.held = frozenset({"GetParameter"})
        holding = faulty.proxy.holding
        try:
            faulty.place(shop, 10)
            _wait_for(lambda: faulty.proxy.holding > holding)
            time.sleep(8)  # longer than a call waits
            assert len(faulty.account(shop).unconfirmed) == 10
        finally:
            faulty.proxy.held = frozenset()
        faulty.settle()
        faulty.account(shop).check()
        assert faulty.depth("order_processing_dead_letters") == letters, "orders died of a flag"


def test_the_emulator_is_stopped_and_started_under_load(tmp_path: Path) -> None:
    """A copy that is stopped under load and started again has every order and every change."""
    port = free_port()
    with world(port, tmp_path) as first, first.shop() as shop:
        first.set_flags(auto_confirm={"enabled": True})
        first.hurry()
        placing = threading.Thread(target=first.place, args=(shop, 150))
        placing.start()
        _wait_for(lambda: len(shop.accepted) >= 30)
        first.stop()
        with start(port, tmp_path):
            placing.join()
            first.settle()
            first.account(shop).check()
        assert len(shop.accepted) == 150
