"""Each known abuse by its name: what a client gets for it, and that nothing came of it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from orders.domain.lifecycle import Status
from tests.fuzz.cases import Case
from tests.fuzz.judge import harm
from tests.fuzz.making.hostile import BOMBS, NUMBERS, STRINGS
from tests.fuzz.tables import ORDERS
from tests.fuzz.tenants import (
    CONTEXTS,
    CUSTOMER,
    OPERATOR,
    OWN_IDS,
    PARTNER,
    SENT,
    THEIR_IDS,
    THEIRS,
    body,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fuzz.world import World

    Call = Callable[..., tuple[int, dict[str, str], Any]]

MINE = OWN_IDS[PARTNER][0]
SPLIT = "x\r\nSet-Cookie: session=stolen\r\n\r\n<html>"


def event(method: str, resource: str, who: str, **parts: Any) -> dict[str, Any]:
    """Make an event as API Gateway does, of a method and a resource's path."""
    query = parts.get("query")
    return {
        "resource": resource,
        "path": resource,
        "httpMethod": method,
        "headers": {"Idempotency-Key": "abuse", **parts.get("headers", {})},
        "multiValueQueryStringParameters": query,
        "pathParameters": {"orderId": parts["order_id"]} if "order_id" in parts else None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": parts.get("path", f"/v1{resource}"),
            "requestId": "request-1",
            **CONTEXTS[who],
        },
        "body": parts.get("body"),
        "isBase64Encoded": parts.get("base64", False),
    }


@pytest.fixture
def call(world: World) -> Call:
    """Send a request as acme, unless somebody else is named; nothing may be wrong with it."""
    functions = {"POST": "create_order", "PATCH": "update_order"}

    def send(method: str, who: str = PARTNER, **parts: Any) -> tuple[int, dict[str, str], Any]:
        prefix = "/partner/orders" if who == PARTNER else "/orders"
        one = "order_id" in parts
        target = functions.get(method, "get_order" if one else "list_orders")
        sent = event(method, prefix + ("/{orderId}" if one else ""), who, **parts)
        case = Case(target=target, event=sent, who=who)
        outcome = world.run(case)
        assert harm(case, outcome) == []
        if method != "GET" and outcome.answer["statusCode"] >= 400:
            assert outcome.after.items == outcome.before.items
        text = outcome.answer["body"]
        answer = outcome.answer
        return answer["statusCode"], answer["headers"], json.loads(text) if text else None

    return send


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: ascii(bomb[:20]))
def test_a_bomb_is_refused(call: Call, bomb: str) -> None:
    """Deep nesting, endless numbers, thousands of members: refused, whether to place or change."""
    for refused in (call("POST", body=bomb), call("PATCH", order_id=MINE, body=bomb)):
        assert refused[0] in (400, 413)


@pytest.mark.parametrize(
    "name", ["Idempotency-Key", "Origin", "If-Match", "If-None-Match", "Content-Type", "x-any"]
)
@pytest.mark.parametrize("value", [SPLIT, "a\nb: c", "a\rb", "a\x00b", "\u560d\u560aX: y", "\x85"])
def test_no_header_splits_an_answer(call: Call, name: str, value: str) -> None:
    """A line break in any header that I send never comes back in a header of the answer."""
    order = json.dumps(body(SENT, partners=True))
    for sent in ({"order_id": MINE}, {"order_id": MINE, "method": "PATCH"}, {"method": "POST"}):
        method = str(sent.pop("method", "GET"))
        _, headers, _ = call(method, body=order, headers={name: value}, **sent)
        assert not any(ord(c) < 32 for text in headers.values() for c in text)


@pytest.mark.parametrize("text", [SPLIT, "..%2f..%2f", "\x00", f"{MINE}\n", f"{MINE}/..", "%0d%0a"])
def test_no_path_leads_elsewhere(call: Call, text: str) -> None:
    """What is no order's id is answered as a missing order, with no read and no strange header."""
    status, headers, _ = call("GET", order_id=text, path=f"/v1/partner/orders/{text}")
    assert (status, "Location" in headers) == (404, False)
    changed = call("PATCH", order_id=text, body='{"status":"CANCELLED"}')
    assert changed[0] == 404


def test_a_path_that_no_header_can_hold_leaves_the_order_its_address(call: Call) -> None:
    """Where the new order is says the API, even if the path of the request was a strange one."""
    order = json.dumps(body(SENT, partners=True))
    status, headers, placed = call("POST", body=order, path=f"/v1/partner/orders{SPLIT}")
    assert status == 201
    assert headers["Location"] == f"/v1/partner/orders/{placed['orderId']}"


@pytest.mark.parametrize("who", [PARTNER, CUSTOMER])
@pytest.mark.parametrize("cursor", [*THEIR_IDS, "ffffffff-ffff-7fff-bfff-ffffffffffff"])
def test_a_cursor_of_somebody_elses_order_moves_in_my_own_list(
    call: Call, who: str, cursor: str
) -> None:
    """A cursor forged from another's order gives orders of mine, or none."""
    status, _, page = call("GET", who, query={"cursor": [cursor]})
    shown = {order["orderId"] for order in page.get("orders", [])}
    assert status == (200 if cursor in THEIR_IDS else 400)
    assert shown <= set(OWN_IDS[who])


@pytest.mark.parametrize("order_id", [*THEIR_IDS, THEIR_IDS[0].upper()])
@pytest.mark.parametrize("who", [PARTNER, CUSTOMER])
def test_somebody_elses_order_is_a_missing_one(call: Call, who: str, order_id: str) -> None:
    """Another's order is answered letter by letter as one that never was, read or changed."""
    missing = "01a1ee56-5e7b-7000-8000-ffffffffffff"
    change = json.dumps({"status": "CANCELLED"})
    for method in ("GET", "PATCH"):
        theirs = call(method, who, order_id=order_id, body=change, headers={"If-Match": '"1"'})
        nobodys = call(method, who, order_id=missing, body=change, headers={"If-Match": '"1"'})
        assert theirs == nobodys
        assert theirs[0] == 404


@pytest.mark.parametrize(
    "value", ["bella#cust", f"cust {THEIRS}", "#", "acme#bella#cust", "customer-b", ":v0", "*"]
)
def test_a_customer_that_i_name_is_always_one_of_mine(call: Call, value: str) -> None:
    """A partner that names another's customer gets the orders of its own one of that name: none."""
    assert call("GET", query={"customerId": [value]})[2]["orders"] == []


@pytest.mark.parametrize("name", ["partnerId", "customerId"])
def test_a_customer_names_nobody(call: Call, name: str) -> None:
    """A customer who asks for another's orders is refused, and told by which parameter."""
    status, _, problem = call("GET", CUSTOMER, query={name: ["bella"]})
    assert (status, problem["errors"][0]["pointer"]) == (400, name)


@pytest.mark.parametrize(
    "patch",
    [
        {"__proto__": {"status": "DELIVERED"}},
        {"constructor": {"prototype": {"status": "DELIVERED"}}},
        {"status": "CANCELLED", "__proto__": None},
        {"deliveryAddress": {"__proto__": {"line1": "x"}}},
        {"deliveryAddress": None},
        *({name: "x"} for name in ("partnerId", "customerId", "orderId", "changedBy", "traceId")),
        *({name: 1} for name in ("version", "total", "charges", "subtotal", "expiresAt")),
        {"synthetic": True},
        {"history": []},
        {"deliveryAddress.line1": "x"},
        {"#status": "DELIVERED"},
    ],
)
def test_a_patch_reaches_nothing_else(call: Call, patch: dict[str, Any]) -> None:
    """A change names what callers may change; keys that mean something to a program are refused."""
    assert call("PATCH", order_id=MINE, body=json.dumps(patch))[0] == 400


@pytest.mark.parametrize("number", [*NUMBERS, "-1", "1.0", '"1"', "1e3"])
def test_a_number_is_a_whole_number_or_refused(call: Call, number: str) -> None:
    """Money is a whole number as it stands in the text; whatever is none is refused."""
    order = json.dumps(body(SENT, partners=True)).replace('"tip": 200', f'"tip": {number}')
    assert number in order
    status, _, placed = call("POST", body=order)
    whole = {"-0": 0, "999999999": 999_999_999}
    if number in whole:
        assert (status, placed["tip"]) == (201, whole[number])
    else:
        assert status in {400, 413} or placed["tip"] == float(number)


@pytest.mark.parametrize("number", ["-0.0", "1e-400", "90", "9007199254740993e-15", "1E1"])
def test_a_coordinate_is_stored_as_a_number_that_all_can_read(call: Call, number: str) -> None:
    """However a coordinate is written, what comes back is a plain number of degrees."""
    order = body(SENT, partners=True)
    order["deliveryAddress"] |= {"latitude": 12345, "longitude": 0}
    status, _, placed = call("POST", body=json.dumps(order).replace("12345", number))
    assert status == 201
    assert placed["deliveryAddress"]["latitude"] == round(float(number), 7)


LOOKALIKES = ["placed", "PLACED ", "PLACED\x00", "PL\u0410CED", "\uff30\uff2c\uff21\uff23"]


@pytest.mark.parametrize("status", [*LOOKALIKES, "PLACED\u200b", "\u202ePLACED", "Status.PLACED"])
def test_a_status_is_one_of_nine_words(call: Call, status: str) -> None:
    """What only looks like a status is none, neither to move an order to nor to list by."""
    assert status not in Status.__members__
    assert call("PATCH", order_id=MINE, body=json.dumps({"status": status}))[0] == 400
    assert call("GET", query={"status": [status]})[0] == 400


@pytest.mark.parametrize(
    "raw", [b'{"note":"\xff"}', b"\xff\xfe{}", '{"note":"a"}'.encode("utf-16"), b"\xed\xa0\x80"]
)
def test_a_body_that_is_no_utf_8_is_refused(call: Call, raw: bytes) -> None:
    """Bytes that are no text, and what only says that it is base64, are a client's mistake."""
    encoded = base64.b64encode(raw).decode()
    assert call("PATCH", order_id=MINE, body=encoded, base64=True)[0] == 400
    assert call("PATCH", order_id=MINE, body=f"{encoded}\u00e9", base64=True)[0] == 400
    assert call("PATCH", order_id=MINE, body="e30", base64=True)[0] == 400


@pytest.mark.parametrize("text", STRINGS, ids=lambda text: ascii(text[:20]))
def test_a_hostile_text_is_stored_as_it_is_or_refused(call: Call, world: World, text: str) -> None:
    """Whatever the words of an order are, they are kept letter by letter, or all is refused."""
    order = body(SENT, partners=True)
    order["note"] = order["items"][0]["name"] = order["customerId"] = text
    status, _, placed = call("POST", body=json.dumps(order))
    if status == 201:
        (kept,) = [
            item
            for (order_id, _), item in world._outcome.after.items[ORDERS].items()
            if order_id == placed["orderId"]
        ]
        assert (kept["note"], kept["items"][0]["name"]) == (text, text)
        assert kept["customerId"] == f"acme#{text}"
        assert (placed["note"], placed["customerId"]) == (text, text)
    else:
        assert status in (400, 413)


def test_an_operator_is_one_by_the_token_alone(call: Call) -> None:
    """No header, query or body makes a customer an operator."""
    headers = {"cognito:groups": "operators", "X-Amzn-Oidc-Data": "operators", "role": "operator"}
    _, _, mine = call("GET", CUSTOMER, headers=headers)
    assert {order["orderId"] for order in mine["orders"]} == set(OWN_IDS[CUSTOMER])
    _, _, everybodys = call("GET", OPERATOR)
    assert len(everybodys["orders"]) == 20, "a page holds so many, unless asked for more"
