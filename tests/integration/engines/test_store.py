"""The store against DynamoDBs of other makes: what it asks is DynamoDB's, not one emulator's."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pytest

from ops.reach.clients import clients
from orders.domain.changes import (
    KEYS_KEPT,
    MOST_KEYS,
    ChangeKey,
    Owner,
    confirm,
    place_for_partner,
    revise,
    settled,
)
from orders.domain.lifecycle import Role
from orders.domain.listing import Filters
from orders.domain.order import NewPartnerOrder, OrderPatch, PartnerOrderPatch
from orders.dynamodb import connect
from orders.store import Claim, KeyReused, Refused, Store
from tests.integration.conftest import function_environment
from tests.integration.engines.dynamodb_engines import copy_tables, dynalite, roto
from tests.shared.examples import order
from tests.shared.people import aws
from tests.shared.stream_records import typed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.exceptions import ClientError

    from ops.reach.endpoints import Endpoints
    from orders.domain.order import Item

pytestmark = pytest.mark.integration

ENGINES = {"dynalite": dynalite, "roto": roto}
NOW = 1_795_000_000_123


class Engine(NamedTuple):
    """A DynamoDB of another make, with the stack's tables."""

    url: str
    tables: dict[str, str]
    variables: dict[str, str]

    @property
    def dynamodb(self) -> Any:
        """A client of AWS's own library."""
        return clients(self.url)("dynamodb")

    def put(self, item: Item) -> Item:
        """Write an order without the store."""
        self.dynamodb.put_item(TableName=self.tables["orders"], Item=typed(item))
        return item


@pytest.fixture(scope="module")
def running(
    stack: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Engine]]:
    """Both, and the emulator, with empty tables that nobody else uses."""
    folder, source = tmp_path_factory.mktemp("engines"), aws(stack, "dynamodb")
    tables = {name: f"engines-{name}" for name in stack.tables}
    with dynalite(folder / "dynalite.log") as first, roto(folder / "roto.log") as second:
        urls = {"dynalite": first, "roto": second, "ministack": stack.aws_endpoint_url}
        for url in urls.values():
            names = {stack.tables[name]: own for name, own in tables.items()}
            copy_tables(source, clients(url)("dynamodb"), names)
        own = function_environment(replace(stack, tables=tables))
        yield {
            name: Engine(url, tables, {**own, "AWS_ENDPOINT_URL": url})
            for name, url in urls.items()
        }


@pytest.fixture(params=ENGINES)
def engine(
    request: pytest.FixtureRequest,
    running: dict[str, Engine],
    monkeypatch: pytest.MonkeyPatch,
) -> Engine:
    """Each in turn, or those that the test names; the store finds it as a function finds AWS."""
    chosen = running[request.param]
    for name, value in chosen.variables.items():
        monkeypatch.setenv(name, value)
    return chosen


@pytest.fixture
def store(engine: Engine) -> Store:
    assert engine.url
    return Store(connect())


def on(*names: Any) -> pytest.MarkDecorator:
    """Ask these engines only; the tests at the end say why no others."""
    return pytest.mark.parametrize("engine", names, indirect=True)


def new_order(partner_id: str = "acme", number: int = 0, **changes: Any) -> Item:
    """An order as a partner places it, some milliseconds after the others."""
    body = msgspec.convert(order(**changes), NewPartnerOrder)
    return place_for_partner(body, partner_id, NOW + number)


def test_an_order_is_read_as_it_was_written(engine: Engine, store: Store) -> None:
    """Text, whole and broken numbers, lists and maps come back as they were."""
    placed = engine.put(new_order())
    assert store.get(placed["orderId"]) == placed
    assert store.get(new_order(number=1)["orderId"]) is None


def test_every_kind_of_change_is_understood(engine: Engine, store: Store) -> None:
    """Contents, a nested field, one that goes, and a move: each is one update, and adds 1."""
    placed = engine.put(new_order(note="Ring twice"))
    owner = Owner("partnerId", "acme")
    edits = {
        "items": [{"itemId": "soup", "name": "Soup", "quantity": 2, "unitPrice": 450}],
        "deliveryAddress": {"city": "Basel", "line2": None},
        "note": None,
    }
    edit = revise(msgspec.convert(edits, OrderPatch), Role.PARTNER, NOW + 1)
    edited = store.update(placed["orderId"], edit, owner, [1])
    assert (edited["subtotal"], edited["total"]) == (900, 900 + placed["charges"])
    assert edited["deliveryAddress"]["city"] == "Basel"
    assert not {"note", "traceId"} & set(edited)
    moved = store.update(placed["orderId"], confirm(NOW + 2, "1-65a1b2c3-0"), None, None)
    assert (moved["status"], moved["version"]) == ("CONFIRMED", 3)
    assert [entry["status"] for entry in moved["history"]] == ["PLACED", "CONFIRMED"]
    assert store.get(placed["orderId"]) == moved


@pytest.mark.parametrize(
    ("owner", "versions"), [(Owner("partnerId", "bella"), None), (None, [2]), (None, [])]
)
def test_a_change_that_is_not_allowed_changes_nothing(
    engine: Engine, store: Store, owner: Owner | None, versions: list[int] | None
) -> None:
    """A stranger's change is refused, and so is one of another version."""
    placed = engine.put(new_order())
    with pytest.raises(Refused):
        store.update(placed["orderId"], confirm(NOW + 1), owner, versions)
    assert store.get(placed["orderId"]) == placed


def test_a_missing_order_is_not_made_by_a_change(store: Store) -> None:
    """An update of an order that is not there is refused, and leaves none."""
    missing = new_order()["orderId"]
    with pytest.raises(Refused) as refused:
        store.update(missing, confirm(NOW), None, None)
    assert refused.value.item is None
    assert store.get(missing) is None


def pages(store: Store, owner: Owner | None, **options: Any) -> list[list[str]]:
    """Read all pages; gives their orders' ids."""
    found, cursor = [], None
    while True:
        page = store.page(owner, cursor=cursor, **options)
        found.append([item["orderId"] for item in page.items])
        if (cursor := page.cursor) is None:
            return found


def test_a_list_is_read_page_by_page(engine: Engine, store: Store) -> None:
    """Newest first, each order once, whether the last page is full or not."""
    partner = f"partner-{uuid.uuid4().hex}"
    placed = [engine.put(new_order(partner, number))["orderId"] for number in range(7)]
    newest = placed[::-1]
    owner = Owner("partnerId", partner)
    every = Filters()
    assert pages(store, owner, filters=every, limit=3) == [newest[:3], newest[3:6], newest[6:]]
    assert pages(store, owner, filters=every, limit=7) == [newest]
    assert pages(store, owner, filters=Filters(("READY",)), limit=3) == [[]]
    everybody = [one for page in pages(store, None, filters=every, limit=5) for one in page]
    assert set(placed) <= set(everybody)
    assert len(everybody) == len(set(everybody))


@on(*ENGINES, "ministack")
def test_a_range_holds_its_first_moment_and_not_its_last(engine: Engine, store: Store) -> None:
    """Page by page, also where three orders share the range's first millisecond."""
    partner = f"partner-{uuid.uuid4().hex}"
    moments = [0, 1, 1, 1, 2, 3, 4]
    placed = [engine.put(new_order(partner, number)) for number in moments]
    owner = Owner("partnerId", partner)
    filters = Filters(start=NOW + 1, end=NOW + 4)
    wanted = sorted(item["orderId"] for item in placed[1:6])
    for limit in (1, 2, 3, 5):
        found = [one for page in pages(store, owner, filters=filters, limit=limit) for one in page]
        assert sorted(found) == wanted, limit
    (early,) = pages(store, owner, filters=Filters(end=NOW + 1), limit=5)
    assert early == [placed[0]["orderId"]]
    scanned = [one for page in pages(store, None, filters=filters, limit=50) for one in page]
    assert set(wanted) <= set(scanned)
    assert not {placed[0]["orderId"], placed[6]["orderId"]} & set(scanned)


@on(*ENGINES, "ministack")
def test_several_statuses_and_a_reference_are_filters(engine: Engine, store: Store) -> None:
    """Each of the statuses passes; a reference passes as it was written."""
    partner = f"partner-{uuid.uuid4().hex}"
    owner = Owner("partnerId", partner)
    placed = [
        engine.put({**new_order(partner, number), "status": status, "reference": f"#{number}"})
        for number, status in enumerate(("PLACED", "READY", "DELIVERED"))
    ]
    both = Filters(statuses=("DELIVERED", "PLACED"))
    (found,) = pages(store, owner, filters=both, limit=5)
    assert found == [placed[2]["orderId"], placed[0]["orderId"]]
    (found,) = pages(store, owner, filters=Filters(reference="#1"), limit=5)
    assert found == [placed[1]["orderId"]]


@on(*ENGINES, "ministack")
def test_a_total_follows_its_parts(engine: Engine, store: Store) -> None:
    """Tip, fee and items change one by one and together, each in one update."""
    item = engine.put(new_order())
    line = {"itemId": "soup", "name": "Soup", "quantity": 2, "unitPrice": 450}
    for number, body in enumerate(
        (
            {"tip": 1},
            {"deliveryFee": 20},
            {"items": [line]},
            {"tip": 300, "deliveryFee": 0},
            {"items": [line, line], "tip": 7},
            {"items": [line], "tip": 5, "deliveryFee": 9},
            {"tip": 2},
        ),
        start=1,
    ):
        change = revise(msgspec.convert(body, PartnerOrderPatch), Role.PARTNER, NOW + number)
        item = store.update(item["orderId"], change, None, None)
        assert item["total"] == item["subtotal"] + item["deliveryFee"] + item["tip"]
        assert item["version"] == number + 1


@on(*ENGINES, "ministack")
def test_an_update_that_rests_on_sums_needs_them(engine: Engine, store: Store) -> None:
    """An order without sums, or with those of another total, refuses, and stays as it is."""
    change = revise(msgspec.convert({"tip": 1}, PartnerOrderPatch), Role.PARTNER, NOW + 1)
    for number, odd in enumerate(({}, {"sums": {"total": -1, "subtotal_deliveryFee": 1}})):
        whole = new_order(number=number)
        placed = engine.put({name: whole[name] for name in whole if name != "sums"} | odd)
        with pytest.raises(Refused):
            store.update(placed["orderId"], change, None, None)
        assert store.get(placed["orderId"]) == placed


@on(*ENGINES, "ministack")
def test_a_change_with_a_known_key_is_refused(engine: Engine, store: Store) -> None:
    """The first key makes the list; a known one, and one too many, change nothing."""
    placed = engine.put(new_order())
    for number in range(MOST_KEYS):
        edit = revise(msgspec.convert({"note": str(number)}, OrderPatch), Role.PARTNER, NOW + 1)
        edit = edit._replace(key=ChangeKey(f"key-{number}", "request"))
        item = store.update(placed["orderId"], edit, None, None)
        assert item["changeKeys"][-2:] == [f"key-{number}", "request"]
        with pytest.raises(Refused):
            store.update(placed["orderId"], edit._replace(id="again"), None, None)
    more = edit._replace(id="more", key=ChangeKey("one more", "request"))
    with pytest.raises(Refused):
        store.update(placed["orderId"], more, None, None)
    assert store.get(placed["orderId"]) == item
    fitting = settled(more, item)
    assert fitting is not None
    item = store.update(placed["orderId"], fitting, None, [item["version"]])
    assert len(item["changeKeys"]) == 2 * KEYS_KEPT


@on("dynalite", "ministack")
def test_a_large_order_takes_the_units_that_aws_names(engine: Engine, store: Store) -> None:
    """What the log and `orders spent` tell of reading 33 KB is what AWS charges: a unit for 4 KB.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
    """
    line = {"itemId": "menu", "name": "m" * 200, "quantity": 1, "unitPrice": 1, "note": "n" * 500}
    placed = engine.put(new_order(items=[line] * 44))
    before = store.used()
    assert store.get(placed["orderId"]) == placed
    assert store.used(before) == {
        "dynamodbCalls": 1,
        "readUnits": 9,
        "writeUnits": 0,
    }


@on(*ENGINES, "ministack")
def test_a_text_is_added_to_no_number(engine: Engine) -> None:
    """An update that means to add, and meets a text, is refused and changes nothing."""
    placed, dynamodb = engine.put(new_order()), engine.dynamodb
    key = {name: typed(placed)[name] for name in ("orderId", "timestamp")}
    with pytest.raises(dynamodb.exceptions.ClientError) as refused:
        dynamodb.update_item(
            TableName=engine.tables["orders"],
            Key=key,
            UpdateExpression="SET #currency = #currency + :one",
            ExpressionAttributeNames={"#currency": "currency"},
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
    assert refused.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "An operand in the update expression has an incorrect data type",
    }


def claim(text: str = "one body") -> Claim:
    """A caller's claim with a key of its own."""
    return Claim(f"partner:acme#{uuid.uuid4().hex}", text)


def records(engine: Engine) -> int:
    """Count the keys that stand for orders."""
    found = engine.dynamodb.scan(TableName=engine.tables["idempotency_keys"], Select="COUNT")
    return int(found["Count"])


@on("roto")
def test_an_order_and_its_key_are_written_together(engine: Engine, store: Store) -> None:
    """The first request places; its repetition finds that order, and another body is refused."""
    placed, mine, before = new_order(), claim(), records(engine)
    assert store.create(placed, mine) == (placed, False)
    assert store.create(new_order(number=1), mine) == (placed, True)
    with pytest.raises(KeyReused):
        store.create(new_order(number=2), mine._replace(request_hash="another body"))
    assert records(engine) == before + 1
    assert store.get(placed["orderId"]) == placed


@on("roto")
def test_a_hundred_duplicates_at_once_are_one_order(engine: Engine, store: Store) -> None:
    """A hundred equal requests at the same moment: one order, which all of them get."""
    mine, before = claim(), records(engine)
    partner = f"partner-{uuid.uuid4().hex}"
    with ThreadPoolExecutor(100) as pool:
        tries = [
            pool.submit(store.create, new_order(partner, number), mine) for number in range(100)
        ]
        answers = [one.result() for one in tries]
    assert len({item["orderId"] for item, _ in answers}) == 1
    assert sorted(replayed for _, replayed in answers) == [False] + [True] * 99
    (orders,) = pages(store, Owner("partnerId", partner), filters=Filters(), limit=100)
    assert len(orders) == 1
    assert records(engine) == before + 1


@on("roto")
def test_an_expired_key_is_free_again(engine: Engine, store: Store) -> None:
    """A key whose time is over places a new order, though DynamoDB has not yet removed it."""
    mine, first, second = claim(), new_order(), new_order(number=1)
    store.create(first, mine)
    engine.dynamodb.update_item(
        TableName=engine.tables["idempotency_keys"],
        Key={"key": {"S": mine.key}},
        UpdateExpression="SET expiresAt = :then",
        ExpressionAttributeValues={":then": {"N": str(int(time.time()) - 1)}},
    )
    assert store.create(second, mine) == (second, False)


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    """Give AWS's name of an error."""
    return str(error.value.response["Error"]["Code"])


@on("dynalite")
def test_dynalite_knows_no_transactions(engine: Engine) -> None:
    """Should it learn them, this tells, and it is asked about placing orders as well."""
    dynamodb = engine.dynamodb
    with pytest.raises(dynamodb.exceptions.ClientError) as refused:
        dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": engine.tables["orders"], "Item": typed(new_order())}}
            ]
        )
    assert code_of(refused) == "UnknownOperationException"


def test_neither_gives_the_order_that_failed_a_condition(engine: Engine, store: Store) -> None:
    """Should one learn it, this tells, and it is asked what tells 404, 409 and 412 apart."""
    placed = engine.put(new_order())
    with pytest.raises(Refused) as refused:
        store.update(placed["orderId"], confirm(NOW + 1), None, [2])
    assert refused.value.item is None


@on("roto")
def test_roto_counts_no_units_by_size(engine: Engine, store: Store) -> None:
    """Should it learn them, this tells, and it is asked about units as well."""
    before = store.used()
    placed = engine.put(new_order(note="n" * 500))
    assert store.get(placed["orderId"]) == placed
    assert store.used(before)["readUnits"] == 0.5
