"""The web client's files: built by esbuild from `web/`, again only when a source has changed.

`make web` is this module: `python -m ops.web.bundle`.
"""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from ops.web import node
from project.checkout import ROOT
from project.file_lock import alone

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = ROOT / "web"
BUILT = ROOT / "build" / "web"
"""Where the files are: `index.html`, and `assets/` whose names hold a digest of their content."""

_MADE_FROM = ("package-lock.json", "build.mjs", "src/**/*")
_STAMP = BUILT.with_name("web.made-from")


def is_ready() -> bool:
    """Tell whether the files are what the sources make."""
    try:
        return _STAMP.read_text() == digest() and (BUILT / "index.html").exists()
    except OSError:
        return False


def ready() -> Path:
    """Build the files unless they are there; gives their folder.

    Raises:
        OperatorError: when npm cannot install what builds them, or a source is wrong.
    """
    with alone(ROOT / ".cache/web.lock"):
        if not is_ready():
            _build()
    return BUILT


def digest() -> str:
    """Digest all that the files are made from."""
    found = hashlib.sha256()
    for pattern in _MADE_FROM:
        for path in sorted(each for each in SOURCES.glob(pattern) if each.is_file()):
            content = path.read_bytes()
            found.update(f"{path.relative_to(SOURCES)} {len(content)} ".encode() + content)
    return found.hexdigest()


def _build() -> None:
    """Build beside what is there: whoever serves that meanwhile finds it whole."""
    made_from, draft = digest(), BUILT.with_name("web.new")
    node.packages(SOURCES)
    node.run(["build.mjs", str(draft)], SOURCES, otherwise="The web client cannot be built")
    shutil.rmtree(BUILT, ignore_errors=True)
    draft.rename(BUILT)
    _STAMP.write_text(made_from)


if __name__ == "__main__":
    print(f"The web client: {ready().relative_to(ROOT)}")  # noqa: T201 - make web says it
