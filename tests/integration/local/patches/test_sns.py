"""The traces of messages, and the metrics of topics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.laboratories import metrics as figures
from tests.integration.laboratories.metrics import Figure
from tests.integration.laboratories.traces import Topic, begin, wait_for

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints


pytestmark = pytest.mark.integration


def test_traced_messages(stack: Endpoints) -> None:
    """A message carries the trace of who published or sent it; a topic with tracing begins one."""
    topic, published, sent = Topic(stack), begin(), begin()
    topic.publish(published)
    told = wait_for(stack, published.id, "AWS::SNS::Topic")["AWS::SNS::Topic"]
    assert told["parent_id"] == published.parent
    assert topic.carried() == f"Root={published.id};Parent={told['id']};Sampled=1"
    topic.send(sent)
    assert topic.carried() == sent.header
    topic.publish(None)
    assert "Sampled=1" in (topic.carried() or "")


def test_traced_messages_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack drops the trace."""
    topic = Topic(endpoints_without_patches)
    topic.publish(begin())
    assert topic.carried() is None
    topic.send(begin())
    assert topic.carried() is None


def test_topic_figures(stack: Endpoints) -> None:
    """A message is counted where it is published, where it is delivered, and where it arrives."""
    topic, queue = figures.used_topic(stack)
    published = Figure("AWS/SNS", "NumberOfMessagesPublished", {"TopicName": topic})
    delivered = Figure("AWS/SNS", "NumberOfNotificationsDelivered", {"TopicName": topic})
    sent = Figure("AWS/SQS", "NumberOfMessagesSent", {"QueueName": queue})
    assert [figures.figure(stack, one) for one in (published, delivered, sent)] == [1, 1, 1]


def test_topic_figures_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack tells nothing of topics."""
    topic, _ = figures.used_topic(endpoints_without_patches)
    published = Figure("AWS/SNS", "NumberOfMessagesPublished", {"TopicName": topic})
    assert figures.figure(endpoints_without_patches, published) is None
