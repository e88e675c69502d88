"""Streams, units, sums, metrics of tables, and tables that a stack takes over."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from ops.reach.clients import REGION, clients
from tests.integration import stacks
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


class Shelf:
    """A table of its own, with a stream, and reads of it that say what they cost."""

    def __init__(self, endpoints: Endpoints) -> None:
        """Make the table, under a new name."""
        client = clients(endpoints.aws_endpoint_url)
        self.dynamodb, self.streams = client("dynamodb"), client("dynamodbstreams")
        self.name = f"shelf-{uuid.uuid4().hex[:8]}"
        made = self.dynamodb.create_table(
            TableName=self.name,
            KeySchema=[
                {"AttributeName": "shelf", "KeyType": "HASH"},
                {"AttributeName": "number", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "shelf", "AttributeType": "S"},
                {"AttributeName": "number", "AttributeType": "N"},
            ],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        self.stream = made["TableDescription"]["LatestStreamArn"]

    @staticmethod
    def key(number: int, shelf: str = "a") -> dict[str, Any]:
        """Name an item."""
        return {"shelf": {"S": shelf}, "number": {"N": str(number)}}

    def put(self, number: int, size: int) -> None:
        """Put an item of so many bytes: names, a letter, a number below 100 and a text."""
        text = size - len("shelfanumbertext") - 2
        item = {**self.key(number), "text": {"S": "x" * text}}
        self.dynamodb.put_item(TableName=self.name, Item=item)

    def get(self, number: int, **options: Any) -> float:
        """Tell what reading an item costs."""
        options |= {"Key": self.key(number), "ReturnConsumedCapacity": "TOTAL"}
        answer = self.dynamodb.get_item(TableName=self.name, **options)
        return float(answer["ConsumedCapacity"]["CapacityUnits"])

    def query(self, **options: Any) -> float:
        """Tell what reading a shelf costs."""
        options["KeyConditionExpression"] = "shelf = :shelf"
        values = options.setdefault("ExpressionAttributeValues", {})
        values[":shelf"] = {"S": "a"}
        answer = self.dynamodb.query(TableName=self.name, ReturnConsumedCapacity="TOTAL", **options)
        return float(answer["ConsumedCapacity"]["CapacityUnits"])

    def update(self, expression: str, **values: Any) -> None:
        """Change the item 1."""
        self.dynamodb.update_item(
            TableName=self.name,
            Key=self.key(1),
            UpdateExpression=expression,
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
        )

    def record_sizes(self) -> list[int]:
        """Give the sizes that the stream's records say they have."""
        described = self.streams.describe_stream(StreamArn=self.stream)["StreamDescription"]
        (shard,) = described["Shards"]
        iterator = self.streams.get_shard_iterator(
            StreamArn=self.stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records = self.streams.get_records(ShardIterator=iterator)["Records"]
        return [record["dynamodb"]["SizeBytes"] for record in records]


def test_read_units(stack: Endpoints) -> None:
    """A read of one item costs a unit for each 4 KB begun, half if it is eventually consistent."""
    shelf = Shelf(stack)
    for number, size, units in ((1, 4_096, 1), (2, 4_097, 2), (3, 32_768, 8), (4, 32_769, 9)):
        shelf.put(number, size)
        assert shelf.get(number, ConsistentRead=True) == units
        assert shelf.get(number) == units / 2
        assert shelf.get(number, ProjectionExpression="shelf") == units / 2
    assert shelf.get(99, ConsistentRead=True) == 1
    assert shelf.get(99) == 0.5


def test_read_units_of_pages(stack: Endpoints) -> None:
    """A page costs by the sum of what it looks at, whatever a filter leaves of it."""
    shelf = Shelf(stack)
    assert shelf.query() == 0.5
    for number in range(3):
        shelf.put(number, 3_000)
    assert shelf.query() == 1.5
    assert shelf.query(ConsistentRead=True) == 3
    assert shelf.query(ConsistentRead=True, Limit=1) == 1
    values = {":none": {"S": "none"}}
    assert (
        shelf.query(
            FilterExpression="#t = :none",
            ExpressionAttributeNames={"#t": "text"},
            ExpressionAttributeValues=values,
        )
        == 1.5
    )
    scanned = shelf.dynamodb.scan(TableName=shelf.name, ReturnConsumedCapacity="TOTAL")
    assert scanned["ConsumedCapacity"]["CapacityUnits"] == 1.5


def test_read_units_of_many(stack: Endpoints) -> None:
    """In a batch each item is rounded up for itself; in a transaction it costs twice as much."""
    shelf = Shelf(stack)
    for number in range(3):
        shelf.put(number, 3_000)
    shelf.put(3, 32_768)
    keys = [shelf.key(number) for number in range(3)]
    wanted = {shelf.name: {"Keys": keys}}
    batch = shelf.dynamodb.batch_get_item(RequestItems=wanted, ReturnConsumedCapacity="TOTAL")
    assert [used["CapacityUnits"] for used in batch["ConsumedCapacity"]] == [1.5]
    gets = [{"Get": {"TableName": shelf.name, "Key": shelf.key(number)}} for number in (1, 3)]
    together = shelf.dynamodb.transact_get_items(TransactItems=gets, ReturnConsumedCapacity="TOTAL")
    assert [used["CapacityUnits"] for used in together["ConsumedCapacity"]] == [2 * (1 + 8)]


def test_read_units_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack takes a unit for each read, however much it reads."""
    shelf = Shelf(endpoints_without_patches)
    shelf.put(1, 32_768)
    assert shelf.get(1, ConsistentRead=True) == shelf.query(ConsistentRead=True) == 1


def sizes_of_a_life(endpoints: Endpoints) -> list[int]:
    """Let an item come, change and go: key 5 + 1 + 6 + 2 bytes, then 4 and 10, then 4 and 20."""
    shelf = Shelf(endpoints)
    item = {**shelf.key(1), "text": {"S": "x" * 10}}
    shelf.dynamodb.put_item(TableName=shelf.name, Item=item)
    shelf.dynamodb.put_item(TableName=shelf.name, Item={**item, "text": {"S": "x" * 20}})
    shelf.dynamodb.delete_item(TableName=shelf.name, Key=shelf.key(1))
    return shelf.record_sizes()


def test_record_sizes(stack: Endpoints) -> None:
    """A record of a stream says how large its key and images are together."""
    key, old, new = 14, 14 + 14, 14 + 24
    assert sizes_of_a_life(stack) == [key + old, key + old + new, key + new]


def test_record_sizes_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack says that every record is of no size."""
    assert sizes_of_a_life(endpoints_without_patches) == [0, 0, 0]


SUMS = ["SET amount = amount + :text", "SET amount = :text + amount", "SET amount = note - :one"]
"""Each has a text on one of its sides."""


@pytest.mark.parametrize("expression", [*SUMS, "SET amount = (note + :one)"])
def test_typed_arithmetic(stack: Endpoints, expression: str) -> None:
    """A sum of a number and a text is refused, and the item stays as it was."""
    shelf = Shelf(stack)
    shelf.update("SET amount = :one, note = :text", one={"N": "1"}, text={"S": "2"})
    values = {"one": {"N": "1"}, "text": {"S": "2"}}
    used = {name: value for name, value in values.items() if f":{name}" in expression}
    with pytest.raises(ClientError, match=r"ValidationException.*incorrect data type"):
        shelf.update(expression, **used)
    shelf.update("SET amount = if_not_exists(amount, :one) + :one", one={"N": "1"})
    answer = shelf.dynamodb.get_item(TableName=shelf.name, Key=shelf.key(1))
    assert answer["Item"]["amount"] == {"N": "2"}


def test_typed_arithmetic_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack takes such a sum for its left side."""
    shelf = Shelf(endpoints_without_patches)
    shelf.update("SET amount = :one", one={"N": "1"})
    shelf.update("SET amount = amount + :text", text={"S": "2"})
    answer = shelf.dynamodb.get_item(TableName=shelf.name, Key=shelf.key(1))
    assert answer["Item"]["amount"] == {"N": "1"}


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


def _item_of_an_updated_table(endpoints: Endpoints) -> Any:
    """Make a stack of one table, put an item, add an index; gives what is there of the item."""
    client, name = clients(endpoints.aws_endpoint_url), f"s{uuid.uuid4().hex}"
    cloudformation, dynamodb = client("cloudformation"), client("dynamodb")
    index = {
        "IndexName": "by-shelf",
        "KeySchema": [{"AttributeName": "shelf", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    described: dict[str, Any] = {
        "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        "Replicas": [{"Region": REGION}],
    }
    attributes = [*described["AttributeDefinitions"], {**described["AttributeDefinitions"][0]}]
    attributes[1]["AttributeName"] = "shelf"
    more = {**described, "AttributeDefinitions": attributes, "GlobalSecondaryIndexes": [index]}
    before, after = (
        json.dumps(
            {
                "Resources": {"Table": {"Type": "AWS::DynamoDB::GlobalTable", "Properties": given}},
                "Outputs": {"Table": {"Value": {"Ref": "Table"}}},
            }
        )
        for given in (described, more)
    )
    stack = stacks.make(cloudformation, name, before)
    table, item = stack["Outputs"][0]["OutputValue"], {"key": {"S": "k"}, "shelf": {"S": "o"}}
    dynamodb.put_item(TableName=table, Item=item)
    stack = stacks.update(cloudformation, name, after)
    found = dynamodb.query(
        TableName=stack["Outputs"][0]["OutputValue"],
        IndexName="by-shelf",
        KeyConditionExpression="shelf = :shelf",
        ExpressionAttributeValues={":shelf": item["shelf"]},
    )
    stacks.end(cloudformation, name)
    return found["Items"]


def test_updated_tables(stack: Endpoints) -> None:
    """A table that gets an index keeps its items, and the index finds them."""
    assert len(_item_of_an_updated_table(stack)) == 1


def test_updated_tables_is_needed(endpoints_without_patches: Endpoints) -> None:
    """Ministack makes it anew, and loses the items."""
    assert _item_of_an_updated_table(endpoints_without_patches) == []
