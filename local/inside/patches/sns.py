"""SNS: the traces of messages, on to queues, and the metrics of topics."""
# ruff: noqa: SLF001 - what a patch replaces is private to ministack

from __future__ import annotations

import functools
from typing import Any

from local.inside import ministack, segments
from local.inside.metric_store import (
    record,
)


def traced_messages() -> None:
    """Hand the trace of a message on, through topics and queues.

    AWS: SNS hands the tracing header of Publish on; in a queue it is the system attribute
    AWSTraceHeader, which SQS takes from the header of SendMessage, too (SQS developer guide,
    "Message attributes"; SNS developer guide, "Active tracing"). ministack drops it.
    """
    sns, sqs = ministack.module("services.sns"), ministack.module("services.sqs")
    fan_out, fill_in, attributes = sns._fanout, sqs._ensure_msg_fields, sqs._build_send_sys_attrs

    @functools.wraps(fan_out)
    def traced(topic_arn: str, *arguments: Any, **options: Any) -> None:
        topic = sns._topic_by_arn_any_scope(topic_arn) or {}
        active = topic.get("attributes", {}).get("TracingConfig") == "Active"
        with segments.publishing(topic_arn, active=active):
            fan_out(topic_arn, *arguments, **options)

    @functools.wraps(fill_in)
    def with_trace(message: dict[str, Any]) -> None:
        fill_in(message)
        if context := segments.published.get():
            message["sys"].setdefault("AWSTraceHeader", context.header())

    @functools.wraps(attributes)
    def with_header(*arguments: Any) -> Any:
        given = attributes(*arguments)
        if context := segments.current.get():
            given.setdefault("AWSTraceHeader", context.header())
        return given

    ministack.replace(sns, _fanout=traced)
    ministack.replace(sqs, _ensure_msg_fields=with_trace, _build_send_sys_attrs=with_header)


def topic_figures() -> None:
    """Tell of what topics publish.

    AWS: AWS/SNS by TopicName (SNS developer guide, "Monitoring Amazon SNS topics using
    CloudWatch").
    """
    topics = ministack.module("services.sns")
    publish = topics._fanout

    @functools.wraps(publish)
    def telling(topic: str, *arguments: Any, **options: Any) -> None:
        tell_topic(topic, "NumberOfMessagesPublished")
        publish(topic, *arguments, **options)

    ministack.replace(topics, _fanout=telling)


def tell_topic(arn: str, metric: str) -> None:
    """Count one message of a topic."""
    record("AWS/SNS", {"TopicName": arn.rpartition(":")[2]}, {metric: 1}, "Count")
