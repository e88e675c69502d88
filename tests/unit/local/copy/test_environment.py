"""Environments of their own are made once, and again when their lock changes."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from load.environment import LOCUST
from local.copy.environment import EMULATOR, Environment, complete, whole
from ops.reach.errors import LocalError


@pytest.fixture
def made(tmp_path: Path) -> Environment:
    """An environment that looks as if it had been made."""
    lock = tmp_path / "some.txt"
    lock.write_text("some==1\n")
    environment = Environment("Somebody's", lock, tmp_path / "venv", "json")
    environment.python.parent.mkdir(parents=True)
    environment.python.symlink_to(sys.executable)
    (environment.directory / ".made-from").write_text(f"{environment.directory}\nsome==1\n")
    return environment


def test_what_is_up_to_date_is_used(made: Environment) -> None:
    """An environment that was made from the present lock, and imports its package, is ready."""
    assert made.ready() == made.python


def test_another_lock_makes_it_anew(made: Environment) -> None:
    """When the lock has changed, the old environment is not used."""
    made.lock.write_text("some==2\n")
    assert made.ready() is None


def test_a_broken_one_is_not_used(made: Environment) -> None:
    """An environment without its package, or that nobody has made, is not ready."""
    broken = Environment(made.owner, made.lock, made.directory, "no_such_module")
    assert broken.ready() is None
    assert Environment(made.owner, made.lock, made.directory / "x", "json").ready() is None


def test_what_cannot_be_installed_is_told(tmp_path: Path) -> None:
    """A lock that cannot be installed is a sentence that says whose it is and what to look at."""
    lock = tmp_path / "some.txt"
    lock.write_text("not a requirement at all !\n")
    environment = Environment("Somebody's", lock, tmp_path / "venv", "json")
    with pytest.raises(LocalError, match=r"Somebody's environment could not be made: .*index"):
        environment.make(Path(sys.executable))
    assert environment.ready() is None


def test_two_who_need_it_at_once_install_it_once(
    made: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two copies that start at the same moment after an upgrade do not tear it from each other."""
    made.lock.write_text("some==2\n")
    installed = []

    def install(self: Environment, base: Path, _: object) -> Path:
        installed.append(base)
        time.sleep(0.05)
        self._stamp.write_text(self._wanted())
        return self.python

    monkeypatch.setattr(Environment, "_install", install)
    with ThreadPoolExecutor(4) as several:
        given = list(several.map(made.make, [Path(sys.executable)] * 4))
    assert given == [made.python] * 4
    assert installed == [Path(sys.executable)]


def test_each_has_a_place_of_its_own() -> None:
    """The emulator's packages and Locust's are seen by nobody else, and both are locked."""
    assert EMULATOR.directory != LOCUST.directory
    assert all(one.lock.is_file() for one in (EMULATOR, LOCUST))


def test_what_completes_an_environment_fails_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where CDK is needed and cannot be installed, I read why and what to type."""

    def failing(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "setup: Is the package index reachable?")

    monkeypatch.setattr(subprocess, "run", failing)
    with pytest.raises(LocalError, match=r"(?s)make setup\n.*index reachable"):
        complete()


def test_this_environment_is_whole() -> None:
    """Whoever runs the tests has what synthesizes and builds; a run alone has not."""
    assert whole()
