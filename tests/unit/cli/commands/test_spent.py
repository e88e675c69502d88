"""`orders spent` on a deployment of which all has been read."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from cli.app import app
from ops.costs import readings
from ops.costs.consumption import units_of
from ops.costs.prices import MILLION
from ops.costs.spending import Carried
from ops.reach import templates
from ops.reach.target import Target
from tests.shared import spent_orders
from tests.shared.spent_orders import TEMPLATE, stored

if TYPE_CHECKING:
    from ops.costs.consumption import Consumption


@pytest.fixture
def consumed() -> Consumption:
    return spent_orders.consumed()


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, consumed: Consumption) -> Consumption:
    """A deployment of which all has been read."""
    target = Target("the local run", "food-delivery-orders-dev", lambda _: None, {}, "make run")
    monkeypatch.setattr("cli.options.find", lambda *_, **__: target)
    monkeypatch.setattr(templates, "synthesized", lambda _: TEMPLATE)
    monkeypatch.setattr(readings, "consumption", lambda *_: consumed)
    monkeypatch.setattr(readings, "sample", lambda *_: units_of([stored("acme")]))
    monkeypatch.setattr(readings, "carried", lambda *_: Carried(7, 12))
    return consumed


def test_table(running: Consumption) -> None:
    """The table says where each figure was read, and what of the model was not seen."""
    result = CliRunner().invoke(app, ["spent", "--local"])
    assert result.exit_code == 0, result.output
    assert running.orders == 3
    assert "3 orders, 3.3 requests each" in result.output
    writes = re.compile(r"^DynamoDB +writes .* transactions by their items' sizes", re.MULTILINE)
    assert writes.search(result.output)
    assert "DynamoDB, stored, with indexes" in result.output


def test_units_are_those_that_people_read(running: Consumption) -> None:
    """Sizes are told in bytes or KB, times in GB-seconds, and nothing as a power of ten."""
    assert running.orders == 3
    said = CliRunner().invoke(app, ["spent", "--local"]).stdout
    assert re.search(r"^CloudWatch Logs .* [\d.]+ (B|KB) ", said, re.MULTILINE)
    assert re.search(r"^Lambda .* time .* GB-s ", said, re.MULTILINE)
    assert not re.search(r"\de-\d", said)


def test_json(running: Consumption) -> None:
    """Programs get each line, and the dollars of an order both ways."""
    document = json.loads(CliRunner().invoke(app, ["spent", "--local", "--json"]).stdout)
    assert document["orders"] == running.orders
    total = sum(line["seen_dollars"] for line in document["lines"])
    assert document["dollarsPerOrder"] == pytest.approx(total / MILLION)
    assert document["modelledDollarsPerOrder"] > 0
