"""Metrics of log lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.laboratories import metrics as figures
from tests.integration.laboratories.metrics import Figure

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints


pytestmark = pytest.mark.integration


def test_log_figures(stack: Endpoints) -> None:
    """A line in the embedded metric format becomes a metric, and every line counts as bytes."""
    lines = [figures.embedded("Served", 3), figures.embedded("Served", 4), "{"]
    group = figures.logged(stack, lines)
    served = Figure("Laboratory", "Served", {"kind": "embedded"})
    assert figures.figure(stack, served) == 7
    written = Figure("AWS/Logs", "IncomingBytes", {"LogGroupName": group})
    assert figures.figure(stack, written) == sum(len(line) for line in lines)


def test_log_figures_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack makes no metrics of log lines."""
    figures.logged(endpoints_without_patches, [figures.embedded("Served", 3)])
    served = Figure("Laboratory", "Served", {"kind": "embedded"})
    assert figures.figure(endpoints_without_patches, served) is None
