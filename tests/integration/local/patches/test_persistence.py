"""State is saved every few seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from local.inside.saved_state import SAVING_SECONDS
from ops.reach.clients import clients

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.endpoints import Endpoints
    from tests.integration.laboratories.rest_api import Laboratory


pytestmark = pytest.mark.integration


def test_steady_saving_is_needed(
    unpatched: Laboratory, endpoints_without_patches: Endpoints, home: Path
) -> None:
    """Ministack saves nothing before it is stopped; with the patch, test_run.py kills it."""
    clients(endpoints_without_patches.aws_endpoint_url)("sqs").create_queue(QueueName="any")
    unpatched.post("echo")
    time.sleep(2 * SAVING_SECONDS)
    assert not list(home.glob("*/state/*.json"))
