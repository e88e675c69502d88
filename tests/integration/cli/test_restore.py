"""`orders restore` on the running stack: lost orders come back, and nothing else changes."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from cli import app as cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ops.reach.endpoints import Endpoints
    from tests.integration.conftest import Partner

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

Restore = Any


@pytest.fixture
def copy(stack: Endpoints, dynamodb: Any) -> Iterator[str]:
    """A table as point-in-time recovery would make it, still empty."""
    described = dynamodb.describe_table(TableName=stack.tables["orders"])["Table"]
    key = described["KeySchema"]
    names = {part["AttributeName"] for part in key}
    name = f"copy-{uuid.uuid4().hex}"
    dynamodb.create_table(
        TableName=name,
        KeySchema=key,
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in sorted(names)],
        BillingMode="PAY_PER_REQUEST",
    )
    yield name
    dynamodb.delete_table(TableName=name)


@pytest.fixture
def restore(
    stack: Endpoints,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Restore:
    """Run the command on the local run, and give its report."""
    (tmp_path / "endpoints.json").write_text(json.dumps(asdict(stack)))
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.delenv("LOCAL_PORT", raising=False)
    monkeypatch.setattr(cli, "listen", lambda: None)

    def run(*arguments: str) -> dict[str, Any]:
        with pytest.raises(SystemExit) as ended:
            cli.main(["restore", "orders", *arguments, "--local", "--json", "--yes"])
        assert ended.value.code == 0
        report: dict[str, Any] = json.loads(capsys.readouterr().out)
        return report

    return run


def test_lost_orders_come_back(
    acme: Partner, stack: Endpoints, dynamodb: Any, copy: str, restore: Restore
) -> None:
    """An order that was deleted is as it was, and one that has changed since stays changed."""
    table = stack.tables["orders"]
    lost, kept, also_lost = (acme.place() for _ in range(3))
    keys = {}
    for placed in (lost, kept, also_lost):
        key = {"orderId": {"S": placed["orderId"]}, "timestamp": {"S": placed["createdAt"]}}
        dynamodb.put_item(TableName=copy, Item=dynamodb.get_item(TableName=table, Key=key)["Item"])
        keys[placed["orderId"]] = key
    acme.patch(kept["orderId"], {"status": "CANCELLED"})
    for placed in (lost, also_lost):
        dynamodb.delete_item(TableName=table, Key=keys[placed["orderId"]])
        assert acme.get(placed["orderId"]).status_code == 404

    assert restore("--from-table", copy, "--dry-run")["missing"] == 2
    assert acme.get(lost["orderId"]).status_code == 404
    assert restore("--from-table", copy, "--limit", "1")["restored"] == 1
    report = restore("--from-table", copy)
    assert (report["missing"], report["restored"]) == (1, 1)

    for placed in (lost, also_lost):
        again = acme.get(placed["orderId"]).json()
        assert {**again, **_moving(placed)} == placed
    assert acme.get(kept["orderId"]).json()["status"] == "CANCELLED"
    assert restore("--from-table", copy)["missing"] == 0


def _moving(placed: dict[str, Any]) -> dict[str, Any]:
    """Give what a worker may have changed meanwhile, as it was."""
    return {name: placed[name] for name in ("status", "version", "updatedAt", "history")}
