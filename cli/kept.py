"""What `orders` has said, kept while its sources stand: help, and what completion goes by.

.cache/orders/<sources>/   one folder for each state of the sources; those of others are removed

The sources are known by size and time of each file: to read them would take longer than Typer.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from typing import Any

from project.checkout import ROOT

FOLDER = ROOT / ".cache" / "orders"

_HOUSES = ("cli", "infrastructure", "local", "ops", "orders", "project")


def read(name: str) -> Any:
    """Read what is kept by a name; None where nothing is."""
    with contextlib.suppress(OSError, ValueError):
        return json.loads((FOLDER / sources() / f"{name}.json").read_text(encoding="utf-8"))
    return None


def write(name: str, document: Any) -> None:
    """Keep something by a name; a checkout that cannot be written to keeps nothing."""
    folder = FOLDER / sources()
    with contextlib.suppress(OSError):
        for other in FOLDER.glob("*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"{name}.{os.getpid()}"
        draft.write_text(json.dumps(document), encoding="utf-8")
        draft.replace(folder / f"{name}.json")


def sources() -> str:
    """Name the state of the sources, and of this Python."""
    found = hash_of(sys.version + sys.prefix)
    for house in _HOUSES:
        found = _below(str(ROOT / house), found)
    with contextlib.suppress(OSError):  # the packages
        found = hash_of(f"{found} {(ROOT / '.venv/.made-from').stat().st_mtime_ns}")
    return found


def hash_of(text: str) -> str:
    """Digest a text; the modules that do it better take longer to load than this takes."""
    from zlib import crc32  # noqa: PLC0415 - it is built in

    raw = text.encode()
    return f"{crc32(raw):08x}{crc32(raw[::-1]):08x}"


def _below(folder: str, found: str) -> str:
    """Add each module of a folder, and of those below it."""
    told, folders = [found], []
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        if entry.name.endswith(".py"):
            with contextlib.suppress(FileNotFoundError):  # an editor's lock: a link to nowhere
                seen = entry.stat()
                told.append(f"{entry.name} {seen.st_size} {seen.st_mtime_ns}")
        elif entry.is_dir() and entry.name != "__pycache__":
            folders.append(entry.path)
    found = hash_of(" ".join(told))
    for each in folders:
        with contextlib.suppress(FileNotFoundError):  # another branch has none of it
            found = _below(each, found)
    return found
