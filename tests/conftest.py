"""What all tests share: one running copy of the service, started when a test first asks for it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from local.stack import start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.endpoints import Endpoints


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """The whole service, deployed to an emulator on a port of its own."""
    with start(free_port(), tmp_path_factory.mktemp("local")) as endpoints:
        yield endpoints
