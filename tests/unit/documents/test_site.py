"""The documentation site: every page has a place, every picture a text, every fault is found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from documents.site import checking, navigation, pictures, staging
from documents.site.errors import SiteError
from project.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PARTS = ["Tutorial", "How-to guides", "Reference", "Explanation"]


def test_every_page_has_a_place() -> None:
    """No document is hidden: each stands in the plan, which has the four kinds of documents."""
    navigation.check()
    assert list(navigation.plan()) == PARTS


def test_a_page_without_a_place_is_named(tmp_path: Path) -> None:
    """Whoever adds a page hears which line is missing, and where."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("# Plan\n\n## Reference\n* [One](one.md): the first\n")
    (docs / "one.md").write_text("# One\n")
    navigation.check(docs / "index.md", tmp_path)
    (docs / "two.md").write_text("# Two\n")
    with pytest.raises(SiteError, match=r"docs/index\.md leads to docs/two\.md: add one"):
        navigation.check(docs / "index.md", tmp_path)


def test_a_folders_page_brings_the_others_along() -> None:
    """A new runbook or decision needs no line in the plan."""
    runbooks = ROOT / "docs/runbooks"
    below = navigation.children(runbooks / "README.md")
    assert set(below) == set(runbooks.glob("*.md")) - {runbooks / "README.md"}
    decisions = navigation.children(ROOT / "docs/decisions")
    assert [path.name[:4] for path in decisions] == sorted(path.name[:4] for path in decisions)


def test_links_lead_to_what_the_site_has(tmp_path: Path) -> None:
    """A link to code or to a folder leads to a page that shows it, wherever the site is put."""
    stage = staging.Stage(tmp_path)
    stage.page(ROOT / "docs/architecture.md")
    text = (tmp_path / "architecture.md").read_text()
    assert "](source/infrastructure/service.py.md)" in text
    assert "](source/orders/domain/index.md)" in text
    assert "](operations.md#dead-letters)" in text
    assert "](decisions/index.md)" in text
    assert "class Service" in (tmp_path / "source/infrastructure/service.py.md").read_text()
    assert "(lifecycle.py.md)" in (tmp_path / "source/orders/domain/index.md").read_text()


def test_commands_and_examples_stay_as_they_are(tmp_path: Path) -> None:
    """What I copy from the site is what the page in the checkout says."""
    staging.Stage(tmp_path).page(ROOT / "docs/tutorial.md")
    blocks = [
        re.findall(r"```sh\n.*?```", page.read_text(), re.DOTALL)
        for page in (ROOT / "docs/tutorial.md", tmp_path / "tutorial.md")
    ]
    assert blocks[0] == blocks[1] != []


def marked() -> list[tuple[str, str, str]]:
    """Give each page's pictures: its name, the picture's, and the drawing of characters."""
    return [
        (path.name, found["name"], found["text"])
        for path in navigation.pages()
        for found in pictures.MARKED.finditer(path.read_text())
    ]


def test_every_picture_is_used_and_told() -> None:
    """Each picture stands on a page, and says in words what it shows."""
    sources = {path.stem for path in pictures.SOURCES.glob("*.d2")}
    assert {name for _, name, _ in marked()} == sources
    assert all(pictures.description(pictures.SOURCES / f"{name}.d2") for name in sources)


def test_pictures_show_what_the_characters_show() -> None:
    """A part that is drawn for terminals is in the picture, too: neither is left behind."""
    for page, name, characters in marked():
        drawn = (pictures.SOURCES / f"{name}.d2").read_text()
        named = re.findall(r"[A-Z_]{5,}|[a-z]+[_-][a-z_-]+|[A-Z][a-z]+[A-Z]\w+", characters)
        assert [one for one in named if one not in drawn] == [], f"{page}: {name}"


def test_a_picture_has_its_characters_beside_it() -> None:
    """Who cannot see the picture unfolds the same as text, and the page goes on below it."""
    text = "Above\n<!-- picture: quote -->\n```\nmenu --> client\n```\nBelow\n"
    placed = pictures.placed(text, "../")
    assert "```{image} ../pictures/quote-dark.svg\n:class: only-dark\n:alt: A basket" in placed
    assert "```text\nmenu --> client\n```\n\n</details>\n\nBelow" in placed


PLANTED = {
    '<a href="gone.html">x</a>': "gone.html leads nowhere",
    '<a href="other.html#gone">x</a>': "other.html#gone names no heading of other.html",
    '<a href="#gone">x</a>': "#gone names no heading of index.html",
    '<img src="gone.png">': "gone.png leads nowhere",
    '<script src="https://cdn.example/a.js"></script>': "from another host",
    '<link rel="stylesheet" href="//fonts.example/a.css">': "from another host",
    '<p style="background: url(http://a.example/b.png)">x</p>': "from another host",
    "<p>see [this](that.md)</p>": "Markdown that is not read as such",
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_fault_of_the_built_site_is_found(tmp_path: Path, planted: str) -> None:
    """A dead link, a missing heading, a file of another host: `make check` names the page."""
    good = '<p id="top">x</p><a href="other.html#top">y</a><a href="https://a.example">z</a>'
    (tmp_path / "other.html").write_text('<h1 id="top">Other</h1><code>[x](y)</code>')
    (tmp_path / "index.html").write_text(good)
    assert checking.faults(tmp_path) == []
    (tmp_path / "index.html").write_text(good + planted)
    (fault,) = checking.faults(tmp_path)
    assert fault.startswith("index.html: ")
    assert PLANTED[planted] in fault


def test_a_style_of_another_host_is_found(tmp_path: Path) -> None:
    """No font and no picture comes from elsewhere by way of a style sheet."""
    (tmp_path / "a.css").write_text('@import "https://fonts.example/b.css"; a{src:url(data:x)}')
    (fault,) = checking.faults(tmp_path)
    assert fault.startswith("a.css: it would load https://fonts.example")
