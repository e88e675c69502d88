"""The metrics of queues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.laboratories import metrics as figures
from tests.integration.laboratories.metrics import Figure

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints


pytestmark = pytest.mark.integration


def test_queue_figures(stack: Endpoints) -> None:
    """What comes, goes and waits in a queue is counted, and how old the oldest is."""
    queue = {"QueueName": figures.used_queue(stack)}
    waiting = Figure("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue)
    assert figures.appears(stack, waiting, figures.SAMPLED_SECONDS) == 1
    traffic = ("NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted")
    counted = [figures.figure(stack, Figure("AWS/SQS", name, queue)) for name in traffic]
    assert counted == [2, 1, 1]
    age = Figure("AWS/SQS", "ApproximateAgeOfOldestMessage", queue)
    assert figures.figure(stack, age, "Maximum") is not None


def test_queue_figures_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack tells nothing of queues."""
    queue = {"QueueName": figures.used_queue(endpoints_without_patches)}
    sent = Figure("AWS/SQS", "NumberOfMessagesSent", queue)
    assert figures.figure(endpoints_without_patches, sent) is None
