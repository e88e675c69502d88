"""CloudFormation's custom resources: does what is asked, and always answers.

A function that does not answer keeps a deployment waiting until ServiceTimeout. So an answer is
sent until it is taken, here first, and then by Lambda, which calls a function again that raises.
Whatever is done must bear being done again.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection, InvalidURL
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from orders.aws_api import ApiError
from orders.named_tuple import NamedTuple
from orders.starting import ready
from orders.telemetry import log_event

if TYPE_CHECKING:
    from collections.abc import Callable

    Event = dict[str, Any]

_SECONDS = 5.0
_ANSWERS = 3
"""How often an answer is sent before Lambda is left to call again, some minutes later."""

_NOT_YET = ("AccessDenied", "AccessDeniedException", "InvalidKeyId")
"""What AWS says of a role's policy, or a key, that AWS has made but not yet spread."""

_TRIES = 16
_PAUSE = 2.0
"""Half a minute in all: IAM takes up to 16 s after CREATE_COMPLETE (aws-cdk #37675, #37939)."""


_MOST_REASON = 1_000
"""Characters of a reason: an answer may have 4,096 bytes in all, ids and all."""


class NotTaken(OSError):
    """CloudFormation's address did not take the answer."""


class Refused(Exception):
    """What was asked for is refused; the text says why, and goes to whoever deploys.

    It stands in CloudFormation's events and in the log: no secret and no personal data is in it.
    """


class Asked(NamedTuple):
    """What CloudFormation calls a function with, as far as it is read here."""

    request_type: str
    """`Create`, `Update` or `Delete`."""
    response_url: str
    stack_id: str
    request_id: str
    logical_resource_id: str
    resource_properties: dict[str, Any]
    physical_resource_id: str | None
    old_resource_properties: dict[str, Any]
    """What the properties were before an update; empty for the others."""


def _asked(event: Any) -> Asked:
    """Read an event; by hand, for this function has no package that is compiled for AWS alone.

    Raises:
        ValueError: when CloudFormation has not sent it.
    """
    match event:
        case {
            "RequestType": "Create" | "Update" | "Delete" as kind,
            "ResponseURL": str(url),
            "StackId": str(stack),
            "RequestId": str(request),
            "LogicalResourceId": str(logical),
            "ResourceProperties": dict(properties),
        }:
            known = event.get("PhysicalResourceId")
            if known is None or isinstance(known, str):
                before = event.get("OldResourceProperties")
                old = before if isinstance(before, dict) else {}
                return Asked(kind, url, stack, request, logical, properties, known, old)
    raise ValueError("no event of a custom resource")


def custom_resource(act: Callable[[Asked], str]) -> Callable[[Event, Any], None]:
    """Make a Lambda handler of a function that does what a custom resource is for.

    Args:
        act: takes what CloudFormation asks for, and gives the resource's id. The same id for an
            update keeps the resource.
            It is called again where AWS refuses it what its role has just been given, and where
            the answer was not taken: a second call must do no harm.
            CloudFormation is told the text of Refused, and of all else that it raises the type.
    """

    def handler(event: Event, _context: Any) -> None:
        try:
            asked = _asked(event)
        except ValueError as error:  # CloudFormation has not sent it: there is nobody to answer
            log_event({"status": "REFUSED"}, error)
            return
        answer, failure = _outcome(act, asked)
        told = {"reason": answer["Reason"]} if isinstance(failure, Refused) else {}
        log_event({"request": asked.request_type, "status": answer["Status"], **told}, failure)
        try:
            _answer(asked.response_url, json.dumps(answer).encode())
        except (ValueError, InvalidURL) as error:  # no address: nobody can be answered
            log_event({"request": asked.request_type, "status": "UNANSWERED"}, error)

    ready()
    return handler


def _outcome(act: Callable[[Asked], str], asked: Asked) -> tuple[dict[str, str], Exception | None]:
    answer = {
        "StackId": asked.stack_id,
        "RequestId": asked.request_id,
        "LogicalResourceId": asked.logical_resource_id,
    }
    try:
        physical_id = _patiently(act, asked)
    except Exception as error:  # noqa: BLE001 - whatever happens, CloudFormation gets an answer
        known = asked.physical_resource_id or asked.logical_resource_id
        reason = f"{type(error).__name__}; the function's log says where"
        if isinstance(error, Refused):
            reason = str(error)[:_MOST_REASON]
        return {**answer, "Status": "FAILED", "PhysicalResourceId": known, "Reason": reason}, error
    return {**answer, "Status": "SUCCESS", "PhysicalResourceId": physical_id}, None


def _patiently(act: Callable[[Asked], str], asked: Asked) -> str:
    """Act, and again while AWS does not know yet what the role may do."""
    for left in reversed(range(_TRIES)):
        try:
            return act(asked)
        except ApiError as error:
            if error.code not in _NOT_YET or not left:
                raise
        time.sleep(_PAUSE)
    raise AssertionError("the last try returns or raises")


def _answer(address: str, body: bytes) -> None:
    """Send the answer until it is taken.

    Raises:
        OSError: when it is not; Lambda then calls the function again.
        HTTPException: likewise.
        ValueError: when there is no such address; InvalidURL likewise.
    """
    for left in reversed(range(_ANSWERS)):
        try:
            return _send(address, body)
        except (OSError, HTTPException) as error:
            if isinstance(error, InvalidURL) or not left:
                raise
        time.sleep(_PAUSE)
    raise AssertionError("the last try returns or raises")


def _send(address: str, body: bytes) -> None:
    url = urlsplit(address)
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = kind(url.netloc, timeout=_SECONDS)
    try:
        # The address is signed for requests without a content type.
        connection.request("PUT", f"{url.path}?{url.query}", body, {"Content-Type": ""})
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    if answer.status // 100 != 2:
        raise NotTaken(f"status {answer.status}")
