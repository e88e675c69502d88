"""Tables, queues and topics of their own, on the running copy."""

from __future__ import annotations

import functools
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.integration.laboratories.queues import Queue, make
from tests.shared.people import aws

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.reach.endpoints import Endpoints


class Table(NamedTuple):
    """A table with the key `id`, and a stream of both images."""

    dynamodb: Any
    streams: Any
    name: str

    def put(self, item_id: str, **attributes: str) -> None:
        """Write an item of texts."""
        self.dynamodb.put_item(TableName=self.name, Item=texts(id=item_id, **attributes))

    def update(self, item_id: str, **attributes: str) -> None:
        """Set attributes of an item, which may not be there."""
        sets = ", ".join(f"{name} = :{name}" for name in attributes)
        self.dynamodb.update_item(
            TableName=self.name,
            Key=texts(id=item_id),
            UpdateExpression=f"SET {sets}",
            ExpressionAttributeValues={
                f":{name}": {"S": text} for name, text in attributes.items()
            },
        )

    def delete(self, item_id: str) -> None:
        """Remove an item."""
        self.dynamodb.delete_item(TableName=self.name, Key=texts(id=item_id))

    def putting(self, item_id: str, **options: Any) -> dict[str, Any]:
        """Give a put as a part of a transaction."""
        return {"Put": {"TableName": self.name, "Item": texts(id=item_id), **options}}

    def transact(self, *operations: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Write all or nothing."""
        return answered(
            self.dynamodb.transact_write_items, TransactItems=list(operations), **options
        )

    def records(self) -> list[dict[str, Any]]:
        """Read the whole stream."""
        (stream,) = self.streams.list_streams(TableName=self.name)["Streams"]
        arn = stream["StreamArn"]
        (shard,) = self.streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        iterator = self.streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found: list[dict[str, Any]] = self.streams.get_records(ShardIterator=iterator)["Records"]
        return found


def texts(**attributes: str) -> dict[str, Any]:
    """Write texts in DynamoDB's typed JSON."""
    return {name: {"S": text} for name, text in attributes.items()}


def answered(call: Callable[..., Any], **asked: Any) -> dict[str, Any]:
    """Give an answer, or an error's as AWS's library reads it, without what differs each time."""
    client = call.__self__  # type: ignore[attr-defined] # it is a client's method
    try:
        answer = call(**asked)
    except client.exceptions.ClientError as error:
        answer = error.response
    status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
    answer.pop("message", None)  # the error's, once more
    return {**answer, "status": status}


def unique(name: str) -> str:
    """Make a name that nothing else has."""
    return f"{name}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def table(stack: Endpoints) -> Table:
    name, dynamodb = unique("recorded"), aws(stack, "dynamodb")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return Table(dynamodb, aws(stack, "dynamodbstreams"), name)


@pytest.fixture
def queue(stack: Endpoints) -> Callable[..., Queue]:
    """Make a queue, with some attributes."""
    return functools.partial(make, stack)
