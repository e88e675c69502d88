"""The files of a release: the same content is the same file, and none is made under a wrong tag."""

from __future__ import annotations

import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from ops.pipeline import release_files
from ops.reach.errors import OperatorError
from ops.release import cdk
from project import changelog
from project.release import version

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    """A cloud assembly, as far as packing goes."""
    folder = tmp_path / "cdk.out"
    (folder / "asset.1/bin").mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    (folder / "asset.1/bin/run").write_text("#!/bin/sh\n")
    (folder / "asset.1/bin/run").chmod(0o755)
    (folder / ".cache").mkdir()  # of the CDK CLI, which has deployed it
    (folder / ".cache/1.zip").write_bytes(b"")
    return folder


def test_the_same_is_the_same(assembly: Path, tmp_path: Path) -> None:
    """Two builds of one commit have the same checksum, whenever they were made."""
    first, second = tmp_path / "1.zip", tmp_path / "2.zip"
    release_files.pack(assembly, first)
    for path in assembly.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes())  # a later date
    release_files.pack(assembly, second)
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as packed:
        assert packed.namelist() == ["asset.1/bin/run", "manifest.json"]
        assert packed.getinfo("asset.1/bin/run").external_attr >> 16 == 0o755


def test_another_tag_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A tag that is not the version of the checkout makes nothing, and says what to do."""
    monkeypatch.setattr(release_files, "FOLDER", tmp_path / "release")
    with pytest.raises(OperatorError, match=r"tag is v0\.0\.0, but pyproject\.toml says"):
        release_files.make("v0.0.0")
    assert not (tmp_path / "release").exists()


def test_a_release_without_notes_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing is built for a release that the changelog does not know."""
    (tmp_path / "CHANGELOG.md").write_text("## [Unreleased]\n- x\n")
    monkeypatch.setattr(release_files, "FOLDER", tmp_path / "release")
    monkeypatch.setattr(changelog, "CHANGELOG", tmp_path / "CHANGELOG.md")
    monkeypatch.setattr(cdk, "synthesize", lambda _: pytest.fail("it was built"))
    with pytest.raises(OperatorError, match=r"CHANGELOG\.md says nothing of"):
        release_files.make(f"v{version()}")


def test_checksums_can_be_checked(tmp_path: Path) -> None:
    """Whoever downloads a file finds out by one command that it is whole."""
    names = [tmp_path / "a b.zip", tmp_path / "c.json"]
    for path in names:
        path.write_text(path.name)
    (tmp_path / "SHA256SUMS").write_text(release_files.checksums(names))
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    subprocess.run(check, cwd=tmp_path, check=True, capture_output=True)
    names[0].write_text("changed")
    assert subprocess.run(check, cwd=tmp_path, check=False, capture_output=True).returncode == 1
