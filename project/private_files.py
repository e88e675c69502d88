"""Folders and files for their owner alone: in them are keys, tokens, secrets or orders."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

FOLDER, FILE = 0o700, 0o600
_OTHERS = 0o077


def make_folder(folder: Path) -> None:
    """Make a folder, unless it is there."""
    folder.mkdir(FOLDER, parents=True, exist_ok=True)


def make_file(file: Path) -> None:
    """Make an empty file, unless it is there."""
    file.touch(FILE)


def write(file: Path, content: bytes) -> None:
    """Write a file anew; a reader finds the old one or the new one, whole."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    make_file(draft)
    draft.write_bytes(content)
    draft.replace(file)


def tighten(path: Path) -> None:
    """Take from all others what they may do with a file, or with a folder and all that is in it.

    Raises:
        PermissionError: where one of them is somebody else's.
    """
    for one in (path, *below(path)):
        # What is not there any more needs no care; what a link leads to is not ours.
        with contextlib.suppress(FileNotFoundError):
            mode = one.lstat().st_mode
            if mode & _OTHERS and not one.is_symlink():
                one.chmod(mode & ~_OTHERS & 0o7777)


def is_private(path: Path) -> bool:
    """Tell whether others may do nothing with it; some file systems keep no permissions."""
    return not path.stat().st_mode & _OTHERS


def below(folder: Path) -> list[Path]:
    """List the files and folders below a folder, private or not.

    What somebody removes meanwhile is left out; `Path.rglob` fails there before Python 3.13.
    """
    found = os.walk(folder)  # does not follow links
    return [Path(where, name) for where, folders, files in found for name in (*folders, *files)]
