"""Every method × every kind of caller × own, other, missing and malformed (tests/shared)."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import pytest

from local.demo.people import subject_of
from orders.domain.ids import new_order_id
from orders.domain.lifecycle import Role
from orders.routes import ROUTES, Route
from tests.shared import access
from tests.shared.examples import order
from tests.shared.people import caller_headers, client_of, enable, make_partner, usage_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def callers(stack: Endpoints) -> Iterator[dict[str, httpx.Client]]:
    """A client for each kind of caller."""
    clients = {name: client_of(stack, headers) for name, headers in caller_headers(stack).items()}
    yield clients
    for client in clients.values():
        client.close()


def body_for(route_caller: Role, restaurant: str = "rest-42") -> dict[str, object]:
    """Give an order as the route's callers place it."""
    placed = order(restaurantId=restaurant)
    if route_caller is not Role.PARTNER:
        del placed["customerId"]
    return placed


UNTOUCHED: dict[str, tuple[str, float]] = {}
"""Orders that only refusals have met, with when each was placed: the next caller may meet it, too.

Two minutes after it was placed an order is rejected, as nobody has accepted it.
"""
LEFT_ALONE_SECONDS = 60.0


def placed(
    stack: Endpoints, path: str, headers: dict[str, str], restaurant: str = "rest-42"
) -> str:
    """Give an order that nobody has changed: one that is there already, or a new one."""
    name = f"{path} {headers} {restaurant}"
    order_id, moment = UNTOUCHED.get(name, ("", 0.0))
    if order_id and time.monotonic() - moment < LEFT_ALONE_SECONDS:
        return order_id
    moment = time.monotonic()
    order_id = place(stack, path, headers, restaurant)
    UNTOUCHED[name] = order_id, moment
    return order_id


def changed(order_id: str) -> None:
    """Let nobody else meet an order that was changed."""
    for name in [name for name, (known, _) in UNTOUCHED.items() if known == order_id]:
        del UNTOUCHED[name]


def place(stack: Endpoints, path: str, headers: dict[str, str], restaurant: str = "rest-42") -> str:
    """Place an order and give its id."""
    role = Role.PARTNER if path.startswith("/partner") else Role.CUSTOMER
    sent = {**headers, "Idempotency-Key": uuid.uuid4().hex}
    with client_of(stack, sent) as client:
        answer = client.post(path, json=body_for(role, restaurant)).raise_for_status()
    return str(answer.json()["orderId"])


def target_id(stack: Endpoints, caller: str, route: Route, target: str) -> str:
    """Give the id of the order that a caller asks for."""
    if target == "missing":
        return new_order_id(1_790_000_000_000)
    if target == "malformed":
        return "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
    if route.serves:
        return served_id(stack, route, target)
    of_partner = route.by_key != (target == "of the other kind")
    path = "/partner/orders" if of_partner else "/orders"
    own = target == "own"
    if of_partner:
        key = stack.partner_api_key if own or target != "another's" else stack.other_partner_api_key
        return placed(stack, path, {"x-api-key": key})
    tokens = {
        "operator": stack.operator_token,
        "staff": stack.restaurant_token,
        "other staff": stack.other_restaurant_token,
    }
    token = tokens.get(caller, stack.customer_token) if own else stack.other_customer_token
    return placed(stack, path, {"Authorization": token})


def restaurant_of(route: Route) -> str:
    """Name the restaurant that a route's callers serve: acme's, or that of the staff."""
    return "rest-1" if route.by_key else "rest-2"


def served_id(stack: Endpoints, route: Route, target: str) -> str:
    """Give an order that the route's callers serve, or others, or nobody."""
    if target == "of the other kind":
        key = stack.partner_api_key if route.by_key else stack.other_partner_api_key
        return placed(stack, "/partner/orders", {"x-api-key": key}, restaurant_of(route))
    restaurant = restaurant_of(route) if target == "own" else "rest-3"
    return placed(stack, "/orders", {"Authorization": stack.other_customer_token}, restaurant)


def path_of(route: Route, order_id: str = "") -> str:
    """Fill in a route's path."""
    served = route.path.replace("{restaurantId}", restaurant_of(route))
    return served.replace("{orderId}", order_id)


def change_on(route: Route) -> dict[str, object] | None:
    """Give a change that the route's callers may make of an order that is placed."""
    if route.method != "PATCH":
        return None
    if route.serves:
        return {"status": "CANCELLED", "reason": {"code": "other"}}
    return {"note": "changed"}


WITH_ID = [route for route in ROUTES if "{orderId}" in route.path]
WITHOUT_ID = [route for route in ROUTES if "{orderId}" not in route.path]


@pytest.mark.parametrize("caller", access.CALLERS)
@pytest.mark.parametrize("target", access.TARGETS)
@pytest.mark.parametrize("route", WITH_ID, ids=lambda r: f"{r.method} {r.path}")
def test_one_order_is_open_to_whom_the_table_says(
    stack: Endpoints, callers: dict[str, httpx.Client], caller: str, target: str, route: Route
) -> None:
    """Reading and changing one order answer as the table says; refusals change nothing."""
    order_id = target_id(stack, caller, route, target)
    path = path_of(route, order_id)
    answer = callers[caller].request(route.method, path, json=change_on(route))
    assert answer.status_code == access.expected(caller, route, target)
    if answer.status_code == 200 and change_on(route):
        changed(order_id)
    if answer.status_code != 200:
        assert answer.headers["Content-Type"] == "application/problem+json"
        with client_of(stack, {"Authorization": stack.operator_token}) as operator:
            seen = operator.get(f"/orders/{order_id}")
        assert seen.status_code == 404 or seen.json()["version"] == 1


@pytest.mark.parametrize("caller", access.CALLERS)
@pytest.mark.parametrize("route", WITHOUT_ID, ids=lambda r: f"{r.method} {r.path}")
def test_placing_and_listing_are_open_to_whom_the_table_says(
    callers: dict[str, httpx.Client], caller: str, route: Route
) -> None:
    """Placing and listing answer as the table of access says."""
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    body = body_for(route.caller) if route.body else None
    path = path_of(route)
    answer = callers[caller].request(route.method, path, json=body, headers=headers)
    assert answer.status_code == access.expected(caller, route, None)


def test_a_customer_lists_only_own_orders(
    stack: Endpoints, callers: dict[str, httpx.Client]
) -> None:
    """A customer's list has the customer's own orders and none of anybody else's."""
    mine = place(stack, "/orders", {"Authorization": stack.customer_token})
    theirs = place(stack, "/orders", {"Authorization": stack.other_customer_token})
    listed = callers["customer"].get("/orders", params={"limit": 100}).json()["orders"]
    assert mine in {found["orderId"] for found in listed}
    assert theirs not in {found["orderId"] for found in listed}
    assert {found["customerId"] for found in listed} == {stack.customer_id}


@pytest.mark.parametrize("name", ["customerId", "partnerId"])
def test_a_customer_cannot_ask_for_somebody_else_s_list(
    stack: Endpoints, callers: dict[str, httpx.Client], name: str
) -> None:
    """Whose orders are listed is no parameter that a customer has."""
    refused = callers["customer"].get("/orders", params={name: stack.other_customer_id})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == name


def test_an_operator_lists_by_partner_by_customer_and_everything(
    stack: Endpoints, callers: dict[str, httpx.Client]
) -> None:
    """An operator finds every order: one partner's, one customer's, and all."""
    direct = place(stack, "/orders", {"Authorization": stack.other_customer_token})
    partners = place(stack, "/partner/orders", {"x-api-key": stack.other_partner_api_key})
    operator = callers["operator"]

    def ids(**query: str) -> set[str]:
        found: set[str] = set()
        cursor: dict[str, str] = {}
        while True:
            page = operator.get("/orders", params={**query, "limit": "100", **cursor}).json()
            found |= {shown["orderId"] for shown in page["orders"]}
            if page["cursor"] is None:
                return found
            cursor = {"cursor": page["cursor"]}

    assert direct in ids(customerId=stack.other_customer_id)
    assert partners in ids(customerId=f"{stack.other_partner_id}#cust-1")
    assert partners in ids(partnerId=stack.other_partner_id)
    assert direct not in ids(partnerId=stack.other_partner_id)
    assert {direct, partners} <= ids()
    assert {direct, partners} <= ids(status="PLACED")


def test_customers_move_only_as_the_lifecycle_lets_them(
    stack: Endpoints, callers: dict[str, httpx.Client]
) -> None:
    """A customer cannot confirm, an operator can; after that the customer can still cancel."""
    order_id = place(stack, "/orders", {"Authorization": stack.customer_token})
    path = f"/orders/{order_id}"
    refused = callers["customer"].patch(path, json={"status": "CONFIRMED"})
    assert refused.status_code == 409
    confirmed = callers["operator"].patch(path, json={"status": "CONFIRMED"})
    moved = confirmed.json()["history"][-1]
    assert moved == {**moved, "by": "operator", "operator": subject_of(stack.operator_token)}
    shown = callers["customer"].get(path).json()["history"][-1]
    assert shown == {name: value for name, value in moved.items() if name != "operator"}
    assert callers["customer"].patch(path, json={"note": "x"}).status_code == 409
    cancelled = callers["customer"].patch(path, json={"status": "CANCELLED"})
    assert cancelled.json()["history"][-1]["by"] == "customer"


def test_a_customer_s_body_names_no_customer(callers: dict[str, httpx.Client]) -> None:
    """On customers' routes who the customer is comes from the token; the body may not say it."""
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    refused = callers["customer"].post("/orders", json=order(), headers=headers)
    assert refused.status_code == 400
    assert refused.json()["type"].endswith(":invalid-body")


def test_a_key_can_be_rotated_without_a_gap(stack: Endpoints) -> None:
    """A partner with two keys sees the same orders by both; one can go while the other stays."""
    plan = usage_plan(stack, "premium")
    old = make_partner(stack, plan=plan)
    new = make_partner(stack, plan=plan, partner_id=old.partner_id)
    order_id = place(stack, "/partner/orders", {"x-api-key": old.key})
    path = f"/partner/orders/{order_id}"
    with client_of(stack, {"x-api-key": new.key}) as by_new:
        assert by_new.get(path).status_code == 200
        enable(stack, old.key_id, enabled=False)
        assert by_new.get(path).status_code == 200
    with client_of(stack, {"x-api-key": old.key}) as by_old:
        assert by_old.get(path).status_code == 403


def test_a_disabled_partner_gets_403_at_once(stack: Endpoints) -> None:
    """The first request after a key is switched off is refused, and works again when it is on."""
    partner = make_partner(stack, plan=usage_plan(stack, "standard"))
    with client_of(stack, {"x-api-key": partner.key}) as client:
        for enabled, status in ((True, 200), (False, 403), (True, 200)):
            enable(stack, partner.key_id, enabled=enabled)
            assert client.get("/partner/orders").status_code == status
