"""What is put back into a table, without a database."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops import restore
from ops.reach.errors import OperatorError
from ops.reach.target import Target
from ops.restore import Copies, Report


class Tables:
    """A DynamoDB of some tables, whose reads of many keys leave out all but two at a time."""

    class exceptions:  # noqa: N801 - as boto3 has it
        """What it raises."""

        class ResourceNotFoundException(Exception):
            """There is no such table."""

    def __init__(self, **tables: list[dict[str, Any]]) -> None:
        """Hold these items, by their key `id`."""
        self.tables = {
            name: {item["id"]["S"]: item for item in items} for name, items in tables.items()
        }
        self.key = [{"AttributeName": "id", "KeyType": "HASH"}]
        self.status = "ACTIVE"

    def describe_table(self, *, TableName: str) -> dict[str, Any]:  # noqa: N803 - AWS's names
        """Tell the key."""
        if TableName not in self.tables:
            raise self.exceptions.ResourceNotFoundException
        key = self.key if TableName == "copy" else [{"AttributeName": "id", "KeyType": "HASH"}]
        return {"Table": {"TableStatus": self.status, "KeySchema": key}}

    def get_paginator(self, _name: str) -> Tables:
        """Give pages."""
        return self

    def paginate(self, *, TableName: str, **_: Any) -> list[dict[str, Any]]:  # noqa: N803
        """Give each item on a page with the next."""
        items = list(self.tables[TableName].values())
        return [{"Items": items[start : start + 3]} for start in range(0, len(items), 3)]

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        """Answer for two keys, and leave the others for the next time."""
        ((name, request),) = RequestItems.items()
        now, later = request["Keys"][:2], request["Keys"][2:]
        found = [{"id": key["id"]} for key in now if key["id"]["S"] in self.tables[name]]
        left = {name: {**request, "Keys": later}} if later else {}
        return {"Responses": {name: found}, "UnprocessedKeys": left}

    def put_item(self, *, TableName: str, Item: dict[str, Any], **_: Any) -> None:  # noqa: N803
        """Put what is not there."""
        if Item["id"]["S"] in self.tables[TableName]:
            error = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}
            raise ClientError(error, "PutItem")  # type: ignore[arg-type]
        self.tables[TableName][Item["id"]["S"]] = Item


def item(name: str, **more: Any) -> dict[str, Any]:
    return {"id": {"S": name}, **more}


def copies(tables: Tables) -> Copies:
    return Copies(tables, "live", "copy", ("id",))


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.restore.time.sleep", lambda _: None)


def target(tables: Tables) -> Target:
    return Target("stage prod", "s", lambda _: tables, {"OrdersTable": "live"}, "")


def test_only_what_is_missing_is_put_back() -> None:
    """What is there stays as it is, whatever the copy says; the rest comes back whole."""
    changed = item("b", status={"S": "READY"})
    tables = Tables(live=[changed], copy=[item(name, n={"N": "1"}) for name in "abcdefg"])
    report = Report("orders", "copy", 6)
    told: list[int] = []
    restore.put_back(copies(tables), 99, report, told.append, pause=0)
    assert report.restored == 6
    assert told[-1] == 6
    assert tables.tables["live"]["b"] == changed
    assert tables.tables["live"]["g"] == item("g", n={"N": "1"})
    assert list(restore.missing(copies(tables))) == []


def test_what_comes_meanwhile_is_left_alone() -> None:
    """Between the look and the put a customer may be quicker."""
    tables = Tables(live=[], copy=[item("a")])
    report = Report("orders", "copy", 1)
    found = list(restore.missing(copies(tables)))
    tables.tables["live"]["a"] = item("a", status={"S": "PLACED"})
    assert found == [item("a")]
    restore.put_back(copies(tables), 1, report, lambda _: None, pause=0)
    assert report.restored == 0
    assert not restore._put(copies(tables), item("a"))
    assert tables.tables["live"]["a"]["status"] == {"S": "PLACED"}


def test_expired_keys_stay_away() -> None:
    """An idempotency key that DynamoDB has deleted for its age does not come back."""
    now = int(time.time())
    old, young = (item(name, expiresAt={"N": str(at)}) for name, at in (("a", now), ("b", now + 9)))
    assert list(restore.missing(copies(Tables(live=[], copy=[old, young])))) == [young]


def test_no_copy() -> None:
    """A table that is not there, not ready, the same, or of another kind is refused."""
    tables = Tables(live=[], copy=[])
    assert restore.compare(target(tables), "orders", "copy").key == ("id",)
    with pytest.raises(OperatorError, match="is the table itself"):
        restore.compare(target(tables), "orders", "live")
    with pytest.raises(OperatorError, match="no table nope"):
        restore.compare(target(tables), "orders", "nope")
    tables.key = [{"AttributeName": "other", "KeyType": "HASH"}]
    with pytest.raises(OperatorError, match="another key"):
        restore.compare(target(tables), "orders", "copy")
    tables.status = "CREATING"
    with pytest.raises(OperatorError, match="Wait until it is ACTIVE"):
        restore.compare(target(tables), "orders", "copy")
