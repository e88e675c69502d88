"""An emulator that nothing is deployed to, and that may be stopped and started again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from local.copy import environment
from local.copy.emulator import launch
from ops.reach.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class Bare(NamedTuple):
    """Where it is."""

    aws_endpoint_url: str


@contextlib.contextmanager
def running(folder: Path, port: int, *, patches: Iterable[str] | None = None) -> Iterator[Bare]:
    """Run one for as long as the context lasts; then its state is saved.

    Args:
        folder: where it keeps its things; what another left there is back.
        port: where it listens.
        patches: with which it runs; None for all.
    """
    layout = Layout(folder, port)
    emulator = launch(environment.ready() or environment.make(), layout, patches=patches)
    try:
        emulator.wait_until_healthy()
        yield Bare(layout.url)
    finally:
        emulator.stop()
