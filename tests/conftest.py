"""What all tests share: one running copy of the service, started when a test first asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.emulator import Watch
from local.layout import free_port
from local.stack import start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.endpoints import Endpoints


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all that the functions ask of AWS is written down: tests/permissions judges it."""
    return tmp_path_factory.mktemp("recording") / "calls.jsonl"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, recording: Path) -> Iterator[Endpoints]:
    """The whole service, deployed to an emulator on a port of its own."""
    directory = tmp_path_factory.mktemp("local")
    with start(free_port(), directory, watch=Watch(record=recording)) as endpoints:
        yield endpoints
