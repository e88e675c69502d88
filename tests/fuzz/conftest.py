"""The world around the handlers, once for all tests of a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fuzz import world as worlds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.world import World


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with worlds.world() as made:
        yield made
