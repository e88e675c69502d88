"""Price quotes as a menu signs them, with keys that are made anew for each run of the tests."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from msgspec import convert

from infrastructure.price_keys import text_of
from orders.domain.money import subtotal_of
from orders.domain.order import LineItem

KID = "2026-11"
HEADER = {"alg": "RS256", "kid": KID, "typ": "price-quote+jwt"}


def private_key(name: str = KID, bits: int = 2_048) -> rsa.RSAPrivateKey:
    """Make the key of a name, once."""
    return _key(name, bits)


@cache
def _key(_name: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=bits)


def modulus(name: str = KID) -> str:
    """Give a key's modulus in base64url."""
    return text_of(private_key(name).public_key().public_numbers().n)


def price_keys(*names: str) -> str:
    """Give the variable PRICE_KEYS that knows these keys."""
    return " ".join(f"{name}:{modulus(name)}" for name in names or (KID,))


def base64url(raw: bytes) -> str:
    """Write bytes as a token has them."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def compact(value: Any) -> str:
    """Write JSON in base64url."""
    return base64url(json.dumps(value, separators=(",", ":")).encode())


def token(claims: Any, header: Any = HEADER, key: rsa.RSAPrivateKey | None = None) -> str:
    """Sign a token; a header or claims that are texts already are taken as they are."""
    parts = [part if isinstance(part, str) else compact(part) for part in (header, claims)]
    signed = ".".join(parts)
    signature = (key or private_key()).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{base64url(signature)}"


def digest(items: list[dict[str, Any]]) -> str:
    """Digest a basket by Python's own JSON, as an implementation of its own."""
    lines = [
        {
            "itemId": line["itemId"],
            "name": line["name"],
            "options": [
                {name: one[name] for name in ("name", "price")} for one in line.get("options", [])
            ],
            "quantity": line["quantity"],
            "unitPrice": line["unitPrice"],
        }
        for line in items
    ]
    text = json.dumps(lines, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return base64url(hashlib.sha256(text.encode()).digest())


def claims_for(order: dict[str, Any], sub: str, stage: str, **changes: Any) -> dict[str, Any]:
    """Give what a menu says of an order; a change to None of what is no area leaves it out."""
    now, address = int(time.time()), order["deliveryAddress"]
    area = " ".join(filter(None, (address["country"], address.get("postalCode"))))
    return {
        "iss": "menu",
        "aud": f"food-delivery-orders/{stage}",
        "jti": base64url(hashlib.sha256(repr(order).encode()).digest()[:12]),
        "iat": now - 5,
        "exp": now + 895,
        "sub": sub,
        "restaurantId": order["restaurantId"],
        "currency": order["currency"],
        "items": digest(order["items"]),
        "subtotal": subtotal_of(convert(order["items"], list[LineItem])),
        "deliveryFee": order["deliveryFee"],
        "area": area,
        **changes,
    }


def quote(order: dict[str, Any], sub: str, stage: str, **changes: Any) -> str:
    """Sign a quote for an order."""
    return token(claims_for(order, sub, stage, **changes))
