"""SQS queues as an operator meets them: how full they are, and messages held to be looked at."""

from __future__ import annotations

import contextlib
import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ops.reach.interrupts import finish_first

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_HOLD_SECONDS = 60
"""After so long SQS gives a message back by itself, should this process be killed."""

_WAIT_SECONDS = 1  # a long poll asks all of the queue's servers, a short one only some
_BATCH = 10  # the most that SQS gives or takes at once


@dataclass(frozen=True)
class Depth:
    """How many messages are in a queue, as SQS estimates it."""

    waiting: int
    in_flight: int
    """Received by someone who has neither deleted them nor given them back."""


def depth(sqs: SQSClient, url: str) -> Depth:
    """Count the messages of a queue."""
    counters: tuple[QueueAttributeNameType, ...] = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible",
    )
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counters)["Attributes"]
    waiting, delayed, in_flight = (int(found.get(name, 0)) for name in counters)
    return Depth(waiting + delayed, in_flight)


def arn(sqs: SQSClient, url: str) -> str:
    """Look up the ARN of a queue."""
    return _attribute(sqs, url, "QueueArn")


def tries(sqs: SQSClient, url: str) -> int | None:
    """Look up how often a queue hands out a message before it counts as dead; None if for ever."""
    policy = _attribute(sqs, url, "RedrivePolicy")
    return int(json.loads(policy)["maxReceiveCount"]) if policy else None


def _attribute(sqs: SQSClient, url: str, name: QueueAttributeNameType) -> str:
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return answer.get("Attributes", {}).get(name, "")


class Held:
    """Messages taken in hand: others do not get them until they are deleted or given back."""

    def __init__(self, sqs: SQSClient, url: str) -> None:
        """Take nothing yet."""
        self._sqs = sqs
        self._url = url
        self._seen: set[str] = set()
        self._receipts: dict[str, str] = {}

    def messages(self) -> Iterator[MessageTypeDef]:
        """Give each message of the queue once.

        SQS gives whichever ten it likes, and may give none although there are some: the end is
        where, with as many seen as it counts, there is nothing new, or twice nothing new.
        """
        expected, without_news = depth(self._sqs, self._url).waiting, 0
        while without_news < 2:
            enough = len(self._seen) >= expected
            news = self._receive(0 if enough else _WAIT_SECONDS)
            yield from news
            without_news = 0 if news else without_news + 1 + enough

    def delete(self, message: MessageTypeDef) -> None:
        """Delete a message for good."""
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        del self._receipts[message["MessageId"]]

    def give_back(self) -> None:
        """Make what was not deleted visible to others again, at once."""
        receipts = iter(self._receipts.values())
        while batch := list(itertools.islice(receipts, _BATCH)):
            self._make_visible(batch)
        self._receipts = {}

    def _receive(self, wait: int) -> list[MessageTypeDef]:
        with finish_first():
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=_BATCH,
                VisibilityTimeout=_HOLD_SECONDS,
                WaitTimeSeconds=wait,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            messages = answer.get("Messages", [])
            news = [message for message in messages if message["MessageId"] not in self._seen]
            self._seen.update(message["MessageId"] for message in messages)
            self._receipts |= {item["MessageId"]: item["ReceiptHandle"] for item in messages}
        return news

    def _make_visible(self, receipts: Iterable[str]) -> None:
        # If it cannot be said, SQS will do it by itself before long.
        with contextlib.suppress(ClientError, BotoCoreError):
            self._sqs.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                    for number, receipt in enumerate(receipts)
                ],
            )


@contextlib.contextmanager
def hold(sqs: SQSClient, url: str) -> Iterator[Held]:
    """Hold messages of a queue for as long as the context lasts, however it ends."""
    held = Held(sqs, url)
    try:
        yield held
    finally:
        with finish_first():
            held.give_back()
