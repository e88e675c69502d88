"""What is a page, and where it stands: `docs/index.md` is the plan, and the only one.

Its headings are the site's parts, its list items their pages. A page named README.md that stands
there brings the other pages of its folder along, in the order in which it links to them; the folder
of decisions brings its pages by number. So a new decision or runbook needs no line in the plan.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from documents.site.errors import SiteError
from project.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PLAN = ROOT / "docs" / "index.md"
_BESIDE = (
    "README.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "bench/baselines/README.md",
)
_ENTRY = re.compile(r"^\* \[(?P<title>[^\]]+)\]\((?P<target>[^)]+)\)", re.MULTILINE)
_LINK = re.compile(r"\]\(([\w./-]+\.md)[)#]")


@dataclass(frozen=True)
class Entry:
    """A page in the plan, or a folder of pages.

    Args:
        title: as the navigation shows it.
        path: the page's file, or the folder.
    """

    title: str
    path: Path


def pages(root: Path = ROOT) -> list[Path]:
    """Give the files that are pages of the site."""
    beside = [root / name for name in _BESIDE if (root / name).exists()]
    return [*beside, *sorted((root / "docs").rglob("*.md"))]


def plan(page: Path = PLAN) -> dict[str, list[Entry]]:
    """Give each part of the site with its entries, in their order."""
    parts = re.split(r"^## (.+)\n", page.read_text(), flags=re.MULTILINE)[1:]
    return {
        title: [
            Entry(found["title"], (page.parent / found["target"]).resolve())
            for found in _ENTRY.finditer(text)
        ]
        for title, text in zip(parts[::2], parts[1::2], strict=True)
    }


def children(path: Path) -> list[Path]:
    """Give the pages that stand below one in the navigation."""
    if path.is_dir():
        return sorted(path.glob("*.md"))
    if path.name != "README.md":
        return []
    linked = [(path.parent / name).resolve() for name in _LINK.findall(path.read_text())]
    there = sorted(path.parent.glob("*.md"))
    ordered = [page for page in dict.fromkeys(linked) if page in there]
    return [page for page in dict.fromkeys([*ordered, *there]) if page != path]


def check(page: Path = PLAN, root: Path = ROOT) -> None:
    """See that each page can be reached from the plan.

    Raises:
        SiteError: when one is missing there.
    """
    entries = [entry.path for part in plan(page).values() for entry in part]
    placed = {page, *entries, *(child for path in entries for child in below(path, root))}
    lost = [str(path.relative_to(root)) for path in pages(root) if path not in placed]
    if lost:
        raise SiteError(f"No line of docs/index.md leads to {', '.join(lost)}: add one.")


def below(path: Path, root: Path = ROOT) -> list[Path]:
    """Give the children of an entry of the plan; README.md itself has no folder of its own."""
    return [] if path.parent == root else children(path)
