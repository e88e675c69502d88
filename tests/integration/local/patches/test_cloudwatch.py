"""Figures by the minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.stack import start
from ops.reach.layout import free_port
from tests.integration.laboratories import metrics as figures

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.endpoints import Endpoints


pytestmark = pytest.mark.integration


def test_figures_by_minute(stack: Endpoints) -> None:
    """A figure belongs to its whole minute, wherever in it a question's time begins."""
    assert figures.early_in_the_minute(stack) == 7


def test_figures_survive_a_restart(tmp_path: Path) -> None:
    """What was counted before a restart is still in the graphs after it."""
    port = free_port()
    with start(port, tmp_path) as endpoints:
        figures.visit(endpoints)
        counted = figures.figure(endpoints, figures.of_api(endpoints, "Count"))
    with start(port, tmp_path) as endpoints:
        assert figures.figure(endpoints, figures.of_api(endpoints, "Count")) == counted == 1


def test_figures_by_minute_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack leaves out what came in the same minute, but a moment before."""
    assert figures.early_in_the_minute(endpoints_without_patches) is None
