"""Packages installed by uv from a lock file, and how far that is, for whoever waits.

`python -m project.installing LOCK` installs into the environment of this Python:

on a terminal   one line that moves: Installing requirements/run.txt: 31 of 49 MB, botocore
elsewhere       a line for each package that takes a while: botocore is here, 15.2 MB

`python -m project.installing --size LOCK` says how much of a lock is here, on disk.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import distributions
from typing import TYPE_CHECKING

from uv import find_uv_bin

from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

_BEGINS = re.compile(r"\s*Downloading (?P<name>\S+) \((?P<size>[0-9.]+)(?P<unit>[KMG])iB\)")
_ENDS = re.compile(r"\s*Downloaded (?P<name>\S+)")
_WRITES = re.compile(r"\s*Prepared (?P<count>\d+) packages? ")
_MEGABYTES = {"K": 2**10 / 1e6, "M": 2**20 / 1e6, "G": 2**30 / 1e6}
_ERASED = "\r\x1b[K"


class InstallError(RuntimeError):
    """The packages could not be installed; the message is uv's last word."""


class Download:
    """What uv has said of its downloads; it tells of those of a megabyte or more."""

    def __init__(self) -> None:
        """Begin with none."""
        self.sizes: dict[str, float] = {}
        self.here: dict[str, float] = {}

    def news(self, line: str) -> str:
        """Take a line of uv's; gives how far it is, or nothing where the line is no news."""
        if begins := _BEGINS.match(line):
            size = float(begins["size"]) * _MEGABYTES[begins["unit"]]
            self.sizes[begins["name"]] = size
            return self._far(begins["name"])
        if ends := _ENDS.match(line):
            self.here[ends["name"]] = self.sizes.get(ends["name"], 0.0)
            return self._far(ends["name"])
        writes = _WRITES.match(line)
        return f"writing {writes['count']} packages" if writes else ""

    def _far(self, name: str) -> str:
        return f"{sum(self.here.values()):.0f} of {sum(self.sizes.values()):.0f} MB, {name}"


def uv(arguments: Iterable[str], tell: Callable[[str], None] | None = None) -> None:
    """Run uv with the Pythons and certificates that are here.

    Args:
        arguments: of uv.
        tell: is told each line that it says meanwhile.

    Raises:
        InstallError: when it fails.
    """
    environment = {"UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "1", **os.environ}
    if not os.access(os.environ.get("HOME", ""), os.W_OK):
        environment.setdefault("UV_CACHE_DIR", str(ROOT / ".cache" / "uv"))
    command = [find_uv_bin(), *arguments]
    said: list[str] = []
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        for line in running.stderr:
            said.append(line.strip())
            if tell is not None:
                tell(line)
    if running.returncode:
        words = [line for line in said if re.search(r"\w", line)]
        raise InstallError(words[-1] if words else f"uv ended with {running.returncode}")


def sync(python: Path, lock: Path, tell: Callable[[str], None] | None = None) -> None:
    """Make an environment what a lock file says.

    Args:
        python: its interpreter.
        lock: the requirements, with hashes.
        tell: is told how far it is, such as `31 of 49 MB, botocore`.

    Raises:
        InstallError: when that fails.
    """
    download = Download()

    def heard(line: str) -> None:
        news = download.news(line)
        if news and tell is not None:
            tell(news)

    uv(("pip", "sync", "--require-hashes", "--python", str(python), str(lock)), heard)


def size_of(lock: Path) -> tuple[int, float]:
    """Give how many packages of a lock are installed here, and their files' megabytes."""
    names = set(re.findall(r"^([a-z0-9-]+)==", lock.read_text(), re.MULTILINE))
    found = [each for each in distributions() if re.sub("[-_.]+", "-", each.name).lower() in names]
    return len(found), sum(file.size or 0 for each in found for file in each.files or ()) / 1e6


def main(lock: str) -> None:
    """Install a lock file's packages into this environment, and say how far it is."""
    what, moves = f"Installing {lock}", sys.stdout.isatty()
    erased = _ERASED if moves else ""
    download = Download()

    def tell(line: str) -> None:
        news = download.news(line)
        if news and moves:
            _say(f"{erased}{what}: {news}")
        elif ends := _ENDS.match(line):
            _say(f"  {ends['name']} is here, {download.here[ends['name']]:.1f} MB\n")

    _say(what if moves else f"{what}\n")
    try:
        uv(("pip", "sync", "--require-hashes", "--python", sys.executable, lock), tell)
    except KeyboardInterrupt:
        sys.exit("\nInterrupted; the same command goes on.")
    except InstallError as error:
        sys.exit(f"{erased}{lock}: {error}")
    _say(erased)


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "--size":
        for each in sys.argv[2:]:
            _say("{}: {} packages, {:.0f} MB\n".format(each, *size_of(ROOT / each)))
    else:
        main(sys.argv[1])
