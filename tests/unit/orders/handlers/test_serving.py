"""An order reaches exactly the restaurant's side, from its placing to its end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from orders import partners
from orders import store as stores
from orders.domain.serving.servers import Bound
from orders.handlers import create_order, get_order, list_orders, update_order
from orders.settings import IDEMPOTENCY_HOURS, IDEMPOTENCY_TABLE, ORDERS_TABLE, PARTNERS_TABLE
from tests.fuzz.tables import KEYS, ORDERS, PARTNERS, Tables
from tests.shared.events import event
from tests.shared.examples import order

if TYPE_CHECKING:
    from orders.domain.order import Item

BOUND = {"rest-1": Bound("acme", ("acme", "bella")), "rest-2": Bound("", ("acme",))}
ANN = {"token_use": "id", "sub": "ann"}
STAFF = {
    "token_use": "id",
    "sub": "cook",
    "cognito:groups": "restaurants",
    "custom:restaurants": "rest-2",
}
WHY = {"code": "too-busy"}
HANDLERS = {"list": list_orders, "one": get_order, "patch": update_order}


class World:
    """Tables with two partners and two restaurants that are served."""

    def __init__(self) -> None:
        self.tables = Tables()
        for partner in ("acme", "bella", "stranger"):
            key = {"apiKeyId": f"key-of-{partner}", "partnerId": partner}
            self.tables.put(PARTNERS, key)
        self.bind(BOUND)

    def bind(self, bound: dict[str, Bound]) -> None:
        snapshot = {"apiKeyId": "#restaurants", "restaurants": partners.packed(bound)}
        self.tables.put(PARTNERS, snapshot)

    def place(self, who: str | dict[str, str], restaurant: str, key: str = "k-1") -> Item:
        """Place an order, as a partner or a person; gives it as it is stored."""
        body = order(restaurantId=restaurant)
        headers = {"Idempotency-Key": key}
        if isinstance(who, dict):
            body = {n: v for n, v in body.items() if n not in {"customerId", "reference"}}
            sent = event("POST", "/orders", body=body, headers=headers, claims=who)
        else:
            sent = event("POST", body=body, headers=headers, api_key_id=f"key-of-{who}")
        answer = create_order.handler(sent, None)
        assert answer["statusCode"] == 201, answer["body"]
        shown = json.loads(answer["body"])
        return self.tables.items[ORDERS][shown["orderId"], shown["createdAt"]]

    def served(
        self,
        kind: str,
        who: str | dict[str, str],
        restaurant: str,
        item: Item | None = None,
        **of: Any,
    ) -> tuple[int, dict[str, Any]]:
        """Ask as who serves a restaurant: list its orders, read one, or change it."""
        person = isinstance(who, dict)
        path = f"{'' if person else '/partner'}/restaurants/{{restaurantId}}/orders"
        sent = event(
            "PATCH" if kind == "patch" else "GET",
            path,
            restaurant_id=restaurant,
            order_id=None if item is None else item["orderId"],
            api_key_id=None if person else f"key-of-{who}",
            claims=who if isinstance(who, dict) else None,
            **of,
        )
        answer = HANDLERS[kind].handler(sent, None)
        return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    tables = {ORDERS_TABLE: ORDERS, IDEMPOTENCY_TABLE: KEYS, PARTNERS_TABLE: PARTNERS}
    for name, table in tables.items():
        monkeypatch.setenv(name, table)
    monkeypatch.setenv(IDEMPOTENCY_HOURS, "24")
    monkeypatch.setattr(stores, "connect", lambda: made.tables)
    return made


@pytest.mark.parametrize(
    ("who", "restaurant", "server"),
    [
        (ANN, "rest-1", "acme#rest-1"),
        (ANN, "rest-2", "#rest-2"),
        (ANN, "rest-42", None),
        ("bella", "rest-1", "acme#rest-1"),
        ("acme", "rest-2", "#rest-2"),
        ("acme", "rest-1", None),
        ("bella", "rest-2", None),
        ("stranger", "rest-1", None),
    ],
)
def test_an_order_has_one_server_or_none(
    world: World, who: str | dict[str, str], restaurant: str, server: str | None
) -> None:
    """Who serves it is stamped when it is placed, and stays."""
    assert world.place(who, restaurant).get("servedBy") == server


def test_a_repeated_order_stays_with_its_server(world: World) -> None:
    """The same request later is that order, whoever serves the restaurant by then."""
    first = world.place(ANN, "rest-1")
    world.bind({"rest-1": Bound("bella")})
    partners.directory.cache_clear()
    assert world.place(ANN, "rest-1") == first
    assert world.place(ANN, "rest-1", "k-2")["servedBy"] == "bella#rest-1"


def test_the_restaurant_reads_lists_and_moves_what_it_serves(world: World) -> None:
    """A customer's order stands in the list of who serves it, who takes it to its end."""
    item = world.place(ANN, "rest-2")
    status, page = world.served("list", STAFF, "rest-2")
    assert (status, [one["orderId"] for one in page["orders"]]) == (200, [item["orderId"]])
    assert "customerId" not in page["orders"][0]
    status, shown = world.served("one", STAFF, "rest-2", item)
    assert (status, shown) == (200, page["orders"][0])
    for to in ("CONFIRMED", "PREPARING", "READY", "PICKED_UP", "DELIVERED"):
        headers = {"If-Match": f'"{item["version"]}"'} if to == "CONFIRMED" else None
        status, shown = world.served(
            "patch", STAFF, "rest-2", item, body={"status": to}, headers=headers
        )
        assert (status, shown["status"]) == (200, to)
        assert shown["history"][-1]["by"] == "restaurant"
    assert not {"contactPhone", "deliveryAddress", "customerId"} & set(shown)


@pytest.mark.parametrize("kind", HANDLERS)
@pytest.mark.parametrize(
    ("who", "restaurant", "expected"),
    [
        ("bella", "rest-1", 404),
        ("acme", "rest-2", 404),
        ("stranger", "rest-1", 404),
        (STAFF, "rest-1", 403),
        (STAFF, "rest-2", 404),
        (ANN, "rest-1", 403),
    ],
)
def test_nobody_else_finds_it(
    world: World, kind: str, who: str | dict[str, str], restaurant: str, expected: int
) -> None:
    """Another partner, the placer, other staff and the customer find nothing on these routes."""
    item = world.place("bella", "rest-1")
    body = {"status": "CANCELLED", "reason": WHY} if kind == "patch" else None
    one = None if kind == "list" else item
    status, answer = world.served(kind, who, restaurant, one, body=body)
    if kind == "list" and expected == 404:
        assert (status, answer["orders"]) == (200, [])
    else:
        assert status == expected
    assert item["status"] == "PLACED"


def test_a_restaurant_must_say_why_and_cannot_edit(world: World) -> None:
    """A rejection names its reason, and contents are not a restaurant's to change."""
    item = world.place(ANN, "rest-1")

    def ask(body: Any) -> tuple[int, dict[str, Any]]:
        return world.served("patch", "acme", "rest-1", item, body=body)

    status, problem = ask({"status": "REJECTED"})
    assert (status, problem["errors"][0]["pointer"]) == (400, "#/reason")
    status, problem = ask({"note": "x"})
    assert (status, problem["errors"][0]["pointer"]) == (400, "#/note")
    assert ask({"status": "REJECTED", "reason": WHY})[0] == 200


def test_who_placed_it_is_told_what_a_customer_may(world: World) -> None:
    """The placing partner edits and cancels; a staff move is refused with what it may do."""
    item = world.place("bella", "rest-1")

    def ask(body: Any) -> tuple[int, dict[str, Any]]:
        key = "key-of-bella"
        sent = event("PATCH", order_id=item["orderId"], body=body, api_key_id=key)
        answer = update_order.handler(sent, None)
        return answer["statusCode"], json.loads(answer["body"])

    assert ask({"note": "ring twice"})[0] == 200
    status, problem = ask({"status": "CONFIRMED"})
    assert (status, problem["detail"]) == (
        409,
        "The order is PLACED; you can move it to CANCELLED",
    )
    world.served(
        "patch", "acme", "rest-1", item, body={"status": "CONFIRMED"}, headers={"If-Match": '"2"'}
    )
    assert ask({"status": "PREPARING"})[0] == 409
    assert ask({"status": "CANCELLED"})[0] == 200
    mine = world.place("acme", "rest-1")
    sent = event(
        "PATCH", order_id=mine["orderId"], body={"status": "CONFIRMED"}, api_key_id="key-of-acme"
    )
    assert update_order.handler(sent, None)["statusCode"] == 200


def test_a_stranger_s_cursor_stays_within_one_s_own_list(world: World) -> None:
    """An order of somebody else's as cursor shows nothing of it: only a place in the own list."""
    theirs = world.place("stranger", "rest-9")
    mine = [world.place(ANN, "rest-2", f"k-{number}")["orderId"] for number in range(2)]
    for cursor in (theirs["orderId"], mine[0]):
        query = {"cursor": [cursor]}
        status, page = world.served("list", STAFF, "rest-2", query=query)
        assert status == 200
        assert {one["orderId"] for one in page["orders"]} <= set(mine)
    assert world.served("list", STAFF, "rest-2", query={"customerId": ["ann"]})[0] == 400
    query = {"status": ["PLACED"], "createdFrom": ["2026-01-01T00:00:00Z"], "limit": ["1"]}
    status, page = world.served("list", STAFF, "rest-2", query=query)
    assert (status, len(page["orders"])) == (200, 1)
    query["cursor"] = [page["cursor"]]
    assert world.served("list", STAFF, "rest-2", query=query)[0] == 200


class Lagging(Tables):
    """Tables of which a read that asks for no more is behind: it misses what was just written."""

    def scan_page(self, table: str, **options: Any) -> Any:
        return super().scan_page(table, **options) if options.get("consistent_read") else _OLD


_OLD: Any = ([{"apiKeyId": "#restaurants", "restaurants": partners.packed({})}], None, None)


def test_a_process_of_now_starts_with_who_serves_now(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whom operators have named a moment ago gets all orders of the processes they renewed."""
    lagging = Lagging()
    lagging.items = world.tables.items
    monkeypatch.setattr(stores, "connect", lambda: lagging)
    stores.store.cache_clear()
    partners.directory.cache_clear()
    partners.directory().preload()
    assert partners.directory().server_of("rest-1", None) == "acme#rest-1"
