"""SHA-256, and HMAC with it, on the compiled module below `hashlib` and `hmac`.

To import the two makes a dozen other algorithms: two million instructions of each start.
What is relied on of the compiled one is this, and a test holds it for every Python that there is:

    _hashlib.openssl_sha256    is what `hashlib.sha256` is
    _hashlib.hmac_digest       is what `hmac.digest` calls
"""

from __future__ import annotations

from _hashlib import hmac_digest
from _hashlib import openssl_sha256 as sha256

__all__ = ["hmac_sha256", "sha256"]


def hmac_sha256(key: bytes, text: bytes) -> bytes:
    """Authenticate a text with a key (RFC 2104)."""
    return hmac_digest(key, text, "sha256")
