"""Customers place and change orders at prices that the menu has signed, and at no others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from orders import parameters
from orders import store as stores
from orders.handlers import create_order, update_order
from orders.settings import (
    FLAGS_PARAMETER,
    IDEMPOTENCY_HOURS,
    IDEMPOTENCY_TABLE,
    NO_KEYS,
    ORDERS_TABLE,
    PARTNERS_TABLE,
    PRICE_KEYS,
    PRICE_QUOTES,
    setting,
)
from tests.fuzz.tables import KEYS, ORDERS, PARTNERS, Tables
from tests.shared.events import event
from tests.shared.examples import order
from tests.shared.menu import quotes
from tests.unit.conftest import OWN_STAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from orders.domain.order import Item

ME = {"token_use": "id", "sub": "me"}
OPERATOR = {"token_use": "id", "sub": "boss", "cognito:groups": "operators"}
PREFIX = "urn:problem-type:food-delivery:"
ONE_PIZZA = [{"itemId": "margherita", "name": "Margherita", "quantity": 1, "unitPrice": 900}]
OAKLAND = {"line1": "1 Lake St", "city": "Oakland", "postalCode": "94612", "country": "US"}


def mine(**changes: Any) -> dict[str, Any]:
    """Give an order as a customer places it."""
    sent = order(**changes)
    del sent["customerId"]
    return sent


class World:
    """Tables, a stage that requires quotes, and how to place and change orders in it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tables = Tables()
        self.tables.put(PARTNERS, {"apiKeyId": "key-of-acme", "partnerId": "acme"})
        self._patch = monkeypatch
        self.set(PRICE_QUOTES, "required")
        self.set(PRICE_KEYS, quotes.price_keys())
        self._number = 0

    def set(self, name: str, value: str) -> None:
        self._patch.setenv(name, value)
        setting.cache_clear()

    def place(self, sent: Any, key: str | None = None, who: Any = ME) -> Answer:
        """Place an order as a person, or as acme."""
        self._number += 1
        person = isinstance(who, dict)
        made = event(
            "POST",
            "/orders" if person else "/partner/orders",
            body=sent,
            headers={"Idempotency-Key": key or f"key-{self._number}"},
            **({"claims": who} if person else {"api_key_id": who}),
        )
        return Answer(create_order.handler(made, None))

    def change(self, order_id: str, body: Any, who: Any = ME, **headers: str) -> Answer:
        """Change an order."""
        person = isinstance(who, dict)
        made = event(
            "PATCH",
            "/orders" if person else "/partner/orders",
            order_id=order_id,
            body=body,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            **({"claims": who} if person else {"api_key_id": who}),
        )
        return Answer(update_order.handler(made, None))

    def placed(self, who: Any = ME, **changes: Any) -> str:
        """Place an order with its quote; gives its id."""
        sent = mine(**changes)
        answer = self.place({**sent, "quote": quote(sent)}, who=who)
        assert answer.status == 201, answer.body
        return str(answer.body["orderId"])

    def stored(self, order_id: str) -> Item:
        return next(one for key, one in self.tables.items[ORDERS].items() if key[0] == order_id)

    @property
    def orders(self) -> int:
        return len(self.tables.items[ORDERS])


class Answer:
    """What a function answered."""

    def __init__(self, made: dict[str, Any]) -> None:
        self.status: int = made["statusCode"]
        self.headers: dict[str, str] = made["headers"]
        self.text: str = made["body"]
        self.body: dict[str, Any] = json.loads(made["body"])

    @property
    def refusal(self) -> tuple[str, list[str]]:
        """The problem's name, and where it is."""
        assert self.status in (400, 422), self.body
        return self.body["type"].removeprefix(PREFIX), [
            fault["pointer"] for fault in self.body.get("errors", [])
        ]


def quote(sent: dict[str, Any], sub: str = "me", **changes: Any) -> str:
    return quotes.quote(sent, sub, OWN_STAGE, **changes)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(monkeypatch)
    for name, value in {
        ORDERS_TABLE: ORDERS,
        PARTNERS_TABLE: PARTNERS,
        IDEMPOTENCY_TABLE: KEYS,
        IDEMPOTENCY_HOURS: "24",
        FLAGS_PARAMETER: "/x/flags",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(stores, "connect", lambda: made.tables)
    monkeypatch.setattr(parameters, "call", lambda *_: {"Parameter": {"Value": "{}"}})
    return made


# --- Placing


def test_a_quoted_order_is_placed(world: World) -> None:
    """I order what the menu has quoted: 201, and the quote is shown and kept nowhere."""
    sent = mine()
    text = quote(sent)
    answer = world.place({**sent, "quote": text})
    assert (answer.status, answer.body["total"]) == (201, 3197)
    assert "quote" not in answer.body
    assert "basket" not in answer.body
    kept = world.stored(answer.body["orderId"])
    assert "quote" not in kept
    assert text[:40] not in repr(world.tables.items)


@pytest.mark.parametrize("who", [ME, OPERATOR, "key-of-acme"], ids=["customer", "operator", "acme"])
def test_who_owes_a_quote(world: World, who: Any) -> None:
    """A customer's order needs one; an operator's and a partner's do not."""
    answer = world.place(mine() if isinstance(who, dict) else order(), who=who)
    if who is ME:
        assert answer.refusal == ("quote-required", ["#/quote"])
        assert world.orders == 0
    else:
        assert answer.status == 201


def test_an_operators_quote_is_looked_at(world: World) -> None:
    """An operator need not send one; one that is sent must be right, and its own."""
    sent = mine()
    assert world.place({**sent, "quote": quote(sent)}, who=OPERATOR).refusal[0] == "quote-invalid"
    assert world.place({**sent, "quote": quote(sent, "boss")}, who=OPERATOR).status == 201


def test_partners_do_not_know_the_field(world: World) -> None:
    """A partner's quote is an unknown field, as any other."""
    answer = world.place(order(quote="x"), who="key-of-acme")
    assert answer.refusal == ("invalid-body", ["#/quote"])


MODES = {
    # what is sent: the answers where quotes are required, checked, and not looked at
    "none": ("quote-required", 201, 201),
    "good": (201, 201, 201),
    "forged": ("quote-invalid", "quote-invalid", 201),
    "late": ("quote-expired", "quote-expired", 201),
    "another": ("quote-mismatch", "quote-mismatch", 201),
}


@pytest.mark.parametrize("number", range(3), ids=["required", "checked", "off"])
@pytest.mark.parametrize("what", MODES)
def test_each_mode(world: World, what: str, number: int) -> None:
    """`required` refuses an order without a quote, `checked` a wrong quote, `off` none."""
    sent = mine()
    made = {
        "none": None,
        "good": quote(sent),
        "forged": quote(sent)[:-4] + "AAAA",
        "late": quote(sent, iat=1_000, exp=1_900),
        "another": quote(mine(deliveryFee=1)),
    }[what]
    world.set(PRICE_QUOTES, ("required", "checked", "off")[number])
    answer = world.place(sent if made is None else {**sent, "quote": made})
    expected = MODES[what][number]
    told = answer.status if answer.status == 201 else answer.refusal[0]
    assert told == expected
    assert world.orders == (1 if expected == 201 else 0)


def test_without_keys_nobody_is_charged_what_nobody_vouches_for(world: World) -> None:
    """A stage that requires quotes and has no keys takes no customer's order, and says why."""
    world.set(PRICE_KEYS, NO_KEYS)
    answer = world.place(mine())
    assert answer.refusal[0] == "quote-required"
    assert "no keys" in answer.body["detail"]
    sent = mine()
    assert world.place({**sent, "quote": quote(sent)}).refusal[0] == "quote-invalid"


MISMATCHES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "restaurant": ({"restaurantId": "rest-1"}, ["#/restaurantId"]),
    "currency": ({"currency": "EUR"}, ["#/currency"]),
    "fee": ({"deliveryFee": 0}, ["#/deliveryFee"]),
    "items": ({"items": ONE_PIZZA}, ["#/items"]),
    "area": ({"deliveryAddress": OAKLAND}, ["#/deliveryAddress"]),
    "two": ({"deliveryFee": 0, "items": ONE_PIZZA}, ["#/deliveryFee", "#/items"]),
}


@pytest.mark.parametrize("what", MISMATCHES)
def test_a_quote_for_something_else_is_refused_by_place(world: World, what: str) -> None:
    """I hear where my order is not what was quoted, all of it at once."""
    changes, pointers = MISMATCHES[what]
    answer = world.place({**mine(**changes), "quote": quote(mine())})
    kind, found = answer.refusal
    assert (kind, sorted(found)) == ("quote-mismatch", pointers)
    assert world.orders == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"tip": 0},
        {"note": "another"},
        {"contactPhone": "+14155550199"},
        {"deliveryAddress": {**order()["deliveryAddress"], "line1": "2 Market St"}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_a_quote_does_not_speak_of_is_free(world: World, changes: dict[str, Any]) -> None:
    """Tip, notes, phone and the house within the area are mine to choose."""
    assert world.place({**mine(**changes), "quote": quote(mine())}).status == 201


def test_notes_of_a_line_are_free(world: World) -> None:
    """What I wish for my pizza costs nothing, so it is not in the quote."""
    sent = mine()
    sent["items"][0]["note"] = "no basil"
    assert world.place({**sent, "quote": quote(mine())}).status == 201


def test_a_quote_without_area_holds_everywhere(world: World) -> None:
    """A menu with one fee for all says null, and I may live wherever I do."""
    sent = mine(deliveryAddress=OAKLAND)
    assert world.place({**sent, "quote": quote(mine(), area=None)}).status == 201


def test_a_country_without_postal_codes_is_an_area(world: World) -> None:
    """Where addresses have no postal code, the area is the country."""
    address = {"line1": "1 Queen's Road", "city": "Hong Kong", "country": "HK"}
    sent = mine(deliveryAddress=address)
    assert world.place({**sent, "quote": quote(sent, area="HK")}).status == 201
    assert world.place({**sent, "quote": quote(sent, area="HK 1")}).refusal[0] == "quote-mismatch"


def test_a_signer_that_adds_up_wrongly_is_told(world: World) -> None:
    """A subtotal that is not that of the items is no price, though it is signed."""
    sent = mine()
    answer = world.place({**sent, "quote": quote(sent, subtotal=1)})
    assert answer.refusal == ("quote-mismatch", ["#/items"])


def test_every_forgery_has_the_same_answer(world: World) -> None:
    """Nobody learns from an answer how near a forgery came: it is the same, byte for byte."""
    sent = mine()
    good = quote(sent)
    header, claims, signature = good.split(".")
    forgeries = [
        "x",
        f"{header}.{claims}.",
        f"{header}.{claims}",
        f"{good}=",
        f"{header}.{claims}.{signature[:-2]}",
        quote(sent, "somebody-else"),
        quote(sent, aud="food-delivery-orders/other"),
        quote(sent, more=1),
        quote(sent, exp=2**52),
        quotes.token(json.dumps({}), key=quotes.private_key("stranger")),
        quotes.token(quotes.claims_for(sent, "me", OWN_STAGE), {"alg": "none"}),
        quotes.token(quotes.claims_for(sent, "me", OWN_STAGE), key=quotes.private_key("stranger")),
    ]
    answers = {world.place({**sent, "quote": text}).text for text in forgeries}
    assert len(answers) == 1
    assert json.loads(answers.pop())["type"] == f"{PREFIX}quote-invalid"


@pytest.mark.parametrize("value", ["", None, 1, [], {}, "x" * 2_049, "a\nb"])
def test_what_is_no_text_of_a_quote_is_no_body(world: World, value: Any) -> None:
    """The field is one line of text, 2,048 characters at most."""
    assert world.place({**mine(), "quote": value}).refusal == ("invalid-body", ["#/quote"])


# --- Repetitions


def test_a_repetition_may_have_a_fresh_quote(world: World) -> None:
    """My time-out made me ask the menu again: the same order with another quote is a replay."""
    sent = mine()
    first = world.place({**sent, "quote": quote(sent)}, "key")
    again = world.place({**sent, "quote": quote(sent, jti="another")}, "key")
    assert (first.status, again.status, world.orders) == (201, 201, 1)
    assert again.headers["Idempotent-Replayed"] == "true"


LATER: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "expired": lambda sent: quote(sent, iat=1_000, exp=1_900),
    "forgotten": lambda _: None,
    "of a key that is gone": lambda sent: quote(sent)[:-4] + "AAAA",
}


@pytest.mark.parametrize("what", LATER)
def test_a_late_repetition_is_still_that_request(world: World, what: str) -> None:
    """My first request was in time: the order is there, whatever its quote has become."""
    sent = mine()
    first = world.place({**sent, "quote": quote(sent)}, "key")
    later = LATER[what](sent)
    again = world.place(sent if later is None else {**sent, "quote": later}, "key")
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_late_order_that_is_none_yet_is_refused(world: World) -> None:
    """With a key that nobody has used, an expired quote is only that."""
    sent = mine()
    answer = world.place({**sent, "quote": quote(sent, iat=1_000, exp=1_900)}, "key")
    assert answer.refusal == ("quote-expired", ["#/quote"])


# --- Changing


def test_new_items_at_their_quoted_fee(world: World) -> None:
    """I change my basket: the quote decides the fee, and all totals follow, in one write."""
    order_id = world.placed()
    text = quote(mine(items=ONE_PIZZA, deliveryFee=499))
    answer = world.change(order_id, {"items": ONE_PIZZA, "quote": text})
    assert answer.status == 200
    shown = {name: answer.body[name] for name in ("subtotal", "deliveryFee", "tip", "total")}
    assert shown == {"subtotal": 900, "deliveryFee": 499, "tip": 200, "total": 1599}
    kept = world.stored(order_id)
    assert kept["basket"] == quotes.digest(ONE_PIZZA)
    assert kept["sums"]["total"] == kept["total"]


def test_a_new_address_at_its_quoted_fee(world: World) -> None:
    """I move: the quote of the same basket for the new area decides the fee."""
    order_id = world.placed()
    text = quote(mine(deliveryAddress=OAKLAND, deliveryFee=799))
    answer = world.change(order_id, {"deliveryAddress": OAKLAND, "quote": text})
    assert (answer.status, answer.body["deliveryFee"], answer.body["total"]) == (200, 799, 3697)
    # and the totals of later changes start from there
    again = world.change(order_id, {"tip": 0})
    assert again.body["total"] == 3497


@pytest.mark.parametrize(
    "body", [{"items": ONE_PIZZA}, {"deliveryAddress": {"line1": "2 Market St"}}]
)
def test_what_a_price_depends_on_needs_a_quote(world: World, body: dict[str, Any]) -> None:
    """Neither items nor address change without one; operators change both."""
    order_id = world.placed()
    assert world.change(order_id, body).refusal == ("quote-required", ["#/quote"])
    assert world.change(order_id, body, OPERATOR).status == 200
    world.set(PRICE_QUOTES, "checked")
    assert world.change(order_id, body).status == 200


@pytest.mark.parametrize("body", [{"tip": 5}, {"note": None}, {"status": "CANCELLED"}])
def test_what_no_price_depends_on_needs_none(world: World, body: dict[str, Any]) -> None:
    """Tip, notes and my cancelling need no quote; one that is sent with them is a mistake."""
    answer = world.change(world.placed(), {**body, "quote": quote(mine())})
    assert answer.refusal == ("invalid-body", ["#/quote"])
    assert world.change(world.placed(), body).status == 200


IN_OAKLAND = {**OAKLAND, "postalCode": "94601"}
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    # what I change, what the quote is for, and where that is not the order
    "restaurant": (
        {"items": ONE_PIZZA},
        {"items": ONE_PIZZA, "restaurantId": "r"},
        "#/restaurantId",
    ),
    "currency": ({"items": ONE_PIZZA}, {"items": ONE_PIZZA, "currency": "EUR"}, "#/currency"),
    "area as it stands": (
        {"items": ONE_PIZZA},
        {"items": ONE_PIZZA, "deliveryAddress": OAKLAND},
        "#/deliveryAddress",
    ),
    "items as they stand": (
        {"deliveryAddress": OAKLAND},
        {"items": ONE_PIZZA, "deliveryAddress": OAKLAND},
        "#/items",
    ),
    "new items": ({"items": [{**ONE_PIZZA[0], "unitPrice": 1}]}, {"items": ONE_PIZZA}, "#/items"),
    "new area": (
        {"deliveryAddress": IN_OAKLAND},
        {"deliveryAddress": OAKLAND},
        "#/deliveryAddress",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_held_against_the_order_as_it_stands(world: World, what: str) -> None:
    """What I do not change must be what was quoted: a cheap area's quote is no good elsewhere."""
    order_id = world.placed()
    before = world.stored(order_id)
    body, about, pointer = CHANGES[what]
    answer = world.change(order_id, {**body, "quote": quote(mine(**about))})
    assert answer.refusal == ("quote-mismatch", [pointer])
    assert world.stored(order_id) == before


def test_a_part_of_an_address_is_quoted_with_the_rest(world: World) -> None:
    """I correct my postal code: the country that stays is looked at in the order."""
    order_id = world.placed()
    address = {**order()["deliveryAddress"], "postalCode": "94612"}
    patch = {"deliveryAddress": {"postalCode": "94612"}}
    abroad = quote(mine(deliveryAddress={**address, "country": "MX"}))
    answer = world.change(order_id, {**patch, "quote": abroad})
    assert answer.refusal == ("quote-mismatch", ["#/deliveryAddress"])
    text = quote(mine(deliveryAddress=address))
    assert world.change(order_id, {**patch, "quote": text}).status == 200


def test_an_address_that_loses_its_postal_code(world: World) -> None:
    """I move to where there are none: the area is the country."""
    order_id = world.placed()
    patch = {"deliveryAddress": {"country": "HK", "postalCode": None, "line1": "1 Queen's Road"}}
    text = quote(mine(), area="HK")
    assert world.change(order_id, {**patch, "quote": text}).status == 200
    text = quote(mine(items=ONE_PIZZA), area="HK")
    assert world.change(order_id, {"items": ONE_PIZZA, "quote": text}).status == 200
    text = quote(mine(), area="HK 1")
    assert world.change(order_id, {"items": mine()["items"], "quote": text}).refusal == (
        "quote-mismatch",
        ["#/deliveryAddress"],
    )


def test_an_order_without_a_digest_is_looked_at(world: World) -> None:
    """An order that was placed without a quote takes one for a new address, if it is its own."""
    world.set(PRICE_QUOTES, "checked")
    order_id = world.place(mine()).body["orderId"]
    assert "basket" not in world.stored(order_id)
    wrong = quote(mine(items=ONE_PIZZA, deliveryAddress=OAKLAND))
    answer = world.change(order_id, {"deliveryAddress": OAKLAND, "quote": wrong})
    assert answer.refusal == ("quote-mismatch", ["#/items"])
    text = quote(mine(deliveryAddress=OAKLAND, deliveryFee=799))
    answer = world.change(order_id, {"deliveryAddress": OAKLAND, "quote": text})
    assert (answer.status, answer.body["total"]) == (200, 3697)
    assert world.stored(order_id)["basket"] == quotes.digest(mine()["items"])


def test_a_digest_that_an_earlier_release_left_behind(world: World) -> None:
    """A release that knows no quotes changed the items: those that are there decide."""
    order_id = world.placed()
    world.stored(order_id).update(basket=quotes.digest(ONE_PIZZA))
    text = quote(mine(deliveryAddress=OAKLAND, deliveryFee=799))
    answer = world.change(order_id, {"deliveryAddress": OAKLAND, "quote": text})
    assert (answer.status, answer.body["total"]) == (200, 3697)
    assert world.stored(order_id)["basket"] == quotes.digest(mine()["items"])
    wrong = quote(mine(items=[{**ONE_PIZZA[0], "unitPrice": 2698}]))
    answer = world.change(order_id, {"deliveryAddress": OAKLAND, "quote": wrong})
    assert answer.refusal[0] == "quote-mismatch"


def test_an_order_of_before_with_other_texts_is_digested(world: World) -> None:
    """An order whose texts would be refused today is still looked at, and nothing breaks."""
    order_id = world.placed()
    kept = world.stored(order_id)
    kept["items"][0]["name"] = ""
    del kept["basket"], kept["items"][0]["options"]
    text = quote(mine(deliveryAddress=OAKLAND))
    answer = world.change(order_id, {"deliveryAddress": OAKLAND, "quote": text})
    assert answer.refusal == ("quote-mismatch", ["#/items"])


def test_items_that_nobody_vouches_for_take_the_digest_away(world: World) -> None:
    """An operator changed the items: the old basket's quote no longer moves the order."""
    order_id = world.placed()
    same_price = [{**mine()["items"][0], "name": "Pizza Marinara"}]
    assert world.change(order_id, {"items": same_price}, OPERATOR).status == 200
    assert "basket" not in world.stored(order_id)
    text = quote(mine(deliveryAddress=OAKLAND, deliveryFee=1))
    answer = world.change(order_id, {"deliveryAddress": OAKLAND, "quote": text})
    assert answer.refusal == ("quote-mismatch", ["#/items"])


def test_a_change_with_a_key_is_known_whatever_its_quote(world: World) -> None:
    """I repeat my change with an expired, and with a fresh quote at another fee: a replay."""
    order_id = world.placed()
    about = mine(items=ONE_PIZZA, deliveryFee=499)
    body = {"items": ONE_PIZZA, "quote": quote(about)}
    first = world.change(order_id, body, Idempotency_Key="k")
    late = {**body, "quote": quote(about, iat=1_000, exp=1_900)}
    fresh = {**body, "quote": quote(mine(items=ONE_PIZZA, deliveryFee=1))}
    for repeated in (late, fresh, {"items": ONE_PIZZA}):
        again = world.change(order_id, repeated, Idempotency_Key="k")
        assert (again.status, again.body) == (200, first.body)
        assert again.headers["Idempotent-Replayed"] == "true"


def test_a_stale_version_is_told_before_a_price(world: World) -> None:
    """Somebody was quicker: 412, and 409 where the order is on its way, whatever was quoted."""
    order_id = world.placed()
    text = quote(mine(restaurantId="r", items=ONE_PIZZA))
    body = {"items": ONE_PIZZA, "quote": text}
    assert world.change(order_id, body, If_Match='"7"').status == 412
    assert world.change(order_id, {"status": "CONFIRMED"}, OPERATOR).status == 200
    assert world.change(order_id, body).status == 409


def test_another_customers_order_stays_unseen(world: World) -> None:
    """A good quote of mine makes nobody else's order mine: 404."""
    order_id = world.placed()
    other = {"token_use": "id", "sub": "other"}
    text = quote(mine(items=ONE_PIZZA), "other")
    assert world.change(order_id, {"items": ONE_PIZZA, "quote": text}, other).status == 404


# --- What is said of it


def test_no_line_has_a_quote(
    world: World, written: Callable[[], list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither log nor metrics hold a quote or a part of one, whether it is taken or not."""
    sent = mine()
    good = quote(sent)
    for text in (good, good[:-4] + "AAAA", quote(sent, iat=1_000, exp=1_900), quote(mine(tip=1))):
        answer = world.place({**sent, "quote": text})
        for part in text.split("."):
            assert part not in answer.text
            assert part not in json.dumps(written()) + "".join(capsys.readouterr())
