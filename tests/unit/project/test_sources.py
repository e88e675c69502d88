"""What was made of sources is made anew when, and only when, one of them has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from project.sources import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _renamed(folder: Path) -> None:
    (folder / "a.py").rename(folder / "b.py")


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.py").write_text("2"),
        lambda folder: (folder / "c.py").write_text(""),
        _renamed,
    ],
)
def test_each_change_is_seen(tmp_path: Path, change: Callable[[Path], object]) -> None:
    """Content, name and number of files count; files of another kind do not."""
    (tmp_path / "a.py").write_text("1")
    before = fingerprint("*.py", root=tmp_path)
    (tmp_path / "other.txt").write_text("")
    assert fingerprint("*.py", root=tmp_path) == before
    assert fingerprint("*.py", besides="asset", root=tmp_path) != before
    change(tmp_path)
    assert fingerprint("*.py", root=tmp_path) != before
