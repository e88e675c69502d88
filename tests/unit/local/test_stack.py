"""What a start says where it cannot keep the copy's files from others, or build the web client."""

from __future__ import annotations

import io
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local import stack
from local.copy import environment
from local.copy.emulator import port_taken
from local.steps import Steps
from ops.reach.errors import LocalError, OperatorError
from ops.reach.layout import Layout
from ops.web import bundle
from tests.unit.ops.reach.test_endpoints import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A copy of an earlier version, open to all."""
    layout = Layout(tmp_path, 4566)
    layout.home.mkdir()
    layout.home.chmod(0o755)
    return layout


def begin(layout: Layout) -> str:
    """Begin a start; gives what it tells."""
    said = io.StringIO()
    stack._keep_from_others(layout, Steps(said))
    return said.getvalue()


def test_where_it_can_it_says_nothing(layout: Layout) -> None:
    """The folder is closed, and that is no news."""
    assert begin(layout) == ""
    assert layout.home.stat().st_mode & 0o777 == 0o700


def changing(monkeypatch: pytest.MonkeyPatch, change: Callable[[Path, int], None]) -> None:
    monkeypatch.setattr(Path, "chmod", change)


def test_a_disk_without_permissions_is_told(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on, and I know that others on this machine can read my orders."""
    changing(monkeypatch, lambda _path, _mode: None)
    assert f"Others on this machine can read {layout.home}" in begin(layout)


def test_what_is_somebody_elses_is_told(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not start on what it cannot close, and says what I can do."""

    def refused(path: Path, _mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    changing(monkeypatch, refused)
    with pytest.raises(LocalError, match=r"is somebody else's\. Remove it, or .*LOCAL_DIR="):
        begin(layout)


def test_without_a_web_client_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where npm's registry is out of reach I have all but the page, and read why."""

    def fail() -> Path:
        raise OperatorError("npm cannot install what web needs")

    monkeypatch.setattr(bundle, "is_ready", lambda: False)
    monkeypatch.setattr(bundle, "is_kept", lambda: False)
    monkeypatch.setattr(bundle, "ready", fail)
    said = io.StringIO()
    assert stack._built_web_client(Steps(said)) is None
    assert "There is no web client: npm cannot install what web needs" in said.getvalue()


@pytest.mark.parametrize(("whole", "told"), [(True, []), (False, ["A source has changed"])])
def test_what_most_runs_do_not_need_is_installed_when_it_is(
    whole: bool,  # noqa: FBT001 - a case
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever edits the template after `make run` alone gets CDK installed, once, and reads so."""
    done: list[str] = []
    monkeypatch.setattr(environment, "whole", lambda: whole)
    monkeypatch.setattr(environment, "complete", lambda: done.append("installed"))
    said = io.StringIO()
    stack._complete(Steps(said), "A source has changed")
    assert bool(done) is not whole
    assert [line for line in told if line not in said.getvalue()] == []
    assert bool(said.getvalue()) is not whole


def test_a_step_shows_how_far_it_is() -> None:
    """On a terminal the line of a step moves; elsewhere there is one line when it is done."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for screen, moves in ((Terminal(), True), (io.StringIO(), False)):
        with Steps(screen).step("Install the emulator") as tell:
            tell("3 of 22 MB, botocore")
        assert ("Install the emulator: 3 of 22 MB, botocore" in screen.getvalue()) is moves
        assert "✓ Install the emulator" in screen.getvalue()


def test_a_web_client_without_its_port_is_none(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its port is taken, before the look or after, no address is told that does not work."""
    (tmp_path / "index.html").write_text("page")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        endpoints = replace(EXAMPLE, web_origin=f"http://localhost:{port}")
        for look in (port_taken, lambda _: False):
            monkeypatch.setattr(stack, "port_taken", look)
            with stack._web_client(endpoints, tmp_path, layout, at_origin=True) as url:
                assert url == ""
    with stack._web_client(endpoints, tmp_path, layout, at_origin=True) as url:
        assert url == f"http://127.0.0.1:{port}/"
    with stack._web_client(endpoints, None, layout, at_origin=True) as url:
        assert url == ""
