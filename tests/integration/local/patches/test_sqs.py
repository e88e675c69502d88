"""The metrics of queues."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from local.copy import environment
from project.checkout import ROOT
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


def action_of_a_batch(before: str = "") -> str:
    """Say which permission the emulator asks for when a function sends a batch."""
    program = f"""
from ministack.core import iam_actions
{before}
headers = {{"x-amz-target": "AmazonSQS.SendMessageBatch"}}
print(iam_actions.extract_iam_action("sqs", "POST", "/", headers, b"{{}}", {{}}))
"""
    interpreter = environment.ready() or environment.make()
    done = subprocess.run(
        [str(interpreter), "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_batch_permissions() -> None:
    """Whoever may send a message may send ten together, and IAM knows the permission."""
    patch = "from local.inside.patches.sqs import batch_permissions; batch_permissions()"
    assert action_of_a_batch(patch) == "sqs:SendMessage"


def test_batch_permissions_is_needed() -> None:
    """Ministack asks for a permission that there is none of."""
    assert action_of_a_batch() == "sqs:SendMessageBatch"
