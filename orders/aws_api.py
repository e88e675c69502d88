"""AWS's JSON APIs (SSM, SQS) by signed HTTP: for the few calls that are not DynamoDB's.

botocore costs 160 ms of start-up, more than all that the functions import (docs/decisions/0004);
Signature Version 4 is forty lines, and a test compares them with botocore's own.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import time
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from orders.tracing import Subsegment, subsegment

if TYPE_CHECKING:
    import ssl
    from urllib.parse import SplitResult

_SECONDS = 2.0
_TRIES = 2
_PAUSE = 0.1


class ApiError(Exception):
    """AWS refused a call; `code` is AWS's own name for why."""

    def __init__(self, code: str) -> None:
        """Keep the code; the message of AWS is not kept, as it may quote what was sent."""
        super().__init__(code)
        self.code = code


class Unreachable(ApiError):
    """AWS did not answer, or failed, or throttled: another try may succeed."""


class Service(NamedTuple):
    """One of AWS's JSON APIs."""

    name: str
    target: str
    content_type: str


SSM = Service("ssm", "AmazonSSM", "application/x-amz-json-1.1")
SQS = Service("sqs", "AmazonSQS", "application/x-amz-json-1.0")


def call(service: Service, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call an operation in the function's own Region and role; tries twice.

    Raises:
        Unreachable: when another try may succeed.
        ApiError: when none will.
    """
    body = json.dumps(arguments, separators=(",", ":")).encode()
    with subsegment(service.name.upper(), namespace="aws") as work:
        work.aws(operation=operation, queue_url=arguments.get("QueueUrl"))
        work.aws(parameter_name=arguments.get("Name"))
        return _repeated(service, operation, body, work)


def _repeated(service: Service, operation: str, body: bytes, work: Subsegment) -> dict[str, Any]:
    for tried in range(_TRIES):
        work.aws(retries=tried)
        try:
            return _once(service, operation, body, work)
        except Unreachable:
            if tried + 1 == _TRIES:
                raise
            time.sleep(_PAUSE)
    raise AssertionError("the last try returns or raises")


def _once(service: Service, operation: str, body: bytes, work: Subsegment) -> dict[str, Any]:
    url = endpoint(service.name)
    headers = {
        "content-type": service.content_type,
        "host": url.netloc,
        "x-amz-target": f"{service.target}.{operation}",
    }
    signed = sign(headers, body, service.name, time.gmtime())
    try:
        status, answer = _exchange(url, body, signed)
    except (OSError, HTTPException) as error:
        raise Unreachable(type(error).__name__) from None
    work.answered(status)
    if status == 200:
        decoded = _object(answer or b"{}")
        if decoded is None:
            raise Unreachable("UnknownAnswer")
        return decoded
    code = _error_code(answer)
    if "Throttl" in code:
        work.throttled()
        raise Unreachable(code)
    raise (Unreachable if status >= 500 else ApiError)(code)


def _exchange(url: SplitResult, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    connection: HTTPConnection
    if url.scheme == "https":
        connection = HTTPSConnection(url.netloc, timeout=_SECONDS, context=_tls())
    else:
        connection = HTTPConnection(url.netloc, timeout=_SECONDS)
    try:
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@cache
def _tls() -> ssl.SSLContext:
    import ssl

    return ssl.create_default_context()


def _error_code(answer: bytes) -> str:
    name = (_object(answer) or {}).get("__type")
    if not isinstance(name, str):
        return "UnknownError"
    return name.rpartition("#")[2].partition(":")[0]


def _object(answer: bytes) -> dict[str, Any] | None:
    """Read what should be a JSON object; what stands between us and AWS can say anything."""
    try:
        decoded = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None


def endpoint(service: str) -> SplitResult:
    """Give a service's address: AWS's own in this Region, or where AWS_ENDPOINT_URL points to."""
    for name in (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL"):
        if url := os.environ.get(name):
            return urlsplit(url)
    return urlsplit(f"https://{service}.{os.environ['AWS_REGION']}.amazonaws.com")


def sign(
    headers: dict[str, str], body: bytes, service: str, now: time.struct_time
) -> dict[str, str]:
    """Sign a POST to `/` with the credentials of the environment.

    Args:
        headers: names in lower case; all are signed.
        body: what is sent.
        service: its name in AWS's endpoints.
        now: the time, in UTC.

    Returns:
        The headers to send.
    """
    region, secret = os.environ["AWS_REGION"], os.environ["AWS_SECRET_ACCESS_KEY"]
    moment = time.strftime("%Y%m%dT%H%M%SZ", now)
    headers = {**headers, "x-amz-date": moment}
    if token := os.environ.get("AWS_SESSION_TOKEN"):
        headers["x-amz-security-token"] = token
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    signature = _hmac(key, f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}").hex()
    credential = f"Credential={os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
