"""`make bench` reports what it measured, and nothing else."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import DOCUMENTS, FIGURES, report
from bench.candidates import AS_DEPLOYED, BARE, OURS, REFERENCE
from bench.functions import GOALS, ratios, spread
from bench.jobs import event_for, stored_order, typed
from bench.stub import Answers
from infrastructure.functions import Caller, names
from project.markdown import with_blocks

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (DOCUMENTS / "README.md").read_text()
MEASURED = json.loads(FIGURES.read_text())


def sample(cost: float) -> dict[str, Any]:
    kinds = ("init_cpu", "first_cpu", "warm_cpu", "memory", "asset")
    return dict.fromkeys(kinds, cost)


def test_a_ratio_is_that_of_the_rounds_and_not_of_the_medians() -> None:
    """A machine that is slow in one round is slow for both sides, and changes no ratio."""
    slowness = (1.0, 7.0, 3.0)
    others = (REFERENCE, AS_DEPLOYED, BARE)
    samples = {name: [sample(4 * slow) for slow in slowness] for name in others}
    found = ratios({**samples, OURS: [sample(slow) for slow in slowness]})
    assert {goal.name for goal in GOALS} == set(found)
    for one in found.values():
        assert (one["low"], one["median"], one["high"]) == (0.25, 0.25, 0.25)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_a_spread_is_in_order(values: list[float]) -> None:
    """The middle half lies around the median, within what was measured."""
    found = spread(values)
    assert min(values) <= found["low"] <= found["median"] <= found["high"] <= max(values)


@pytest.mark.parametrize("function", names(Caller.API, Caller.QUEUE))
def test_there_is_an_event_for_each_function(function: str) -> None:
    """Each function that orders call is measured, with events of which no two are the same."""
    assert event_for(function) != event_for(function)


def test_the_stub_answers_what_is_asked_and_counts() -> None:
    """Round trips are counted by operation, and a call that nobody foresaw is refused."""
    answers = Answers(typed(stored_order()))
    asked = {"TableName": "orders", "Key": {"orderId": {"S": "x"}}}
    body = json.dumps({**asked, "ReturnConsumedCapacity": "TOTAL"}).encode()
    status, answer = answers.answer("DynamoDB_20120810.GetItem", body)
    assert (status, json.loads(answer)["Item"]["status"]) == (200, {"S": "PLACED"})
    assert json.loads(answer)["ConsumedCapacity"]["CapacityUnits"] == 1.0
    assert answers.answer("DynamoDB_20120810.DeleteTable", b"{}")[0] == 400
    counted = json.loads(answers.answer("counts", b"{}")[1])
    assert counted == {"GetItem": 1, "DeleteTable": 1}
    assert json.loads(answers.answer("counts", b"{}")[1]) == {}


def test_the_page_says_what_was_measured() -> None:
    """The tables are those of the figures beside them; `make bench` writes both."""
    page = (DOCUMENTS / "README.md").read_text()
    assert with_blocks(page, report.blocks(MEASURED)) == page


def test_every_chart_is_on_the_page() -> None:
    """What is drawn is shown, as PNG, and lies beside it as SVG."""
    page = (DOCUMENTS / "README.md").read_text()
    drawn: list[Path] = [*DOCUMENTS.glob("*.png")]
    assert drawn
    for chart in drawn:
        assert chart.with_suffix(".svg").exists()
        assert f"({chart.name})" in page + _of_scale()


def _of_scale() -> str:
    scale = DOCUMENTS / "scale.md"
    return scale.read_text() if scale.exists() else ""


def test_a_goal_that_is_missed_is_named() -> None:
    """What is above its goal is said, on the screen and on the page, and nothing else is."""
    worse = {**MEASURED["summary"], "memory": {"median": 9.0, "goal": 0.5}}
    assert "memory" in report.missed({"summary": worse})
    said = re.findall(r"^\| `(\w+)` \| [\d.]+, missed \|", PAGE, re.MULTILINE)
    assert said == report.missed(MEASURED)
