"""Pictures: `docs/pictures/NAME.d2`, drawn by D2 for light and for dark pages, with no network.

A page keeps its drawing of characters, for terminals. Above it stands `<!-- picture: NAME -->`: the
site shows the picture there, and the characters to whoever unfolds them.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from typing import TYPE_CHECKING

from documents.site.errors import SiteError
from project.checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = ROOT / "docs" / "pictures"
DRAWN = ROOT / ".cache" / "site-pictures"
SCHEMES = {"light": "0", "dark": "200"}
"""D2's numbers of its themes."""

_GROUND = "style.fill: transparent\n"
"""The page's own ground shows through."""

MARKED = re.compile(r"<!-- picture: (?P<name>[a-z-]+) -->\n```\n(?P<text>.*?)```\n", re.DOTALL)
_ALT = re.compile(r"\A# (.+)\n")


def description(source: Path) -> str:
    """Give what a picture shows, in words: the first line of its source.

    Raises:
        SiteError: when it says nothing.
    """
    found = _ALT.match(source.read_text())
    if found is None:
        raise SiteError(f"{source.name}: its first line is to say what it shows: `# An order …`")
    return found[1]


def draw(program: Path, source: Path, scheme: str) -> Path:
    """Give the picture as SVG, drawn unless it is there.

    Raises:
        SiteError: when D2 does not understand the source.
    """
    made_from = _GROUND.encode() + source.read_bytes() + program.read_bytes()
    digest = hashlib.sha256(made_from).hexdigest()[:16]
    drawn = DRAWN / f"{source.stem}-{scheme}-{digest}.svg"
    if not drawn.exists():
        DRAWN.mkdir(parents=True, exist_ok=True)
        options = ["--layout", "dagre", "--theme", SCHEMES[scheme], "--pad", "12"]
        command = [str(program), *options, "-", str(drawn)]
        done = subprocess.run(
            command, input=_GROUND + source.read_text(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SiteError(f"D2 cannot draw {source.name}: {done.stderr.strip()[-500:]}")
    return drawn


def placed(text: str, way_up: str) -> str:
    """Put a page's pictures into its text, the characters folded below each.

    Args:
        text: the page.
        way_up: from the page to the site's start: `../`, or nothing.
    """

    def instead(found: re.Match[str]) -> str:
        name = found["name"]
        alt = description(SOURCES / f"{name}.d2")
        shown = "".join(
            f"```{{image}} {way_up}pictures/{name}-{scheme}.svg\n"
            f":class: only-{scheme}\n:alt: {alt}\n```\n"
            for scheme in SCHEMES
        )
        text = f"```text\n{found['text']}```\n"
        return f"{shown}\n<details><summary>As text</summary>\n\n{text}\n</details>\n\n"

    return MARKED.sub(instead, text)
