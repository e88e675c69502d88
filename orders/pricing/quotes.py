"""Price quotes: what the menu has signed, for one customer, one basket and half an hour.

nothing      quote-required, where one is due
forged       quote-invalid: one answer for all that is no quote of this stage for this caller
too late     quote-expired
genuine      a Quote, which `compared` holds against the order
"""

from __future__ import annotations

from typing import Any

from orders.domain.order import MAX_AMOUNT
from orders.named_tuple import NamedTuple
from orders.pricing.jws import NotGenuine, signed_members
from orders.problems import QUOTE_EXPIRED, QUOTE_INVALID, QUOTE_REQUIRED, Problem
from orders.settings import NO_KEYS, PRICE_KEYS, STAGE, setting

ISSUER = "menu"
_AUDIENCE = "food-delivery-orders/"

LONGEST_SECONDS = 1_800
"""How long a quote may hold: whoever signs one can still take a price back within half an hour."""

SKEW_SECONDS = 60
"""How far the signer's clock may be ahead of ours. A quote's end is its signer's own affair: for
that there is no such grace."""

_TEXTS = ("iss", "aud", "jti", "sub", "restaurantId", "currency", "items")
_MOMENTS = ("iat", "exp")
_AMOUNTS = ("subtotal", "deliveryFee")
_AREA = "area"

CLAIMS = frozenset({*_TEXTS, *_MOMENTS, *_AMOUNTS, _AREA})
"""What a quote says: all of it, and nothing else."""

_MOST = {**dict.fromkeys(_MOMENTS, 2**53), "subtotal": 2**53, "deliveryFee": MAX_AMOUNT}

_HOW = "Ask the menu for a quote of this basket, and send it unchanged as `quote`"
_NOT_GENUINE = f"It is no quote that this service takes from you. {_HOW}"
_EXPIRED = f"It held until a moment ago. {_HOW}"
_NO_KEYS = (
    "No order of a customer is taken: this stage has no keys to verify quotes with. Its operators "
    "learn more from `orders doctor`"
)


class Quote(NamedTuple):
    """What the menu vouches for; amounts are in minor units of the currency."""

    restaurant_id: str
    currency: str
    items: str
    """The digest of the basket."""
    subtotal: int
    delivery_fee: int
    area: str | None
    """The country, a blank and the postal code; None where the fee is the same everywhere."""


def quote_of(text: str | None, identity: str, now: float) -> Quote:
    """Verify a quote.

    Args:
        text: the quote as it was sent, or None.
        identity: who sends it: quotes are for one customer.
        now: seconds since the Unix epoch.

    Raises:
        Problem: `quote-required`, `quote-invalid` or `quote-expired`; none holds any of the text.
    """
    listed = setting(PRICE_KEYS).split()
    keys = dict(one.split(":", 1) for one in listed if one != NO_KEYS)
    if text is None:
        raise Problem(QUOTE_REQUIRED, _HOW if keys else _NO_KEYS, pointer="#/quote")
    try:
        claims = signed_members(text, keys)
        _check(claims, identity, now)
    except NotGenuine:
        raise Problem(QUOTE_INVALID, _NOT_GENUINE, pointer="#/quote") from None
    if claims["exp"] <= now:
        raise Problem(QUOTE_EXPIRED, _EXPIRED, pointer="#/quote")
    told = (claims[name] for name in ("restaurantId", "currency", "items", *_AMOUNTS, _AREA))
    return Quote(*told)


def _check(claims: dict[str, Any], identity: str, now: float) -> None:
    """Check what a quote says of itself.

    Raises:
        NotGenuine: unless it is a whole quote of this stage's menu for this caller.
    """
    told = (claims.get("iss"), claims.get("aud"), claims.get("sub"))
    if (
        claims.keys() != CLAIMS
        or not all(_is_text(claims[name]) for name in _TEXTS)
        or not all(_is_number(claims[name], most) for name, most in _MOST.items())
        or not (claims[_AREA] is None or _is_text(claims[_AREA]))
        or told != (ISSUER, _AUDIENCE + setting(STAGE), identity)
        or not claims["iat"] < claims["exp"] <= claims["iat"] + LONGEST_SECONDS
        or claims["iat"] > now + SKEW_SECONDS
    ):
        raise NotGenuine


def _is_text(value: object) -> bool:
    return type(value) is str and value != ""


def _is_number(value: object, most: int) -> bool:
    return type(value) is int and 0 <= value <= most  # True is an int, too, but of another type
