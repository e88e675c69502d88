"""A change with an Idempotency-Key is made once, whatever became of the first answer."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any

import pytest

from orders import flags, parameters
from orders import store as stores
from orders.domain.changes import KEYS_KEPT, MOST_KEYS
from orders.handlers import update_order
from orders.settings import FLAGS_PARAMETER, ORDERS_TABLE, PARTNERS_TABLE
from tests.fuzz.tables import ORDERS, PARTNERS, Tables
from tests.shared.events import event
from tests.shared.examples import order
from tests.shared.stream_records import customers_order, partners_order

if TYPE_CHECKING:
    from orders.domain.order import Item

ME = {"token_use": "id", "sub": "me"}
OPERATOR = {"token_use": "id", "sub": "boss", "cognito:groups": "operators"}


class World:
    """Tables with one order of acme's and one of mine, and what was asked of them."""

    def __init__(self) -> None:
        self.tables = Tables()
        self.tables.put(PARTNERS, {"apiKeyId": "key-of-acme", "partnerId": "acme"})
        self.tables.put(PARTNERS, {"apiKeyId": "key-of-bella", "partnerId": "bella"})
        self.acmes, self.mine = partners_order(order()), customers_order(order(), "me")
        for item in (self.acmes, self.mine):
            self.tables.put(ORDERS, item)
        self.updates = 0
        self.flags = "{}"
        self._lock = Lock()
        self._update = self.tables.sync_update_item
        self.tables.sync_update_item = self.update  # type: ignore[method-assign]

    def update(self, *args: Any, **options: Any) -> Any:
        """One after the other, as DynamoDB changes one item."""
        with self._lock:
            self.updates += 1
            return self._update(*args, **options)

    def stored(self, item: Item) -> Item:
        return self.tables.items[ORDERS][item["orderId"], item["timestamp"]]

    def patch(
        self, body: Any, key: str | None = "key-1", *, who: Any = "key-of-acme", **headers: str
    ) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Change acme's order with its key or another's, or mine as a person."""
        person = isinstance(who, dict)
        sent = event(
            "PATCH",
            "/orders" if person else "/partner/orders",
            order_id=(self.mine if person else self.acmes)["orderId"],
            body=body,
            headers={**headers, **({} if key is None else {"Idempotency-Key": key})},
            **({"claims": who} if person else {"api_key_id": who}),
        )
        answer = update_order.handler(sent, None)
        return answer["statusCode"], answer["headers"], json.loads(answer["body"])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setenv(ORDERS_TABLE, ORDERS)
    monkeypatch.setenv(PARTNERS_TABLE, PARTNERS)
    monkeypatch.setattr(stores, "connect", lambda: made.tables)
    monkeypatch.setenv(FLAGS_PARAMETER, "/x/flags")
    monkeypatch.setattr(parameters, "call", lambda *_: {"Parameter": {"Value": made.flags}})
    return made


CONFIRM = {"status": "CONFIRMED"}


def test_a_repeated_move_is_answered_with_the_order(world: World) -> None:
    """I confirmed, heard nothing, and confirm again: 200, the order, and one entry of history."""
    first, again = world.patch(CONFIRM), world.patch(CONFIRM)
    assert [first[0], again[0]] == [200, 200]
    assert first[2] == again[2]
    assert (again[1]["ETag"], again[1]["Idempotent-Replayed"]) == ('"2"', "true")
    assert "Idempotent-Replayed" not in first[1]
    assert [entry["status"] for entry in again[2]["history"]] == ["PLACED", "CONFIRMED"]
    assert world.updates == 2


def test_a_repetition_is_known_after_other_changes(world: World) -> None:
    """Meanwhile the order went on: the repetition changes nothing, and shows how it is now."""
    world.patch({"note": "first"}, "edit")
    world.patch({"note": "second"}, None)
    world.patch(CONFIRM, "move")
    world.patch({"status": "PREPARING"}, None)
    for body, key in (({"note": "first"}, "edit"), (CONFIRM, "move")):
        status, headers, shown = world.patch(body, key)
        assert (status, shown["status"], shown["note"]) == (200, "PREPARING", "second")
        assert (headers["ETag"], headers["Idempotent-Replayed"]) == ('"5"', "true")


def test_without_a_key_a_repeated_move_is_refused_as_before(world: World) -> None:
    """Nobody knows then whether it is the same caller who has just made it."""
    assert [world.patch(CONFIRM, None)[0] for _ in range(2)] == [200, 409]
    assert world.patch(CONFIRM, "new")[0] == 409
    assert "changeKeys" not in world.stored(world.acmes)


def test_a_key_stands_for_one_change(world: World) -> None:
    """Another body with my key is a mistake of mine: 422, and nothing changes."""
    world.patch({"note": "x"})
    status, _, problem = world.patch({"note": "y"})
    assert (status, problem["type"].rpartition(":")[2]) == (422, "idempotency-key-reused")
    assert problem["errors"][0]["pointer"] == "Idempotency-Key"
    assert world.stored(world.acmes)["note"] == "x"


def test_a_key_is_its_caller_s_own(world: World) -> None:
    """The operator's key is not mine though it reads the same, and a stranger learns nothing."""
    assert world.patch({"note": "x"}, who=ME)[0] == 200
    assert world.patch({"status": "CONFIRMED"}, who=OPERATOR)[0] == 200
    assert world.patch({"note": "x"}, who=ME)[1]["Idempotent-Replayed"] == "true"
    world.patch(CONFIRM)
    assert world.patch(CONFIRM, who="key-of-bella")[0] == 404


def test_a_repetition_needs_no_current_version(world: World) -> None:
    """The version that I read is gone because of my own change: that is no conflict."""
    headers = {"If-Match": '"1"'}
    assert [world.patch(CONFIRM, **headers)[0] for _ in range(2)] == [200, 200]
    assert world.patch({"status": "PREPARING"}, "other", **headers)[0] == 412


def test_a_refused_change_leaves_its_key_free(world: World) -> None:
    """What was not done can be asked for again when the order allows it."""
    assert world.patch({"status": "READY"})[0] == 409
    for status in ("CONFIRMED", "PREPARING"):
        world.patch({"status": status}, None)
    answered, headers, _ = world.patch({"status": "READY"})
    assert (answered, "Idempotent-Replayed" in headers) == (200, False)


def test_a_hundred_equal_changes_are_one(world: World) -> None:
    """All get the same order, whose history has the move once."""
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: world.patch(CONFIRM), range(100)))
    assert {status for status, _, _ in answers} == {200}
    assert len({json.dumps(shown) for _, _, shown in answers}) == 1
    assert sum("Idempotent-Replayed" in headers for _, headers, _ in answers) == 99
    assert len(world.stored(world.acmes)["history"]) == 2


@pytest.mark.parametrize("killed", ["before", "after"])
def test_a_function_that_dies_leaves_all_or_nothing(
    world: World, killed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended before its write or after it, the repetition ends what it began, once."""
    real = world.tables.sync_update_item

    def dying(*args: Any, **options: Any) -> Any:
        if killed == "after":
            real(*args, **options)
        raise SystemExit

    monkeypatch.setattr(world.tables, "sync_update_item", dying)
    with pytest.raises(SystemExit):
        world.patch(CONFIRM)
    monkeypatch.setattr(world.tables, "sync_update_item", real)
    status, headers, shown = world.patch(CONFIRM)
    assert (status, shown["version"], len(shown["history"])) == (200, 2, 2)
    assert ("Idempotent-Replayed" in headers) == (killed == "after")


def test_a_late_repetition_of_a_schedule_is_still_that_request(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was in time when I asked is answered as done, and a new request with it refused."""
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
    first = world.patch({"scheduledFor": soon})
    later = time.time_ns() + 3600 * 10**9
    monkeypatch.setattr("orders.handlers.update_order.time.time_ns", lambda: later)
    again = world.patch({"scheduledFor": soon})
    assert (first[0], again[0], again[2]) == (200, 200, first[2])
    before = world.updates
    for key in ("new", None):
        status, _, problem = world.patch({"scheduledFor": soon}, key)
        assert (status, problem["errors"][0]["pointer"]) == (400, "#/scheduledFor")
    assert world.updates == before + 1
    assert world.stored(world.acmes)["version"] == 2


def test_a_repetition_passes_though_edits_are_off_by_now(world: World) -> None:
    """My edit was made; that edits were switched off since is no answer to it."""
    assert world.patch({"tip": 1}, who=ME)[0] == 200
    world.flags = '{"order-edits": {"enabled": false}}'
    flags.flags.cache_clear()
    assert world.patch({"tip": 1}, who=ME)[1]["Idempotent-Replayed"] == "true"
    assert world.patch({"tip": 2}, who=ME)[0] == 403
    assert world.patch({"tip": 1}, "new", who=ME)[0] == 403


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 256, "schlüssel", "a\tb"])
def test_a_key_that_cannot_be_is_named(world: World, key: str) -> None:
    """A change without its key would be made twice: a key that is none is refused."""
    status, _, problem = world.patch(CONFIRM, key)
    assert (status, problem["errors"][0]["pointer"]) == (400, "Idempotency-Key")
    assert world.updates == 0


def test_many_keys_never_stop_an_order(world: World) -> None:
    """The order takes every change, knows the newest again, and does not grow without end."""
    asked = [({"note": str(number)}, f"key-{number}") for number in range(5 * MOST_KEYS)]
    for body, key in asked:
        assert world.patch(body, key)[0] == 200
        assert len(world.stored(world.acmes)["changeKeys"]) <= 2 * MOST_KEYS
    before = world.updates
    for body, key in asked[-KEYS_KEPT:]:
        assert world.patch(body, key)[1].get("Idempotent-Replayed") == "true"
    assert world.updates == before + KEYS_KEPT
    assert world.stored(world.acmes)["version"] == len(asked) + 1


def test_an_order_of_an_earlier_release_takes_a_new_tip(world: World) -> None:
    """It was placed without the sums that a total is made from: it costs one write more, once."""
    old = {name: value for name, value in world.acmes.items() if name != "sums"}
    world.tables.put(ORDERS, old)
    for number, tip in enumerate((1000, 2000), start=1):
        status, _, shown = world.patch({"tip": tip}, None)
        assert (status, shown["total"]) == (200, shown["subtotal"] + shown["deliveryFee"] + tip)
        assert world.updates == number + 1
    world.patch(CONFIRM, None)
    assert world.patch({"tip": 1}, None)[0] == 409


def test_an_order_that_an_earlier_release_edits_beside_us_keeps_its_price(world: World) -> None:
    """While a release is shifted, both write: neither makes a total of the other's old sums."""
    item = world.acmes
    world.tables.put(ORDERS, {**item, "subtotal": 7, "total": 7 + item["charges"]})
    _, _, shown = world.patch({"tip": 0, "deliveryFee": 1}, None)
    assert shown["total"] == 8
    _, _, shown = world.patch({"tip": 5}, None)
    assert shown["total"] == 13


def test_an_order_that_keeps_changing_is_for_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should somebody always come first, the caller is told to come back, and nothing is lost."""
    world.tables.put(ORDERS, {k: v for k, v in world.acmes.items() if k != "sums"})
    real = world.tables.sync_update_item

    def beaten(*args: Any, **options: Any) -> Any:
        item = world.stored(world.acmes)
        world.tables.put(ORDERS, {**item, "version": item["version"] + 1})
        return real(*args, **options)

    monkeypatch.setattr(world.tables, "sync_update_item", beaten)
    status, headers, _ = world.patch({"tip": 1})
    assert (status, headers["Retry-After"]) == (503, "1")
    assert world.stored(world.acmes)["tip"] == world.acmes["tip"]
