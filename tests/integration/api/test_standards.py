"""What integrators really send, by the letter of the standards, over HTTP."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.api.test_refusals import problem_of
from tests.shared.examples import NONCHARACTERS, ORDER, order, order_with
from tests.unit.orders.domain.test_checks import (
    FORBIDDEN,
    INVISIBLE_TEXTS,
    LINE_ENDS,
    NOTES,
    TEXTS,
)
from tests.unit.orders.handlers.test_preconditions import AFTER, BEFORE

if TYPE_CHECKING:
    import httpx

    from tests.integration.conftest import Partner

pytestmark = pytest.mark.integration

ADDRESS = ORDER["deliveryAddress"]
KOWLOON = {"line1": "8 Salisbury Road", "city": "Kowloon", "country": "HK"}
POINT = {"latitude": 22.2945, "longitude": 114.1717}


def pointers(refused: httpx.Response) -> list[str]:
    """Check that a body was refused; name the places of its faults."""
    problem = problem_of(refused)
    assert (refused.status_code, problem["type"][-13:]) == (400, ":invalid-body"), problem
    return [fault["pointer"] for fault in problem["errors"]]


def test_an_order_goes_where_there_are_no_postal_codes(acme: Partner) -> None:
    """Nobody makes up a postal code for Hong Kong; an address of San Francisco has one."""
    placed = acme.place(deliveryAddress=KOWLOON)
    assert placed["deliveryAddress"] == {**KOWLOON, "postalCode": ""}
    assert acme.get(placed["orderId"]).json() == placed
    again = acme.place(deliveryAddress=placed["deliveryAddress"])
    assert again["deliveryAddress"] == placed["deliveryAddress"]
    without = {name: value for name, value in ADDRESS.items() if name != "postalCode"}
    for address in (without, {**ADDRESS, "postalCode": ""}):
        refused = acme.post(order(deliveryAddress=address))
        assert pointers(refused) == ["#/deliveryAddress/postalCode"]


def test_an_address_that_moves_has_the_postal_code_of_where_it_is(acme: Partner) -> None:
    """A change of the country keeps what an address must have, in one round trip."""
    order_id = acme.place()["orderId"]
    moved = acme.patch(order_id, {"deliveryAddress": {**KOWLOON, "postalCode": None}})
    assert moved.json()["deliveryAddress"] == {**KOWLOON, "postalCode": ""}
    back = {"line1": "1 Market St", "city": "San Francisco", "country": "US"}
    assert pointers(acme.patch(order_id, {"deliveryAddress": back})) == [
        "#/deliveryAddress/postalCode"
    ]
    whole = acme.patch(order_id, {"deliveryAddress": {**back, "postalCode": "94105"}})
    assert whole.json()["deliveryAddress"] == {**back, "postalCode": "94105"}
    other = acme.patch(order_id, {"deliveryAddress": {"country": "CA"}})
    assert other.json()["deliveryAddress"]["postalCode"] == "94105"


@pytest.mark.parametrize("name", ["latitude", "longitude"])
def test_half_a_point_is_refused(acme: Partner, name: str) -> None:
    """A latitude alone is no place, neither when placing nor when changing."""
    other = {"latitude": "longitude", "longitude": "latitude"}[name]
    half = {name: 1.5}
    placing = acme.post(order(deliveryAddress={**ADDRESS, **half}))
    changing = acme.patch(acme.place()["orderId"], {"deliveryAddress": half})
    assert pointers(placing) == pointers(changing) == [f"#/deliveryAddress/{other}"]


def test_a_point_goes_with_its_address(acme: Partner) -> None:
    """No courier is sent to where an order no longer goes; a note moves nothing."""
    placed = acme.place(deliveryAddress={**ADDRESS, **POINT})
    noted = acme.patch(placed["orderId"], {"note": "x", "deliveryAddress": {}}).json()
    assert noted["deliveryAddress"] == {**ADDRESS, **POINT}
    moved = acme.patch(placed["orderId"], {"deliveryAddress": {"line1": "2 Market St"}}).json()
    assert moved["deliveryAddress"] == {**ADDRESS, "line1": "2 Market St"}
    assert acme.get(placed["orderId"]).json() == moved


@pytest.mark.parametrize("end", LINE_ENDS, ids=ascii)
def test_every_line_end_is_kept_as_one(acme: Partner, end: str) -> None:
    """A note from any platform reads the same, in answers and later."""
    text = f"ring{end}twice"
    placed = acme.place(note=text, items=[{**ORDER["items"][0], "note": text}])
    assert (placed["note"], placed["items"][0]["note"]) == ("ring\ntwice", "ring\ntwice")
    assert acme.get(placed["orderId"]).json() == placed
    changed = acme.patch(placed["orderId"], {"note": f"not{end}now"}).json()
    assert changed["note"] == "not\nnow"


@pytest.mark.parametrize("text", INVISIBLE_TEXTS[::3], ids=ascii)
def test_what_prints_as_nothing_is_no_text(acme: Partner, text: str) -> None:
    """No kitchen gets an empty ticket, whatever the nothing is made of."""
    for pointer in ("#/items/0/name", "#/deliveryAddress/line1", "#/customerId"):
        assert pointers(acme.post(order_with(TEXTS[pointer], text))) == [pointer]


@pytest.mark.parametrize("character", [*NONCHARACTERS[::16], *FORBIDDEN[-3:]], ids=ascii)
def test_what_no_queue_carries_is_refused(acme: Partner, character: str) -> None:
    """A character that SQS would refuse later is refused at once, by its place."""
    for pointer, path in {**NOTES, "#/items/0/name": TEXTS["#/items/0/name"]}.items():
        assert pointers(acme.post(order_with(path, f"a{character}b"))) == [pointer]
    refused = acme.patch(acme.place()["orderId"], {"note": character})
    assert pointers(refused) == ["#/note"]


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ({"deliveryAddress": {**ADDRESS, "latitude": 10.12345678, "longitude": 1}},) * 2,
        (
            {"deliveryAddress": {**ADDRESS, "latitude": 10.12345678, "longitude": -0.0}},
            {"deliveryAddress": {**ADDRESS, "latitude": 10.1234568, "longitude": 0}},
        ),
        ({"note": "a\r\nb"}, {"note": "a\nb"}),
        ({"note": "a\u2028b"}, {"note": "a\u0085b"}),
        ({"deliveryAddress": KOWLOON}, {"deliveryAddress": {**KOWLOON, "postalCode": ""}}),
        ({"items": [{**ORDER["items"][0], "options": []}]},) * 2,
    ],
)
def test_equal_requests_are_replays(acme: Partner, first: Any, again: Any) -> None:
    """What is kept alike was asked for alike, however its numbers and texts were written."""
    key = uuid.uuid4().hex
    placed, replayed = (
        acme.http.post("/partner/orders", json=order(**changes), headers={"Idempotency-Key": key})
        for changes in (first, again)
    )
    assert (placed.status_code, replayed.status_code) == (201, 201)
    assert replayed.headers["Idempotent-Replayed"] == "true"
    assert replayed.json() == placed.json()


def test_two_keys_are_no_key_and_one_key_twice_is_one(acme: Partner) -> None:
    """Which of two keys counts is nobody's to guess."""
    json_type = ("Content-Type", "application/json")
    key, other = uuid.uuid4().hex, uuid.uuid4().hex
    for keys, status in (((key, other), 400), ((key, key), 201), ((key,), 201)):
        headers = [json_type, *(("Idempotency-Key", one) for one in keys)]
        answer = acme.http.post("/partner/orders", headers=headers, content=json.dumps(ORDER))
        assert answer.status_code == status, answer.text
        if status == 400:
            assert problem_of(answer)["errors"][0]["pointer"] == "Idempotency-Key"
    assert answer.headers["Idempotent-Replayed"] == "true"


def conditional(partner: Partner, method: str, path: str, *headers: tuple[str, str]) -> Any:
    """Send a request that has preconditions, with what it needs besides."""
    body = {"PATCH": {"note": "changed"}, "POST": ORDER}.get(method)
    sent = [("Idempotency-Key", uuid.uuid4().hex), *headers]
    return partner.http.request(method, f"/partner/orders{path}", json=body, headers=sent)


CONDITIONS: list[tuple[list[tuple[str, str]], int, int]] = [
    ([("If-Match", '"1"'), ("If-Match", '"7"')], 200, 200),
    ([("If-Match", '"7"'), ("If-Match", '"1"')], 200, 200),
    ([("If-Match", '"7"'), ("If-Match", '"8"')], 412, 412),
    ([("If-Match", '"a,b", "1"')], 200, 200),
    ([("If-Match", 'W/"1"')], 412, 412),
    ([("If-Match", "*")], 200, 200),
    ([("If-None-Match", "*")], 304, 412),
    ([("If-None-Match", '"7"'), ("If-None-Match", 'W/"1"')], 304, 412),
    ([("If-None-Match", '"7"')], 200, 200),
    ([("If-Unmodified-Since", BEFORE)], 412, 412),
    ([("If-Unmodified-Since", "Fri, 22 Nov 2999 12:30:00 GMT")], 200, 200),
    ([("If-Modified-Since", "Fri, 22 Nov 2999 12:30:00 GMT")], 304, 200),
    ([("If-Modified-Since", AFTER.replace("2026", "2025"))], 200, 200),
]


@pytest.mark.parametrize(("headers", "reading", "changing"), CONDITIONS)
def test_preconditions_hold_on_every_route_of_an_order(
    acme: Partner, headers: Any, reading: int, changing: int
) -> None:
    """All four headers, for who reads, who asks for the head, and who changes."""
    order_id = acme.place()["orderId"]
    for method, expected in (("GET", reading), ("HEAD", reading), ("PATCH", changing)):
        answer = conditional(acme, method, f"/{order_id}", *headers)
        assert answer.status_code == expected, (method, answer.text)
        assert answer.headers["ETag"] == ('"2"' if (method, expected) == ("PATCH", 200) else '"1"')
    assert (acme.get(order_id).json()["version"] == 2) is (changing == 200)
    missing = order_id[:-12] + "0" * 12
    assert conditional(acme, "PATCH", f"/{missing}", *headers).status_code == 404


def test_last_modified_is_what_the_next_request_sends(acme: Partner) -> None:
    """Who keeps no tag asks and changes by the time that the last answer told."""
    order_id = acme.place()["orderId"]
    told = acme.get(order_id).headers["Last-Modified"]
    assert acme.get(order_id, **{"If-Modified-Since": told}).status_code == 304
    changed = acme.patch(order_id, {"note": "x"}, If_Unmodified_Since=told)
    assert changed.status_code == 200
    assert changed.headers["Last-Modified"] >= told or changed.headers["ETag"] == '"2"'


@pytest.mark.parametrize(
    ("header", "value", "reading", "placing"),
    [
        ("If-Match", '"1"', 412, 412),
        ("If-Match", "*", 200, 201),
        ("If-None-Match", "*", 304, 412),
        ("If-None-Match", '"1"', 200, 201),
        ("If-Modified-Since", "Fri, 22 Nov 2999 12:30:00 GMT", 200, 201),
        ("If-Unmodified-Since", BEFORE, 200, 201),
        ("If-Match", "1", 400, 400),
    ],
)
def test_what_has_no_validators_answers_by_the_letter_too(
    acme: Partner, header: str, value: str, reading: int, placing: int
) -> None:
    """A list and the place where orders are made are there, and have no tags and no date."""
    for method, expected in (("GET", reading), ("HEAD", reading), ("POST", placing)):
        answer = conditional(acme, method, "", (header, value))
        assert answer.status_code == expected, (method, answer.text)
        if expected == 412 and method != "HEAD":
            assert problem_of(answer)["type"].endswith(":precondition-failed")
