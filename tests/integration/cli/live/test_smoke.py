"""`orders smoke` on the running stack: through the front door, and nothing of it stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from cli.app import app
from orders.domain.synthetic import HEARTBEAT
from project.checkout import ROOT
from tests.shared.people import aws

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration

_SECONDS = 60


def keys(stack: Endpoints) -> set[str]:
    """Name the API keys that there are."""
    return {key["name"] for key in aws(stack, "apigateway").get_api_keys(limit=500)["items"]}


def heartbeats(stack: Endpoints) -> list[str]:
    """Give the keys that come in as the heartbeat."""
    found = aws(stack, "dynamodb").scan(TableName=stack.tables["partners"])["Items"]
    return [e["apiKeyId"]["S"] for e in found if e.get("partnerId") == {"S": HEARTBEAT}]


def test_smoke(here: Endpoints) -> None:
    """All is as callers are promised; the lent key is gone, and the orders are cancelled."""
    before = keys(here)
    done = CliRunner().invoke(app, ["smoke", "--local", "--times", "2", "--json"])
    said = json.loads(done.stdout)
    assert [step for step in said["steps"] if step["fault"]] == []
    assert (done.exit_code, said["ok"]) == (0, True)
    assert [step["round"] for step in said["steps"] if step["step"] == "cancel"] == [1, 2]
    assert all(step["milliseconds"] > 0 for step in said["steps"])
    assert (keys(here), heartbeats(here)) == (before, [])


def test_interrupted(here: Endpoints) -> None:
    """^C in the middle of it: exit code 130, and the lent key is gone all the same."""
    before = keys(here)
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "smoke", "--local", "--times", "50"],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        until = time.monotonic() + _SECONDS
        while not heartbeats(here):
            assert running.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=_SECONDS)
    assert running.returncode == 130
    assert "Traceback" not in told
    assert (keys(here), heartbeats(here)) == (before, [])
