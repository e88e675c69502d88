"""Spans are called what people call them."""

from __future__ import annotations

from typing import Any

import pytest

from ops.traces import labels
from ops.traces.reasons import in_words
from ops.traces.spans import spans
from orders.aws_api import ApiError
from orders.dynamodb import DynamoDBError
from orders.webhooks import Undelivered
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


@pytest.mark.parametrize(
    ("known", "shown"),
    [
        ({"annotations": {"reason": "connection refused"}}, ["FAULT", "connection refused"]),
        (
            {"http": {"response": {"status": 503}}, "annotations": {"reason": "HTTP 503"}},
            ["FAULT", "503"],
        ),
        ({}, ["FAULT", "no answer, or one that means later"]),  # as before there were reasons
    ],
)
def test_why_a_webhook_was_not_taken(known: dict[str, Any], shown: list[str]) -> None:
    """I read what the partner's server did, once, and no name that only our code knows."""
    cause = {"exceptions": [{"id": "1", "type": "Deferred"}]}
    (span,) = spans([part(REQUEST, 1, 0, name="shop.example", fault=True, cause=cause, **known)])
    assert list(labels.details(span)) == shown


@pytest.mark.parametrize("family", [ApiError, DynamoDBError, Undelivered])
def test_no_name_of_our_own_code_is_shown(family: type[Exception]) -> None:
    """Every failure of a call that we have a name for is told in words."""
    for kind in (family, *family.__subclasses__()):
        assert in_words(kind.__name__) != kind.__name__
        assert in_words(kind.__name__).islower()
    assert in_words("KeyError") == "KeyError"
