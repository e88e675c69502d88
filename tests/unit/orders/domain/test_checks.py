"""What no type says of an order: fields that go together, characters, and the form that is kept."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.body import decode
from orders.domain import characters
from orders.domain.changes import revise, view
from orders.domain.characters import INVISIBLE, forbidden_in, prints, with_plain_line_ends
from orders.domain.iso import COUNTRIES, WITHOUT_POSTAL_CODES
from orders.domain.lifecycle import Role
from orders.domain.order import (
    FREE_TEXT,
    MULTILINE,
    GivenReason,
    LineItem,
    NewPartnerOrder,
    OrderPatch,
)
from tests.shared import examples
from tests.shared.examples import NONCHARACTERS, ORDER, order, order_with
from tests.shared.node import PROGRAM, variables
from tests.unit.orders.domain.test_changes import AT, NOW, applied, placed
from tests.unit.orders.test_body import refusal

NEW = msgspec.json.Decoder(NewPartnerOrder)
PATCH = msgspec.json.Decoder(OrderPatch)
ADDRESS = ORDER["deliveryAddress"]

LINE_ENDS = ["\r\n", "\r", "\n", "\x85", "\u2028", "\u2029"]
INVISIBLE_TEXTS = [
    *("\u200b", "\ufeff", "\u2060", "\u00ad", "\u034f", "\u200e", "\u202e", "\u3000", "\u00a0"),
    *("\u0301", "\u0301\u0308", "\u20dd", "\ufe0f", "\u180e", "\u2800", "\u115f", "\u1160"),
    *("\u3164", "\uffa0", "\u17b4", "\U000e0001", "\U000e0041\U000e007f", "\U000e0100"),
    *("\U0001d173", "\U0001bca0", " \u200b\u3000 ", "\u2062", "\ufff9\ufffb", "\U000e0fff"),
]
FORBIDDEN = [*NONCHARACTERS, *map(chr, range(0x80, 0x85)), *map(chr, range(0x86, 0xA0))]

TEXTS: dict[str, tuple[str | int, ...]] = {
    "#/restaurantId": ("restaurantId",),
    "#/customerId": ("customerId",),
    "#/items/0/itemId": ("items", 0, "itemId"),
    "#/items/0/name": ("items", 0, "name"),
    "#/items/0/options/0/name": ("items", 0, "options", 0, "name"),
    "#/deliveryAddress/line1": ("deliveryAddress", "line1"),
    "#/deliveryAddress/line2": ("deliveryAddress", "line2"),
    "#/deliveryAddress/city": ("deliveryAddress", "city"),
    "#/deliveryAddress/region": ("deliveryAddress", "region"),
    "#/deliveryAddress/postalCode": ("deliveryAddress", "postalCode"),
}
NOTES: dict[str, tuple[str | int, ...]] = {
    "#/note": ("note",),
    "#/items/0/note": ("items", 0, "note"),
}
ANYWHERE = TEXTS | NOTES


def sent(body: Any, *, ascii_only: bool = True) -> NewPartnerOrder:
    """Read an order as the handler does."""
    return decode(NEW, json.dumps(body, ensure_ascii=ascii_only))


def test_notes_are_what_may_have_several_lines() -> None:
    """A field that is new and free text is one of those whose line ends are kept alike."""
    free = {
        field.name
        for struct in (NewPartnerOrder, LineItem, OrderPatch, GivenReason)
        for field in msgspec.structs.fields(struct)
        if FREE_TEXT in str(field.type).replace("\\\\", "\\")
    }
    assert free == MULTILINE


@pytest.mark.parametrize("end", LINE_ENDS)
@pytest.mark.parametrize("pointer", NOTES)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_every_line_end_is_taken_and_kept_as_one(
    end: str, pointer: str, *, ascii_only: bool
) -> None:
    """A note from Windows, an old Mac, a mainframe or a web page reads the same to the kitchen."""
    text = f"ring{end}{end}twice{end}"
    read = sent(order_with(NOTES[pointer], text), ascii_only=ascii_only)
    assert (read if pointer == "#/note" else read.items[0]).note == "ring\n\ntwice\n"
    patched = decode(PATCH, json.dumps({"note": text}, ensure_ascii=ascii_only))
    assert patched.note == "ring\n\ntwice\n"


@given(st.text())
def test_line_ends_are_made_plain_once_for_all(text: str) -> None:
    """What was made plain stays as it is, and nothing but line ends changes."""
    plain = with_plain_line_ends(text)
    assert with_plain_line_ends(plain) == plain
    assert plain.split("\n") == re.split("\r\n|[\r\n\x85\u2028\u2029]", text)


@pytest.mark.parametrize("text", INVISIBLE_TEXTS, ids=ascii)
@pytest.mark.parametrize("pointer", TEXTS)
def test_what_prints_as_nothing_is_no_text(pointer: str, text: str) -> None:
    """No kitchen ticket is empty: a text has something that can be seen, in any script."""
    problem = refusal(order_with(TEXTS[pointer], text))
    assert [pointer] == [where for where, _ in problem.errors]
    sent(order_with(TEXTS[pointer], f"{text}x"))


@pytest.mark.parametrize(
    "text", ["é", "日本", "🍕", "👩‍👩‍👧", "नि", "ﬁ", "½", "ㅎ", "‼️", "한", "\ue000", "\u0627\u0650"]
)
def test_what_can_be_seen_is_a_text(text: str) -> None:
    """Marks, joiners and selectors are welcome beside what they belong to."""
    assert sent(order_with(("items", 0, "name"), text)).items[0].name == text
    assert prints(text)


@given(
    st.sampled_from(sorted(ANYWHERE)), st.sampled_from(FORBIDDEN), examples.lines, examples.lines
)
def test_what_no_queue_carries_is_refused_wherever_it_stands(
    pointer: str, character: str, before: str, after: str
) -> None:
    """A character that would be stuck behind the answer is told at once, with its place."""
    body = order_with(ANYWHERE[pointer], (before[:9] + character + after)[:20])
    for text in (json.dumps(body), json.dumps(body, ensure_ascii=False)):
        assert [where for where, _ in refusal(text).errors] == [pointer]


@given(examples.lines)
def test_nothing_else_is_refused(text: str) -> None:
    """Every other text with something in it is taken, and arrives as it was sent."""
    assert forbidden_in(text) is None
    assert sent(order_with(("items", 0, "name"), text)).items[0].name == text


def test_the_table_is_that_of_unicode() -> None:
    """What prints nothing is what Unicode says of it, for each of its characters."""
    program = r"""
    const none = [];
    const nothing = new RegExp("^[\\p{M}\\p{Z}\\p{Cc}\\p{Cf}\\p{Cs}\\u2800"
      + "\\p{Default_Ignorable_Code_Point}\\p{Noncharacter_Code_Point}]$", "u");
    for (let code = 0; code <= 0x10ffff; code++)
      if (nothing.test(String.fromCodePoint(code))) none.push(code);
    console.log(JSON.stringify([process.versions.unicode, none]));
    """
    done = subprocess.run(
        [str(PROGRAM), "-e", program], env=variables(), capture_output=True, check=True, text=True
    )
    unicode, none = json.loads(done.stdout)
    assert unicode == characters.UNICODE, "make the table anew"
    table = [code for first, last in INVISIBLE for code in range(first, last + 1)]
    assert table == none


@pytest.mark.parametrize("country", COUNTRIES)
def test_a_postal_code_is_asked_for_where_there_are_some(country: str) -> None:
    """Nobody has to make up a postal code, and who has one does not forget it."""
    address = {"line1": "1 Queen's Road", "city": "Central", "country": country}
    body = order(deliveryAddress=address)
    for none in (address, {**address, "postalCode": ""}):
        body = order(deliveryAddress=none)
        if country in WITHOUT_POSTAL_CODES:
            assert view(placed(body))["deliveryAddress"]["postalCode"] == ""
            assert sent(body) == sent(order(deliveryAddress=address))
        else:
            assert refusal(body).pointer == "#/deliveryAddress/postalCode"
    sent(order(deliveryAddress={**address, "postalCode": "1"}))


def test_hong_kong_has_no_postal_codes() -> None:
    """The best known ones stand on the side that they are known for."""
    assert {"HK", "AE", "QA", "MO", "FJ"} <= WITHOUT_POSTAL_CODES < set(COUNTRIES)
    assert not {"US", "GB", "DE", "JP", "IE", "BR", "IN"} & WITHOUT_POSTAL_CODES


@pytest.mark.parametrize(
    ("address", "pointers"),
    [
        ({"postalCode": None}, ["country"]),
        ({"postalCode": ""}, ["country"]),
        ({"postalCode": None, "country": "US"}, ["postalCode"]),
        ({"postalCode": None, "country": "HK"}, []),
        ({"country": "HK"}, []),
        ({"latitude": 1}, ["longitude"]),
        ({"longitude": 1}, ["latitude"]),
        ({"latitude": None}, ["longitude"]),
        ({"latitude": None, "longitude": 1}, ["latitude"]),
        ({"latitude": None, "longitude": None}, []),
        ({"latitude": 0, "longitude": 0}, []),
    ],
)
def test_half_a_change_of_an_address_is_refused(address: Any, pointers: list[str]) -> None:
    """What belongs together changes together."""
    body = {"deliveryAddress": address}
    if pointers:
        told = [where for where, _ in refusal(body, PATCH).errors]
        assert told == [f"#/deliveryAddress/{name}" for name in pointers]
    else:
        decode(PATCH, json.dumps(body))


@pytest.mark.parametrize("name", ["latitude", "longitude"])
def test_half_a_point_is_refused(name: str) -> None:
    """A latitude without its longitude is no place, and the field that is missing is named."""
    other = {"latitude": "longitude", "longitude": "latitude"}[name]
    body = order(deliveryAddress={**ADDRESS, name: 1.5})
    assert refusal(body).pointer == f"#/deliveryAddress/{other}"


@pytest.mark.parametrize(
    ("change", "stays"),
    [
        ({"line1": "2 Market St"}, False),
        ({"country": "HK"}, False),
        ({"line2": None}, False),
        ({}, True),
        ({"line1": "x", "latitude": 2, "longitude": 3}, True),
    ],
)
def test_a_point_goes_with_the_address_that_it_was_of(change: Any, *, stays: bool) -> None:
    """No courier is sent to where an order no longer goes."""
    item = placed(order(deliveryAddress={**ADDRESS, "latitude": 2, "longitude": 3}))
    patch = decode(PATCH, json.dumps({"deliveryAddress": change, "note": "x"}))
    address = applied(revise(patch, Role.PARTNER, NOW), item)["deliveryAddress"]
    assert ("latitude" in address, "longitude" in address) == (stays, stays)
    assert AT


@given(examples.orders)
def test_the_form_kept_is_kept(body: dict[str, Any]) -> None:
    """What an answer says can be sent again, and is the same order."""
    first = sent(body, ascii_only=False)
    again = json.loads(msgspec.json.encode(first))
    assert sent(again) == first == sent(body)
