"""docs/api/quote-vectors.json: price quotes, good and forged, for whoever signs or verifies them.

`python -m documents.quote_vectors` makes them anew, with a key that is then forgotten: the file has
its public half alone. `make docs` leaves the file as it is.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from infrastructure.price_keys import EXPONENT, text_of
from orders.pricing.jws import ALGORITHM, TYPE
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = ROOT / "docs/api/quote-vectors.json"
"""The document that is made."""

KID, STAGE, CUSTOMER, NOW = "vectors-1", "vectors", "customer-1", 1_795_000_100
TAKEN = "taken"
INVALID, EXPIRED, MISMATCH = "quote-invalid", "quote-expired", "quote-mismatch"

ORDER: dict[str, Any] = {
    "restaurantId": "rest-42",
    "currency": "USD",
    "items": [
        {
            "itemId": "margherita",
            "name": "Pizza Margherita",
            "quantity": 2,
            "unitPrice": 1199,
            "options": [{"name": "extra cheese", "price": 150}],
            "note": "well done",
        }
    ],
    "deliveryFee": 299,
    "deliveryAddress": {"postalCode": "94105", "country": "US"},
}
"""The order that all quotes but those named otherwise are for; what they do not speak of is left
out."""

UNICODE: list[dict[str, Any]] = [
    {"itemId": "cafe", "name": 'Café "Ω" \\ 火鍋 🍲', "quantity": 1, "unitPrice": 0},
    {"itemId": "cafe\u0301", "name": "Cafe\u0301 </script>", "quantity": 99, "unitPrice": 999_999},
]
"""A basket whose texts are written as they are, and not as some JSON libraries escape them. The
second é is two characters, and stays so."""

_HEADER = {"alg": ALGORITHM, "kid": KID, "typ": TYPE}
_ABOUT = (
    "Price quotes, good and forged, to try a signer or a verifier with: docs/api/quotes.md. Each "
    "was sent by `customer` at the time `now` to the stage `stage`, with `order` or with its own, "
    "and was answered `answer`. `digests` are of baskets. The private key is nowhere."
)


class Vector(NamedTuple):
    """One quote, and what it is answered."""

    name: str
    quote: str
    answer: str = INVALID
    order: dict[str, Any] | None = None
    """The order that it goes with, where that is another."""


def base64url(raw: bytes) -> str:
    """Write bytes as a token has them."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def basket_json(items: list[dict[str, Any]]) -> str:
    """Write a basket as it is digested: RFC 8785, and nothing but what has a price."""
    lines = [
        {
            **{name: line[name] for name in ("itemId", "name", "quantity", "unitPrice")},
            "options": [
                {"name": one["name"], "price": one["price"]} for one in line.get("options", [])
            ],
        }
        for line in items
    ]
    return json.dumps(lines, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def digest(items: list[dict[str, Any]]) -> str:
    """Digest a basket."""
    return base64url(hashlib.sha256(basket_json(items).encode()).digest())


def claims(**changes: Any) -> dict[str, Any]:
    """Give what a good quote of the order says, with some changed."""
    return {
        "iss": "menu",
        "aud": f"food-delivery-orders/{STAGE}",
        "jti": "0001",
        "iat": NOW - 100,
        "exp": NOW + 800,
        "sub": CUSTOMER,
        "restaurantId": ORDER["restaurantId"],
        "currency": ORDER["currency"],
        "items": digest(ORDER["items"]),
        "subtotal": 2698,
        "deliveryFee": ORDER["deliveryFee"],
        "area": "US 94105",
        **changes,
    }


class Signer:
    """Signs whatever it is given, in any form."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key
        numbers = key.private_numbers()
        self.n, self._d = numbers.public_numbers.n, numbers.d
        self.size = (self.n.bit_length() + 7) // 8

    def sign(self, said: Any, header: Any = _HEADER) -> str:
        """Sign claims as a menu does; texts are taken as they are."""
        signed = _signed(said, header)
        made = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{base64url(made)}"

    def pss(self, said: Any) -> str:
        """Sign with another padding."""
        signed = _signed(said, _HEADER)
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        return f"{signed}.{base64url(self._key.sign(signed.encode(), pss, hashes.SHA256()))}"

    def block(self, said: Any, told: bytes, *, kind: int = 1, filling: int | None = None) -> str:
        """Sign a block of another form: `told` before the digest, and zeros where it is short."""
        signed = _signed(said, _HEADER)
        end = told + hashlib.sha256(signed.encode()).digest()
        fill = self.size - len(end) - 3 if filling is None else filling
        block = bytes([0, kind]) + b"\xff" * fill + b"\x00" + end
        number = int.from_bytes(block.ljust(self.size, b"\x00"), "big")
        return f"{signed}.{base64url(pow(number, self._d, self.n).to_bytes(self.size, 'big'))}"


_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
_WITHOUT_NULL = bytes.fromhex("302f300b0609608648016503040201" + "0420")
_SHA384 = bytes.fromhex("3041300d060960864801650304020205000430")


def _signed(said: Any, header: Any) -> str:
    parts = (part if isinstance(part, bytes) else _json(part) for part in (header, said))
    return ".".join(base64url(part) for part in parts)


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def vectors(key: rsa.RSAPrivateKey) -> list[Vector]:
    """Make all quotes with a key."""
    signer = Signer(key)
    return [
        *_good(signer),
        *_not_signed(signer),
        *_other_headers(signer),
        *_other_blocks(signer),
        *_other_spellings(signer),
        *_other_claims(signer),
        *_for_something_else(signer),
    ]


def _good(signer: Signer) -> Iterator[Vector]:
    unicode = {**ORDER, "items": UNICODE}
    said = claims(items=digest(UNICODE), subtotal=98_999_901)
    hong_kong = {**ORDER, "deliveryAddress": {"country": "HK"}}
    spaced = json.dumps(_HEADER, indent=1).encode(), json.dumps(claims(), indent=1).encode()
    longest = claims(iat=NOW - 100, exp=NOW + 1_700)
    yield Vector("good", signer.sign(claims()), TAKEN)
    yield Vector("good, with other texts than ASCII", signer.sign(said), TAKEN, unicode)
    yield Vector("good, for everywhere", signer.sign(claims(area=None)), TAKEN, hong_kong)
    yield Vector("good, without postal codes", signer.sign(claims(area="HK")), TAKEN, hong_kong)
    yield Vector("good, with blanks in its JSON", signer.sign(spaced[1], spaced[0]), TAKEN)
    yield Vector("good, for half an hour", signer.sign(longest), TAKEN)


def _not_signed(signer: Signer) -> Iterator[Vector]:
    header, said, signature = signer.sign(claims()).split(".")
    cheap = base64url(_json(claims(deliveryFee=0)))
    public = f"{signer.n:x}".encode()
    none = _signed(claims(), {**_HEADER, "alg": "none"})
    by_mac = _signed(claims(), {**_HEADER, "alg": "HS256"})
    stranger = rsa.generate_private_key(public_exponent=EXPONENT, key_size=2_048)
    mac = base64url(hmac.digest(public, by_mac.encode(), "sha256"))
    yield Vector("other claims below the signature", f"{header}.{cheap}.{signature}")
    yield Vector("signed by nobody", f"{none}.")
    yield Vector("signed by nobody, with a text", f"{none}.AAAA")
    yield Vector("signed by the public key as a secret", f"{by_mac}.{mac}")
    yield Vector("signed by a stranger", Signer(stranger).sign(claims()))
    yield Vector("the signature of zeros", f"{header}.{said}.{base64url(bytes(signer.size))}")
    yield Vector("the signature of one", f"{header}.{said}.{_number(1, signer.size)}")


def _number(value: int, size: int) -> str:
    return base64url(value.to_bytes(size, "big"))


def _other_headers(signer: Signer) -> Iterator[Vector]:
    jwk = {"kty": "RSA", "n": text_of(signer.n), "e": "AQAB"}
    twice = _json(_HEADER)[:-1] + b',"kid":"vectors-1"}'
    headers: dict[str, Any] = {
        "another algorithm": {**_HEADER, "alg": "RS512"},
        "an algorithm in other letters": {**_HEADER, "alg": "rs256"},
        "no algorithm": {"kid": KID, "typ": TYPE},
        "an unknown key": {**_HEADER, "kid": "vectors-2"},
        "no key": {"alg": ALGORITHM, "typ": TYPE},
        "a key that is no text": {**_HEADER, "kid": 1},
        "another type": {**_HEADER, "typ": "JWT"},
        "no type": {"alg": ALGORITHM, "kid": KID},
        "a key of its own": {**_HEADER, "jwk": jwk},
        "the address of a key": {**_HEADER, "jku": "https://menu.example/keys"},
        "something critical": {**_HEADER, "crit": ["b64"], "b64": True},
        "a member twice": twice,
        "no object": [_HEADER],
        "no JSON": b"{",
        "nested deeply": b"[" * 700,
        "not UTF-8": b'{"alg":"\xff"}',
        "a byte order mark": b"\xef\xbb\xbf" + _json(_HEADER),
    }
    for name, header in headers.items():
        yield Vector(f"header: {name}", signer.sign(claims(), header))


def _other_blocks(signer: Signer) -> Iterator[Vector]:
    text, _, end = signer.sign(claims()).rpartition(".")
    raw = base64.urlsafe_b64decode(end + "==")
    said, short = claims(), 8
    yield Vector("block: bytes after the digest", signer.block(said, _SHA256, filling=short))
    yield Vector("block: no parameters", signer.block(said, _WITHOUT_NULL))
    yield Vector("block: another digest's name", signer.block(said, _SHA384))
    yield Vector("block: no digest's name", signer.block(said, b""))
    yield Vector("block: of the kind for secrets", signer.block(said, _SHA256, kind=2))
    yield Vector("block: another padding", signer.pss(said))
    yield Vector("signature: a byte before it", f"{text}.{base64url(bytes(1) + raw)}")
    yield Vector("signature: a byte after it", f"{text}.{base64url(raw + bytes(1))}")
    yield Vector("signature: a byte less", f"{text}.{base64url(raw[:-1])}")
    yield Vector("signature: none", f"{text}.")
    above = (int.from_bytes(raw, "big") + signer.n).to_bytes(signer.size + 1, "big")
    yield Vector("signature: once around the modulus", f"{text}.{base64url(above)}")
    yield Vector("signature: the modulus", f"{text}.{_number(signer.n, signer.size)}")


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _other_spellings(signer: Signer) -> Iterator[Vector]:
    good = signer.sign(claims())
    last = _LETTERS[_LETTERS.index(good[-1]) + 1]  # a byte ends in the letter: bits are to spare
    parts = good.split(".")
    plain = ".".join([*parts[:2], parts[2].replace("-", "+").replace("_", "/")])
    texts = {
        "padding": f"{good}==",
        "the last letter's spare bits": good[:-1] + last,
        "a blank behind": f"{good} ",
        "a blank before": f" {good}",
        "a part more": f"{good}.{parts[2]}",
        "a part less": ".".join(parts[:2]),
        "a part that is empty": f"{parts[0]}..{parts[2]}",
        "other base64": plain if plain != good else f"{parts[0]}+.{parts[1]}.{parts[2]}",
        "as JSON": json.dumps(dict(zip(("protected", "payload", "signature"), parts, strict=True))),
        "a letter beyond ASCII": good.replace("e", "\u0435", 1),
        "one letter": "x",
    }
    for name, text in texts.items():
        yield Vector(f"spelling: {name}", text)


def _other_claims(signer: Signer) -> Iterator[Vector]:
    said = claims()
    for name in said:
        without = {other: value for other, value in said.items() if other != name}
        yield Vector(f"claims: no {name}", signer.sign(without))
        yield Vector(f"claims: {name} is true", signer.sign({**said, name: True}))
        yield Vector(f"claims: {name} in a list", signer.sign({**said, name: [said[name]]}))
    for name in ("iat", "exp", "subtotal", "deliveryFee"):
        yield Vector(f"claims: {name} with a point", signer.sign({**said, name: said[name] + 0.0}))
        yield Vector(f"claims: {name} as a text", signer.sign({**said, name: str(said[name])}))
        yield Vector(f"claims: {name} below zero", signer.sign({**said, name: -1}))
    raw = _json(said)
    changed: dict[str, Any] = {
        "one more": claims(nbf=NOW - 100),
        "one twice": raw[:-1] + b',"deliveryFee":0}',
        "in a list": [said],
        "no number": raw.replace(b"2698", b"NaN"),
        "no number that ends": raw.replace(b"2698", b"1e999"),
        "half of a character": raw.replace(b'"0001"', b'"\\ud800"'),
        "not JSON": raw + b",",
        "another issuer": claims(iss="menus"),
        "another stage": claims(aud="food-delivery-orders/prod"),
        "several stages": claims(aud=[said["aud"]]),
        "another customer": claims(sub="customer-2"),
        "a fee above all": claims(deliveryFee=1_000_000_000),
        "longer than half an hour": claims(exp=NOW - 100 + 1_801),
        "an end before the start": claims(exp=NOW - 101),
        "from the future": claims(iat=NOW + 61, exp=NOW + 600),
        "an area that is empty": claims(area=""),
    }
    for name, each in changed.items():
        yield Vector(f"claims: {name}", signer.sign(each))


def _for_something_else(signer: Signer) -> Iterator[Vector]:
    yield Vector("expired", signer.sign(claims(exp=NOW)), EXPIRED)
    changed: dict[str, Any] = {
        "restaurant": {"restaurantId": "rest-1"},
        "currency": {"currency": "EUR"},
        "items": {"items": digest(UNICODE)},
        "sum": {"subtotal": 2697},
        "fee": {"deliveryFee": 298},
        "postal code": {"area": "US 94106"},
        "country": {"area": "MX 94105"},
        "area, as it has no postal code": {"area": "US"},
    }
    for name, changes in changed.items():
        yield Vector(f"another {name}", signer.sign(claims(**changes)), MISMATCH)
    notes = {**ORDER, "items": [{**ORDER["items"][0], "note": "as it comes"}]}
    yield Vector("good, for notes are not in it", signer.sign(claims()), TAKEN, notes)


def document(key: rsa.RSAPrivateKey) -> dict[str, Any]:
    """Give the document, with the quotes of a key."""
    made = vectors(key)
    baskets = {"the order's": ORDER["items"], "with other texts than ASCII": UNICODE}
    return {
        "about": _ABOUT,
        "stage": STAGE,
        "now": NOW,
        "customer": CUSTOMER,
        "keys": [
            {"kty": "RSA", "kid": KID, "n": text_of(Signer(key).n), "e": "AQAB", "alg": ALGORITHM}
        ],
        "order": ORDER,
        "digests": [
            {"name": name, "items": items, "json": basket_json(items), "digest": digest(items)}
            for name, items in baskets.items()
        ],
        "vectors": [
            {name: value for name, value in one._asdict().items() if value is not None}
            for one in made
        ],
    }


def main() -> None:
    """Write the document, and forget the key."""
    key = rsa.generate_private_key(public_exponent=EXPONENT, key_size=2_048)
    DOCUMENT.write_text(json.dumps(document(key), indent=1) + "\n")


if __name__ == "__main__":
    main()
