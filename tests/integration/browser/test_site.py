"""The documentation site, as a reader opens it: from its folder, without a server or a network."""

from __future__ import annotations

import functools
from typing import Any
from urllib.parse import urlsplit

import pytest

from documents.site.build import ready
from tests.integration.browser.chromium import visit

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("browser")]

PAGES = ["index", "tutorial", "architecture", "api/orders", "decisions/0034-web-client"]
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@functools.cache
def seen(scheme: str, *, phone: bool = False) -> dict[str, Any]:
    """Visit the site's pages in one scheme and size."""
    site = ready().as_uri()
    size, search = (PHONE, None) if phone else (DESKTOP, "idempotency")
    return visit("site.mjs", site=site, pages=PAGES, scheme=scheme, size=size, search=search)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_site_works_from_its_folder(scheme: str) -> None:
    """I unpack the site and open it: every page is there, and no other host is asked."""
    visited = seen(scheme)
    assert set(visited["seen"]) == set(PAGES)
    assert {urlsplit(url).scheme for url in visited["requested"]} <= {"file", "data"}
    assert visited["faults"] == []


def test_search_finds_a_page() -> None:
    """A word in the search box leads to pages that have it; code that is shown is left out."""
    visited = seen("light")
    assert len(visited["found"]) > 3
    assert not [title for title in visited["found"] if title.endswith(".py")]
    assert visited["heading"].rstrip("#") in visited["found"]


def test_the_site_has_a_dark_side() -> None:
    """It follows my system's colours, and a button overrules them; pictures go along."""
    light, dark = (seen(scheme)["seen"]["architecture"] for scheme in ("light", "dark"))
    assert light["ground"] != dark["ground"]
    assert light["shown"] == ["order-way-light.svg", "lifecycle-light.svg"]
    assert dark["shown"] == ["order-way-dark.svg", "lifecycle-dark.svg"]
    assert {"light", "dark"} <= set(seen("light")["themes"])


def test_a_phone_scrolls_down_only() -> None:
    """No page is wider than a phone, wide tables and drawings included."""
    widths = {name: page["width"] for name, page in seen("light", phone=True)["seen"].items()}
    assert max(widths.values()) <= PHONE["width"], widths
