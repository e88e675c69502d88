"""The `orders cost` command, on a template that is there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.commands import cost
from infrastructure.settings import STAGES, Settings
from ops.reach.errors import OperatorError

if TYPE_CHECKING:
    from pathlib import Path

RESOURCES = {
    "Api": {"Type": "AWS::ApiGateway::RestApi"},
    "Pool": {"Type": "AWS::Cognito::UserPool"},
    "Role": {"Type": "AWS::IAM::Role"},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "template.json"
    path.write_text(json.dumps({"Resources": RESOURCES}))
    return path


def test_table(file: Path) -> None:
    """The table names each service, its dollars at four loads, and what drives them."""
    result = CliRunner().invoke(app, ["cost", "--template", str(file), "--orders-per-day", "1000"])
    assert result.exit_code == 0
    (row,) = [line for line in result.output.splitlines() if line.startswith("API Gateway")]
    assert row.split()[2:6] == ["1.49", "14.90", "149.04", "1,425"]
    assert "request to a REST API" in row


def test_a_stage_without_a_firewall_is_told_what_one_costs(file: Path) -> None:
    """Without a firewall I see what one would add: a web ACL, its rules, and each request."""
    output = CliRunner().invoke(app, ["cost", "--template", str(file)]).output
    assert "With and without the firewall, sign-in apart (without it, as here)" in output
    without, guarded = (
        float(line.split()[3])
        for line in output.splitlines()
        if line.startswith(("Total without WAF", "Total with WAF"))
    )
    requests = 3_500 * 365 / 12 * 14  # docs/costs.md
    assert guarded - without == pytest.approx(5 + 7 + requests * 0.6 / 1e6, abs=0.02)
    first = json.loads(CliRunner().invoke(app, ["cost", "--template", str(file), "--json"]).stdout)[
        "loads"
    ][0]
    assert first["totalWithFirewall"] == pytest.approx(guarded, abs=0.01)
    assert first["total"] == pytest.approx(without, abs=0.01)


def test_another_region_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose stage is elsewhere reads that the prices are not that Region's."""
    mara = Settings(stage="mara", region="eu-central-1")
    monkeypatch.setattr(cost, "STAGES", {"mara": mara, "prod": STAGES["prod"]})
    monkeypatch.setattr(cost, "_synthesized", lambda _: json.loads(file.read_text()))
    note = "The stage is in eu-central-1: its prices differ, as a rule upwards."
    assert note in CliRunner().invoke(app, ["cost", "--stage", "mara"]).output
    assert "The stage is in" not in CliRunner().invoke(app, ["cost"]).output
    document = json.loads(CliRunner().invoke(app, ["cost", "--stage", "mara", "--json"]).stdout)
    assert (document["region"], document["stageRegion"]) == ("us-east-1", "eu-central-1")


def test_json(file: Path) -> None:
    """Programs get every line with its quantity, and JSON alone on stdout."""
    arguments = ["cost", "--template", str(file), "--customers", "100", "--json"]
    document = json.loads(CliRunner().invoke(app, arguments).stdout)
    first = document["loads"][0]
    assert first["ordersPerDay"] == 3_500
    assert {line["service"] for line in first["lines"]} == {
        "API Gateway",
        "Data transfer",
        "Cognito",
    }
    assert first["totalWithSignIn"] == pytest.approx(first["total"] + 100 * 0.015)


def test_unknown_resources(tmp_path: Path) -> None:
    """A template that holds what has no price is refused in a sentence, and nothing is printed."""
    path = tmp_path / "template.json"
    path.write_text(json.dumps({"Resources": {"Gate": {"Type": "AWS::EC2::NatGateway"}}}))
    with pytest.raises(OperatorError, match="AWS::EC2::NatGateway"):
        cost.cost(template=path)


def test_unknown_stage() -> None:
    """A stage that is not there is wrong usage, with a guess at what was meant."""
    result = CliRunner().invoke(app, ["cost", "--stage", "prd"])
    assert result.exit_code == 2
    assert "prod" in result.output
