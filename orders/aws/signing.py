"""Signature Version 4, with the credentials of the environment, which Lambda sets.

A test compares signatures with botocore's own. The key of a day and a service is derived once.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import os
import time
from functools import lru_cache

from orders.aws.connection import Address, address_of
from orders.aws.digests import hmac_sha256, sha256

_WRITTEN = "%Y%m%dT%H%M%SZ"


def endpoint(service: str) -> Address:
    """Give a service's address: AWS's own in this Region, or where AWS_ENDPOINT_URL points to."""
    for name in (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL"):
        if url := os.environ.get(name):
            return address_of(url)
    return address_of(f"https://{service}.{os.environ['AWS_REGION']}.amazonaws.com")


def sign(
    headers: dict[str, str],
    body: bytes,
    service: str,
    now: time.struct_time,
    target: tuple[str, str, str] = ("POST", "/", ""),
) -> dict[str, str]:
    """Sign a request with the credentials of the environment.

    Args:
        headers: names in lower case; all are signed.
        body: what is sent.
        service: its name in AWS's endpoints.
        now: the time, in UTC.
        target: method, path and query, as they are sent.

    Returns:
        The headers to send.
    """
    environment = os.environ
    moment = time.strftime(_WRITTEN, now)
    headers = {**headers, "x-amz-date": moment}
    if token := environment.get("AWS_SESSION_TOKEN"):
        headers["x-amz-security-token"] = token
    ordered = sorted(headers)
    names = ";".join(ordered)
    lines = "".join([f"{name}:{headers[name]}\n" for name in ordered])
    request = "\n".join((*target, lines, names, sha256(body).hexdigest()))
    scope = f"{moment[:8]}/{environment['AWS_REGION']}/{service}/aws4_request"
    key = _key(environment["AWS_SECRET_ACCESS_KEY"], scope)
    digest = sha256(request.encode()).hexdigest()
    signature = _hmac(key, f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}").hex()
    credential = f"Credential={environment['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


@lru_cache(maxsize=16)
def _key(secret: str, scope: str) -> bytes:
    """Derive the key of a day, a Region and a service."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac_sha256(key, text.encode())
