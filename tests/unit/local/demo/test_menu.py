"""The demo menu lists dishes and signs prices that the service takes, and says what it cannot."""

from __future__ import annotations

import calendar
import json
import socket
import stat
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from msgspec import convert

from local.demo import menu_key
from local.demo.dishes import RESTAURANTS
from local.demo.menu import HOLDS_SECONDS, menu
from local.demo.quoting import with_quote
from ops.reach.errors import LocalError, OperatorError
from orders.domain.order import NewOrder
from orders.pricing.compared import check_order
from orders.pricing.quotes import quote_of
from orders.settings import PRICE_KEYS, STAGE
from tests.shared.examples import order
from tests.shared.menu.quotes import base64url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = f"x.{base64url(json.dumps({'sub': 'me'}).encode())}.x"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> menu_key.MenuKey:
    return menu_key.ready(tmp_path_factory.mktemp("copy") / "menu-key.pem")


@pytest.fixture
def url(key: menu_key.MenuKey, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A menu that runs, and a service that knows its key."""
    monkeypatch.setenv(PRICE_KEYS, f"{menu_key.KID}:{key.modulus}")
    monkeypatch.setenv(STAGE, "dev")
    with menu(0, key, "dev") as address:
        yield address


def ask(url: str, basket: Any, **headers: str) -> httpx.Response:
    return httpx.post(f"{url}quotes", json=basket, headers={"Authorization": TOKEN, **headers})


BASKETS = [
    *(
        {
            "restaurantId": restaurant_id,
            "items": [
                {"itemId": item_id, "quantity": 2, "options": list(dish.options)}
                for item_id, dish in restaurant.dishes.items()
            ],
            "deliveryAddress": {"country": "US", "postalCode": "94105"},
        }
        for restaurant_id, restaurant in RESTAURANTS.items()
    ),
    {
        "restaurantId": "rest-42",
        "items": [{"itemId": "tiramisu", "quantity": 1}],
        "deliveryAddress": {"country": "US", "postalCode": "10001"},
    },
]


@pytest.mark.parametrize("basket", BASKETS, ids=lambda basket: str(basket["restaurantId"]))
def test_a_basket_is_priced_and_its_quote_is_taken(url: str, basket: dict[str, Any]) -> None:
    """I send ids and quantities, and order exactly what comes back."""
    said = ask(url, basket).json()
    address = {"line1": "1 Market St", "city": "Springfield", **basket["deliveryAddress"]}
    sent = {
        **{name: said[name] for name in ("items", "currency", "deliveryFee")},
        "restaurantId": basket["restaurantId"],
        "deliveryAddress": address,
        "tip": 0,
        "contactPhone": "+14155550123",
    }
    quote = quote_of(said["quote"], "me", time.time())
    assert check_order(convert(sent, NewOrder), quote)
    assert quote.subtotal == said["subtotal"]
    assert 0 < time.time() + HOLDS_SECONDS - _seconds(said["expiresAt"]) < 60


def _seconds(text: str) -> float:
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def test_the_example_order_is_on_the_menu(url: str) -> None:
    """The order that all documents show costs at the menu what they say it costs."""
    made = with_quote(order(), token=TOKEN, menu_url=url)
    assert {**made, "customerId": "cust-1", "quote": ""} == {**order(), "quote": ""}
    assert check_order(convert(made, NewOrder), quote_of(made["quote"], "me", time.time()))


def test_prices_of_an_order_are_the_menus(url: str) -> None:
    """Whatever an order says that a dish costs, it comes back at the menu's price."""
    cheap = order(deliveryFee=0)
    cheap["items"][0].update(unitPrice=1, options=[{"name": "extra cheese", "price": 0}])
    made = with_quote(cheap, token=f"Bearer {TOKEN}", menu_url=url)
    assert made["items"] == order()["items"]
    assert made["deliveryFee"] == 299


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "restaurant": ({"restaurantId": "rest-9"}, 422, "there are rest-1, rest-2, rest-3, rest-42"),
    "dish": ({"items": [{"itemId": "pho", "quantity": 1}]}, 422, "there are margherita"),
    "option": (
        {"items": [{"itemId": "tiramisu", "quantity": 1, "options": ["egg"]}]},
        422,
        "no option 'egg'; there are: none",
    ),
    "country": ({"deliveryAddress": {"country": "FR"}}, 422, "delivers in US only"),
    "quantity": ({"items": [{"itemId": "tiramisu", "quantity": 0}]}, 400, "$.items[0].quantity"),
    "no items": ({"items": []}, 400, "$.items"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_has_no_price_is_told(url: str, what: str) -> None:
    """I read what the menu does not know, and what there is instead."""
    changes, status, words = REFUSED[what]
    answer = ask(url, {**order(), **changes})
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    with pytest.raises(OperatorError, match="The menu gives no quote for this order: "):
        with_quote({**order(), **changes}, token=TOKEN, menu_url=url)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "x.e30.x", "x.W10.x", "Bearer"])
def test_a_quote_is_for_somebody(url: str, token: str) -> None:
    """Without a token that says who orders there is no quote, and I read where to get one."""
    answer = ask(url, order(), Authorization=token)
    assert (answer.status_code, "make token" in answer.json()["detail"]) == (401, True)


def test_the_menu_is_listed(url: str) -> None:
    """I see all restaurants, or one of them; of one that is not there I read which there are."""
    listed = httpx.get(f"{url}menu").json()["restaurants"]
    assert [one["restaurantId"] for one in listed] == list(RESTAURANTS)
    assert httpx.get(f"{url}menu/rest-42").json() == listed[-1]
    assert listed[-1]["dishes"][0] == {
        "itemId": "margherita",
        "name": "Pizza Margherita",
        "unitPrice": 1199,
        "options": [{"name": "extra cheese", "price": 150}],
    }
    for path, words in {"menu/rest-9": "rest-42", "else": "GET /menu"}.items():
        answer = httpx.get(url + path)
        assert (answer.status_code, words in answer.json()["detail"]) == (404, True)
    assert httpx.post(f"{url}menu", json={}).status_code == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"restaurantId":"\xff"}'])
def test_what_is_no_json_is_told(url: str, body: bytes) -> None:
    """A body that is no basket is answered with a sentence."""
    answer = httpx.post(f"{url}quotes", content=body, headers={"Authorization": TOKEN})
    assert (answer.status_code, "no basket" in answer.json()["detail"]) == (400, True)


def test_nobody_elsewhere_is_answered(url: str) -> None:
    """A page of another origin gets no quote in my name, and no body of any length is read."""
    assert ask(url, order(), Origin="https://elsewhere.example").status_code == 403
    long = httpx.post(f"{url}quotes", content=b" " * 70_000, headers={"Authorization": TOKEN})
    assert long.status_code == 400


def test_a_menu_that_is_gone_is_told() -> None:
    """Where no menu answers I read how to start it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    with pytest.raises(OperatorError, match="make run"):
        with_quote(order(), token=TOKEN, menu_url=f"http://127.0.0.1:{free}/")


def test_the_key_is_made_once_and_for_me_alone(tmp_path: Path) -> None:
    """The second start has the first one's key; nobody else on this machine can read it."""
    file = tmp_path / "menu-key.pem"
    first = menu_key.ready(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert menu_key.ready(file).modulus == first.modulus
    file.write_text("no key")
    with pytest.raises(LocalError, match="once you remove it"):
        menu_key.ready(file)


def test_functions_that_know_keys_know_this_one(key: menu_key.MenuKey) -> None:
    """Of the template that goes to the emulator, only the variable of the keys is another."""

    def template(keys: str) -> dict[str, Any]:
        known = {"Variables": {"PRICE_KEYS": keys, "PRICE_QUOTES": "checked"}}
        return {
            "Resources": {
                "A": {"Type": "AWS::Lambda::Function", "Properties": {"Environment": known}},
                "B": {"Type": "AWS::Lambda::Function", "Properties": {}},
                "C": {"Type": "AWS::SQS::Queue"},
            }
        }

    told = json.loads(key.told_to(json.dumps(template(""))))
    assert told == template(f"demo:{key.modulus}")
