"""What was made of sources is made anew when, and only when, one of them has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from project.sources import Made, fingerprint

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


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A folder with a document, made of some sources."""
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "a.json").write_text("{}")
    one = Made(folder, ("*.json",), "sources")
    one.note()
    return one


def test_what_is_made_stands(made: Made) -> None:
    """It is not made again while its sources stand; what others put beside it does not count."""
    (made.folder / "lock").write_text("")
    assert made.stands()


def test_what_was_begun_does_not_stand(made: Made) -> None:
    """Half of it, as an interrupted command leaves it, is never taken for the whole."""
    made.begin()
    assert not made.stands()


@pytest.mark.parametrize("text", [None, "[]"])
def test_what_was_changed_does_not_stand(made: Made, text: str | None) -> None:
    """What somebody has edited or removed is made again, and so it is for other sources."""
    assert not made._replace(inputs="others").stands()
    if text is None:
        (made.folder / "a.json").unlink()
    else:
        (made.folder / "a.json").write_text(text)
    assert not made.stands()
