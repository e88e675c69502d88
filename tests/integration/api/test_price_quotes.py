"""Customers place and change orders at prices that the menu has signed, over HTTP.

The local run checks quotes. For the orders that need one, a function of the run is given the mode
of a stage that requires them, for as long as those tests take.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ops.live.function_variables import change, look, variables_of
from orders.settings import PRICE_KEYS, PRICE_QUOTES
from tests.integration.conftest import wait_until_saved
from tests.shared.examples import order
from tests.shared.people import aws, client_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration

PREFIX = "urn:problem-type:food-delivery:"
OAKLAND = {"line1": "1 Lake St", "city": "Oakland", "postalCode": "94612", "country": "US"}
TIRAMISU = [{"itemId": "tiramisu", "quantity": 1}]


class Customer:
    """A demo customer, who asks the menu and orders."""

    def __init__(self, stack: Endpoints, token: str) -> None:
        self.menu_url, self.token = stack.menu_url, token
        self.http = client_of(stack, {"Authorization": token})

    def ask(self, **changes: Any) -> dict[str, Any]:
        """Ask the menu for the prices and the quote of the example order, or of another."""
        url, headers = f"{self.menu_url}quotes", {"Authorization": self.token}
        answer = httpx.post(url, json=order(**changes), headers=headers)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def order(self, **changes: Any) -> dict[str, Any]:
        """Give an order with its quote, as the menu prices it."""
        own = {name: value for name, value in order(**changes).items() if name != "customerId"}
        said = self.ask(**changes)
        names = ("items", "deliveryFee", "currency", "quote")
        return {**own, **{name: said[name] for name in names}}

    def post(self, body: Any, key: str | None = None) -> httpx.Response:
        return self.http.post(
            "/orders", json=body, headers={"Idempotency-Key": key or uuid.uuid4().hex}
        )

    def patch(self, order_id: str, body: Any, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.patch(f"/orders/{order_id}", json=body, headers=sent)


@pytest.fixture
def me(stack: Endpoints) -> Iterator[Customer]:
    customer = Customer(stack, stack.customer_token)
    with customer.http:
        yield customer


def refusal(answer: httpx.Response) -> tuple[int, str, list[str]]:
    told = answer.json()
    places = [fault["pointer"] for fault in told.get("errors", [])]
    return answer.status_code, told["type"].removeprefix(PREFIX), places


def test_a_quoted_order_is_placed_and_changed(me: Customer) -> None:
    """I order what the menu quotes, change my basket, and move: each time at the quoted price."""
    placed = me.post(me.order()).json()
    assert (placed["subtotal"], placed["deliveryFee"], placed["total"]) == (2698, 299, 3197)
    assert "quote" not in placed
    said = me.ask(items=TIRAMISU)
    path = placed["orderId"]
    changed = me.patch(path, {"items": said["items"], "quote": said["quote"]}).json()
    assert (changed["subtotal"], changed["total"]) == (650, 650 + 299 + 200)
    moving = me.ask(items=TIRAMISU, deliveryAddress=OAKLAND)
    moved = me.patch(path, {"deliveryAddress": OAKLAND, "quote": moving["quote"]}).json()
    assert (moved["deliveryFee"], moved["total"]) == (599, 650 + 599 + 200)
    shown = me.http.get(f"/orders/{path}").json()
    assert shown == moved
    assert not {"quote", "basket"} & set(shown)


def test_each_refusal(me: Customer, stack: Endpoints) -> None:
    """Forged, another customer's, and for something else: nothing is placed, and I hear which."""
    body = me.order()
    forged = {**body, "quote": body["quote"][:-4] + "AAAA"}
    assert refusal(me.post(forged)) == (422, "quote-invalid", ["#/quote"])
    other = Customer(stack, stack.other_customer_token)
    with other.http:
        assert refusal(other.post(body)) == (422, "quote-invalid", ["#/quote"])
        stolen = other.patch(me.post(body).json()["orderId"], {"items": body["items"]})
        assert stolen.status_code == 404
    cheap = {**body, "deliveryFee": 0}
    assert refusal(me.post(cheap)) == (422, "quote-mismatch", ["#/deliveryFee"])
    placed = me.post(body).json()
    elsewhere = me.ask(items=TIRAMISU, deliveryAddress=OAKLAND)
    change = {"items": elsewhere["items"], "quote": elsewhere["quote"]}
    answer = me.patch(placed["orderId"], change)
    assert refusal(answer) == (422, "quote-mismatch", ["#/deliveryAddress"])
    assert me.http.get(f"/orders/{placed['orderId']}").json() == placed


def test_a_repetition_with_another_quote_is_one(me: Customer) -> None:
    """After a time-out I ask the menu again and send the same key: my order, and no other."""
    key = uuid.uuid4().hex
    first = me.post(me.order(), key)
    again = me.post(me.order(), key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"


def test_an_order_without_a_quote_takes_one_later(me: Customer) -> None:
    """Where quotes are only checked, an order that had none can have a quoted address."""
    body = me.order()
    del body["quote"]
    placed = me.post(body)
    assert placed.status_code == 201
    moving = me.ask(deliveryAddress=OAKLAND)
    moved = me.patch(
        placed.json()["orderId"], {"deliveryAddress": OAKLAND, "quote": moving["quote"]}
    )
    assert (moved.status_code, moved.json()["deliveryFee"]) == (200, 599)


def test_partners_do_not_know_quotes(acme: Partner, me: Customer) -> None:
    """A partner's order with a quote is refused by the field's name."""
    answer = acme.post(order(quote=me.order()["quote"]))
    assert refusal(answer) == (400, "invalid-body", ["#/quote"])


@pytest.fixture
def required(stack: Endpoints) -> Iterator[None]:
    """Run the function that places orders as a stage does that requires quotes."""
    functions, name = aws(stack, "lambda"), stack.functions["create_order"]
    before = variables_of(look(functions, name).called)[PRICE_QUOTES]
    change(functions, look(functions, name), PRICE_QUOTES, "required")
    yield
    change(functions, look(functions, name), PRICE_QUOTES, before)


@pytest.mark.usefixtures("required")
def test_where_quotes_are_required(me: Customer, acme: Partner, stack: Endpoints) -> None:
    """Without a quote a customer's order is refused; with one, and of others, it is placed."""
    body = me.order()
    assert me.post(body).status_code == 201
    del body["quote"]
    assert refusal(me.post(body)) == (422, "quote-required", ["#/quote"])
    assert acme.post(order()).status_code == 201
    operator = Customer(stack, stack.operator_token)
    with operator.http:
        assert operator.post(body).status_code == 201


def test_no_quote_is_kept_or_logged(me: Customer, stack: Endpoints) -> None:
    """Tables, queues, logs and traces hold no part of a quote, whether it was taken or not."""
    taken = me.order()
    forged = {**taken, "quote": me.ask()["quote"][:-4] + "AAAA"}
    assert me.post(taken).status_code == 201
    assert me.post(forged).status_code == 422
    wait_until_saved(stack, me.post(me.order()).json()["orderId"])
    parts = {part for body in (taken, forged) for part in body["quote"].split(".")[1:]}
    for where, text in _said(stack):
        assert not [part[:12] for part in parts if part in text], where


def _said(stack: Endpoints) -> Iterator[tuple[str, str]]:
    for name, group in stack.log_groups.items():
        pages = aws(stack, "logs").get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=group):
            yield f"log of {name}", json.dumps(page["events"])
    home = Path(stack.server_pem).parent
    for path in (home / "emulator.log", home / "traces.jsonl", *(home / "state").glob("*.json")):
        if path.exists():
            yield path.name, path.read_text()


def test_the_template_has_the_copys_public_key_alone(stack: Endpoints) -> None:
    """The functions that look at quotes know the menu's public key; the private one is a file."""
    told = {}
    for name, function in stack.functions.items():
        known = aws(stack, "lambda").get_function_configuration(FunctionName=function)
        variables = known.get("Environment", {}).get("Variables", {})
        if PRICE_KEYS in variables:
            told[name] = (variables[PRICE_QUOTES], variables[PRICE_KEYS][:5])
    assert told == dict.fromkeys(("create_order", "update_order"), ("checked", "demo:"))
    key = Path(stack.server_pem).with_name("menu-key.pem")
    assert key.stat().st_mode & 0o077 == 0
    document = aws(stack, "cloudformation").get_template(StackName=stack.stack_name)
    assert "PRIVATE" not in json.dumps(document["TemplateBody"])
