"""What a release says of itself is its section of the changelog, and never another's."""

from __future__ import annotations

import subprocess
import sys

import pytest

from project import changelog
from project.changelog import NoSectionError, notes, sections
from project.checkout import ROOT

TEXT = """# Changelog

What changes.

## [Unreleased]
### Added
- Not yet.

## [1.1.0] - 2026-12-24
### Fixed
- A [page](docs/a.md), a [site](https://x.example), a [place](#there).

## [1.0.0] - 2026-12-01
- All.
"""


def test_a_section_is_one_release_s() -> None:
    """The notes begin after the heading and end before the next release's."""
    assert notes("v1.0.0", TEXT) == "- All."
    found = notes("1.1.0", TEXT)
    assert found.startswith("### Fixed\n- A [page](docs/a.md)")
    assert found.endswith("[place](#there).")
    assert list(sections(TEXT)) == ["Unreleased", "1.1.0", "1.0.0"]


def test_links_lead_to_the_release_s_files() -> None:
    """On a page elsewhere the changelog's links still lead to the files of that tag."""
    found = notes("v1.1.0", TEXT, pages="https://git.example/o/r/blob/v1.1.0")
    assert "[page](https://git.example/o/r/blob/v1.1.0/docs/a.md)" in found
    assert "[site](https://x.example)" in found
    assert "[place](#there)" in found


@pytest.mark.parametrize("text", [TEXT, "# Changelog\n", "## [2.0.0]\n\n## [1.0.0]\n- All.\n"])
def test_a_release_without_words_is_none(text: str) -> None:
    """A tag that the changelog says nothing about is refused, with what to write."""
    with pytest.raises(NoSectionError, match=r"says nothing of 2\.0\.0.*## \[2\.0\.0\] - date"):
        notes("v2.0.0", text)


def test_our_own() -> None:
    """The changelog of this checkout can be read, and what comes next is at its head."""
    assert next(iter(sections(changelog.CHANGELOG.read_text()))) is not None


@pytest.mark.parametrize("tag", [[], ["v0.0.0-never"]])
def test_command(tag: list[str]) -> None:
    """From a shell it ends with a sentence where there is nothing to print."""
    command = [sys.executable, "-m", "project.changelog", *tag]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert ("usage: " if not tag else "says nothing of 0.0.0-never") in done.stderr
    assert done.stdout == ""
