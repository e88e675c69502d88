"""What callers are told about a body that does not fit the contract."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from orders.body import decode
from orders.domain.order import (
    Address,
    LineItem,
    NewPartnerOrder,
    Option,
    OrderPatch,
    PartnerOrderPatch,
)
from orders.problems import BODY_TOO_LARGE, INVALID_BODY, MALFORMED_JSON, Problem
from orders.settings import MAX_BODY_BYTES
from tests.shared import examples
from tests.shared.examples import ORDER, order, order_with, order_without, raw

NEW = msgspec.json.Decoder(NewPartnerOrder)
PATCH = msgspec.json.Decoder(OrderPatch)
PARTNERS_PATCH = msgspec.json.Decoder(PartnerOrderPatch)
ITEM = ORDER["items"][0]
SMALL = {name: ITEM[name] for name in ("itemId", "name", "quantity", "unitPrice")}


@pytest.mark.parametrize(
    ("struct", "made"),
    [
        (NewPartnerOrder, examples.orders),
        (LineItem, examples.line_items),
        (Option, examples.options),
        (Address, examples.addresses),
        (PartnerOrderPatch, examples.patches),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_properties_are_tried_with_every_field(struct: type[Struct], made: Any) -> None:
    """A field that is new is tried with all values at once: the strategies make every one."""
    names = {field.encode_name for field in msgspec.structs.fields(struct)} - NEVER_MADE
    made_of = {*made.wrapped_strategy.mapping, *(made.wrapped_strategy.optional or ())}
    assert made_of == names, "tests/shared/examples.py"


AT_A_POINT = {**ORDER["deliveryAddress"], "latitude": 1, "longitude": 1}

NEVER_MADE = {"scheduledFor", "status", "reason"}
"""What must lie in the future, which no strategy knows, and what is no content."""

BAD_BODIES: list[tuple[Any, str]] = [
    (order(items=[]), "#/items"),
    (order(items=[SMALL] * 51), "#/items"),
    (order(items={}), "#/items"),
    (order_with(("items", 0, "quantity"), 0), "#/items/0/quantity"),
    (order_with(("items", 0, "quantity"), 100), "#/items/0/quantity"),
    (order_with(("items", 0, "quantity"), "2"), "#/items/0/quantity"),
    (order_with(("items", 0, "quantity"), 1.5), "#/items/0/quantity"),
    (order_with(("items", 0, "quantity"), True), "#/items/0/quantity"),
    (order_with(("items", 0, "unitPrice"), -1), "#/items/0/unitPrice"),
    (order_with(("items", 0, "options", 0, "price"), -1), "#/items/0/options/0/price"),
    (order_with(("items", 0, "options"), [{"name": "x", "price": 0}] * 21), "#/items/0/options"),
    (order_without(("items", 0, "name")), "#/items/0/name"),
    (order_with(("items", 0, "name"), "n" * 201), "#/items/0/name"),
    (order_with(("items", 0, "colour"), "red"), "#/items/0/colour"),
    (order(deliveryFee=-1), "#/deliveryFee"),
    (order(deliveryFee=10**9), "#/deliveryFee"),
    (order(tip=10**30), "#/tip"),
    (order(currency="ZZZ"), "#/currency"),
    (order(currency="XXX"), "#/currency"),
    (order(currency="usd"), "#/currency"),
    (order_with(("deliveryAddress", "country"), "XX"), "#/deliveryAddress/country"),
    (order_with(("deliveryAddress", "country"), None), "#/deliveryAddress/country"),
    (order(deliveryAddress={**AT_A_POINT, "latitude": 90.1}), "#/deliveryAddress/latitude"),
    (order_with(("deliveryAddress", "line1"), "   "), "#/deliveryAddress/line1"),
    (order_with(("deliveryAddress", "a/b~c"), 1), "#/deliveryAddress/a~1b~0c"),
    (order(contactPhone="0415 555 0123"), "#/contactPhone"),
    (order(contactPhone="+14155550123\n"), "#/contactPhone"),
    (order(contactPhone="+1415555012٣"), "#/contactPhone"),
    (order(note="n" * 501), "#/note"),
    (order(note="a\x00b"), "#/note"),
    (order(customerId=""), "#/customerId"),
    (order(customerId="a\nb"), "#/customerId"),
    (order(scheduledFor="tomorrow"), "#/scheduledFor"),
    (order(scheduledFor="2026-11-22T12:00:00"), "#/scheduledFor"),
    (order_without(("restaurantId",)), "#/restaurantId"),
    (order_without(("deliveryAddress",)), "#/deliveryAddress"),
    (order(total=1), "#/total"),
    (order(orderId="mine"), "#/orderId"),
    (order(partnerId="other"), "#/partnerId"),
    (order(status="DELIVERED"), "#/status"),
    ([ORDER], "#"),
    (None, "#"),
    ('"text"', "#"),
    (raw("299", "1e400"), "#/deliveryFee"),
    (raw('"ring twice"', '"\\ud800"'), "#/note"),
    (raw('"well done"', '"\\udc00\\ud800"'), "#/items/0/note"),
    (raw('"ring twice"', '"once", "note": "twice"'), "#/note"),
    (raw('"quantity": 2', '"quantity": 2, "quantity": 3'), "#/items/0/quantity"),
]


def refusal(body: Any, decoder: msgspec.json.Decoder[Any] = NEW) -> Problem:
    """Decode a body that must be refused, and give the problem."""
    text = body if isinstance(body, str) else json.dumps(body)
    with pytest.raises(Problem) as caught:
        decode(decoder, text)
    return caught.value


@pytest.mark.parametrize(("body", "pointer"), BAD_BODIES)
def test_a_bad_body_is_refused_by_naming_the_field(body: Any, pointer: str) -> None:
    """Whatever is wrong with a body, the problem points to the field and says what is expected."""
    problem = refusal(body)
    assert (problem.kind, problem.pointer) == (INVALID_BODY, pointer)
    assert problem.detail


@given(examples.orders, st.data())
def test_no_member_is_there_twice(made: dict[str, Any], data: st.DataObject) -> None:
    """Whichever member an order has twice, it is refused: parsers differ in which one counts."""
    text = json.dumps(made)
    parts = [made, made["deliveryAddress"], *made["items"]]
    name, value = data.draw(st.sampled_from([pair for part in parts for pair in part.items()]))
    member = json.dumps({name: value})[1:-1]
    kind = refusal(text.replace(member, f"{member}, {member}", 1)).kind
    assert kind in (INVALID_BODY, BODY_TOO_LARGE)


NO_JSON = [
    *("{", "[1,", "{'a': 1}", '{"a": 1} x', "\ufeff{}", "[" * 8_000 + "\\", '{"note":"x",}'),
    *(raw("299", broken) for broken in ("NaN", "-Infinity", "01", "+1", ".5", "[" * 7_000)),
    *(json.dumps(ORDER)[:-1] + end for end in ("", ",}", "}}", "},")),
    raw('"quantity": 2', '"quantity": "two", "price": 1,,'),
    raw('"ring twice"', '"ring\ntwice"'),
    raw("299", "9" * 5000),
    raw("299", "[" * 101 + "]" * 101),
]
"""What is no JSON, also where a fault of another kind stands before it."""


@pytest.mark.parametrize("text", NO_JSON)
def test_what_is_no_json_is_refused_as_such(text: str) -> None:
    """A body that is not JSON is called that, wherever in it that is seen; never a crash."""
    for decoder in (NEW, PATCH):
        problem = refusal(text, decoder)
        assert (problem.kind, problem.pointer) == (MALFORMED_JSON, "#")


def is_json(text: str) -> bool:
    """Tell whether a text is JSON, as RFC 8259 writes it down."""
    try:
        json.loads(text, parse_constant=float)
    except ValueError:
        return False
    return not {"NaN", "Infinity"} & {*re.findall("NaN|Infinity", text)}


@given(st.text(alphabet='{}[]",:01eE+-. ntrufals\\u', max_size=12), st.integers(0, 400))
def test_one_fault_has_one_type(piece: str, place: int) -> None:
    """A body is malformed exactly when it is no JSON, however much else is wrong with it."""
    text = json.dumps(ORDER)
    text = text[:place] + piece + text[place:]
    try:
        decode(NEW, text)
        found = None
    except Problem as problem:
        found = problem.kind
    assert found in ({None, INVALID_BODY} if is_json(text) else {MALFORMED_JSON})


@pytest.mark.parametrize("depth", [900, 1_500, 3_000, 4_000])
def test_no_depth_behind_a_fault_breaks_the_search_for_it(depth: int) -> None:
    """A body that is broken and deep at once is refused like any other."""
    deep = "[" * depth + "]" * depth
    text = '{"note": "\\ud800", "note": "ok", "items": ' + deep + "}"
    assert refusal(text).kind in {MALFORMED_JSON, INVALID_BODY}


MANY = order(
    deliveryFee=-1,
    tip="1",
    colour="red",
    currency="ZZZ",
    items=[ITEM, {**ITEM, "quantity": 0, "name": "\u200b"}, 5, {**ITEM, "options": [{"name": ""}]}],
    deliveryAddress={"line1": "x", "city": "\u3000", "country": "US", "latitude": 91},
    contactPhone="1",
    note="\uffff",
    scheduledFor="2020-01-01T00:00:00Z",
)


def test_all_faults_are_told() -> None:
    """An integrator mends a body once, and not once for each of its faults."""
    text = json.dumps({key: value for key, value in MANY.items() if key != "restaurantId"})
    problem = refusal(text.replace('"tip": "1"', '"tip": "1", "customerId": "twice"'))
    assert {pointer for pointer, _ in problem.errors} == {
        *("#/deliveryFee", "#/tip", "#/colour", "#/currency", "#/customerId", "#/restaurantId"),
        *("#/items/1/quantity", "#/items/1/name", "#/items/2", "#/items/3/options/0/name"),
        *("#/items/3/options/0/price", "#/deliveryAddress/city", "#/deliveryAddress/latitude"),
        *("#/deliveryAddress/postalCode", "#/deliveryAddress/longitude", "#/contactPhone"),
        *("#/note", "#/scheduledFor"),
    }
    assert all(detail for _, detail in problem.errors)
    assert problem.detail.startswith("18 faults; the first, at #/")


def test_no_more_than_twenty_faults_are_told() -> None:
    """An answer stays short however wrong the body is."""
    problem = refusal(order(items=[{}] * 50))
    assert len(problem.errors) == 20
    assert len(refusal({f"x{number}": 1 for number in range(600)}).errors) == 20


@given(st.sets(st.sampled_from(sorted(range(len(BAD_BODIES)))), min_size=1, max_size=4))
def test_each_fault_is_told_beside_the_others(chosen: set[int]) -> None:
    """What is told of one field does not depend on what is wrong with another."""
    bodies = [BAD_BODIES[number] for number in chosen]
    body, pointers = order(), set()
    for wrong, pointer in bodies:
        name = pointer.split("/")[1] if "/" in pointer else ""
        if isinstance(wrong, dict) and name in wrong and name not in {"items", "deliveryAddress"}:
            body[name] = wrong[name]
            pointers.add(pointer)
    if pointers:
        assert {pointer for pointer, _ in refusal(body).errors} == pointers


@pytest.mark.parametrize("text", [None, ""])
def test_a_missing_body_is_asked_for(text: str | None) -> None:
    """A request without a body is told to send one."""
    with pytest.raises(Problem, match="no body"):
        decode(NEW, text)


def test_a_body_is_too_large_by_its_bytes() -> None:
    """What counts against the limit is bytes, not characters; the limit itself still passes."""
    padding = " " * (MAX_BODY_BYTES - len(json.dumps(ORDER).encode()))
    assert decode(NEW, json.dumps(ORDER) + padding).restaurant_id == "rest-42"
    assert refusal(json.dumps(ORDER) + padding + " ").kind is BODY_TOO_LARGE
    assert refusal('"' + "é" * (MAX_BODY_BYTES // 2) + '"').kind is BODY_TOO_LARGE


def test_an_emoji_is_welcome() -> None:
    """People write emojis to their restaurants; they arrive as they were written."""
    assert (
        decode(NEW, json.dumps(order(note="🍕 ¡rápido!\nring twice"))).note
        == "🍕 ¡rápido!\nring twice"
    )


@pytest.mark.parametrize("field", ["items", "status", "deliveryAddress"])
def test_a_patch_cannot_take_away_what_an_order_needs(field: str) -> None:
    """Null removes an optional field; for one that every order has, it is refused by name."""
    assert refusal({field: None}, PATCH).pointer == f"#/{field}"


@pytest.mark.parametrize(
    "field",
    ["total", "version", "customerId", "history", "currency", "restaurantId", "reference"],
)
def test_a_patch_cannot_touch_what_does_not_change(field: str) -> None:
    """What the service sets, and what was agreed at the start, cannot be patched."""
    assert refusal({field: 1}, PATCH).pointer == f"#/{field}"
    assert refusal({field: 1}, PARTNERS_PATCH).pointer == f"#/{field}"


def test_the_delivery_fee_is_the_partner_s_to_change() -> None:
    """A partner may ask another fee for the delivery; a customer cannot name one."""
    assert decode(PARTNERS_PATCH, '{"deliveryFee": 0}').delivery_fee == 0
    assert refusal({"deliveryFee": 0}, PATCH).pointer == "#/deliveryFee"


@pytest.mark.parametrize("code", ["no-answer", "bored", "", None, "OTHER"])
def test_a_reason_is_one_of_the_codes(code: Any) -> None:
    """Nobody says that nobody answered but the service, and what is no code is named."""
    body = {"status": "REJECTED", "reason": {"code": code}}
    assert refusal(body, PATCH).pointer == "#/reason/code"
    assert refusal({"reason": {}}, PATCH).pointer == "#/reason/code"
    assert refusal({"reason": None}, PATCH).pointer == "#/reason"


@pytest.mark.parametrize(
    ("body", "listed"),
    [
        ({"status": "PREPARNG"}, "PLACED, CONFIRMED, PREPARING, READY, PICKED_UP, DELIVERED"),
        ({"reason": {"code": "bored"}}, "item-unavailable, outdated-menu, too-busy, closed"),
    ],
)
def test_a_misspelt_choice_is_told_the_values(body: dict[str, Any], listed: str) -> None:
    """Whoever misspells a status or a reason's code reads in the answer which there are."""
    (fault,) = refusal(body, PATCH).errors
    assert f"; there are {listed}, " in fault[1]


def test_a_long_choice_is_not_told_whole() -> None:
    """The hundreds of countries are no answer to a misspelt one."""
    address = {**ORDER["deliveryAddress"], "country": "UK"}
    (fault,) = refusal(order(deliveryAddress=address), NEW).errors
    assert fault == ("#/deliveryAddress/country", "Invalid enum value 'UK'")


@pytest.mark.parametrize("reference", ["", "a b", "é", "a" * 65, "a\n", 4711, None])
def test_a_reference_is_visible_ascii(reference: Any) -> None:
    """A partner's order number is an id that fits a URL and a header, and no text for people."""
    assert refusal(order(reference=reference), NEW).pointer == "#/reference"
    assert decode(NEW, json.dumps(order(reference="#4711/B"))).reference == "#4711/B"


@given(examples.orders)
def test_every_order_within_the_limits_is_taken(body: dict[str, Any]) -> None:
    """The contract refuses no order that keeps its limits, in any script."""
    assert decode(NEW, json.dumps(body)).customer_id == body["customerId"]


@given(
    st.text()
    | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps)
)
def test_any_text_gets_an_order_or_a_problem(text: str) -> None:
    """No text of any kind makes the check fail in another way than by a problem."""
    with pytest.raises(Problem):
        decode(NEW, text)
