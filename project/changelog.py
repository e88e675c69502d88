"""CHANGELOG.md by its releases: what a release says of itself is its own section.

`python -m project.changelog v1.0.0` prints that section.
"""

from __future__ import annotations

import re
import sys

from project.checkout import ROOT

CHANGELOG = ROOT / "CHANGELOG.md"
_HEADING = re.compile(r"^## \[(?P<name>[^\]\n]+)\][^\n]*\n", re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)\s]+)\)")


class NoSectionError(ValueError):
    """The changelog has nothing about a release; the message says what it has."""


def sections(text: str) -> dict[str, str]:
    """Give the text of each section by its name, such as `Unreleased` or `1.0.0`."""
    found = list(_HEADING.finditer(text))
    ends = [*(heading.start() for heading in found[1:]), len(text)]
    return {
        heading["name"]: text[heading.end() : end].strip()
        for heading, end in zip(found, ends, strict=True)
    }


def notes(tag: str, text: str, *, pages: str = "") -> str:
    """Give the notes of a release.

    Args:
        tag: its tag or version, such as v1.0.0.
        text: the changelog.
        pages: where the checkout's files are on the web, without the last slash: links of the
            changelog point there, for a release's page is elsewhere. Empty leaves them.

    Raises:
        NoSectionError: when the changelog has no section of that name, or an empty one.
    """
    version, known = tag.removeprefix("v"), sections(text)
    found = known.get(version, "")
    if not found:
        there = ", ".join(known) or "no section"
        raise NoSectionError(
            f"CHANGELOG.md says nothing of {version}: it has {there}. Give the release a section "
            f"`## [{version}] - date`."
        )
    return _LINK.sub(rf"]({pages}/\1)", found) if pages else found


def main(arguments: list[str]) -> None:
    """Print the section of a release."""
    if len(arguments) != 1:
        sys.exit("usage: python -m project.changelog TAG")
    try:
        sys.stdout.write(notes(arguments[0], CHANGELOG.read_text(encoding="utf-8")) + "\n")
    except NoSectionError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
