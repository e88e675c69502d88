"""The metrics of queues, and schedules that send to them."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from local.copy import environment
from project.checkout import ROOT
from tests.integration.laboratories import metrics as figures
from tests.integration.laboratories.metrics import Figure
from tests.shared.people import aws

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


def resource_of_a_schedule(before: str = "") -> str:
    """Say which resource the emulator asks for when a schedule is made in a group."""
    program = f"""
from ministack.core import iam_actions
{before}
arguments = ("scheduler", "POST", "/schedules/mine", {{}}, b'{{"GroupName":"ours"}}', {{}})
print(iam_actions.extract_resource_arn(*arguments, "us-east-1", "000000000000"))
"""
    interpreter = environment.ready() or environment.make()
    done = subprocess.run(
        [str(interpreter), "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_schedule_groups() -> None:
    """Whoever may make schedules in one group makes none in another."""
    patch = "from local.inside.patches.scheduler import schedule_groups; schedule_groups()"
    assert resource_of_a_schedule(patch).endswith(":schedule/ours/mine")


def test_schedule_groups_is_needed() -> None:
    """Ministack takes every schedule for one of the group that there always is."""
    assert resource_of_a_schedule().endswith(":schedule/default/mine")


def resource_of_a_call(before: str = "") -> str:
    """Say which resource the emulator asks for when an alias is called."""
    program = f"""
from ministack.core import iam_actions
{before}
path, query = "/2015-03-31/functions/f/invocations", {{"Qualifier": ["live"]}}
arguments = ("lambda", "POST", path, {{}}, b"{{}}", query)
print(iam_actions.extract_resource_arn(*arguments, "us-east-1", "000000000000"))
"""
    interpreter = environment.ready() or environment.make()
    done = subprocess.run(
        [str(interpreter), "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_qualified_permissions() -> None:
    """Whoever may call versions and aliases is asked for the one that it calls."""
    patch = (
        "from local.inside.patches.lambda_ import qualified_permissions; qualified_permissions()"
    )
    assert resource_of_a_call(patch).endswith(":function:f:live")


def test_qualified_permissions_is_needed() -> None:
    """Ministack asks for the function, which a policy for its versions does not name."""
    assert resource_of_a_call().endswith(":function:f")


def test_a_one_shot_comes_once_and_goes(stack: Endpoints) -> None:
    """The emulator does this itself, as AWS does: the service's deadlines rest on it."""
    scheduler, sqs = aws(stack, "scheduler"), aws(stack, "sqs")
    name = f"one-shot-{uuid.uuid4().hex[:8]}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    asked = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}
    arn = sqs.get_queue_attributes(**asked)["Attributes"]["QueueArn"]
    schedule = {
        "Name": name,
        "ScheduleExpression": f"at({datetime.now(UTC) + timedelta(seconds=2):%Y-%m-%dT%H:%M:%S})",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": arn,
            "RoleArn": "arn:aws:iam::000000000000:role/any",
            "Input": '{"its":"input"}',
        },
    }
    scheduler.create_schedule(**schedule)
    with pytest.raises(scheduler.exceptions.ConflictException):
        scheduler.create_schedule(**schedule)
    deadline = time.monotonic() + 30
    while not (found := sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages")):
        assert time.monotonic() < deadline
    assert [json.loads(message["Body"]) for message in found] == [{"its": "input"}]
    while name in {one["Name"] for one in scheduler.list_schedules()["Schedules"]}:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    sqs.delete_queue(QueueUrl=url)
