"""State is saved every few seconds, and is whole before anything works on it."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from local.copy import environment
from local.inside.saved_state import SAVING_SECONDS
from ops.reach.clients import clients
from project.checkout import ROOT

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


_RESTART = """
import sys, time
from local.inside import ministack, patches
patches.apply(sys.argv[1:])
app, ssm = ministack.module("app"), ministack.module("services.ssm")
app.load_state = lambda key: {"any": "state"} if key in ("lambda", "pipes", "ssm") else None
def load_last(_state):
    time.sleep(0.5)
    print("the last state is back", flush=True)
ssm.load_persisted_state = load_last
for name in ("pipes", "lambda_svc"):
    service = ministack.module(f"services.{name}")
    service._poll_loop = lambda name=name: print(f"{name} work\\n", end="", flush=True)
    service.load_persisted_state = lambda _state, service=service: service._ensure_poller()
app._load_persisted_state()
time.sleep(0.5)
"""
"""A start with the state of pipes, mappings and parameters; ours is only what each prints."""


def _restart(*patches: str) -> list[str]:
    interpreter = environment.ready() or environment.make()
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [str(interpreter), "-c", _RESTART, *patches]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_state_before_work() -> None:
    """No pipe and no function works after a restart before all resources are there again."""
    first, *later = _restart("state_before_work")
    assert first == "the last state is back"
    assert sorted(later) == ["lambda_svc work", "pipes work"]


def test_state_before_work_is_needed() -> None:
    """Ministack's pipes and functions begin while it still reads what they need."""
    assert _restart()[-1] == "the last state is back"
