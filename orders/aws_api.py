"""AWS's JSON APIs (SSM, SQS, Cognito, API Gateway) by signed HTTP; the store has its own.

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
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from orders.named_tuple import NamedTuple
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


class _Request(NamedTuple):
    """What is sent, but for the headers that every request has."""

    service: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


SSM = Service("ssm", "AmazonSSM", "application/x-amz-json-1.1")
SQS = Service("sqs", "AmazonSQS", "application/x-amz-json-1.0")
DYNAMODB = Service("dynamodb", "DynamoDB_20120810", "application/x-amz-json-1.0")
"""For what asks once in a while; orders.store is for requests."""
COGNITO = Service("cognito-idp", "AWSCognitoIdentityProviderService", "application/x-amz-json-1.1")


def call(service: Service, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call an operation in the function's own Region and role; tries twice.

    Raises:
        Unreachable: when another try may succeed.
        ApiError: when none will.
    """
    body = json.dumps(arguments, separators=(",", ":")).encode()
    headers = {
        "content-type": service.content_type,
        "x-amz-target": f"{service.target}.{operation}",
    }
    with subsegment(service.name.upper(), namespace="aws") as work:
        work.aws(operation=operation, queue_url=arguments.get("QueueUrl"))
        work.aws(parameter_name=arguments.get("Name"))
        return _repeated(_Request(service.name, "POST", "/", "", headers, body), work)


def get(service: str, path: str, query: str = "") -> dict[str, Any]:
    """Read a resource of one of AWS's REST APIs, in the function's own Region and role.

    Args:
        service: its name in AWS's endpoints.
        path: from the root; nothing in it needs escaping.
        query: the parameters as in an address, by their names; the same holds for them.

    Raises:
        Unreachable: when another try may succeed.
        ApiError: when none will.
    """
    headers = {"accept": "application/json"}
    with subsegment(service, namespace="aws") as work:
        work.aws(operation=f"GET {path}")
        return _repeated(_Request(service, "GET", path, query, headers, b""), work)


def post(service: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Make a resource of one of AWS's REST APIs; arguments and errors as of `get`.

    Args:
        service: its name in AWS's endpoints.
        path: from the root; nothing in it needs escaping.
        body: what is sent.
    """
    text = json.dumps(body, separators=(",", ":")).encode()
    headers = {"content-type": "application/json"}
    with subsegment(service, namespace="aws") as work:
        work.aws(operation=f"POST {path}")
        return _repeated(_Request(service, "POST", path, "", headers, text), work)


def _repeated(request: _Request, work: Subsegment) -> dict[str, Any]:
    for tried in range(_TRIES):
        work.aws(retries=tried)
        try:
            return _once(request, work)
        except Unreachable:
            if tried + 1 == _TRIES:
                raise
            time.sleep(_PAUSE)
    raise AssertionError("the last try returns or raises")


def _once(request: _Request, work: Subsegment) -> dict[str, Any]:
    url = endpoint(request.service)
    headers = {**request.headers, "host": url.netloc}
    target = request.method, request.path, request.query
    signed = sign(headers, request.body, request.service, time.gmtime(), target)
    try:
        status, answer, error = _exchange(url, request, signed)
    except (OSError, HTTPException) as failure:
        raise Unreachable(type(failure).__name__) from None
    work.answered(status)
    if status == 200:
        decoded = _object(answer or b"{}")
        if decoded is None:
            raise Unreachable("UnknownAnswer")
        return decoded
    code = _error_code((_object(answer) or {}).get("__type") or error)
    throttled = status == 429 or "Throttl" in code
    if throttled:
        work.throttled()
    raise (Unreachable if status >= 500 or throttled else ApiError)(code)


def _exchange(
    url: SplitResult, request: _Request, headers: dict[str, str]
) -> tuple[int, bytes, str | None]:
    """Give the answer's status and body, and the error's name if it has one in a header."""
    connection: HTTPConnection
    if url.scheme == "https":
        connection = HTTPSConnection(url.netloc, timeout=_SECONDS, context=tls())
    else:
        connection = HTTPConnection(url.netloc, timeout=_SECONDS)
    try:
        path = f"{request.path}?{request.query}" if request.query else request.path
        connection.request(request.method, path, request.body or None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheader("x-amzn-errortype")
    finally:
        connection.close()


@cache
def tls() -> ssl.SSLContext:
    """Give what HTTPS connections verify AWS with; made once for this process."""
    import ssl

    return ssl.create_default_context()


def _error_code(name: Any) -> str:
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
        target: method, path and query, as for `get`.

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
    request = "\n".join((*target, lines, names, hashlib.sha256(body).hexdigest()))
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
