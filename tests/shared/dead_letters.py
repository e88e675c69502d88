"""Messages as SQS gives them, and AWS's refusals as botocore raises them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef


def message(body: Any, *, reason: str | None = None, received: int = 1) -> MessageTypeDef:
    made: dict[str, Any] = {
        "MessageId": "m-1",
        "ReceiptHandle": "r-1",
        "Body": body if isinstance(body, str) else json.dumps(body),
        "Attributes": {"ApproximateReceiveCount": str(received), "SentTimestamp": "1000500"},
    }
    if reason is not None:
        made["MessageAttributes"] = {"reason": {"DataType": "String", "StringValue": reason}}
    return cast("MessageTypeDef", made)


class Sampling:
    """An SQS that gives few of its messages, some again, and at times none; as AWS does."""

    def __init__(self, answers: list[list[str]], waiting: int) -> None:
        self.answers = answers
        self.waiting = waiting
        self.given_back: list[str] = []

    def get_queue_attributes(self, **_: Any) -> Any:
        """Count, as well as SQS can."""
        return {"Attributes": {"ApproximateNumberOfMessages": str(self.waiting)}}

    def receive_message(self, **_: Any) -> Any:
        """Hand out the next few."""
        names = self.answers.pop(0) if self.answers else []
        return {"Messages": [{**message("{}"), "MessageId": n, "ReceiptHandle": n} for n in names]}

    def change_message_visibility_batch(self, *, Entries: Any, **_: Any) -> None:  # noqa: N803
        """Take some back."""
        self.given_back += [entry["ReceiptHandle"] for entry in Entries]


def refused(code: str, message: str = "no", operation: str = "ReceiveMessage") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)
