"""^C, a polite kill or a closed terminal stop `make run`, whatever it is doing at the moment."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from project.checkout import ROOT

_STOPPED = """
import os, signal, sys, time, weakref
from local import stop_signals

class Module:
    pass

def begin(asked):
    os.kill(os.getpid(), asked)
    time.sleep(0.01)

stop_signals.listen()
try:
    asked, where = int(sys.argv[1]), sys.argv[2]
    if where == "a callback":
        module = Module()
        reference = weakref.ref(module, lambda _: begin(asked))
        del module
    else:
        begin(asked)
    time.sleep(20)
except stop_signals.Stopped:
    sys.exit(3)
"""


@pytest.mark.parametrize("where", ["anywhere", "a callback"])
@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_stop_it_stops(asked: signal.Signals, where: str) -> None:
    """Python drops what is raised in a weak reference's callback, as imports have: not this."""
    done = subprocess.run(
        [sys.executable, "-c", _STOPPED, str(asked.value), where],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == "\nStopping …\n"


_SWALLOWED = """
import os, signal, time
from local import stop_signals

stop_signals._AGAIN_SECONDS = 0.05
stop_signals.listen()
with stop_signals.until_stopped():
    try:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(20)
        except BaseException:
            pass
        time.sleep(20)
    finally:
        time.sleep(0.3)  # cleans up for some time, which nothing interrupts
        try:
            raise OSError
        except OSError:
            time.sleep(0.3)
        print("cleaned up")
time.sleep(0.3)
print("ended")
"""


def test_what_somebody_swallows_comes_again() -> None:
    """A library that passes over whatever is raised does not keep me from stopping.

    What is cleaned up meanwhile is not interrupted, and neither is what comes after it.
    """
    done = subprocess.run(
        [sys.executable, "-c", _SWALLOWED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "\nStopping …\ncleaned up\nended\n"


def test_other_exceptions_that_python_drops_are_told() -> None:
    """Whatever else is raised in such a place still stands on standard error."""
    code = (
        "from local import stop_signals; stop_signals.listen()\n"
        "class A:\n def __del__(self): 1 / 0\nA()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "ZeroDivisionError" in done.stderr
