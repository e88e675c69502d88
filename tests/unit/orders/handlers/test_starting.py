"""Starts of functions, as far as Python's search for garbage is concerned."""

from __future__ import annotations

import gc
import json
import os
import pickle
import subprocess
import sys
from typing import Any
from typing import NamedTuple as Ordinary

import msgspec
import pytest

from infrastructure.functions import names
from orders.named_tuple import NamedTuple
from orders.starting import ready
from project.checkout import ROOT


class Usual(Ordinary):
    """A record."""

    name: str
    number: int = 1

    @property
    def twice(self) -> int:
        """Something computed."""
        return 2 * self.number


class Cheap(NamedTuple):
    """A record."""

    name: str
    number: int = 1

    @property
    def twice(self) -> int:
        """Something computed."""
        return 2 * self.number


STARTED = """
import gc, json, sys
import orders.starting  # compiled by now, as all of the asset is
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


TRUSTING = """
import orders.handlers.notify_partner
from orders.webhooks import tls_context
print(tls_context.cache_info().currsize)
"""


def run(program: str, **variables: str) -> str:
    """Run a program in an interpreter of its own; gives what it prints."""
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, **variables},
    )
    return done.stdout.strip()


def test_the_first_webhook_does_not_wait_for_the_authorities() -> None:
    """Who tells partners has loaded them while it started, when Lambda gives a whole processor."""
    assert run(TRUSTING, AWS_LAMBDA_FUNCTION_NAME="notify") == "1"
    assert run(TRUSTING) == "0", "whoever only imports a handler loads nothing"


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


def test_named_tuples_are_those_of_the_standard_library() -> None:
    """Whoever knows `typing.NamedTuple` knows ours: what it has, compares to, prints and takes."""
    cheap: Any = Cheap("a")
    usual: Any = Usual("a")
    assert cheap == usual == ("a", 1)
    assert cheap < Cheap("a", 2) == cheap._replace(number=2)
    assert (cheap.twice, cheap.number, hash(cheap)) == (usual.twice, usual.number, hash(usual))
    assert repr(cheap).removeprefix("Cheap") == repr(usual).removeprefix("Usual")
    assert (Cheap._fields, Cheap._field_defaults) == (Usual._fields, Usual._field_defaults)
    assert (Cheap.__doc__, Cheap.__module__) == (Usual.__doc__, Usual.__module__)
    assert [*Cheap.__annotations__] == [*Usual.__annotations__]
    assert pickle.loads(pickle.dumps(cheap)) == cheap  # noqa: S301 - our own
    assert msgspec.json.encode(cheap) == msgspec.json.encode(usual)


def test_a_named_tuple_takes_its_fields_and_no_others() -> None:
    """A field that is missing or unknown is told at once."""
    with pytest.raises(TypeError, match="name"):
        Cheap()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unknown"):
        Cheap("a", unknown=1)  # type: ignore[call-arg]
