"""A patched laboratory and one without patches, which all tests of patches share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.stack import start
from ops.reach.layout import free_port
from tests.integration.laboratories import rest_api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ops.reach.endpoints import Endpoints
    from tests.integration.laboratories.rest_api import Laboratory


@pytest.fixture(scope="package")
def patched(laboratory: Laboratory) -> Laboratory:
    return laboratory


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("unpatched")


@pytest.fixture(scope="package")
def endpoints_without_patches(home: Path) -> Iterator[Endpoints]:
    with start(free_port(), home, patches=()) as endpoints:
        yield endpoints


@pytest.fixture(scope="package")
def unpatched(endpoints_without_patches: Endpoints) -> Laboratory:
    return rest_api.build(endpoints_without_patches)
