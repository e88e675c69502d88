"""A fingerprint of sources: what was made of them is good as long as it is the same."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING, NamedTuple

from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

OF_A_TEMPLATE = (
    "orders/**/*.py",
    "infrastructure/**/*.py",
    "project/*.py",
    "cdk.json",
    "pyproject.toml",  # the version
    "requirements/*.txt",
)
"""What a template is made of, besides the asset."""


def fingerprint(*patterns: str, besides: str = "", root: Path = ROOT) -> str:
    """Digest the names and contents of files, and this Python.

    Args:
        patterns: which files, as `Path.glob` takes them.
        besides: whatever else counts.
        root: where they are.
    """
    return _digest(patterns, f"{besides} {sys.version}", root)


class Made(NamedTuple):
    """A folder that is made of sources, and not made again while they stand.

    What it was made of, and what it then held, stands in a file beside it.
    """

    folder: Path
    holds: tuple[str, ...]
    """Which of its files count, as `Path.glob` takes them: others may put theirs there, too."""
    inputs: str
    """A fingerprint of what it is made of now."""

    def stands(self) -> bool:
        """Tell whether it was made of the same, and is as it was then."""
        try:
            return self.stamp.read_text() == self._told()
        except OSError:
            return False

    def begin(self) -> None:
        """Forget it, before it is made anew: half of it is never taken for the whole."""
        self.stamp.unlink(missing_ok=True)

    def note(self) -> None:
        """Note that it is made."""
        self.stamp.write_text(self._told())

    @property
    def stamp(self) -> Path:
        """Where that stands."""
        return self.folder.with_name(f"{self.folder.name}.stamp")

    def _told(self) -> str:
        return f"{self.inputs}\n{_digest(self.holds, '', self.folder)}\n"


def _digest(patterns: Iterable[str], besides: str, root: Path) -> str:
    digest = hashlib.sha256(besides.encode())
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            if path.is_file():
                digest.update(f"\0{path.relative_to(root)}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
