"""Streams that survive a restart, the metrics of tables, and tables that a stack takes over."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from ops.reach.clients import REGION, clients
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


def test_adopted_tables_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack cannot take an existing table into a stack as AWS::DynamoDB::GlobalTable."""
    client, name = clients(endpoints_without_patches.aws_endpoint_url), uuid.uuid4().hex
    described: dict[str, Any] = {
        "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    client("dynamodb").create_table(TableName=name, **described)
    kind = "AWS::DynamoDB::GlobalTable"
    table = {"Type": kind, "DeletionPolicy": "Retain", "Properties": described}
    table["Properties"] = {**described, "Replicas": [{"Region": REGION}]}
    wanted = {"StackName": f"s{name}", "ChangeSetName": "import"}
    client("cloudformation").create_change_set(
        **wanted,
        ChangeSetType="IMPORT",
        TemplateBody=json.dumps({"Resources": {"Table": table}}),
        ResourcesToImport=[
            {
                "ResourceType": kind,
                "LogicalResourceId": "Table",
                "ResourceIdentifier": {"TableName": name},
            }
        ],
    )
    answer = client("cloudformation").describe_change_set(**wanted)
    assert answer["ExecutionStatus"] == "UNAVAILABLE"
