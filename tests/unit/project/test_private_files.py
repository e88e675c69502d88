"""What is for its owner alone is so from its first byte, and what was not becomes so."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from project import private_files

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def open_to_all() -> Iterator[None]:
    """Let this process make files for everybody, as a careless shell does."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.lstat().st_mode & 0o7777


def test_nothing_is_made_for_others(tmp_path: Path) -> None:
    """Whatever the shell's umask is, folder and files are their owner's alone."""
    folder = tmp_path / "copy"
    private_files.make_folder(folder)
    private_files.make_file(folder / "log")
    private_files.write(folder / "keys", b"secret")
    assert [mode(folder), mode(folder / "log"), mode(folder / "keys")] == [0o700, 0o600, 0o600]
    assert (folder / "keys").read_bytes() == b"secret"
    assert sorted(path.name for path in folder.iterdir()) == ["keys", "log"]


def test_what_is_there_stays(tmp_path: Path) -> None:
    """A second start finds its log and its folder."""
    (tmp_path / "log").write_text("before")
    private_files.make_folder(tmp_path)
    private_files.make_file(tmp_path / "log")
    assert (tmp_path / "log").read_text() == "before"


def test_a_file_of_an_earlier_version_is_replaced_by_a_private_one(tmp_path: Path) -> None:
    """Its permissions are not taken over, and a reader never finds half of it."""
    file = tmp_path / "keys"
    file.write_text("old")
    with file.open() as reader:
        private_files.write(file, b"new")
        assert reader.read() == "old"
    assert (mode(file), file.read_text()) == (0o600, "new")


def test_what_goes_meanwhile_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function's folder that ends with it does not end whoever looks through all."""
    going, stays, real = tmp_path / "going", tmp_path / "stays", os.scandir
    for folder in (going, stays):
        folder.mkdir()
        (folder / "file").touch()

    def scandir(folder: Any) -> Any:
        if not isinstance(folder, int) and Path(folder) == going:
            shutil.rmtree(going)
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert {path.name for path in private_files.below(tmp_path)} == {"going", "stays", "file"}


def test_what_earlier_versions_made_is_tightened(tmp_path: Path) -> None:
    """In all depths, and no more is taken than what others may do."""
    below = tmp_path / "copy" / "state"
    below.mkdir(parents=True)
    (below / "key.pem").write_text("secret")
    (below / "run").touch(0o755)
    (below / "mine").touch(0o400)
    private_files.tighten(tmp_path / "copy")
    assert [mode(path) for path in (below.parent, below)] == [0o700, 0o700]
    assert [mode(below / name) for name in ("key.pem", "run", "mine")] == [0o600, 0o700, 0o400]


def test_others_that_may_do_something_are_seen(tmp_path: Path) -> None:
    """A disk may keep no permissions: what was tightened there is open as before."""
    for given, private in ((0o700, True), (0o750, False), (0o701, False)):
        tmp_path.chmod(given)
        assert private_files.is_private(tmp_path) is private


def test_a_link_leads_to_what_is_not_ours(tmp_path: Path) -> None:
    """What somebody has linked into the folder keeps its permissions."""
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/file").write_text("theirs")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy/link").symlink_to(tmp_path / "theirs")
    (tmp_path / "copy/file").symlink_to(tmp_path / "theirs/file")
    (tmp_path / "copy/nowhere").symlink_to(tmp_path / "gone")
    private_files.tighten(tmp_path / "copy")
    assert [mode(tmp_path / name) for name in ("theirs", "theirs/file")] == [0o777, 0o666]


def test_what_is_not_there_needs_no_care(tmp_path: Path) -> None:
    """There may be no copy yet, or another process removes what it no longer needs."""
    private_files.tighten(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
