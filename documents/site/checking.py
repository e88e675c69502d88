"""What holds of the built site: each link leads somewhere, nothing comes from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
"""What a browser fetches by itself; a link of `rel="canonical"` it does not."""

_STYLE_LOADS = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")


_CODE = {"pre", "code", "script", "style"}


class _Page(HTMLParser):
    """The anchors of a page, what it links to, what it loads, and Markdown that has stayed text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.unread: list[str] = []
        self._code = 0
        self.feed(text)

    def handle_endtag(self, tag: str) -> None:
        """Leave code behind."""
        self._code -= tag in _CODE

    def handle_data(self, data: str) -> None:
        """Take Markdown that has stayed text."""
        if not self._code and "](" in data:
            self.unread.append(data.strip())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a tag's id, link and source."""
        self._code += tag in _CODE
        given = {name: text or "" for name, text in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        loaded = given.get(_LOADS.get(tag, ""), "")
        if loaded and given.get("rel") != "canonical":
            self.loads.append(loaded)
        self.loads += _loaded_by(given.get("style", ""))


def faults(site: Path) -> list[str]:
    """Give what is wrong with a built site, each as a sentence that names the page."""
    pages = {path.resolve(): _Page(path.read_text()) for path in sorted(site.rglob("*.html"))}
    found = [
        f"{path.relative_to(site.resolve())}: {fault}"
        for path, page in pages.items()
        for fault in (*_dead(path, page, pages), *_foreign(page.loads), *_unread(page))
    ]
    for path in sorted(site.rglob("*.css")):
        loads = _loaded_by(path.read_text())
        found += [f"{path.relative_to(site)}: {fault}" for fault in _foreign(loads)]
    return found


def _dead(path: Path, page: _Page, pages: dict[Path, _Page]) -> Iterator[str]:
    for link in (*page.links, *page.loads):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        anchor = unquote(parts.fragment)
        if not target.is_file():
            yield f"{link} leads nowhere"
        elif anchor and target in pages and anchor not in pages[target].anchors:
            yield f"{link} names no heading of {target.name}"


def _foreign(loads: list[str]) -> Iterator[str]:
    for load in loads:
        parts = urlsplit(load)
        if parts.netloc or parts.scheme not in {"", "data"}:
            yield f"it would load {load[:80]} from another host"


def _unread(page: _Page) -> Iterator[str]:
    for text in page.unread:
        yield f"Markdown that is not read as such: {text[:80]}"


def _loaded_by(style: str) -> list[str]:
    return [one or other for one, other in _STYLE_LOADS.findall(style)]
