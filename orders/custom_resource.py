"""CloudFormation's custom resources: does what is asked, and always answers.

A function that does not answer keeps a deployment waiting for an hour.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from orders.telemetry import log_event

if TYPE_CHECKING:
    from collections.abc import Callable

    Event = dict[str, Any]

_SECONDS = 5.0


def custom_resource(act: Callable[[str, dict[str, Any]], str]) -> Callable[[Event, Any], None]:
    """Make a Lambda handler of a function that does what a custom resource is for.

    Args:
        act: takes the type of the request (`Create`, `Update` or `Delete`) and the resource's
            properties, and gives the resource's id. The same id for an update keeps the resource.
            No secret may go into what it raises: its type is told to CloudFormation.
    """

    def handler(event: Event, _context: Any) -> None:
        answer = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
        error = None
        try:
            physical_id = act(event["RequestType"], event["ResourceProperties"])
            answer |= {"Status": "SUCCESS", "PhysicalResourceId": physical_id}
        except Exception as caught:  # noqa: BLE001 - whatever happens, CloudFormation gets an answer
            error = caught
            known = event.get("PhysicalResourceId") or event["LogicalResourceId"]
            reason = f"{type(caught).__name__}; the function's log says where"
            answer |= {"Status": "FAILED", "PhysicalResourceId": known, "Reason": reason}
        log_event({"request": event["RequestType"], "status": answer["Status"]}, error)
        _answer(event["ResponseURL"], json.dumps(answer).encode())

    return handler


def _answer(address: str, body: bytes) -> None:
    url = urlsplit(address)
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = kind(url.netloc, timeout=_SECONDS)
    try:
        # The address is signed for requests without a content type.
        connection.request("PUT", f"{url.path}?{url.query}", body, {"Content-Type": ""})
        connection.getresponse().read()
    finally:
        connection.close()
