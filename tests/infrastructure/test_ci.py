"""What CI's own script promises: `make test` finds nothing that lies about, and leaves nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from project.checkout import ROOT

SEES = """
echo "$*" >"$RECORD/arguments"
pwd >"$RECORD/pwd"
echo "$HOME" >"$RECORD/home"
ls -A "$HOME" >"$RECORD/in-home"
ls -A "${TMPDIR:-/tmp}" >"$RECORD/in-tmp"
echo "${TMPDIR:-/tmp}" >"$RECORD/tmp"
touch "$HOME/left" "${TMPDIR:-/tmp}/left-in-tmp"
mkdir -m 000 "$HOME/locked"
"""


@dataclass
class Clone:
    """A checkout with nothing but CI's script, and a `make` that is told what to do."""

    root: Path
    record: Path
    environment: dict[str, str]

    def make(self, script: str) -> None:
        """Say what `make` does."""
        self.program("make", script)

    def program(self, name: str, script: str) -> None:
        """Put a program before all others of its name."""
        place = self.root.parent / "bin" / name
        place.write_text(f"#!/bin/sh\n{script}\n")
        place.chmod(0o755)

    def start(self, **variables: str) -> subprocess.Popen[str]:
        """Start CI's script."""
        environment = self.environment | variables
        script = self.root / ".ci/run"
        return subprocess.Popen([script], env=environment, text=True, stderr=subprocess.PIPE)

    def run(self, **variables: str) -> int:
        """Run CI's script to its end; gives its status."""
        process = self.start(**variables)
        said = process.communicate(timeout=60)[1]
        assert said == ""
        return process.returncode

    def told(self, name: str) -> str:
        """Give what `make` wrote down."""
        return (self.record / name).read_text().removesuffix("\n")


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    root, home = tmp_path / "mein Ödland" / "orders", tmp_path / "home"
    shutil.copytree(ROOT / ".ci", root / ".ci")
    for folder in (root.parent / "bin", tmp_path / "record", home):
        folder.mkdir()
    path = f"{root.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "HOME": str(home), "RECORD": str(tmp_path / "record")}
    others = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "PIP_", "UV_"))}
    return Clone(root, tmp_path / "record", others | own)


@pytest.fixture(params=["mounts", "no mounts"])
def machine(request: pytest.FixtureRequest, clone: Clone) -> str:
    """A machine as this one, and one that lets nobody mount anything."""
    if request.param == "no mounts":
        clone.program("unshare", "exit 1")
    return str(request.param)


@pytest.mark.usefixtures("machine")
def test_nothing_that_lies_about_is_found(clone: Clone) -> None:
    """Home and temporary folder are new: what an earlier run has left helps nobody."""
    (Path(clone.environment["HOME"]) / "of-an-earlier-run").touch()
    clone.make(SEES)
    with tempfile.NamedTemporaryFile(prefix="of-an-earlier-run") as leftover:
        assert clone.run() == 0
    assert clone.told("arguments") == "test"
    assert clone.told("pwd") == str(clone.root)
    assert clone.told("in-home") == ""
    assert Path(leftover.name).name not in clone.told("in-tmp")


@pytest.mark.usefixtures("machine")
def test_nothing_is_left_behind(clone: Clone) -> None:
    """What the tests write outside the checkout is gone when they are done."""
    clone.make(SEES)
    assert clone.run() == 0
    assert not Path(clone.told("home")).parent.exists()
    assert not Path(tempfile.gettempdir(), "left-in-tmp").exists()


@pytest.mark.usefixtures("machine")
def test_a_failure_is_passed_on(clone: Clone) -> None:
    """CI is red where the tests are."""
    clone.make("exit 7")
    assert clone.run() == 7


@pytest.mark.usefixtures("machine")
def test_packages_come_from_where_you_said(clone: Clone) -> None:
    """Behind a company's proxy, pip, uv and npm keep the indexes and passwords of your home."""
    kept = (".npmrc", ".netrc", ".pip/pip.conf", ".config/pip/pip.conf", ".config/uv/uv.toml")
    for name in kept:
        place = Path(clone.environment["HOME"], name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{name}\n")
    authorities = clone.root.parent.parent / "authorities.pem"
    authorities.write_text("authorities\n")
    files = " ".join(f'"$HOME/{name}"' for name in kept)
    clone.make(f'cat {files} "$PIP_CERT" >"$RECORD/read"')
    assert clone.run(PIP_CERT=str(authorities)) == 0
    assert clone.told("read").splitlines() == [*kept, "authorities"]


@pytest.mark.usefixtures("machine")
def test_configuration_of_another_folder_counts(clone: Clone, tmp_path: Path) -> None:
    """Where XDG_CONFIG_HOME names your configuration, it is found as well."""
    (tmp_path / "configuration/uv").mkdir(parents=True)
    (tmp_path / "configuration/uv/uv.toml").write_text("uv\n")
    clone.make('cat "${XDG_CONFIG_HOME:-$HOME/.config}/uv/uv.toml" >"$RECORD/read"')
    assert clone.run(XDG_CONFIG_HOME=str(tmp_path / "configuration")) == 0
    assert clone.told("read") == "uv"


def when_begun(clone: Clone, process: subprocess.Popen[str]) -> None:
    """Wait until `make` runs."""
    while not (clone.record / "begun").exists():
        assert process.poll() is None
        time.sleep(0.05)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("asked", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(clone: Clone, machine: str, asked: signal.Signals) -> None:
    """Whoever cancels CI's job finds no process and no folder of it."""
    clone.make(f"{SEES}\necho $$ >$RECORD/process\ntouch $RECORD/begun\nexec sleep 60")
    process = clone.start()
    when_begun(clone, process)
    process.send_signal(asked)
    assert process.communicate(timeout=20)[1] == ""
    assert process.returncode == 128 + asked, machine
    assert not Path("/proc", clone.told("process")).exists()
    assert not Path(clone.told("home")).parent.exists()


@pytest.mark.timeout(30)
def test_a_command_that_ignores_the_signal_ends_too(clone: Clone) -> None:
    """A test that hangs cannot keep the machine."""
    clone.make(f"{SEES}\ntrap '' INT TERM\ntouch $RECORD/begun\nwhile :; do sleep 1; done")
    # The script waits for tenths of a second, ninety of them: here each is a hundredth.
    clone.program("sleep", f'[ "$1" = 0.1 ] && set -- 0.01\nexec {shutil.which("sleep")} "$@"')
    process = clone.start()
    when_begun(clone, process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGTERM
    assert not Path(clone.told("home")).parent.exists()
