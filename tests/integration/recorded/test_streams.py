"""A stream's records, as LocalStack recorded them in test_dynamodb.snapshot.json."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.recorded.conftest import texts

if TYPE_CHECKING:
    from tests.integration.recorded.conftest import Table

pytestmark = pytest.mark.integration


def shown(record: dict[str, Any]) -> tuple[str, Any, Any, Any]:
    """Give what a record tells of an item: what became of it, its key, and both images."""
    change = record["dynamodb"]
    return (record["eventName"], change["Keys"], change.get("OldImage"), change.get("NewImage"))


def test_each_change_is_one_record(table: Table) -> None:
    """An item comes, changes and goes; an update of none makes it; what changes nothing is nothing.

    Recorded: test_transact_write_items_streaming, 31-05-2024 (and the API's guide, "Change data
    capture for DynamoDB Streams", of what changes nothing).
    """
    table.put("Fred")
    table.transact(table.putting("NewKey"), table.putting("Fred"))
    table.update("NewKey", attr1="value1", attr2="value2")
    table.update("NewKey", attr1="value1")
    table.update("NonExistentKey", attr1="value1")
    table.delete("NewKey")
    table.delete("NoSuchKey")
    table.put("Fred", name="Fred")
    fred, new, other = texts(id="Fred"), texts(id="NewKey"), texts(id="NonExistentKey")
    full, named = texts(id="NewKey", attr1="value1", attr2="value2"), texts(id="Fred", name="Fred")
    assert [shown(record) for record in table.records()] == [
        ("INSERT", fred, None, fred),
        ("INSERT", new, None, new),
        ("MODIFY", new, new, full),
        ("INSERT", other, None, texts(id="NonExistentKey", attr1="value1")),
        ("REMOVE", new, full, None),
        ("MODIFY", fred, fred, named),
    ]


def test_a_record_has_the_form_that_aws_gives_it(table: Table) -> None:
    """Its version, its source, its view and its sequence number, which grows.

    Recorded: test_batch_write_items_streaming, 22-10-2023. A sequence number has 21 to 40 digits
    (API reference, StreamRecord).
    """
    table.put("Fred")
    table.put("Fred", name="Fred")
    first, second = table.records()
    assert {name: first[name] for name in ("eventSource", "eventVersion", "awsRegion")} == {
        "eventSource": "aws:dynamodb",
        "eventVersion": "1.1",
        "awsRegion": "us-east-1",
    }
    assert set(first) == {
        *("eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb")
    }
    assert set(first["dynamodb"]) == {
        *("ApproximateCreationDateTime", "Keys", "NewImage", "SequenceNumber", "SizeBytes"),
        "StreamViewType",
    }
    assert first["dynamodb"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    numbers = [one["dynamodb"]["SequenceNumber"] for one in (first, second)]
    assert all(re.fullmatch(r"[0-9]{21,40}", number) for number in numbers)
    assert int(numbers[0]) < int(numbers[1])
    assert first["eventID"] != second["eventID"]


def test_a_record_tells_its_size(table: Table) -> None:
    """Its keys and its images count, names and texts in bytes.

    Recorded: test_batch_write_items_streaming, 22-10-2023, and
    test_dynamodb_stream_records_with_update_item, 26-06-2024.
    """
    table.put("Fred")
    table.put("NewKey")
    table.delete("NewKey")
    table.put("Fred", name="Fred")
    table.update("my-item-id", attr1="value1", attr2="value2")
    table.update("my-item-id", attr1="value2", attr2="value3")
    sizes = [record["dynamodb"]["SizeBytes"] for record in table.records()]
    assert sizes == [12, 16, 16, 26, 46, 80]
