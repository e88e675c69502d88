"""The web client's files: built by esbuild from `web/`, again only when a source has changed.

The checkout keeps what its sources make, in `web/kept`: who runs it unchanged needs no Node.js.
`make web` is this module, `python -m ops.web.bundle`; with `keep` it writes `web/kept` anew, which
`make docs` does.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from typing import TYPE_CHECKING

from ops.web import node
from project.checkout import ROOT
from project.file_lock import alone

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = ROOT / "web"
BUILT = ROOT / "build" / "web"
"""Where the files are: `index.html`, and `assets/` whose names hold a digest of their content."""

KEPT = SOURCES / "kept"
"""The same files, with what they are made from beside them."""

_MADE_FROM = ("package-lock.json", "build.mjs", "src/**/*")
_STAMP = BUILT.with_name("web.made-from")
_KEPT_STAMP = "made-from"


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


def is_kept() -> bool:
    """Tell whether the checkout keeps what its sources make."""
    try:
        return (KEPT / _KEPT_STAMP).read_text().strip() == digest()
    except OSError:
        return False


def keep() -> None:
    """Keep in the checkout what its sources make.

    Raises:
        OperatorError: as above.
    """
    if not is_kept():
        shutil.rmtree(KEPT, ignore_errors=True)
        built = build(KEPT)
        (built / _KEPT_STAMP).write_text(f"{digest()}\n")


def build(folder: Path) -> Path:
    """Build the files with Node.js into a folder, which is made anew; gives it.

    Raises:
        OperatorError: as above.
    """
    node.packages(SOURCES)
    node.run(["build.mjs", str(folder)], SOURCES, otherwise="The web client cannot be built")
    return folder


def _build() -> None:
    """Build beside what is there: whoever serves that meanwhile finds it whole."""
    made_from, draft = digest(), BUILT.with_name("web.new")
    if is_kept():
        draft.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(KEPT, draft, ignore=shutil.ignore_patterns(_KEPT_STAMP))
    else:
        build(draft)
    shutil.rmtree(BUILT, ignore_errors=True)
    draft.rename(BUILT)
    _STAMP.write_text(made_from)


if __name__ == "__main__":
    if sys.argv[1:] == ["keep"]:
        keep()
    print(f"The web client: {ready().relative_to(ROOT)}")  # noqa: T201 - make web says it
