"""DynamoDB's calls, as far as the store makes them (docs/decisions/0040-own-client.md).

Client ─► typed JSON ─► orders.aws.calls ─► plain items, and what the call has used
                        refused ─► DynamoDBError
                                   ├── ConditionFailed       a condition was not met
                                   ├── TransactionCancelled  nothing was written, and why
                                   ├── Throttled             too much at once
                                   ├── Mistake               a grant, a table, a check is missing
                                   └── NoAnswer              not to the last try

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

from __future__ import annotations

import os
from typing import Any, Protocol

from msgspec import Struct
from msgspec.json import encode

from orders.aws.attributes import answer, plain, typed
from orders.aws.calls import Api, Limits, Outcome, Unanswered
from orders.aws.connection import Request
from orders.aws.signing import endpoint

Item = dict[str, Any]
"""An item, or a key."""

_TARGET = "DynamoDB_20120810."
_LIMITS = Limits(connect=1.0, answer=2.0, whole=6.0, tries=3)


class Used(Struct, frozen=True):
    """What is told of a call: its id at AWS, the capacity units it took, how often it was sent."""

    request_id: str | None = None
    consumed_rcu: float | None = None
    consumed_wcu: float | None = None
    retries: int = 0


class DynamoDBError(Exception):
    """What DynamoDB, or the way to it, refused; its text is AWS's own name for why."""

    used = Used()


class ConditionFailed(DynamoDBError):
    """A condition was not met; `item` is the item as it stands, if asked for and there is one."""

    item: Item | None = None


class TransactionCancelled(DynamoDBError):
    """A transaction wrote nothing; its text lists why, one name for each of its operations.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html
    """


class Throttled(DynamoDBError):
    """More was asked for than the table's capacity, or its ceiling, lets pass."""


class Mistake(DynamoDBError):
    """What no repetition mends: a grant, a table or a check of ours is missing."""


class NoAnswer(DynamoDBError):
    """DynamoDB did not answer the last try, or failed."""


class Client(Protocol):
    """The calls that the store makes; the last thing in each answer is what was used."""

    def get_item(self, table: str, key: Item, *, consistent_read: bool) -> tuple[Item | None, Used]:
        """Read one item."""

    def put_item(self, table: str, item: Item) -> tuple[None, Used]:
        """Write one item, whatever was there."""

    def query_page(
        self, table: str, key_condition_expression: str, **options: Any
    ) -> tuple[list[Item], Item | None, Used]:
        """Read one page, and the key that it ends at."""

    def scan_page(self, table: str, **options: Any) -> tuple[list[Item], Item | None, Used]:
        """Read one page of a whole table, and the key that it ends at."""

    def transact_write(self, puts: list[Item]) -> tuple[None, Used]:
        """Write all or nothing."""

    def update_item(self, table: str, key: Item, **options: Any) -> tuple[Item | None, Used]:
        """Change one item, and give it as `return_values` asks for."""


class Connected:
    """The client; threads may share it. Options are those of AWS, with names as Python has them."""

    def __init__(self, api: Api) -> None:
        """Use DynamoDB's API."""
        self._api = api

    def get_item(self, table: str, key: Item, *, consistent_read: bool) -> tuple[Item | None, Used]:
        """Read one item; None where there is none."""
        asked = {"TableName": table, "Key": typed(key), "ConsistentRead": consistent_read}
        outcome = self._ask("GetItem", asked)
        return outcome.told.get("Item"), _read(outcome)

    def put_item(self, table: str, item: Item) -> tuple[None, Used]:
        """Write one item, whatever was there."""
        outcome = self._ask("PutItem", {"TableName": table, "Item": typed(item)})
        return None, _written(outcome)

    def query_page(
        self, table: str, key_condition_expression: str, **options: Any
    ) -> tuple[list[Item], Item | None, Used]:
        """Read one page, and the key that it ends at; None where nothing follows."""
        asked = {"TableName": table, "KeyConditionExpression": key_condition_expression}
        return _page(self._ask("Query", asked | _options(options)))

    def scan_page(self, table: str, **options: Any) -> tuple[list[Item], Item | None, Used]:
        """Read one page of a whole table, and the key that it ends at; None at its end."""
        return _page(self._ask("Scan", {"TableName": table} | _options(options)))

    def transact_write(self, puts: list[Item]) -> tuple[None, Used]:
        """Write all or nothing, and once: however often it is sent, its token is the same.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-apis-txwriteitems
        """
        items = [
            {"Put": {"TableName": put.pop("table"), "Item": typed(put.pop("item"))} | _options(put)}
            for put in map(dict, puts)
        ]
        asked = {"TransactItems": items, "ClientRequestToken": os.urandom(16).hex()}
        outcome = self._ask("TransactWriteItems", asked, counted=False)
        return None, Used(outcome.request_id, retries=outcome.retries)

    def update_item(self, table: str, key: Item, **options: Any) -> tuple[Item | None, Used]:
        """Change one item; an option asks which one is given, and what a failure tells."""
        asked = {"TableName": table, "Key": typed(key)} | _options(options)
        outcome = self._ask("UpdateItem", asked)
        return outcome.told.get("Attributes"), _written(outcome)

    def _ask(self, operation: str, asked: Item, *, counted: bool = True) -> Outcome:
        if counted:
            asked["ReturnConsumedCapacity"] = "TOTAL"
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"{_TARGET}{operation}",
        }
        try:
            outcome = self._api.ask(Request("POST", "/", "", headers, encode(asked)))
        except Unanswered as failure:
            raise _told(NoAnswer(str(failure)), Used(retries=failure.retries)) from failure
        if outcome.code:
            raise _refusal(outcome)
        return outcome


_NAMES = {
    "condition_expression": "ConditionExpression",
    "consistent_read": "ConsistentRead",
    "exclusive_start_key": "ExclusiveStartKey",
    "expression_attribute_names": "ExpressionAttributeNames",
    "expression_attribute_values": "ExpressionAttributeValues",
    "filter_expression": "FilterExpression",
    "index_name": "IndexName",
    "limit": "Limit",
    "return_values": "ReturnValues",
    "return_values_on_condition_check_failure": "ReturnValuesOnConditionCheckFailure",
    "scan_index_forward": "ScanIndexForward",
    "update_expression": "UpdateExpression",
}
_ITEMS = {"exclusive_start_key", "expression_attribute_values"}


def _options(given: Item) -> Item:
    """Give options as AWS names and writes them; None is left out."""
    return {
        _NAMES[name]: typed(value) if name in _ITEMS else value
        for name, value in given.items()
        if value is not None
    }


def _page(outcome: Outcome) -> tuple[list[Item], Item | None, Used]:
    told = outcome.told
    return told.get("Items") or [], told.get("LastEvaluatedKey"), _read(outcome)


def _units(outcome: Outcome) -> float | None:
    units: float | None = (outcome.told.get("ConsumedCapacity") or {}).get("CapacityUnits")
    return units


def _read(outcome: Outcome) -> Used:
    return Used(outcome.request_id, _units(outcome), None, outcome.retries)


def _written(outcome: Outcome) -> Used:
    return Used(outcome.request_id, None, _units(outcome), outcome.retries)


_MISTAKES = {
    "AccessDeniedException",
    "ResourceNotFoundException",
    "SerializationException",
    "ValidationException",
}


def _refusal(outcome: Outcome) -> DynamoDBError:
    """Give the error that an answer tells of; AWS's message, which may quote items, is not kept."""
    code, told = outcome.code, outcome.told
    error: DynamoDBError
    if code == "ConditionalCheckFailedException":
        error = ConditionFailed(code)
        found = told.get("Item")
        error.item = None if found is None else plain(found)
    elif code == "TransactionCanceledException":
        reasons = told.get("CancellationReasons", ())
        error = TransactionCancelled(", ".join(str(reason.get("Code")) for reason in reasons))
    elif code in _MISTAKES:
        error = Mistake(code)
    elif "Throttl" in code or "Exceeded" in code:
        error = Throttled(code)
    else:
        error = NoAnswer(code)
    return _told(error, Used(outcome.request_id, retries=outcome.retries))


def _told(error: DynamoDBError, used: Used) -> DynamoDBError:
    error.used = used
    return error


def connect() -> Client:
    """Make a client with time-outs that fit an HTTP request, in Lambda's Region and role."""
    return Connected(Api("dynamodb", endpoint("dynamodb"), _LIMITS, answer))
