"""The metrics of pipes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.laboratories import metrics as figures
from tests.integration.laboratories.metrics import Figure
from tests.integration.laboratories.streams import used_pipe

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration


def test_pipe_figures(stack: Endpoints) -> None:
    """What a pipe carries is counted, and so is its failure: there was none."""
    pipe = {"PipeName": used_pipe(stack)}
    assert figures.appears(stack, Figure("AWS/EventBridge/Pipes", "EventCount", pipe)) == 1
    assert figures.figure(stack, Figure("AWS/EventBridge/Pipes", "ExecutionFailed", pipe)) == 0


def test_pipe_figures_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack tells nothing of pipes."""
    pipe = {"PipeName": used_pipe(endpoints_without_patches)}
    carried = Figure("AWS/EventBridge/Pipes", "EventCount", pipe)
    assert figures.appears(endpoints_without_patches, carried, seconds=2) is None
