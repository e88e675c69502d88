"""Which commit a stage runs can be told from what was deployed."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from project import release
from project.release import COMMIT, UNKNOWN, Release, functions_in, parsed

if TYPE_CHECKING:
    from pathlib import Path

_WHO = ("-c", "user.name=x", "-c", "user.email=x@example.com")


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(COMMIT, raising=False)


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *_WHO, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _committed(folder: Path) -> str:
    _git(folder, "init", "--quiet")
    (folder / "file").write_text("one")
    _git(folder, "add", "file")
    _git(folder, "commit", "--quiet", "--message", "one")
    return _git(folder, "rev-parse", "HEAD")


def test_the_commit_is_known(tmp_path: Path) -> None:
    """A checkout without changes is its commit, whole."""
    commit = _committed(tmp_path)
    assert release.here(tmp_path) == Release(release.version(), commit, dirty=False)


@pytest.mark.parametrize("name", ["file", "new"])
def test_changes_are_told(tmp_path: Path, name: str) -> None:
    """What differs from the commit is told, files included that git does not know."""
    commit = _committed(tmp_path)
    (tmp_path / name).write_text("two")
    assert release.here(tmp_path) == Release(release.version(), commit, dirty=True)


def test_no_other_repository_is_taken_for_ours(tmp_path: Path) -> None:
    """An archive that was unpacked inside another repository has not that one's commit."""
    _committed(tmp_path)
    (tmp_path / "archive").mkdir()
    assert release.here(tmp_path / "archive").commit == UNKNOWN


def test_an_archive_names_its_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no git, whoever builds says the commit; anything else is refused."""
    monkeypatch.setenv(COMMIT, "a" * 40)
    assert release.here(tmp_path) == Release(release.version(), "a" * 40, dirty=False)
    monkeypatch.setenv(COMMIT, "main")
    with pytest.raises(ValueError, match="RELEASE_COMMIT must be a commit"):
        release.here(tmp_path)


def test_what_was_written_is_read_again() -> None:
    """A stage's parameter gives the release that was deployed, and nothing else passes for one."""
    written = Release("1.0.0", "b" * 40, dirty=True)
    assert release.parsed(written.text()) == written
    assert str(written) == "1.0.0 (bbbbbbbbbbbb, with changes that are in no commit)"
    for text in ("", "{}", '{"version": 1, "commit": "b", "dirty": false}'):
        with pytest.raises(ValueError, match="no release"):
            release.parsed(text)


def test_what_health_says(tmp_path: Path) -> None:
    """It is short, tells changed files, and has only characters that a stage variable may have."""
    told = Release("1.0.0", "0123456789abcdef" + "0" * 24, dirty=False)
    assert told.short() == "1.0.0-0123456789ab"
    assert told._replace(dirty=True).short() == "1.0.0-0123456789ab-dirty"
    for one in (told, told._replace(dirty=True), release.here(tmp_path), release.looked_at()):
        assert re.fullmatch(r"[A-Za-z0-9-._~:/?#&=,]+", one.short())


def test_what_is_looked_at_is_of_no_commit(tmp_path: Path) -> None:
    """Documents that are made from templates are the same at each commit."""
    _committed(tmp_path)
    assert release.looked_at() == Release(release.version(), "0" * 40, dirty=False)


def test_the_versions_of_functions() -> None:
    """The stage's parameter gives each function's version, too; a text without them has none."""
    given = Release("1.0.0", "f" * 40, dirty=False)
    text = given.text({"create_order": "7"})
    assert parsed(text) == given
    assert functions_in(text) == {"create_order": "7"}
    for other in (given.text(), '{"functions":[7]}', "no JSON"):
        assert functions_in(other) == {}
