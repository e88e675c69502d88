"""The browser, made ready once."""

from __future__ import annotations

import pytest

from tests.integration.browser import chromium


@pytest.fixture(scope="session")
def browser() -> None:
    """Install and unpack the browser of the lock file, unless it is there."""
    chromium.install()
