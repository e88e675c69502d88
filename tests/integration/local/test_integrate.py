"""The integrator's page: whatever it has you type does what it says, in its order."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from local.copy.environment import Environment
from ops.reach.endpoints import publish
from ops.reach.layout import Layout, free_port
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

PAGE = (ROOT / "docs/how-to/integrate.md").read_text()
START = "make run\n"
SHELLS = {
    "zsh": ("-f", "-euo", "pipefail", "-c"),
    "dash": ("-eu", "-c"),
    "fish": ("--no-config", "-c"),
}
"""The other shells of the page, as far as possible without a person's own settings."""
LISTENING = (".venv/bin/orders webhooks listen", ".venv/bin/python receiver.py")
SECONDS = 60.0


class Block(NamedTuple):
    """A piece of the page that one copies."""

    language: str
    text: str


def blocks(port: int) -> list[Block]:
    """Give the page's pieces, with another port than the one that people may use."""
    found = re.findall(r"```(sh|python)\n(.*?)```", PAGE, re.DOTALL)
    return [Block(language, text.replace("8443", str(port))) for language, text in found]


class Terminals:
    """The second terminal, in which one types, and the third, in which one listens."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        """Open the second one."""
        self.folder, self.environment = folder, environment
        self.said = ""
        self.heard: list[Path] = []
        self._listening: subprocess.Popen[bytes] | None = None
        self._shell = subprocess.Popen(
            ["bash", "-uo", "pipefail"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def type(self, text: str) -> None:
        """Type commands, wait until they are done, and keep what they said."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f"set -e\n{text}\nset +e; echo; echo '--- done'\n")
        self._shell.stdin.flush()
        for line in self._shell.stdout:
            if line == "--- done\n":
                return
            self.said += line
        raise AssertionError(f"the shell ended at:\n{text}\n{self.said}")

    def listen(self, text: str) -> None:
        """Run what listens, instead of what listened before, and wait until it does."""
        self.end_listening()
        self.heard.append(self.folder / f"heard-{len(self.heard)}.txt")
        with self.heard[-1].open("wb") as out:
            self._listening = subprocess.Popen(
                ["bash", "-c", f"exec {text}"],
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.hears("Listening", 1)

    def hears(self, text: str, times: int) -> None:
        """Wait until the third terminal shows a text so often."""
        deadline = time.monotonic() + SECONDS
        while self.heard[-1].read_text().count(text) < times:
            assert time.monotonic() < deadline, f"{text}: {self.heard[-1].read_text()}\n{self.said}"
            time.sleep(0.1)

    def end_listening(self) -> None:
        """Type ^C in the third terminal."""
        if self._listening is not None:
            self._listening.send_signal(signal.SIGINT)
            self._listening.wait(SECONDS)

    def close(self) -> None:
        """Close both."""
        self.end_listening()
        self._shell.kill()
        self._shell.communicate()


class Checkout(NamedTuple):
    """A folder that looks like the checkout while `make run` is running."""

    folder: Path
    environment: dict[str, str]


@pytest.fixture(scope="module")
def run_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a .venv as `make run` does, without what only tests need."""
    folder = tmp_path_factory.mktemp("run") / ".venv"
    lock = ROOT / "requirements/run.txt"
    python = Environment("A run's", lock, folder, "typer").make(Path(sys.executable))
    command = (ROOT / ".venv/bin/orders").read_text()
    orders = folder / "bin/orders"
    orders.write_text(command.replace(f"{ROOT}/.venv/bin/python", str(python)))
    orders.chmod(0o700)
    return folder


@pytest.fixture
def checkout(stack: Endpoints, run_environment: Path, tmp_path: Path) -> Checkout:
    home = Path(stack.server_pem).parent
    (tmp_path / ".local" / home.name).mkdir(parents=True)
    publish(stack, Layout(tmp_path / ".local", int(home.name)))
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    (tmp_path / ".venv").symlink_to(run_environment)
    own = {"LOCAL_DIR": str(home.parent), "LOCAL_PORT": home.name, "PYTHONPATH": str(ROOT)}
    return Checkout(tmp_path, {**os.environ, **own})


@pytest.fixture
def terminals(checkout: Checkout) -> Iterator[Terminals]:
    with contextlib.closing(Terminals(*checkout)) as opened:
        yield opened


def test_everything_on_the_page_works(terminals: Terminals) -> None:
    """A partner is made, hears of its orders, meets 429, 503, a redelivery and an old event."""
    first, *rest = blocks(free_port())
    assert first == Block("sh", START)  # what `make run` does stands in test_run.py
    for block in rest:
        if block.language == "python":
            (terminals.folder / "receiver.py").write_text(block.text)
        elif block.text.startswith(LISTENING):
            wait_as_people_do(terminals)
            terminals.listen(block.text)
        else:
            terminals.type(block.text)
    said = terminals.said
    assert "HTTP/1.1 201 Created" in said
    assert (terminals.folder / "kiosk.json").stat().st_mode & 0o077 == 0, "others can read it"
    assert re.search("^HTTP/1.1 429 .*\\n(?:.*\\n)?Retry-After: [0-9]+", said, re.MULTILINE)
    assert re.search("^HTTP/1.1 503 .*\\n(?:.*\\n)?Retry-After: [0-9]+", said, re.MULTILINE)

    listener, receiver, failing = terminals.heard
    order, second = (placed(terminals.folder, name) for name in ("placed.txt", "second.txt"))
    assert "00000000-0000-7000-8000-000000000000.1" in listener.read_text()
    terminals.hears(f"{second}.2  signature verified", 2)
    terminals.hears(f"{second}.1  signature verified", 1)
    shown = failing.read_text()
    assert shown.rindex(f"{second}.1") > shown.index(f"{second}.2"), "not out of order"
    resent = receiver.read_text()
    assert resent.index(f"order.placed {order}.1") < resent.index(f"order.confirmed {order}.2")


@pytest.mark.parametrize("shell", SHELLS)
def test_its_lines_run_in_my_shell(checkout: Checkout, shell: str) -> None:
    """Pasted into another shell, the lines make me a partner, place, change, and meet 429."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    mine = [block.text for block in blocks(free_port()) if "curl" in block.text]
    first, *others = [text for text in mine if "SECOND" not in text]  # of who listens
    partner = next(block.text for block in blocks(free_port()) if "partners add" in block.text)
    lines = [
        text.replace("Corner Kiosk", f"Corner Kiosk {shell}").replace("kiosk ", f"kiosk-{shell} ")
        for text in (partner, first, *map(without_outage, others))
    ]
    said = subprocess.run(
        [shell, *SHELLS[shell], "\nsleep 2\n".join(lines)],  # the plan has one request a second
        cwd=checkout.folder,
        env=checkout.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert said.stdout.count("HTTP/1.1 201 Created") == 3
    assert '"status":"CONFIRMED"' in said.stdout
    assert re.search("^HTTP/1.1 429 .*\\n(?:.*\\n)?Retry-After: [0-9]+", said.stdout, re.MULTILINE)
    assert placed(checkout.folder, "placed.txt") != placed(checkout.folder, "second.txt")


def without_outage(text: str) -> str:
    """Leave out what makes the functions fail, for ten seconds and all tests beside this one."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if "outage" not in line and "sleep" not in line)


def wait_as_people_do(terminals: Terminals) -> None:
    """End what listens only once it has shown what the page announces."""
    if len(terminals.heard) == 1:
        order = placed(terminals.folder, "placed.txt")
        terminals.hears(f"{order}.1  signature verified", 1)
        terminals.hears(f"{order}.2  signature verified", 1)
    elif len(terminals.heard) == 2:
        terminals.hears(f"{placed(terminals.folder, 'second.txt')}.1", 1)


def placed(folder: Path, name: str) -> str:
    """Give the id of the order in an answer."""
    (found,) = re.findall('"orderId":"([^"]*)"', (folder / name).read_text())
    return str(found)
