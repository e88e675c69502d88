"""Starts of functions, as far as Python's search for garbage is concerned."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from typing import Any

import pytest

from infrastructure.functions import names
from orders.starting import ready
from project.checkout import ROOT

STARTED = """
import gc, json, sys
phases = []
gc.callbacks.append(lambda phase, info: phases.append(phase))
import orders.handlers.{function}
found = {{"searches": phases.count("start"), "enabled": gc.isenabled()}}
print(json.dumps({{**found, "frozen": gc.get_freeze_count()}}))
"""

LATER = """
import gc, weakref
import orders.handlers.get_order
class Circle: pass
made = Circle()
made.itself = made
seen = weakref.ref(made)
del made
while seen() is not None:
    kept = [[] for _ in range(10_000)]
print("found")
"""


def run(program: str) -> str:
    """Run a program in an interpreter of its own; gives what it prints."""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


@pytest.mark.parametrize("function", names())
def test_a_start_searches_for_no_garbage_and_a_started_function_does(function: str) -> None:
    """A cold start is not held up, and a function that runs for hours does not fill its memory."""
    started: dict[str, Any] = json.loads(run(STARTED.format(function=function)))
    assert started["searches"] == 0
    assert started["enabled"], f"{function} never calls orders.starting.ready"
    assert started["frozen"] > 5_000, "what the start made is looked at in every later search"


def test_what_requests_leave_behind_is_found() -> None:
    """A circle that nobody holds is freed without anybody's asking for it."""
    assert run(LATER) == "found"


def test_a_process_that_runs_already_is_left_as_it_is() -> None:
    """Tests and tools that make a handler set nothing of their own aside."""
    assert gc.isenabled()
    before = gc.get_freeze_count()
    ready()
    assert gc.isenabled()
    assert gc.get_freeze_count() == before
