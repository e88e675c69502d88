"""`make load` on the running stack: what it finds, and what it leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from load import __main__ as command
from load.ledger import LEDGER, PAGE
from load.run import REPORT
from tests.shared.people import aws

if TYPE_CHECKING:
    from ops.reach.endpoints import Endpoints

pytestmark = pytest.mark.integration


@pytest.fixture
def named(stack: Endpoints, monkeypatch: pytest.MonkeyPatch) -> Endpoints:
    """The stack, found as `make load` finds the local run."""
    home = Path(stack.server_pem).parent
    monkeypatch.setenv("LOCAL_PORT", home.name)
    monkeypatch.setenv("LOCAL_DIR", str(home.parent))
    monkeypatch.setattr(command, "listen", lambda: None)
    return stack


def guests(stack: Endpoints) -> list[str]:
    pool = aws(stack, "cognito-idp").list_users(UserPoolId=stack.user_pool_id)["Users"]
    keys = aws(stack, "apigateway").get_api_keys(limit=500)["items"]
    names = [*(user["Username"] for user in pool), *(key["name"] for key in keys)]
    return [name for name in names if "load-" in name]


def test_a_short_day_is_accounted_for(
    named: Endpoints, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some people order for some seconds: each order is found once, and the people are gone."""
    options = ("--users", "6", "--minutes", "0.12", "--think", "0.2", "--spawn-rate", "6")
    with pytest.raises(SystemExit) as ended:
        command.main([*options, "--p95", "60000", "--seed", "1", "--out", str(tmp_path)])
    said = capsys.readouterr()
    assert ended.value.code == 0, said
    report = json.loads((tmp_path / REPORT).read_text())
    assert report["passed"]
    assert report["accounting"]["acknowledged"] >= 6
    assert report["accounting"]["found_once"] == report["accounting"]["acknowledged"]
    operations = {row["operation"] for row in report["figures"]["operations"]}
    assert {"POST /orders", "POST /partner/orders", "PATCH /orders/{orderId}"} <= operations
    assert "<html" in (tmp_path / PAGE).read_text()
    assert (tmp_path / LEDGER).stat().st_size
    assert "POST /orders" in said.out
    assert "Thresholds (as given): p95 60,000 ms" in said.err
    assert not guests(named)
