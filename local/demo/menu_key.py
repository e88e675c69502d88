"""The key with which the demo menu signs: made at the first start, and the same from then on.

A menu of yours keeps its own where nobody can read it, such as in KMS (docs/api/quotes.md).
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from infrastructure.price_keys import EXPONENT, FEWEST_BITS, text_of
from ops.reach.errors import LocalError
from orders.pricing.jws import ALGORITHM, TYPE
from orders.settings import PRICE_KEYS
from project import private_files

if TYPE_CHECKING:
    from pathlib import Path

KID = "demo"


class MenuKey(NamedTuple):
    """A key, and what the service is told of it."""

    private: rsa.RSAPrivateKey

    @property
    def modulus(self) -> str:
        """The public half, as a JWK has it."""
        return text_of(self.private.public_key().public_numbers().n)

    def sign(self, claims: dict[str, Any]) -> str:
        """Sign a quote, as any library of JSON Web Signatures does."""
        header = {"alg": ALGORITHM, "kid": KID, "typ": TYPE}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
        signature = self.private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{base64url(signature)}"

    def told_to(self, template: str) -> str:
        """Give a template whose functions know the public half, wherever they know keys at all."""
        document = json.loads(template)
        for resource in document["Resources"].values():
            known = resource.get("Properties", {}).get("Environment", {}).get("Variables", {})
            if resource["Type"] == "AWS::Lambda::Function" and PRICE_KEYS in known:
                known[PRICE_KEYS] = f"{KID}:{self.modulus}"
        return json.dumps(document)


def base64url(raw: bytes) -> str:
    """Write bytes in base64url, without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def ready(file: Path) -> MenuKey:
    """Read the key from its file, or make both; nobody else on this machine can read it.

    Raises:
        LocalError: when the file holds no such key.
    """
    if not file.exists():
        made = rsa.generate_private_key(public_exponent=EXPONENT, key_size=FEWEST_BITS)
        plain = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        private_files.write(file, plain)
    try:
        found = load_pem_private_key(file.read_bytes(), password=None)
    except ValueError:
        found = None
    if not isinstance(found, rsa.RSAPrivateKey):
        raise LocalError(f"{file} is no private key; a new one is made once you remove it.")
    return MenuKey(found)
