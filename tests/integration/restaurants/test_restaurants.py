"""Restaurants as callers, over HTTP: an order reaches exactly who serves it, and nobody else."""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from cli import options
from cli.app import app
from infrastructure.settings import stack_name
from ops.partners import served_orders
from ops.reach.clients import clients
from ops.reach.target import Target
from tests.shared.examples import order
from tests.shared.people import aws, client_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

WHY = {"code": "too-busy", "text": "Two ovens are broken"}
WHOSE = {"customerId", "partnerId", "reference"}
WHERE = {"contactPhone", "deliveryAddress", "note"}
MOVES = ("CONFIRMED", "PREPARING", "READY", "PICKED_UP", "DELIVERED")


class Side:
    """One caller's HTTP client: where it places orders, and where it serves a restaurant's."""

    def __init__(self, http: httpx.Client, prefix: str) -> None:
        self.http, self.prefix = http, prefix

    def place(self, restaurant: str, **changes: Any) -> dict[str, Any]:
        body = order(restaurantId=restaurant, **changes)
        if not self.prefix:
            body = {n: v for n, v in body.items() if n not in {"customerId", "reference"}}
        key = {"Idempotency-Key": uuid.uuid4().hex}
        answer = self.http.post(f"{self.prefix}/orders", json=body, headers=key)
        assert answer.status_code == 201, answer.text
        placed: dict[str, Any] = answer.json()
        assert "servedBy" not in placed
        return placed

    def own(self, placed: dict[str, Any]) -> str:
        return f"{self.prefix}/orders/{placed['orderId']}"

    def at(self, restaurant: str, placed: dict[str, Any] | None = None) -> str:
        one = "" if placed is None else f"/{placed['orderId']}"
        return f"{self.prefix}/restaurants/{restaurant}/orders{one}"

    def lists(self, restaurant: str, **query: Any) -> list[str]:
        """Give the ids of all orders that this caller serves at a restaurant."""
        found: list[str] = []
        while True:
            answer = self.http.get(self.at(restaurant), params=query)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += [one["orderId"] for one in page["orders"]]
            if page["cursor"] is None:
                return found
            query["cursor"] = page["cursor"]

    def move(
        self, restaurant: str, placed: dict[str, Any], to: str, **headers: str
    ) -> httpx.Response:
        """Move an order as who serves it, at the version that it has now."""
        path = self.at(restaurant, placed)
        seen = self.http.get(path).headers.get("ETag", '"1"')
        body = {"status": to, **({"reason": WHY} if to in {"REJECTED", "CANCELLED"} else {})}
        return self.http.patch(path, json=body, headers={"If-Match": seen, **headers})


@pytest.fixture(scope="module")
def sides(stack: Endpoints) -> Iterator[dict[str, Side]]:
    headers = {
        "ann": ({"Authorization": stack.customer_token}, ""),
        "bob": ({"Authorization": stack.other_customer_token}, ""),
        "operator": ({"Authorization": stack.operator_token}, ""),
        "staff": ({"Authorization": stack.restaurant_token}, ""),
        "other staff": ({"Authorization": stack.other_restaurant_token}, ""),
        "acme": ({"x-api-key": stack.partner_api_key}, "/partner"),
        "bella": ({"x-api-key": stack.other_partner_api_key}, "/partner"),
    }
    made = {name: Side(client_of(stack, sent), prefix) for name, (sent, prefix) in headers.items()}
    yield made
    for side in made.values():
        side.http.close()


SERVED = [
    ("ann", "rest-1", "acme"),
    ("ann", "rest-2", "staff"),
    ("bob", "rest-3", "other staff"),
    ("bella", "rest-1", "acme"),
    ("operator", "rest-2", "staff"),
]
ALL = ("ann", "bob", "operator", "staff", "other staff", "acme", "bella")


@pytest.mark.parametrize(("placer", "restaurant", "server"), SERVED)
def test_an_order_reaches_exactly_who_serves_it(
    sides: dict[str, Side], placer: str, restaurant: str, server: str
) -> None:
    """It stands in one list of a restaurant; to everybody else it is not there, or not theirs."""
    placed = sides[placer].place(restaurant)
    assert placed["orderId"] in sides[server].lists(restaurant)
    for name in ALL:
        if name == server:
            continue
        side = sides[name]
        read = side.http.get(side.at(restaurant, placed))
        expected = 404 if side.prefix else 403
        assert read.status_code == expected, (name, read.text)
        told = "order-not-found" if side.prefix else "not-your-restaurant"
        assert read.json()["type"].endswith(told)
        moved = side.http.patch(
            side.at(restaurant, placed), json={"status": "CONFIRMED"}, headers={"If-Match": '"1"'}
        )
        assert moved.status_code == expected
    assert sides[server].http.get(sides[server].at(restaurant, placed)).json()["version"] == 1


def test_forged_ids_open_nothing(sides: dict[str, Side]) -> None:
    """Another restaurant's id, a part of one, several, encoded ones: 403, 404 or an empty list."""
    placed = sides["ann"].place("rest-1")
    cook, acme, bella = sides["staff"], sides["acme"], sides["bella"]
    for forged in ("rest-1", "rest", "rest-22", "rest-2%20rest-1", "*", "%23rest-2", "REST-2"):
        answer = cook.http.get(f"/restaurants/{forged}/orders/{placed['orderId']}")
        assert answer.status_code == 403, forged
    for forged in ("rest-2", "acme-pos%23rest-1", "%23rest-1", "rest-1%20"):
        answer = acme.http.get(f"/partner/restaurants/{forged}/orders/{placed['orderId']}")
        assert answer.status_code == 404, forged
    assert acme.http.get(acme.at("rest-2", placed)).status_code == 404
    assert bella.lists("rest-1") == []
    assert acme.http.get(acme.at("rest-1", {"orderId": "42"})).status_code == 404
    wrong_way = cook.http.get(f"/partner/restaurants/rest-1/orders/{placed['orderId']}")
    assert wrong_way.status_code == 403, "a token is no API key"
    assert acme.http.get(f"/restaurants/rest-1/orders/{placed['orderId']}").status_code == 401


@pytest.mark.parametrize(("placer", "restaurant", "server"), SERVED[1:4])
def test_who_serves_an_order_sees_what_it_needs_and_no_more(
    sides: dict[str, Side], placer: str, restaurant: str, server: str
) -> None:
    """Under way: where it goes, and not whose it is. At its end neither."""
    placed = sides[placer].place(restaurant, note="ring twice")
    kitchen = sides[server]
    shown = kitchen.http.get(kitchen.at(restaurant, placed)).json()
    assert not WHOSE & set(shown)
    assert set(shown) >= WHERE
    for to in MOVES:
        answer = kitchen.move(restaurant, placed, to)
        assert (answer.status_code, answer.json().get("status")) == (200, to), answer.text
    ended = kitchen.http.get(kitchen.at(restaurant, placed)).json()
    assert not (WHOSE | WHERE) & set(ended)
    assert ended["history"][-1]["by"] == ("restaurant" if "staff" in server else "partner")
    whole = sides[placer].http.get(sides[placer].own(placed)).json()
    assert set(whole) >= WHERE - {"note"} | {"customerId"}


def test_a_rejection_says_why_and_the_customer_reads_it(sides: dict[str, Side]) -> None:
    """Without a reason it is refused; its words stand in the order's history for both."""
    placed, kitchen = sides["ann"].place("rest-2"), sides["staff"]
    path = kitchen.at("rest-2", placed)
    refused = kitchen.http.patch(path, json={"status": "REJECTED"}, headers={"If-Match": '"1"'})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "#/reason"
    assert kitchen.move("rest-2", placed, "REJECTED").status_code == 200
    told = sides["ann"].http.get(sides["ann"].own(placed)).json()["history"][-1]
    assert (told["by"], told["reason"], told["reasonText"]) == ("restaurant", *WHY.values())


def test_who_placed_a_served_order_is_its_customer(sides: dict[str, Side]) -> None:
    """The placing partner sees its order whole, edits it while it waits, and can cancel early."""
    bella, acme = sides["bella"], sides["acme"]
    placed = bella.place("rest-1")
    assert bella.http.patch(bella.own(placed), json={"note": "ring"}).status_code == 200
    refused = bella.http.patch(bella.own(placed), json={"status": "CONFIRMED"})
    assert refused.status_code == 409
    assert refused.json()["detail"] == "The order is PLACED; you can move it to CANCELLED"
    assert acme.move("rest-1", placed, "CONFIRMED").status_code == 200
    assert bella.http.patch(bella.own(placed), json={"note": "late"}).status_code == 409
    assert bella.http.patch(bella.own(placed), json={"status": "PREPARING"}).status_code == 409
    cancelled = bella.http.patch(bella.own(placed), json={"status": "CANCELLED"})
    assert cancelled.status_code == 200
    edited = acme.http.patch(acme.at("rest-1", placed), json={"note": "x"})
    assert edited.status_code == 400, "who serves an order edits nothing"


def test_an_order_placed_by_its_own_server_is_as_before(sides: dict[str, Side]) -> None:
    """A point-of-sale system that places at its own restaurant keeps every move where it was."""
    acme = sides["acme"]
    placed = acme.place("rest-1")
    assert placed["orderId"] not in acme.lists("rest-1")
    for to in MOVES:
        assert acme.http.patch(acme.own(placed), json={"status": to}).status_code == 200
    unserved = sides["bella"].place("rest-2")  # a restaurant that bella does not mean by this id
    assert unserved["orderId"] not in sides["staff"].lists("rest-2")
    path = sides["bella"].own(unserved)
    assert sides["bella"].http.patch(path, json={"status": "CONFIRMED"}).status_code == 200


def test_lists_take_filters_and_a_stranger_s_cursor_shows_nothing(sides: dict[str, Side]) -> None:
    """Status and time narrow a list; a cursor is a place in one's own list, whosever it is."""
    kitchen, ann = sides["other staff"], sides["ann"]
    placed = [ann.place("rest-3") for _ in range(3)]
    ids = [one["orderId"] for one in reversed(placed)]
    since = {"createdFrom": placed[0]["createdAt"]}
    assert kitchen.lists("rest-3", **since)[:3] == ids
    assert kitchen.lists("rest-3", limit=1, **since)[:3] == ids
    kitchen.move("rest-3", placed[1], "CONFIRMED")
    assert kitchen.lists("rest-3", status="CONFIRMED", **since) == [ids[1]]
    stranger = sides["bella"].place("rest-9")["orderId"]
    answer = kitchen.http.get(kitchen.at("rest-3"), params={"cursor": stranger})
    assert answer.status_code == 200
    assert stranger not in {one["orderId"] for one in answer.json()["orders"]}
    filtered = {"cursor": stranger, "status": "PLACED"}
    assert kitchen.http.get(kitchen.at("rest-3"), params=filtered).status_code == 400
    for name in ("customerId", "partnerId", "reference"):
        refused = kitchen.http.get(kitchen.at("rest-3"), params={name: "x"})
        assert refused.status_code == 400, "whose orders they are is not a restaurant's to ask"


def test_a_repeated_move_is_made_once(sides: dict[str, Side]) -> None:
    """With an Idempotency-Key a kitchen that heard nothing confirms again, and gets the order."""
    placed, kitchen = sides["bella"].place("rest-1"), sides["acme"]
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first, again = (
        kitchen.http.patch(
            kitchen.at("rest-1", placed),
            json={"status": "CONFIRMED"},
            headers={"If-Match": '"1"', **key},
        )
        for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.json() == again.json()


@pytest.mark.parametrize(
    "path", ["/restaurants/rest-2/orders", "/partner/restaurants/rest-1/orders"]
)
def test_browsers_may_call_a_restaurant_s_routes(
    sides: dict[str, Side], stack: Endpoints, path: str
) -> None:
    """OPTIONS answers an allowed origin, and HEAD is GET without its body."""
    side = sides["acme" if path.startswith("/partner") else "staff"]
    for one in ("", "/01a2055b-8cae-7809-986e-66c157b96611"):
        asked = {"Origin": stack.web_origin, "Access-Control-Request-Method": "PATCH"}
        preflight = side.http.options(path + one, headers=asked)
        assert preflight.status_code == 204
        assert preflight.headers["Access-Control-Allow-Origin"] == stack.web_origin
    answer = side.http.get(path, headers={"Origin": stack.web_origin})
    assert answer.headers["Access-Control-Allow-Origin"] == stack.web_origin
    assert (side.http.head(path).status_code, side.http.head(path).content) == (200, b"")


@pytest.fixture(autouse=True)
def _operated(stack: Endpoints, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands reach the stack of this test run."""
    described = aws(stack, "cloudformation").describe_stacks(StackName=stack.stack_name)
    given = described["Stacks"][0]["Outputs"]
    outputs = {item["OutputKey"]: item["OutputValue"] for item in given}
    client = clients(stack.aws_endpoint_url)
    target = Target("the local run", stack_name("dev"), client, outputs, "make run")
    monkeypatch.setattr(options, "find", lambda *_, **__: target)


def run(*arguments: str) -> Any:
    """Run `orders restaurants` on the running copy; gives what it prints, read."""
    result = CliRunner().invoke(app, ["restaurants", *arguments, "--local", "--json"])
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def test_binding_moves_the_orders_that_wait(sides: dict[str, Side]) -> None:
    """A restaurant that moves to another system finds its open orders there, and only once."""
    ann, acme, bella = sides["ann"], sides["acme"], sides["bella"]
    restaurant = f"rest-{uuid.uuid4().hex[:8]}"
    waiting, own = ann.place(restaurant), bella.place(restaurant)
    assert acme.lists(restaurant) == []

    to_acme = ("bind", restaurant, "--to", "acme-pos", "--placers", "bella-aggregator")
    asked = CliRunner().invoke(app, ["restaurants", *to_acme, "--local"], input="n\n")
    assert "placed by customers, bella-aggregator?" in " ".join(asked.output.split())
    bound = run(*to_acme, "--yes")
    moved = {"moved": 2, "busy": 0, "ofOtherPartners": {}}
    assert bound == {"id": restaurant, "servedBy": "acme-pos", **moved}
    assert set(acme.lists(restaurant)) == {waiting["orderId"], own["orderId"]}
    assert ann.http.get(ann.own(waiting)).json()["version"] == 2
    later = ann.place(restaurant)
    assert later["orderId"] in acme.lists(restaurant), "every further order is stamped"
    assert acme.move(restaurant, waiting, "CONFIRMED").status_code == 200

    assert run("bind", restaurant, "--to", "bella-aggregator", "--yes")["moved"] == 2
    assert acme.lists(restaurant) == [waiting["orderId"]], "what is under way stays"
    assert bella.lists(restaurant) == [later["orderId"]], "its own it serves where it placed it"
    confirmed = bella.http.patch(bella.own(own), json={"status": "CONFIRMED"})
    assert confirmed.status_code == 200

    assert run("unbind", restaurant, "--open", "--yes")["moved"] == 2
    assert acme.lists(restaurant) == bella.lists(restaurant) == []
    assert all(one["id"] != restaurant for one in run("ls"))


def test_two_operators_move_no_orders_at_a_time(
    sides: dict[str, Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one moves a restaurant's orders, another is told to wait: they end where it says."""
    restaurant, move = f"rest-{uuid.uuid4().hex[:8]}", served_orders.move
    waiting = sides["ann"].place(restaurant)
    other: list[str] = []

    def meanwhile(*given: Any) -> None:
        monkeypatch.setattr(served_orders, "move", move)
        command = ["restaurants", "unbind", restaurant, "--local", "--yes"]
        result = CliRunner().invoke(app, command)
        other.append(f"{result.output}{result.exception}")
        move(*given)

    monkeypatch.setattr(served_orders, "move", meanwhile)
    assert run("bind", restaurant, "--to", "acme-pos", "--yes")["moved"] == 1
    assert "Another operator is changing who serves" in other[0]
    assert sides["acme"].lists(restaurant) == [waiting["orderId"]]
    assert {"id": restaurant, "servedBy": "acme-pos", "placers": []} in run("ls")
    assert run("unbind", restaurant, "--yes")["moved"] == 1


def test_what_cannot_be_bound_is_refused(sides: dict[str, Side]) -> None:
    """An id that stands in no address, a partner that is none, and removing one that serves."""
    del sides
    runner = CliRunner()
    for arguments, said in (
        (["restaurants", "bind", "a/b", "--to", "staff"], "cannot be served"),
        (["restaurants", "bind", "rest-5", "--to", "nobody-there"], "There is no partner"),
        (["restaurants", "bind", "rest-5", "--to", "staff", "--placers", "x-y"], "no partner"),
        (["partners", "remove", "acme-pos"], r"acme-pos serves .*\brest-1\b"),
    ):
        result = runner.invoke(app, [*arguments, "--local", "--yes"])
        assert result.exit_code != 0
        assert re.search(said, f"{result.output}{result.exception}"), arguments


def test_staff_come_and_go(sides: dict[str, Side], stack: Endpoints) -> None:
    """Whom operators name serves a restaurant from the next sign-in on, and then no more."""
    person = run("staff", "add", stack.customer_id, "--restaurant", "rest-7", "--yes")
    assert person == {"person": stack.customer_id, "restaurants": ["rest-7"]}
    assert {"person": stack.customer_id, "restaurants": ["rest-7"]} in run("staff", "ls")
    person = run("staff", "remove", stack.customer_id, "--restaurant", "rest-7", "--yes")
    assert person["restaurants"] == []
    assert sides["ann"].http.get(sides["ann"].at("rest-7")).status_code == 403
