"""SQS: the metrics of queues, and what a batch asks of a role."""
# ruff: noqa: SLF001 - what a patch replaces is private to ministack

from __future__ import annotations

import asyncio
import functools
import time
from contextvars import ContextVar
from typing import Any

from local.inside import ministack
from local.inside.metric_store import (
    record,
)
from local.inside.patches.sns import tell_topic

_SAMPLE_SECONDS = 5.0


def queue_figures() -> None:
    """Tell how many messages each queue has, how old the oldest is, and what came and went.

    AWS: AWS/SQS by QueueName, each minute, for a queue in use (SQS developer guide, "Available
    CloudWatch metrics for Amazon SQS").
    """
    _count_requests_to_queues()
    _count_what_topics_send()
    _count_what_functions_take()
    _sample_from_the_start()


def batch_permissions() -> None:
    """Ask a role for the action of a batch's messages, as there is none for the batch.

    AWS: "To use SendMessageBatch you need the permission for SendMessage" (SQS developer guide,
    "Amazon SQS API permissions"). ministack asks for sqs:SendMessageBatch, which IAM does not know.
    """
    actions = ministack.module("core.iam_actions")
    name_action = actions.extract_iam_action

    @functools.wraps(name_action)
    def of_one(service: str, *arguments: Any, **options: Any) -> str | None:
        action: str | None = name_action(service, *arguments, **options)
        return action.removesuffix("Batch") if service == "sqs" and action else action

    ministack.replace(actions, extract_iam_action=of_one)


def _tell_queue(url: str, **values: float) -> None:
    record("AWS/SQS", {"QueueName": url.rstrip("/").rpartition("/")[2]}, values, "Count")


def _count_requests_to_queues() -> None:
    queues = ministack.module("services.sqs")
    dispatch = queues._dispatch

    @functools.wraps(dispatch)
    async def telling(action: str, data: dict[str, Any], url: str) -> Any:
        result = await dispatch(action, data, url)
        if action in _TRAFFIC:
            name, member = _TRAFFIC[action]
            count = len((result or {}).get(member, ())) if member else 1
            told = {name: count} if count else {"NumberOfEmptyReceives": 1}
            _tell_queue(data.get("QueueUrl", url), **told)
        return result

    ministack.replace(queues, _dispatch=telling)


_TRAFFIC = {
    "SendMessage": ("NumberOfMessagesSent", None),
    "SendMessageBatch": ("NumberOfMessagesSent", "Successful"),
    "ReceiveMessage": ("NumberOfMessagesReceived", "Messages"),
    "DeleteMessage": ("NumberOfMessagesDeleted", None),
    "DeleteMessageBatch": ("NumberOfMessagesDeleted", "Successful"),
}
"""The metric of an action, and the member of its answer that has one element for each message."""


def _count_what_topics_send() -> None:
    queues, topics = ministack.module("services.sqs"), ministack.module("services.sns")
    deliver, complete = topics._deliver_to_sqs, queues._ensure_msg_fields
    sent: ContextVar[list[Any] | None] = ContextVar("sent", default=None)

    @functools.wraps(complete)
    def noting_sent(message: dict[str, Any]) -> None:
        complete(message)
        if (noted := sent.get()) is not None:
            noted.append(message)

    @functools.wraps(deliver)
    def telling(endpoint: str, *arguments: Any, **options: Any) -> None:
        noted: list[Any] = []
        token = sent.set(noted)
        try:
            deliver(endpoint, *arguments, **options)
        finally:
            sent.reset(token)
        if noted:
            _tell_queue(endpoint.replace(":", "/"), NumberOfMessagesSent=len(noted))
            tell_topic(options.get("topic_arn", ""), "NumberOfNotificationsDelivered")

    ministack.replace(queues, _ensure_msg_fields=noting_sent)
    ministack.replace(topics, _deliver_to_sqs=telling)


def _count_what_functions_take() -> None:
    queues = ministack.module("services.sqs")
    take, delete = queues._receive_messages_for_esm, queues._delete_messages_for_esm

    @functools.wraps(take)
    def telling_taken(url: str, *arguments: Any) -> Any:
        messages = take(url, *arguments)
        if messages:
            _tell_queue(url, NumberOfMessagesReceived=len(messages))
        return messages

    @functools.wraps(delete)
    def telling_deleted(url: str, handles: set[str]) -> None:
        delete(url, handles)
        if handles:
            _tell_queue(url, NumberOfMessagesDeleted=len(handles))

    ministack.replace(queues, _receive_messages_for_esm=telling_taken)
    ministack.replace(queues, _delete_messages_for_esm=telling_deleted)


def _sample_from_the_start() -> None:
    app = ministack.module("app")
    serve = app.app
    sampling: list[asyncio.Task[None]] = []

    @functools.wraps(serve)
    async def sampled(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            sampling.append(asyncio.get_running_loop().create_task(_sample_queues()))
        await serve(scope, receive, send)

    ministack.replace(app, app=sampled)


async def _sample_queues() -> None:
    figures = ministack.module("services.cloudwatch")
    while True:
        _sample_all_queues()
        # Also when nobody reads: what is too old goes.
        figures._evict_old_metrics()
        await asyncio.sleep(_SAMPLE_SECONDS)


def _sample_all_queues() -> None:
    queues = ministack.module("services.sqs")
    now = time.time()
    for url, queue in list(queues._queues.items()):
        messages = list(queue["messages"])
        visible = [message for message in messages if message["visible_at"] <= now]
        delayed = sum(
            message["visible_at"] > now and not message["receive_count"] for message in messages
        )
        dimensions = {"QueueName": url.rpartition("/")[2]}
        counts = {
            "ApproximateNumberOfMessagesVisible": len(visible),
            "ApproximateNumberOfMessagesDelayed": delayed,
            "ApproximateNumberOfMessagesNotVisible": len(messages) - len(visible) - delayed,
        }
        oldest = min((message["sent_at"] for message in messages), default=now)
        record("AWS/SQS", dimensions, counts, "Count")
        age = {"ApproximateAgeOfOldestMessage": int(now - oldest)}
        record("AWS/SQS", dimensions, age, "Seconds")
