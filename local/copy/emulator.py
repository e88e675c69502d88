"""The emulator's process: what it may see and write, how it starts, and that it stops."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING, NamedTuple

from local.copy.tls import function_environment
from local.inside.guard import PROCESS
from ops.reach.clients import ACCOUNT, OPERATOR, REGION
from ops.reach.errors import LocalError
from project import private_files
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ops.reach.layout import Layout


_ENFORCING = {
    "AUTH": "true",
    "AWS_ACCESS_KEY_ID": OPERATOR[0],
    "AWS_SECRET_ACCESS_KEY": OPERATOR[1],
}

_START_SECONDS = 60.0
_STOP_SECONDS = 35.0
_POLL_SECONDS = 0.05
_LOG_LINES = 5

_KILLED = "was killed. What it answered in its last seconds may be lost, orders included."


class Emulator:
    """One running emulator. It ends with this process, however this process ends."""

    def __init__(self, process: subprocess.Popen[bytes], layout: Layout) -> None:
        """Take charge of a process that `launch` has started."""
        self._process = process
        self._layout = layout

    @property
    def pid(self) -> int:
        """The process id, which is also that of its process group."""
        return self._process.pid

    def alive(self) -> bool:
        """Tell whether it still runs."""
        return self._process.poll() is None

    def wait_until_healthy(self) -> None:
        """Wait for its first answer.

        Raises:
            LocalError: when it ends or stays silent instead, or another has its port.
        """
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if not self.alive():
                raise taken(self._layout) if port_taken(self._layout.port) else self.epitaph()
            if _answers(self._layout.url, self.pid):
                return
            time.sleep(_POLL_SECONDS)
        raise LocalError(f"The emulator does not answer at {self._layout.url}.{self._last_words()}")

    def epitaph(self) -> LocalError:
        """Say how it ended, with its last lines."""
        code = self._process.poll()
        killed = code is not None and code < 0
        how = _KILLED if killed else f"ended with exit code {code}."
        return LocalError(f"The emulator {how}{self._last_words()}")

    def stop(self) -> None:
        """Let it save its state and end; then end whatever it has left behind."""
        if self._process.stdin:
            self._process.stdin.close()  # the same that happens when this process is killed
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        # Its functions run in its process group, which is ours to end as a whole.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._layout.temporary, ignore_errors=True)
        self._layout.emulator_pid.unlink(missing_ok=True)

    def _last_words(self) -> str:
        try:
            lines = self._layout.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        except OSError:
            lines = []
        if not lines:
            return ""
        where = self._layout.shown(self._layout.log)
        return f" Its last words ({where}):\n" + "\n".join(f"    {line}" for line in lines)


class Watch(NamedTuple):
    """How closely the emulator looks at permissions; by default not at all."""

    record: Path | None = None
    """Where it writes down what the functions ask of AWS."""
    enforce: bool = False
    """Whether the roles' policies decide."""


def launch(
    interpreter: Path,
    layout: Layout,
    *,
    origins: Iterable[str] = (),
    patches: Iterable[str] | None = None,
    variables: Mapping[str, str] | None = None,
    watch: Watch = Watch(),  # noqa: B008 - immutable
) -> Emulator:
    """Start the emulator.

    Args:
        interpreter: of the emulator's own environment.
        layout: where it keeps its things, and its port.
        origins: of the stage, whose pages may sign people in.
        patches: the names of the patches to apply; None for all.
        variables: for its environment, which its functions have too.
        watch: how closely it looks at permissions.
    """
    shutil.rmtree(layout.temporary, ignore_errors=True)
    for folder in (layout.home, layout.state, layout.objects, layout.temporary):
        private_files.make_folder(folder)
    private_files.make_file(layout.log)
    chosen = ["--origins", *origins]
    if patches is not None:
        chosen += ["--patches", ",".join(patches)]
    if watch.record is not None:
        chosen += ["--record", str(watch.record)]
    with layout.log.open("wb") as log:
        process = subprocess.Popen(
            [str(interpreter), "-m", "local.inside.__main__", *chosen],
            cwd=ROOT,
            env={
                **_environment(layout),
                **(variables or {}),
                **(_ENFORCING if watch.enforce else {}),
            },
            # It reads nothing from this pipe, but sees it close when this process is gone.
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Of its own group: ^C on the terminal reaches this process alone.
            start_new_session=True,
        )
    private_files.write(layout.emulator_pid, b"%d\n" % process.pid)
    return Emulator(process, layout)


def predecessor_runs(layout: Layout) -> bool:
    """Tell whether an emulator still saves its state whose local run was killed."""
    try:
        os.kill(int(layout.emulator_pid.read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


def port_taken(port: int) -> bool:
    """Tell whether something listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    with socket.socket() as probe:
        # On macOS a port can be bound that someone else serves on every address.
        return probe.connect_ex(("127.0.0.1", port)) == 0


def taken(layout: Layout) -> LocalError:
    """Say that another program has the emulator's port, which does not move by itself."""
    return LocalError(
        f"Port {layout.port} is taken by another program; choose another: {another_port(layout)}"
    )


def another_port(layout: Layout) -> str:
    """Give the command that starts a copy at another port."""
    return f"LOCAL_PORT={layout.port + 1} make run"


def _environment(layout: Layout) -> dict[str, str]:
    """Give the emulator an environment of its own: its functions inherit whatever it has."""
    return {
        "PATH": os.defpath,
        "HOME": str(layout.temporary),
        "TMPDIR": str(layout.temporary),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "GATEWAY_PORT": str(layout.port),
        "BIND_HOST": "127.0.0.1",  # its default is every interface
        "LOG_LEVEL": "WARNING",
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(layout.state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(layout.objects),
        # Listeners that nobody here needs; local/inside/guard.py keeps all others on this machine.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        # It removes every container that it takes for its own: let it find no Docker.
        "DOCKER_HOST": f"unix://{layout.temporary}/no-docker.sock",
        **function_environment(layout),
    }


def _answers(url: str, pid: int) -> bool:
    """Tell whether this very process answers: another copy may have come first."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{url}/_ministack/health", timeout=5) as answer:
            return bool(answer.headers[PROCESS] == str(pid))
    except (OSError, HTTPException):
        return False
