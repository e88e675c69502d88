"""`make quick` needs neither emulator nor network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from project.checkout import ROOT
from tests.lazily import Lazily
from tests.quick import NOT_QUICK, QUICK, belongs, forbidden

if TYPE_CHECKING:
    from pathlib import Path

EMULATOR = ["/somewhere/python", "-m", "local.inside.__main__"]


@pytest.mark.parametrize(
    ("event", "arguments", "said"),
    [
        ("socket.connect", (None, ("192.0.2.1", 443)), "connects to 192.0.2.1"),
        ("socket.connect", (None, ("example.com", 443)), "connects to example.com"),
        ("socket.sendto", (None, ("2001:db8::1", 53, 0, 0)), "connects to 2001:db8::1"),
        ("socket.getaddrinfo", ("example.com", 443, 0, 0, 0), "looks up example.com"),
        ("socket.getaddrinfo", (b"example.com", 443, 0, 0, 0), "looks up example.com"),
        ("subprocess.Popen", (None, EMULATOR, None, None), "starts the emulator"),
    ],
)
def test_what_is_not_quick_is_seen(event: str, arguments: tuple[Any, ...], said: str) -> None:
    """A test that asks beyond this machine, or starts the emulator, is no quick one."""
    assert forbidden(event, arguments) == said


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("socket.connect", (None, ("127.0.0.1", 4566))),
        ("socket.connect", (None, ("::1", 4566, 0, 0))),
        ("socket.connect", (None, "/run/a.socket")),
        ("socket.getaddrinfo", ("localhost", 80, 0, 0, 0)),
        ("socket.getaddrinfo", (None, 80, 0, 0, 0)),
        ("socket.getaddrinfo", ("192.0.2.1", 80, 0, 0, 0)),
        ("socket.getaddrinfo", ("127.1", 80, 0, 0, 0)),
        ("subprocess.Popen", (None, [sys.executable, "-c", "pass"], None, None)),
        ("subprocess.Popen", ("/bin/sh", "true", None, None)),
    ],
)
def test_this_machine_may_be_asked(event: str, arguments: tuple[Any, ...]) -> None:
    """Servers of a test's own, and other processes, are quick enough."""
    assert forbidden(event, arguments) is None


PLANTED = """
import contextlib, socket

def test_that_swallows():
    with contextlib.suppress(Exception), socket.socket() as one:
        one.connect(("192.0.2.1", 443))

def test_that_does_nothing():
    pass
"""


def test_a_test_that_is_not_quick_fails(tmp_path: Path) -> None:
    """It fails even where the code under test makes nothing of an exception, and no other does."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_planted.py").write_text(PLANTED)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.quick", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "--quick", "--rootdir", tmp_path, "-c", tmp_path / "pytest.ini", tmp_path],
        cwd=ROOT,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "NotQuickError: connects to 192.0.2.1" in done.stdout, done.stdout + done.stderr
    assert re.search("^1 failed, 1 passed", done.stdout, re.MULTILINE), done.stdout


def test_what_is_quick_is_there() -> None:
    """The unit and template tests are quick, those of the running service are not."""
    assert {"unit", "alarms", "infrastructure"} <= set(QUICK)
    assert not {"integration", "faults"} & set(QUICK)
    for place in (*QUICK, *NOT_QUICK):
        assert (ROOT / "tests" / place).exists(), place
    assert belongs(ROOT / "tests")
    assert belongs(ROOT / "tests/unit/project/test_quick.py")
    assert not belongs(ROOT / "tests/integration")
    assert not belongs(ROOT / "tests/infrastructure/test_asset.py")


def test_collecting_imports_no_rare_library(request: pytest.FixtureRequest) -> None:
    """Though pytest looks at all that a module names, I wait for no library of others' tests."""
    module = ModuleType("tests.of_somebody")
    module.library = Lazily("no_such_library")  # type: ignore[attr-defined]
    request.session._fixturemanager.parsefactories(holder=module, node=request.node)
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        _ = module.library.something
