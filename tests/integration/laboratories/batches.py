"""A queue that may feed a hundred functions at once, and a function that counts its siblings."""

from __future__ import annotations

import io
import time
import uuid
import zipfile
from typing import TYPE_CHECKING

from ops.reach.clients import clients
from tests.integration.laboratories.streams import queue_arn

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.endpoints import Endpoints

# It stays until it has company enough, or for a while in which others could come.
_FUNCTION = """
import os, time, uuid
from pathlib import Path

def handler(event, context):
    folder, enough = Path(os.environ["FOLDER"]), int(os.environ["ENOUGH"])
    name = uuid.uuid4().hex
    here = folder / "running" / name
    here.touch()
    most, deadline = 0, time.monotonic() + 5
    while most < enough and time.monotonic() < deadline:
        most = max(most, len(os.listdir(folder / "running")))
        time.sleep(0.05)
    here.write_text(str(most))
    here.rename(folder / "ended" / name)
"""
_PATIENCE = 90.0


def most_at_once(endpoints: Endpoints, folder: Path, *, enough: int) -> int:
    """Count the functions that a queue starts at the same time for its messages.

    Args:
        endpoints: of a running copy.
        folder: an empty one, in which the functions see each other.
        enough: how many messages there are, each a batch of its own.
    """
    for name in ("running", "ended"):
        (folder / name).mkdir()
    client, name = clients(endpoints.aws_endpoint_url), f"batches-{uuid.uuid4().hex[:8]}"
    client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=f"arn:aws:iam::000000000000:role/{name}",
        Handler="function.handler",
        Code={"ZipFile": _code()},
        Timeout=30,
        Environment={"Variables": {"FOLDER": str(folder), "ENOUGH": str(enough)}},
    )
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "120"})["QueueUrl"]
    for number in range(enough):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    mapping = client("lambda").create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=queue_arn(sqs, url),
        BatchSize=1,
        ScalingConfig={"MaximumConcurrency": 100},
    )
    try:
        return max(_counts(folder / "ended", enough))
    finally:
        client("lambda").delete_event_source_mapping(UUID=mapping["UUID"])


def _counts(folder: Path, how_many: int) -> list[int]:
    deadline = time.monotonic() + _PATIENCE
    while len(list(folder.iterdir())) < how_many:
        assert time.monotonic() < deadline, "not all messages were worked on"
        time.sleep(0.2)
    return [int(path.read_text()) for path in folder.iterdir()]


def _code() -> bytes:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("function.py", _FUNCTION)
    return code.getvalue()
