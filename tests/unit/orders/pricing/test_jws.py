"""Signed texts: whatever is changed of one, it is no longer one."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from infrastructure.price_keys import text_of
from orders.pricing.jws import NotGenuine, signed_members
from tests.shared.menu import quotes

KEYS = {quotes.KID: quotes.modulus()}
CLAIMS = {"sub": "me", "subtotal": 2698, "area": None}
GOOD = quotes.token(CLAIMS)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def refuse(text: str, keys: dict[str, str] | None = None) -> None:
    with pytest.raises(NotGenuine) as refused:
        signed_members(text, KEYS if keys is None else keys)
    assert str(refused.value) == ""
    assert refused.value.__cause__ is None


def test_a_signed_text_is_read() -> None:
    """What the holder of the key has signed is what I read."""
    assert signed_members(GOOD, KEYS) == CLAIMS
    assert signed_members(GOOD, {"other": "AQAB", **KEYS}) == CLAIMS


@pytest.mark.parametrize("bits", [2_048, 3_072, 4_096])
def test_keys_of_each_size(bits: int) -> None:
    """Keys of 2,048 to 4,096 bits verify what they have signed, and nothing else."""
    key = quotes.private_key("large", bits)
    modulus = text_of(key.public_key().public_numbers().n)
    text = quotes.token(CLAIMS, key=key)
    assert signed_members(text, {quotes.KID: modulus}) == CLAIMS
    refuse(text)
    refuse(GOOD, {quotes.KID: modulus})


@given(st.integers(0, len(GOOD) - 1), st.characters(max_codepoint=0x17F))
@example(len(GOOD) - 1, "\n")
def test_any_other_character_is_no_signature(place: int, character: str) -> None:
    """One character that is another, anywhere, and the text is refused."""
    text = GOOD[:place] + character + GOOD[place + 1 :]
    if text != GOOD:
        refuse(text)


@given(st.integers(0, len(GOOD)), st.text(max_size=3), st.integers(0, 3))
def test_any_piece_put_in_or_taken_out_is_found(place: int, piece: str, less: int) -> None:
    """Nothing can be put into a signed text, nor taken out of it."""
    text = GOOD[:place] + piece + GOOD[place + less :]
    if text != GOOD:
        refuse(text)


@given(st.binary(min_size=256, max_size=256) | st.binary(max_size=600))
def test_no_guess_is_a_signature(signature: bytes) -> None:
    """Bytes that are not the signature are none, of whatever length."""
    head = GOOD.rpartition(".")[0]
    refuse(f"{head}.{quotes.base64url(signature)}")


@given(json_values)
@trying(max_examples=30)
def test_claims_that_were_not_signed_are_not_read(claims: Any) -> None:
    """Other claims below a good signature are refused, whatever they are."""
    header, _, signature = GOOD.split(".")
    if claims != CLAIMS:
        refuse(f"{header}.{quotes.compact(claims)}.{signature}")


@given(json_values)
@trying(max_examples=30)
def test_a_header_of_other_members_is_refused(header: Any) -> None:
    """The header is exactly the three members, though the whole is signed."""
    refuse(quotes.token(CLAIMS, quotes.compact(header)))


@given(st.text(max_size=200) | st.binary(max_size=200).map(quotes.base64url))
def test_what_is_no_token_is_refused(text: str) -> None:
    """Any text, in three parts or not, is refused and breaks nothing."""
    refuse(text)
    refuse(f"{text}.{text}.{text}")


@pytest.mark.parametrize(
    "payload",
    [
        '{"a":1,"a":1}',
        '{"a":{"b":1,"b":2}}',
        '{"a":1.5}',
        '{"a":1e3}',
        '{"a":NaN}',
        '{"a":-Infinity}',
        '{"a":"\\ud800"}',
        "[]",
        '"text"',
        "1",
        "",
        "{",
        '{"a":1}x',
        "\ufeff{}",
        "[" * sys.getrecursionlimit(),
        '{"a":' + "9" * 5_000 + "}",
    ],
)
def test_json_that_two_readers_could_read_differently_is_refused(payload: str) -> None:
    """Members given twice, numbers that are not whole, half characters: signed or not."""
    refuse(quotes.token(quotes.base64url(payload.encode(errors="surrogatepass"))))


def test_a_refusal_holds_nothing_of_the_text() -> None:
    """What is raised can be logged: no part of the text is in it, nor in what led to it."""
    with pytest.raises(NotGenuine) as refused:
        signed_members(quotes.token(quotes.base64url(b'{"secret":')), KEYS)
    assert json.dumps(str(refused.value)) == '""'
    assert refused.value.__suppress_context__
