"""What a quote says of itself: for whom, by whom, from when until when."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from orders.pricing.quotes import CLAIMS, LONGEST_SECONDS, SKEW_SECONDS, Quote, quote_of
from orders.problems import Problem
from orders.settings import NO_KEYS, PRICE_KEYS, setting
from tests.shared.examples import order
from tests.shared.menu import quotes
from tests.unit.conftest import OWN_STAGE

NOW = 1_795_000_100.25
ONCE = trying(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PRICE_KEYS, quotes.price_keys(quotes.KID, "2026-12"))


def claims(**changes: Any) -> dict[str, Any]:
    moments = {"iat": int(NOW) - 10, "exp": int(NOW) + 600}
    return {**quotes.claims_for(order(), "me", OWN_STAGE), **moments, **changes}


def answer(text: str | None, now: float = NOW) -> str:
    """Give the problem that a quote is, or "good"."""
    try:
        quote_of(text, "me", now)
    except Problem as problem:
        return problem.kind.name if problem.pointer == "#/quote" else f"at {problem.pointer}"
    return "good"


def test_a_quote_is_read() -> None:
    """Everything that an order is held against comes out as it was signed."""
    said = claims()
    assert quote_of(quotes.token(said), "me", NOW) == Quote(
        "rest-42", "USD", said["items"], 2698, 299, "US 94105"
    )


def test_either_key_may_sign() -> None:
    """While keys are changed, two of them sign; a third one does not."""
    for kid in (quotes.KID, "2026-12"):
        text = quotes.token(claims(), {**quotes.HEADER, "kid": kid}, quotes.private_key(kid))
        assert answer(text) == "good"
    crossed = quotes.token(claims(), {**quotes.HEADER, "kid": "2026-12"})
    assert answer(crossed) == "quote-invalid"
    assert answer(quotes.token(claims(), {**quotes.HEADER, "kid": "3"})) == "quote-invalid"


@pytest.mark.parametrize(
    ("iat", "exp", "expected"),
    [
        (0, LONGEST_SECONDS, "good"),
        (0, LONGEST_SECONDS + 1, "quote-invalid"),
        (0, 1, "good"),
        (0, 0, "quote-invalid"),
        (-600, 0, "quote-expired"),
        (-600, -1, "quote-expired"),
        (SKEW_SECONDS, SKEW_SECONDS + 1, "good"),
        (SKEW_SECONDS + 1, SKEW_SECONDS + 2, "quote-invalid"),
        (-LONGEST_SECONDS, 1, "quote-invalid"),
    ],
)
def test_how_long_a_quote_holds(iat: int, exp: int, expected: str) -> None:
    """Half an hour at most, up to its very end; its signer's clock may be a minute ahead."""
    text = quotes.token(claims(iat=int(NOW) + iat, exp=int(NOW) + exp))
    assert answer(text, int(NOW)) == expected


@pytest.mark.parametrize("name", sorted(CLAIMS))
def test_every_claim_is_needed(name: str) -> None:
    """A quote that leaves one out is none, and so is one that says more."""
    assert answer(quotes.token({k: v for k, v in claims().items() if k != name})) == "quote-invalid"
    assert answer(quotes.token(claims(**{f"{name}s": 1}))) == "quote-invalid"


@ONCE
@given(
    st.sampled_from(sorted(CLAIMS)),
    st.none() | st.booleans() | st.floats() | st.lists(st.integers(), max_size=1) | st.just(""),
)
def test_no_claim_is_of_another_kind(name: str, value: Any) -> None:
    """True is no 1, 299.0 no 299, and an empty text no text; an area alone may be null."""
    if (name, value) != ("area", None):
        assert answer(quotes.token(claims(**{name: value}))) == "quote-invalid"


@ONCE
@given(st.integers(-(2**63), -1) | st.integers(1_000_000_000, 2**63))
def test_no_fee_is_beyond_what_an_order_takes(fee: int) -> None:
    """A fee below zero or above all amounts is no fee, though it is signed."""
    assert answer(quotes.token(claims(deliveryFee=fee))) == "quote-invalid"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iss", "Menu"),
        ("aud", "food-delivery-orders/prod"),
        ("aud", "food-delivery-orders/"),
        ("sub", "ME"),
    ],
)
def test_a_quote_is_for_one_stage_and_one_customer(name: str, value: str) -> None:
    """Another stage's quote, or another customer's, is as good as a forged one."""
    assert answer(quotes.token(claims(**{name: value}))) == "quote-invalid"


def test_no_quote_and_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one is due I am told so, and that this stage cannot take any, where it cannot."""
    assert answer(None) == "quote-required"
    monkeypatch.setenv(PRICE_KEYS, NO_KEYS)
    setting.cache_clear()
    assert answer(None) == "quote-required"
    assert answer(quotes.token(claims())) == "quote-invalid"


def test_our_clock_is_the_real_one() -> None:
    """A quote of now, by the time of day, is good now."""
    text = quotes.quote(order(), "me", OWN_STAGE)
    assert answer(text, time.time()) == "good"
