"""Public keys of those who sign price quotes: read from a PEM or a JWK, checked, and written short.

The functions get a key's modulus alone, in base64url, as a JWK has it. The exponent is 65537 for
all: RFC 7518 knows others, and nobody needs them.
"""

from __future__ import annotations

import base64
import json
import re

from infrastructure.settings_validation import SettingError

EXPONENT = 65_537
FEWEST_BITS, MOST_BITS = 2_048, 4_096
MOST_KEYS = 3
"""As many may sign at once: the one of today, the one of tomorrow, and one more."""

_KEY_ID = re.compile(r"[A-Za-z0-9._~-]{1,32}")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_PEM, _PRIVATE = "-----BEGIN PUBLIC KEY-----", "PRIVATE KEY-----"


def modulus_of(key: str) -> str:
    """Give a public key's modulus in base64url, as the functions take it.

    Args:
        key: a PEM ("BEGIN PUBLIC KEY"), a JWK as JSON, or the `n` of one.

    Raises:
        SettingError: when it is none, or not one that may sign quotes; the key is not told, for it
            may be a private one.
    """
    text = key.strip()
    if _PRIVATE in text or '"d"' in text:
        raise SettingError("is a private key, which belongs to the signer alone: give its public")
    if text.startswith(_PEM):
        modulus, exponent = _of_pem(text)
    elif text.startswith("{"):
        modulus, exponent = _of_jwk(text)
    else:
        modulus, exponent = _number(text), EXPONENT
    if exponent != EXPONENT:
        raise SettingError(f"has the exponent {exponent}: make one with {EXPONENT}")
    bits = modulus.bit_length()
    if not FEWEST_BITS <= bits <= MOST_BITS or modulus % 2 == 0:
        raise SettingError(
            f"has {bits} bits, or is no RSA key: make one of {FEWEST_BITS} bits, "
            f"{MOST_BITS} at most"
        )
    return text_of(modulus)


def moduli_of(keys: dict[str, str]) -> dict[str, str]:
    """Check the setting `price_keys`, and give each key's modulus by the key's id.

    Raises:
        SettingError: which names the key.
    """
    if len(keys) > MOST_KEYS:
        raise SettingError(f"must have at most {MOST_KEYS} keys: remove those that sign no more")
    moduli = {}
    for name, key in keys.items():
        if not _KEY_ID.fullmatch(name):
            raise SettingError(f"must have ids of 1 to 32 letters, digits or ._~-, not {name!r}")
        try:
            moduli[name] = modulus_of(key)
        except SettingError as fault:
            raise SettingError(f"the key {name} {fault}") from None
    if len(set(moduli.values())) < len(moduli):
        raise SettingError("must not have one key under two ids")
    return moduli


def text_of(modulus: int) -> str:
    """Write a modulus as a JWK has it (RFC 7518, 6.3.1.1)."""
    raw = modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _of_pem(text: str) -> tuple[int, int]:
    # Most stages are read without: cryptography takes 50 ms.
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    try:
        key = load_pem_public_key(text.encode())
    except ValueError:
        raise SettingError("is no PEM that can be read: copy all of its lines") from None
    if not isinstance(key, RSAPublicKey):
        raise SettingError("is of another kind: quotes are signed with RSA")
    numbers = key.public_numbers()
    return numbers.n, numbers.e


def _of_jwk(text: str) -> tuple[int, int]:
    try:
        jwk = json.loads(text)
        modulus, exponent = _number(str(jwk["n"])), _number(str(jwk["e"]))
    except (ValueError, KeyError):
        raise SettingError("is no JWK of an RSA key: it has kty, n and e") from None
    if jwk.get("kty") != "RSA":
        raise SettingError("is of another kind: quotes are signed with RSA")
    return modulus, exponent


def _number(text: str) -> int:
    if not _BASE64URL.fullmatch(text):
        raise SettingError("is neither a PEM nor a JWK nor its n in base64url")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise SettingError("is no base64url: copy the whole of the JWK's n") from None
    return int.from_bytes(raw, "big")
