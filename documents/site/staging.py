"""What Sphinx reads: the pages as they stand in the checkout, and what their links need beside.

A page may link to any file of the checkout. A file of code gets a page that shows it, a folder a
page that lists it, so that each link works wherever the site is put.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from documents.site import navigation, pictures
from project.checkout import ROOT

DOCS = ROOT / "docs"
_FENCE = re.compile(r"^ *(```|~~~)")
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)(?P<path>[^)#\s]+)(?P<anchor>#[^)\s]+)?\)")
_LANGUAGES = {
    ".py": "python", ".sh": "sh", ".toml": "toml", ".json": "json", ".ts": "ts", ".tsx": "ts",
    ".mjs": "js", ".html": "html", ".css": "css", ".md": "md", ".yml": "yaml", ".yaml": "yaml",
}  # fmt: skip


@dataclass
class Stage:
    """A folder of pages in the making.

    Args:
        folder: where they are written.
    """

    folder: Path
    _shown: set[Path] = field(default_factory=set)

    def page(self, path: Path) -> None:
        """Write a page: its pictures placed, its links led to what the site has."""
        target = self.folder / staged(path)
        up = os.path.relpath(self.folder, target.parent) + "/"
        text = pictures.placed(self._linked(path), "" if up == "./" else up)
        self.write(staged(path), text + _contents(path))

    def _linked(self, page: Path) -> str:
        lines, fenced = [], False
        for line in page.read_text().splitlines(keepends=True):
            fenced ^= bool(_FENCE.match(line))
            lines.append(line if fenced else _LINK.sub(lambda one: self._led(page, one), line))
        return "".join(lines)

    def _led(self, page: Path, link: re.Match[str]) -> str:
        path = (page.parent / link["path"]).resolve()
        if path.exists() and path.is_relative_to(ROOT) and not _comes_along(path):
            self.show(path)
        target = os.path.relpath(staged(path), staged(page).parent)
        return f"]({target}{link['anchor'] or ''})"

    def show(self, path: Path) -> None:
        """Write the page of a file or folder that pages link to, once."""
        if path in self._shown:
            return
        self._shown.add(path)
        name = str(path.relative_to(ROOT))
        head = f"---\norphan: true\nnosearch: true\n---\n# {name}\n\n"
        if path.is_dir():
            self.write(staged(path), head + self._listed(path))
        else:
            text, language = path.read_text(), _LANGUAGES.get(path.suffix, "text")
            self.write(staged(path), f"{head}``````{language}\n{text}``````\n")

    def _listed(self, folder: Path) -> str:
        lines = []
        for path in _tracked(folder):
            inside = path.relative_to(folder).parts
            if len(inside) > 1:
                lines.append(f"* `{inside[0]}/`\n")
            elif path.suffix in _LANGUAGES and not _comes_along(path):
                self.show(path)
                way = os.path.relpath(staged(path), staged(folder).parent)
                lines.append(f"* [`{inside[0]}`]({way})\n")
            else:
                lines.append(f"* `{inside[0]}`\n")
        return "".join(dict.fromkeys(lines))

    def write(self, name: Path, text: str) -> None:
        """Write a file of the stage."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def stage(folder: Path, program: Path) -> None:
    """Write all that Sphinx reads into an empty folder.

    Args:
        folder: the empty folder.
        program: D2.

    Raises:
        SiteError: when a page has no place, or a picture cannot be drawn.
    """
    navigation.check()
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("*.md", "*.d2"), dirs_exist_ok=True)
    made = Stage(folder)
    for path in navigation.pages():
        made.page(path)
    made.write(staged(DOCS / "decisions"), "# Decisions\n" + _contents(DOCS / "decisions"))
    for source in sorted(pictures.SOURCES.glob("*.d2")):
        for scheme in pictures.SCHEMES:
            drawn = pictures.draw(program, source, scheme)
            (folder / "pictures").mkdir(exist_ok=True)
            shutil.copy(drawn, folder / "pictures" / f"{source.stem}-{scheme}.svg")


def staged(path: Path) -> Path:
    """Give where a file of the checkout stands in the stage."""
    if path == DOCS / "decisions":
        return Path("decisions/index.md")
    if path.is_relative_to(DOCS) and not path.is_dir():
        return path.relative_to(DOCS)
    if path in navigation.pages():
        return path.relative_to(ROOT)
    name = path.relative_to(ROOT)
    return Path("source", name, "index.md") if path.is_dir() else Path("source", f"{name}.md")


def _comes_along(path: Path) -> bool:
    """Tell whether a file is on the site anyway: a page, or what stands in docs beside them."""
    in_docs = path.is_relative_to(DOCS) and not path.is_dir()
    return in_docs or path == DOCS / "decisions" or path in navigation.pages()


def _tracked(folder: Path) -> list[Path]:
    command = ["git", "ls-files", "-z", "--", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in sorted(done.stdout.split("\0")) if name]


def _contents(path: Path) -> str:
    """Give the tables of contents of a page: of the whole site, or of what stands below it."""
    if path == navigation.PLAN:
        parts = navigation.plan()
        return "".join(_tree(path, part, entries) for part, entries in parts.items())
    children = navigation.below(path)
    if not children:
        return ""
    entries = [navigation.Entry("", child) for child in children]
    return _tree(path, "", entries, hidden=not path.is_dir())


def _tree(page: Path, caption: str, entries: list[navigation.Entry], *, hidden: bool = True) -> str:
    start = staged(page).parent
    ways = [(one.title, os.path.relpath(staged(one.path), start)) for one in entries]
    lines = "".join(f"{title} <{way}>\n" if title else f"{way}\n" for title, way in ways)
    options = f":caption: {caption}\n" * bool(caption) + ":hidden:\n" * hidden + ":maxdepth: 1\n"
    return f"\n```{{toctree}}\n{options}\n{lines}```\n"
