"""Log lines by the page, and metrics of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.laboratories import metrics as figures
from tests.integration.laboratories.metrics import Figure
from tests.shared.people import aws

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints


pytestmark = pytest.mark.integration


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 10_000])
def test_log_pages(stack: Endpoints, limit: int) -> None:
    """Pages give every line once, in order, though many were written in the same millisecond."""
    lines = [f"line {number}" for number in range(7)]
    assert figures.read_by_page(stack, figures.logged(stack, lines), limit) == lines


def test_more_than_a_page_is_told(stack: Endpoints) -> None:
    """No line is lost to who reads a log of more lines than fit into an answer."""
    lines = [f"line {number}" for number in range(10_001)]
    assert figures.read_by_page(stack, figures.logged(stack, lines), 10_000) == lines


def test_a_strange_token_is_refused(stack: Endpoints) -> None:
    """It is no page that the emulator has given."""
    logs, group = aws(stack, "logs"), figures.logged(stack, ["line"])
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.filter_log_events(logGroupName=group, nextToken="elsewhere")


def test_log_pages_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack tells nobody that there is more."""
    group = figures.logged(endpoints_without_patches, ["one", "two"])
    assert figures.read_by_page(endpoints_without_patches, group, 1) == ["one"]


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
