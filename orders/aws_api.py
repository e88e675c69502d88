"""AWS's JSON APIs (SSM, SQS, Cognito, API Gateway) by signed HTTP; the store has its own calls.

Both go the same way, `orders.aws`: botocore costs 160 ms of start-up, more than all that the
functions import (docs/decisions/0040-own-client.md).
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from orders.aws.calls import Api, Limits, Unanswered
from orders.aws.connection import Request
from orders.aws.signing import endpoint
from orders.tracing import subsegment

if TYPE_CHECKING:
    from orders.aws.connection import Address
    from orders.tracing import Subsegment

_LIMITS = Limits(connect=2.0, answer=2.0, whole=6.0, tries=2)


class ApiError(Exception):
    """AWS refused a call; `code` is AWS's own name for why."""

    def __init__(self, code: str) -> None:
        """Keep the code; the message of AWS is not kept, as it may quote what was sent."""
        super().__init__(code)
        self.code = code


class Unreachable(ApiError):
    """AWS did not answer, or failed, or throttled: another try may succeed."""


class Service(Struct, frozen=True):
    """One of AWS's JSON APIs."""

    name: str
    target: str
    content_type: str


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
    headers = {
        "content-type": service.content_type,
        "x-amz-target": f"{service.target}.{operation}",
    }
    with subsegment(service.name.upper(), namespace="aws") as work:
        work.aws(operation=operation, queue_url=arguments.get("QueueUrl"))
        work.aws(parameter_name=arguments.get("Name"))
        return _asked(service.name, Request("POST", "/", "", headers, _written(arguments)), work)


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
        return _asked(service, Request("GET", path, query, headers, b""), work)


def post(service: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Make a resource of one of AWS's REST APIs; arguments and errors as of `get`.

    Args:
        service: its name in AWS's endpoints.
        path: from the root; nothing in it needs escaping.
        body: what is sent.
    """
    headers = {"content-type": "application/json"}
    with subsegment(service, namespace="aws") as work:
        work.aws(operation=f"POST {path}")
        return _asked(service, Request("POST", path, "", headers, _written(body)), work)


def _written(arguments: dict[str, Any]) -> bytes:
    """Write what is sent: half of a surrogate pair, which a dead letter can quote, is escaped."""
    return json.dumps(arguments, separators=(",", ":")).encode()


def _asked(service: str, request: Request, work: Subsegment) -> dict[str, Any]:
    try:
        outcome = _api(service, endpoint(service)).ask(request)
    except Unanswered as failure:
        work.aws(retries=failure.retries)
        raise Unreachable(str(failure)) from None
    work.aws(retries=outcome.retries)
    work.answered(outcome.status)
    if not outcome.code:
        return outcome.told
    if outcome.throttled:
        work.throttled()
    raise (Unreachable if outcome.passes else ApiError)(outcome.code)


@lru_cache(maxsize=16)
def _api(service: str, address: Address) -> Api:
    """Give a service's API, whose connections are kept for as long as the process."""
    return Api(service, address, _LIMITS)
