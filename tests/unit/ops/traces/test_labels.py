"""Spans are called what people call them."""

from __future__ import annotations

import pytest

from ops.traces import labels
from ops.traces.spans import spans
from tests.shared.tracing.traces import REQUEST, part


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        ("food-delivery-orders-dev-CreateOrderFunction4D4A6301268B4DECFA75", "create_order"),
        ("food-delivery-orders-prod-CreateOrderFunction4D4A6301-AbCdEfGhIjKl", "create_order"),
        (
            "food-delivery-orders-dev-DataIdempotencyKeysC97C98AF-FCE3E3B1A96A8",
            "DataIdempotencyKeys",
        ),
        ("food-delivery-orders-prod-DataOrders20A4E13F-1ABCDEFGHIJKL", "DataOrders"),
        ("orders", "orders"),
    ],
)
def test_names_that_cloudformation_made(made: str, shown: str) -> None:
    """Tables and functions are shown by the names that the code has for them."""
    document = part(REQUEST, 1, 0, name="DynamoDB", aws={"operation": "Get", "table_name": made})
    (span,) = spans([document])
    assert list(labels.details(span)) == [shown]
