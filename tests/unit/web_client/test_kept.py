"""The web client that the checkout keeps is that of its sources."""

from __future__ import annotations

from ops.web import bundle


def test_it_is_of_todays_sources() -> None:
    """Who only runs the service meets the pages of this checkout, and needs no Node.js for them."""
    assert bundle.is_kept(), "A source of the web client has changed. Build it anew: make docs"
    assert (bundle.KEPT / "index.html").exists()
