"""Figures by the minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ops.reach.layout import free_port
from tests.integration.laboratories import metrics as figures
from tests.integration.laboratories.bare import running
from tests.integration.laboratories.metrics import Figure

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
    with running(tmp_path, port) as emulator:
        sent = Figure(
            "AWS/SQS", "NumberOfMessagesSent", {"QueueName": figures.used_queue(emulator)}
        )
        counted = figures.figure(emulator, sent)
    with running(tmp_path, port) as emulator:
        assert figures.figure(emulator, sent) == counted == 2


def test_figures_by_minute_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack leaves out what came in the same minute, but a moment before."""
    assert figures.early_in_the_minute(endpoints_without_patches) is None
