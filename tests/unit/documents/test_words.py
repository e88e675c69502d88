"""Documents stay short: what people write has a ceiling, and what is made from code has none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from documents.site import navigation
from project.checkout import ROOT
from tests.unit.documents.test_prose import words

if TYPE_CHECKING:
    from pathlib import Path

MOST_WORDS = 25_000
"""How many words all hand-written pages may have together. Who needs words for a new thing says an
old one once, and links it; or raises this by the words of a new runbook or page."""

MEND = "too many words: shorten one of these pages, or raise MOST_WORDS by those of a new page"

HISTORY = ("docs/decisions/", "CHANGELOG.md")
"""What is added to and never rewritten: it tells of another day."""

_MADE = re.compile(
    r"^ *```.*?^ *```$|<!-- \w+: written by make docs -->.*?<!-- end -->|<!--.*?-->",
    re.DOTALL | re.MULTILINE,
)
"""What nobody reads as prose: blocks of code, blocks that a generator writes, comments."""


def written(text: str) -> int:
    """Count the words that people wrote of a page."""
    return words(_MADE.sub("", text))


def generators() -> list[Path]:
    """Give the modules that `make docs` runs."""
    recipe = (ROOT / "Makefile").read_text().partition("\ndocs: ")[2].partition("\n\n")[0]
    files = [name.replace(".", "/") for name in re.findall(r"-m ([\w.]+)", recipe)]
    return [ROOT / f"{name}.py" for name in files]


def made() -> set[str]:
    """Name the pages of which a generator writes everything; of others it writes marked blocks."""
    whole = [text for one in generators() if "with_blocks" not in (text := one.read_text())]
    return {name for text in whole for name in re.findall(r' = ROOT / "(docs/[\w/-]+\.md)"', text)}


def by_hand() -> dict[str, int]:
    """Give each page that people write, with its words."""
    pages = {str(path.relative_to(ROOT)): path for path in navigation.pages()}
    return {
        name: written(path.read_text())
        for name, path in pages.items()
        if name not in made() and not name.startswith(HISTORY)
    }


def test_the_documents_stay_short() -> None:
    """Nobody has to read more words than there were at the last release."""
    found = by_hand()
    longest = sorted(found.items(), key=lambda page: -page[1])
    assert sum(found.values()) <= MOST_WORDS, (MEND, longest)


def test_made_pages_are_those_of_the_generators() -> None:
    """A page counts as made if `make docs` writes all of it. Each such page says so."""
    pages = made()
    assert {"docs/configuration.md", "docs/proof.md", "docs/security/access.md"} <= pages
    assert not pages & {"docs/operations.md", "docs/costs.md", "docs/emulator.md"}
    assert [name for name in pages if "Made " not in (ROOT / name).read_text()[:2_000]] == []


def test_only_what_people_wrote_is_counted() -> None:
    """Code, comments and made blocks are free; headings, lists and tables are words."""
    page = "# A page\n* one *two*\n\n| a | - |\n|---|---|\n```sh\nmake run\n```\n<!-- a mark -->\n"
    block = "<!-- prices: written by make docs -->\n| a | b |\n<!-- end -->\nand more\n"
    assert written(page) == 5
    assert written(page + block) == 7
