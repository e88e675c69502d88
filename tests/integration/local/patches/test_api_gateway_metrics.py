"""The metrics and the access log of stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.laboratories import metrics as figures

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints


pytestmark = pytest.mark.integration


def test_gateway_figures(stack: Endpoints) -> None:
    """Each request is counted, the failed ones by whose fault it was, and timed."""
    names = ("Count", "4XXError", "5XXError", "Latency")
    before = {n: figures.figure(stack, figures.of_api(stack, n)) or 0 for n in names}
    assert (figures.visit(stack), figures.visit(stack, "/orders")) == (200, 401)
    after = {n: figures.figure(stack, figures.of_api(stack, n)) or 0 for n in names}
    grown = {name: after[name] - before[name] for name in names}
    assert (grown["Count"], grown["4XXError"], grown["5XXError"]) == (2, 1, 0)
    assert grown["Latency"] > 0


def test_gateway_figures_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack's gateway tells CloudWatch nothing."""
    figures.visit(endpoints_without_patches)
    wanted = figures.of_api(endpoints_without_patches, "Count")
    assert figures.figure(endpoints_without_patches, wanted) is None


def test_access_logs(stack: Endpoints) -> None:
    """A request's line tells route, status, key, and why it was refused before a function ran."""
    figures.visit(stack, "/partner/orders", **{"x-api-key": stack.partner_api_key})
    figures.visit(stack, "/partner/orders")
    served, refused = figures.access_log(stack)[-2:]
    assert (served["route"], served["method"], served["status"]) == (
        "/partner/orders",
        "GET",
        "200",
    )
    assert served["apiKeyId"] not in ("-", stack.partner_api_key)
    assert int(served["latency"]) >= int(served["integrationLatency"])
    assert (refused["status"], refused["errorType"]) == ("403", "INVALID_API_KEY")
    assert (refused["apiKeyId"], refused["integrationLatency"]) == ("-", "-")


def test_access_logs_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack knows the log's group and format, and writes no line."""
    figures.visit(endpoints_without_patches)
    assert figures.access_log(endpoints_without_patches) == []
