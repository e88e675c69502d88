"""What the emulator does sooner than ministack alone, counted in its own environment."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from local.copy import environment
from project.checkout import ROOT

pytestmark = pytest.mark.integration

_PROGRAM = """
import json, threading
from local.inside import ministack, pace
functions, pipes, tables = (
    ministack.module(f"services.{name}") for name in ("lambda_svc", "pipes", "dynamodb")
)
judged, looked = [], []
judge, second = tables._condition_syntax_error, threading.Event()
tables._condition_syntax_error = lambda text, slot: judged.append(text) or judge(text, slot)
pace.hasten()
asked = {":a": {"S": "x"}}
found = [
    tables._evaluate_condition("a = :a", {"a": {"S": letter}}, asked, {}) for letter in "xyx"
]
pace._LOOK_SECONDS = 3_600

def look():
    looked.append(len(looked))
    (second if len(looked) > 1 else first).set()

first, pipes._poll_once = threading.Event(), look
threading.Thread(target=pipes._poll_loop, daemon=True).start()
came = [first.wait(60)]
tables.esm_wake.set()
came.append(second.wait(60))
pending = functions._LAMBDA_STATE_TRANSITION_DELAY
told = {"judged": judged, "found": found, "came": came, "pending": pending}
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """What the program tells."""
    interpreter = environment.ready() or environment.make()
    done = subprocess.run(
        [str(interpreter), "-c", _PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_condition_is_read_once(seen: dict[str, Any]) -> None:
    """A query over many items reads its condition once, and judges each item by it."""
    assert seen["judged"] == ["a = :a"]
    assert seen["found"] == [True, False, True]


def test_a_pipe_looks_when_something_has_changed(seen: dict[str, Any]) -> None:
    """A change wakes the pipes, however seldom they would look otherwise."""
    assert seen["came"] == [True, True]


def test_a_changed_function_is_not_pending(seen: dict[str, Any]) -> None:
    """Whoever changes a function's variables does not wait for what has happened already."""
    assert seen["pending"] == 0
