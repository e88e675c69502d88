"""The emulator's port, which another program may take between the look and the start."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from local.copy.emulator import Emulator
from local.inside.guard import PROCESS
from local.serving import Handler, serving
from ops.reach.errors import LocalError
from ops.reach.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Another(Handler):
    """Another copy's emulator, which answers whoever asks."""

    pid = 1

    def _answer(self) -> None:
        self.send(200, {PROCESS: str(self.pid)}, b"{}")

    do_GET = _answer  # noqa: N815 - the base class's name


@contextlib.contextmanager
def beginning(seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is still at its start, and ends without having served."""
    command = [sys.executable, "-c", f"import time; time.sleep({seconds})"]
    with subprocess.Popen(command) as process:
        yield process
        process.kill()


def test_another_copys_answer_is_not_ours(tmp_path: Path) -> None:
    """Two copies start at one port at one moment: the second does not deploy onto the first."""
    with serving(Another, 0) as url, beginning(0.5) as process:
        layout = Layout(tmp_path, int(url.rstrip("/").rpartition(":")[2]))
        said = f"Port {layout.port} is taken by another program; choose another: LOCAL_PORT="
        with pytest.raises(LocalError, match=said):
            Emulator(process, layout).wait_until_healthy()


def test_its_own_answer_is(tmp_path: Path) -> None:
    """The start goes on at the first answer of the process that was started."""
    with beginning(30) as process:
        with serving(type("Ours", (Another,), {"pid": process.pid}), 0) as url:
            layout = Layout(tmp_path, int(url.rstrip("/").rpartition(":")[2]))
            Emulator(process, layout).wait_until_healthy()
        assert process.poll() is None
