"""DynamoDB's answers, as LocalStack recorded them in test_dynamodb.snapshot.json."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.recorded.conftest import answered, texts

if TYPE_CHECKING:
    from tests.integration.recorded.conftest import Table

pytestmark = pytest.mark.integration

NEW = {"ConditionExpression": "attribute_not_exists(id)"}
CANCELLED = "Transaction cancelled, please refer cancellation reasons for specific reasons "
FAILED = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}


def test_a_transaction_answers_nothing(table: Table) -> None:
    """A transaction that was written tells nothing of what it wrote.

    Recorded: test_transaction_write_items, 23-08-2023.
    """
    assert table.transact(table.putting("Fred", **NEW)) == {"status": 200}


@pytest.mark.parametrize("failing", [0, 1])
def test_a_cancelled_transaction_gives_each_reason_in_order(table: Table, failing: int) -> None:
    """Which operation failed is told by its place, in the text as well; nothing was written.

    Recorded: test_transaction_write_canceled, 23-08-2023.
    """
    table.put("there")
    operations = [table.putting("new"), table.putting("new too")]
    operations[failing] = table.putting("there", **NEW)
    codes: list[Any] = [{"Code": "None"}, {"Code": "None"}]
    codes[failing] = FAILED
    told = ", ".join(one["Code"] for one in codes)
    assert table.transact(*operations) == {
        "Error": {"Code": "TransactionCanceledException", "Message": f"{CANCELLED}[{told}]"},
        "CancellationReasons": codes,
        "status": 400,
    }
    assert table.dynamodb.scan(TableName=table.name)["Items"] == [texts(id="there")]


def test_a_cancelled_transaction_gives_the_item_if_asked(table: Table) -> None:
    """The item that failed the condition is in its reason.

    Recorded: test_return_values_on_conditions_check_failure, 03-01-2024 (of a put; that a
    transaction's reason has it in the same place is in the API's reference, CancellationReason).
    """
    table.put("there", name="Fred")
    asked = {**NEW, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    refused = table.transact(table.putting("there", **asked))
    item = texts(id="there", name="Fred")
    assert refused["CancellationReasons"] == [{**FAILED, "Item": item}]


def test_a_failed_condition_gives_the_item_if_asked(table: Table) -> None:
    """What tells 404, 409 and 412 apart comes with the refusal, and else it does not.

    Recorded: test_return_values_on_conditions_check_failure, 03-01-2024.
    """
    table.put("456", product="sporting goods")
    put = table.dynamodb.put_item
    asked = {"TableName": table.name, "Item": texts(id="456"), **NEW}
    error = {
        "Code": "ConditionalCheckFailedException",
        "Message": "The conditional request failed",
    }
    assert answered(put, **asked) == {"Error": error, "status": 400}
    assert answered(put, **asked, ReturnValuesOnConditionCheckFailure="ALL_OLD") == {
        "Error": error,
        "Item": texts(id="456", product="sporting goods"),
        "status": 400,
    }


def test_a_put_gives_the_old_item_if_asked(table: Table) -> None:
    """What was overwritten is given, and nothing where nothing was.

    Recorded: test_return_values_in_put_item, 23-08-2023.
    """
    put, asked = table.dynamodb.put_item, {"TableName": table.name, "ReturnValues": "ALL_OLD"}
    item = texts(id="id1", data="foobar")
    assert answered(put, **asked, Item=item) == {"status": 200}
    assert answered(put, **asked, Item=item) == {"Attributes": item, "status": 200}


def test_a_transaction_that_is_sent_again_is_the_same(table: Table) -> None:
    """The client's repetition, by its token, succeeds although its condition no longer holds.

    Recorded: test_dynamodb_idempotent_writing, 23-08-2023.
    """
    token = {"ClientRequestToken": uuid.uuid4().hex}
    operation = table.putting("once", **NEW)
    assert table.transact(operation, **token) == {"status": 200}
    assert table.transact(operation, **token) == {"status": 200}


def test_a_transaction_on_no_table_is_refused(table: Table) -> None:
    """A table that is not there is a mistake, and no cancelled transaction.

    Recorded: test_batch_write_not_existing_table, 22-10-2023.
    """
    operation = {"Put": {"TableName": "not-there", "Item": texts(id="one")}}
    assert table.transact(operation) == {
        "Error": {
            "Code": "ResourceNotFoundException",
            "Message": "Requested resource not found",
        },
        "status": 400,
    }


def test_an_item_without_its_key_is_refused(table: Table) -> None:
    """A write that names no key of the table is a mistake of ours.

    Recorded: test_batch_write_not_matching_schema, 23-08-2023.
    """
    put = {"PutRequest": {"Item": texts(name="no key")}}
    assert answered(table.dynamodb.batch_write_item, RequestItems={table.name: [put]}) == {
        "Error": {
            "Code": "ValidationException",
            "Message": "The provided key element does not match the schema",
        },
        "status": 400,
    }


def test_a_table_has_one_way_to_be_paid_for(table: Table) -> None:
    """On-demand capacity and provisioned units exclude each other.

    Recorded: test_dynamodb_pay_per_request, 23-08-2023.
    """
    key = {"AttributeName": "id", "KeyType": "HASH"}
    refused = answered(
        table.dynamodb.create_table,
        TableName=f"{table.name}-too",
        BillingMode="PAY_PER_REQUEST",
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
        KeySchema=[key],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    message = (
        "One or more parameter values were invalid: Neither ReadCapacityUnits nor "
        "WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
    )
    assert refused == {"Error": {"Code": "ValidationException", "Message": message}, "status": 400}


def test_a_table_cannot_be_made_twice(table: Table) -> None:
    """A second table of a name is refused, and names the table.

    Recorded: test_create_duplicate_table, 23-08-2023.
    """
    refused = answered(
        table.dynamodb.create_table,
        TableName=table.name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    message = f"Table already exists: {table.name}"
    assert refused["Error"] == {"Code": "ResourceInUseException", "Message": message}
