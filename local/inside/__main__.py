"""The emulator's own process: ministack, patched and guarded, ending when the local run does.

Runs in the emulator's environment, so it imports nothing but the standard library, ministack and
what stands in this folder.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path

from local.inside import guard, ministack, pace, patches, recording
from local.inside.saved_state import deploying

_DEPLOYMENT_SECONDS = 10.0
_SHUTDOWN_SECONDS = 20.0
_POLL_SECONDS = 0.05
_OWNER_ALONE = 0o077  # it and its functions write orders, keys and secrets


def main() -> None:
    """Serve until the pipe on standard input is closed."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="local.inside.__main__", description=__doc__
    )
    parser.add_argument("--patches", default=",".join(patches.PATCHES), help="which, by name")
    parser.add_argument("--record", type=Path, help="where to write the functions' AWS calls")
    parser.add_argument("--origins", nargs="*", default=[], help="whose pages may sign people in")
    arguments = parser.parse_args()
    os.umask(_OWNER_ALONE)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.path.remove(str(Path.cwd()))  # the checkout's modules are not for ministack to find
    os.chdir(os.environ["TMPDIR"])
    app = ministack.module("app")
    pace.hasten()
    patches.apply(name for name in arguments.patches.split(",") if name)
    if arguments.record:
        recording.record(arguments.record)
    guard.guard(arguments.origins)
    sys.argv = sys.argv[:1]  # ministack reads it too
    try:
        app.main()
    finally:
        # Its functions' processes and their unpacked code.
        runtime = ministack.module("core.lambda_runtime")
        runtime.reset()


def _end_with_parent() -> None:
    """End when the pipe closes that the parent holds: it does so even when that is killed."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    deadline = time.monotonic() + _DEPLOYMENT_SECONDS
    try:
        while deploying() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    finally:  # nobody else would end it
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_SHUTDOWN_SECONDS)
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
