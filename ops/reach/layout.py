"""Where the local run keeps its things: all below `.local/`, apart for each port.

.local/
├── emulator-venv/   asset/   cdk.out/     shared by all copies, made once
├── templates/                             of `orders cost`, while their sources stand
├── endpoints.json   session               of the copy that started last
├── load/                                  the report of the last `make load`
└── 4566/                                  one copy: state/ objects/ tmp/ emulator.log …

LOCAL_DIR puts the part that is not shared elsewhere; tests do so.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from ops.reach.errors import LocalError
from project.checkout import ROOT

SHARED = ROOT / ".local"
"""What every copy of this checkout can use, wherever it keeps its own things."""

DEFAULT_PORT = 4566
_HIGHEST_PORT = 65_535


def free_port() -> int:
    """Find a port that nobody listens on, for a copy that comes and goes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Layout:
    """The places of one copy."""

    directory: Path
    port: int

    @property
    def home(self) -> Path:
        """All that belongs to this copy alone."""
        return self.directory / str(self.port)

    @property
    def state(self) -> Path:
        """What the emulator remembers: tables, orders, keys, the stack."""
        return self.home / "state"

    @property
    def objects(self) -> Path:
        """The emulator's S3 objects."""
        return self.home / "objects"

    @property
    def temporary(self) -> Path:
        """The emulator's temporary files; emptied at each start."""
        return self.home / "tmp"

    @property
    def log(self) -> Path:
        """What the emulator itself writes."""
        return self.home / "emulator.log"

    @property
    def saved_code(self) -> Path:
        """There while the functions run other code than that of the template."""
        return self.home / "saved-code"

    @property
    def lock(self) -> Path:
        """Held by the running copy; holds its process id."""
        return self.home / "lock"

    @property
    def emulator_pid(self) -> Path:
        """The process id of the emulator, as long as it runs."""
        return self.home / "emulator.pid"

    @property
    def trusted_authorities(self) -> Path:
        """The authorities that the functions trust: the system's, and this copy's own."""
        return self.home / "authorities.pem"

    @property
    def server_certificate(self) -> Path:
        """A certificate, with its key, for HTTPS servers on this machine."""
        return self.home / "server.pem"

    @property
    def menu_key(self) -> Path:
        """The private key with which this copy's menu signs prices."""
        return self.home / "menu-key.pem"

    @property
    def traces(self) -> Path:
        """The latest traces of X-Ray, a document a line."""
        return self.home / "traces.jsonl"

    @property
    def left_out(self) -> Path:
        """What of the template the emulator refuses, a resource a line, below a heading."""
        return self.home / "left-out.txt"

    @property
    def endpoints(self) -> Path:
        """This copy's endpoints document."""
        return self.home / "endpoints.json"

    @property
    def latest_endpoints(self) -> Path:
        """The endpoints document of the copy that started last."""
        return self.directory / "endpoints.json"

    @property
    def session(self) -> Path:
        """What a shell reads to call the copy that started last."""
        return self.directory / "session"

    @property
    def url(self) -> str:
        """The address of the emulator."""
        return f"http://127.0.0.1:{self.port}"

    def shown(self, path: Path) -> str:
        """Name a path as people would type it from the checkout."""
        return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def layout_from_environment() -> Layout:
    """Read LOCAL_PORT and LOCAL_DIR.

    Raises:
        LocalError: when LOCAL_PORT is no port number.
    """
    given = os.environ.get("LOCAL_PORT", "").strip() or str(DEFAULT_PORT)
    if not (given.isascii() and given.isdigit() and 1024 <= int(given) <= _HIGHEST_PORT):
        raise LocalError(
            f"LOCAL_PORT must be a number from 1024 to {_HIGHEST_PORT}, not {given!r}."
        )
    directory = Path(os.environ.get("LOCAL_DIR", "").strip() or SHARED)
    return Layout(directory.absolute(), int(given))
