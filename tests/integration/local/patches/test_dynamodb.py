"""Streams that survive a restart, and the metrics of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ops.reach.clients import clients
from tests.integration.laboratories import metrics as figures
from tests.integration.laboratories.streams import heard_after_restart

if TYPE_CHECKING:
    from pathlib import Path

    from ops.reach.endpoints import Endpoints


pytestmark = pytest.mark.integration


def test_kept_streams(tmp_path: Path) -> None:
    """A change that was written just before a clean stop reaches the queue after the next start."""
    assert heard_after_restart(tmp_path, patches=None) == {"before", "after", "last"}


def test_kept_streams_is_needed(tmp_path: Path) -> None:
    """Ministack forgets such a change, and later ones as many as its pipe had delivered."""
    assert heard_after_restart(tmp_path, patches=()) == {"last"}


def test_table_figures(stack: Endpoints, api_key_id: str) -> None:
    """A read is timed and its units counted, and so is a write, a refused one as that."""
    table, dynamodb = stack.tables["partners"], clients(stack.aws_endpoint_url)("dynamodb")
    read = figures.of_partners_table(stack, "ConsumedReadCapacityUnits")
    refused = figures.of_partners_table(stack, "ConditionalCheckFailedRequests")
    before = [figures.figure(stack, one) or 0 for one in (read, refused)]
    key = {"apiKeyId": {"S": api_key_id}}
    dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(
            TableName=table, Item=key, ConditionExpression="attribute_not_exists(apiKeyId)"
        )
    after = [figures.figure(stack, one) or 0 for one in (read, refused)]
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, 1]
    latency = figures.of_partners_table(stack, "SuccessfulRequestLatency", Operation="GetItem")
    assert figures.figure(stack, latency, "Minimum") is not None


def test_table_figures_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack tells nothing of tables."""
    read = figures.of_partners_table(endpoints_without_patches, "ConsumedReadCapacityUnits")
    dynamodb = clients(endpoints_without_patches.aws_endpoint_url)("dynamodb")
    dynamodb.scan(TableName=endpoints_without_patches.tables["partners"])
    assert figures.figure(endpoints_without_patches, read) is None
