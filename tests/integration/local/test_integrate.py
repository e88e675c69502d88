"""The integrator's page: whatever it has you type does what it says, in its order."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

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
    "bash": ("--norc", "-uo", "pipefail"),
    "zsh": ("-f", "-uo", "pipefail"),
    "dash": ("-u",),
    "fish": ("--no-config",),
}
"""The shells of the page, as far as possible without a person's own settings."""
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

    def __init__(self, folder: Path, environment: dict[str, str], shell: str) -> None:
        """Open the second one."""
        self.folder, self.environment = folder, environment
        self._before, self._after = ("", "") if shell == "fish" else ("set -e\n", "set +e; ")
        self.said = ""
        self.heard: list[Path] = []
        self._listening: subprocess.Popen[bytes] | None = None
        self._shell = subprocess.Popen(
            [shell, *SHELLS[shell]],
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
        self._shell.stdin.write(f"{self._before}{text}\n{self._after}echo; echo '--- done'\n")
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


@pytest.fixture
def terminals(
    request: pytest.FixtureRequest, stack: Endpoints, tmp_path: Path
) -> Iterator[Terminals]:
    """Terminals in a folder that looks like the checkout while `make run` is running."""
    shell = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / ".local" / Path(stack.server_pem).parent.name).mkdir(parents=True)
    publish(stack, Layout(tmp_path / ".local", int(Path(stack.server_pem).parent.name)))
    for name in ("docs", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    home = Path(stack.server_pem).parent
    own = {"LOCAL_DIR": str(home.parent), "LOCAL_PORT": home.name, "PYTHONPATH": str(ROOT)}
    with contextlib.closing(Terminals(tmp_path, {**os.environ, **own}, shell)) as opened:
        yield opened


@pytest.mark.parametrize("terminals", ["fish"], indirect=True)
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


@pytest.mark.parametrize("terminals", sorted(SHELLS.keys() - {"fish"}), indirect=True)
def test_its_lines_run_in_my_shell(terminals: Terminals, request: pytest.FixtureRequest) -> None:
    """Whatever shell I paste them into, the lines make me a partner, and place and change orders.

    In fish, which differs most, the test above types the whole page.
    """
    me = f"Corner Kiosk {request.node.callspec.params['terminals']}"
    for block in blocks(free_port())[1:]:
        mine = block.text.replace("Corner Kiosk", me)
        if "second.txt" in mine and "outage" not in mine:
            continue  # of an order that waits for a listener
        if "curl" in mine or "partners add" in mine:
            time.sleep(2)  # the plan has two requests at once, and one a second
            terminals.type(without_outage(mine))
    assert terminals.said.count("HTTP/1.1 201 Created") == 3
    assert '"status":"CONFIRMED"' in terminals.said
    assert re.search("^HTTP/1.1 429 ", terminals.said, re.MULTILINE)
    assert placed(terminals.folder, "placed.txt") != placed(terminals.folder, "second.txt")


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
