"""Signed texts: JSON Web Signatures in compact form (RFC 7515), by RSA alone (RS256, RFC 7518).

    header . payload . signature      each in base64url, without padding

Verifying takes one modular power, which Python has: 0.23 ms with a key of 2,048 bits. A library
would take fifty to a hundred milliseconds of each start (docs/decisions/0030-signed-quotes.md).
Nothing here is secret, so nothing here need take the same time for each text.
"""

from __future__ import annotations

import json
import re
from binascii import a2b_base64, b2a_base64
from typing import TYPE_CHECKING, Any, NoReturn

from orders.aws.digests import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPE = "price-quote+jwt"
"""What a quote says that it is: a token that was signed for another purpose is none."""

ALGORITHM = "RS256"
EXPONENT = 65_537

_FORM = r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)"  # compiled by the first quote
_MEMBERS = {"alg": ALGORITHM, "typ": TYPE}
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
"""How PKCS #1 says that a SHA-256 follows (RFC 8017, 9.2, note 1)."""


class NotGenuine(ValueError):
    """A text is not one that was signed with one of the keys. Why is nobody's business."""


def signed_members(text: str, keys: Mapping[str, str]) -> dict[str, Any]:
    """Give what a signed text says.

    Args:
        text: as it was sent.
        keys: the modulus of each key by its id, in base64url, as a JWK has it.

    Raises:
        NotGenuine: unless the text is exactly what the holder of one of the keys has signed.
    """
    parts = re.fullmatch(_FORM, text)
    if parts is None:
        raise NotGenuine
    header, payload, signature = map(_decoded, parts.groups())
    modulus = keys.get(_key_id(_members(header)))
    if modulus is None:
        raise NotGenuine
    signed = text[: parts.end(2)].encode()
    if not _has_signed(int.from_bytes(_decoded(modulus), "big"), signed, signature):
        raise NotGenuine
    return _members(payload)


def _decoded(part: str) -> bytes:
    """Decode base64url, if it is the one spelling of what it stands for (RFC 4648, 3.5)."""
    try:
        raw = a2b_base64(part.replace("-", "+").replace("_", "/") + "=" * (-len(part) % 4))
    except ValueError:
        raise NotGenuine from None
    if encoded(raw) != part:
        raise NotGenuine
    return raw


def encoded(raw: bytes) -> str:
    """Write bytes in base64url, without padding."""
    text = b2a_base64(raw, newline=False).decode().rstrip("=")
    return text.replace("+", "-").replace("/", "_")


def _key_id(header: dict[str, Any]) -> str:
    """Say whose signature it is to be: a header of exactly these members, or none."""
    kid = header.pop("kid", None)
    if header != _MEMBERS or type(kid) is not str:
        raise NotGenuine
    return kid


def _has_signed(modulus: int, signed: bytes, signature: bytes) -> bool:
    """Tell whether the key's holder has signed (RFC 8017, 8.2.2).

    The whole block is made and compared, and never read: what a reader passes over, such as bytes
    after the digest, is where signatures were forged before.
    """
    size = (modulus.bit_length() + 7) // 8
    number = int.from_bytes(signature, "big")
    if len(signature) != size or number >= modulus:
        return False
    told = _SHA256 + sha256(signed).digest()
    block = b"\x00\x01" + b"\xff" * (size - len(told) - 3) + b"\x00" + told
    return pow(number, EXPONENT, modulus) == int.from_bytes(block, "big")


def _members(raw: bytes) -> dict[str, Any]:
    """Read a JSON object that no two readers can understand differently.

    Each member is there once, numbers are whole, and texts are Unicode.
    """
    try:
        text = raw.decode()
        found = json.loads(text, object_pairs_hook=_once, parse_float=_no, parse_constant=_no)
        if type(found) is not dict:
            raise NotGenuine
        "".join(value for value in found.values() if type(value) is str).encode()
    except (ValueError, RecursionError):  # NotGenuine is one
        raise NotGenuine from None
    return found


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise NotGenuine
    return found


def _no(_: str) -> NoReturn:
    raise NotGenuine
