"""What placing an order costs is computed from what bench measured."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.candidates import OURS
from simulation.request_cost import (
    DOCUMENT,
    RESULTS,
    Candidate,
    Circumstances,
    block,
    candidates,
    circumstances,
    cost_of,
    rows,
    units_of,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

HALF = Circumstances(memory_mb=884, delay_ms=5, cold_share=0.01)
"""Half a processor, nearly."""

PLACING = Candidate(
    OURS, init_ms=90, first_ms=2, warm_ms=1, round_trips=1, write_units=5, read_units=0
)


def measured(init: float, warm: float, **calls: float) -> dict[str, Any]:
    costs = {"init_cpu_ms": init, "first_cpu_ms": 2 * warm, "warm_cpu_ms": warm}
    spreads = {kind: {"median": cost, "low": cost, "high": cost} for kind, cost in costs.items()}
    return {**spreads, "calls_per_request": calls}


RESULTS_OF_BENCH: dict[str, Any] = {
    "delay_ms": 5,
    "functions": {
        "empty": measured(25, 0.02),
        "powertools": measured(400, 6, GetItem=0.01, PutItem=1),
        "powertools_idempotent": measured(450, 9, GetItem=0.01, PutItem=2, UpdateItem=1),
        OURS: measured(90, 1, Scan=0.01, TransactWriteItems=1),
        "update_order": measured(90, 1, UpdateItem=1),
        "process_order": measured(80, 1),
    },
}


def test_billed_time_is_cpu_stretched_and_waits() -> None:
    """Half a processor takes twice the CPU's time; calls of DynamoDB and starts come to it."""
    assert HALF.warm(PLACING) == 8  # 2.001 for the CPU, 5 for DynamoDB, rounded up
    assert HALF.cold(PLACING) == 90 + 4 + 5 + 1
    whole = HALF._replace(memory_mb=3_008)
    assert whole.warm(PLACING) == 6  # more processors do not make one request quicker


def test_dollars_of_a_million_orders() -> None:
    """Calls at 0.20, gigabyte-seconds on arm64, write units at 0.625, as the prices say."""
    always_warm = HALF._replace(cold_share=0)
    cost = cost_of(PLACING, always_warm)
    assert cost.compute == pytest.approx(0.20 + 8_000 * 884 / 1_024 * 0.0000133334)
    assert cost.database == pytest.approx(5 * 0.625)
    assert cost_of(PLACING._replace(read_units=2), always_warm).database == pytest.approx(
        5 * 0.625 + 2 * 0.125
    )


@given(st.floats(0, 1_000), st.floats(0, 1_000), st.integers(0, 5), st.integers(0, 50))
def test_more_of_anything_costs_no_less(init: float, warm: float, trips: int, units: int) -> None:
    """Nothing gets cheaper by taking more of it."""
    more = PLACING._replace(
        init_ms=90 + init, warm_ms=1 + warm, round_trips=1 + trips, write_units=5 + units
    )
    assert cost_of(more, HALF).total >= cost_of(PLACING, HALF).total


def test_those_that_place_an_order_are_compared() -> None:
    """Other functions and the empty one are left out; what is called once is no round trip."""
    found = {one.name: one for one in candidates(RESULTS_OF_BENCH)}
    assert [*found] == [OURS, "powertools", "powertools_idempotent"]
    assert [one.round_trips for one in found.values()] == [1, 1, 3]


def test_units_are_those_of_the_calls() -> None:
    """The example order is a kilobyte, in two indexes: a transaction doubles what is in tables."""
    assert units_of({"PutItem": 1}) == 3
    assert units_of({"TransactWriteItems": 1}) == 2 + 2 + 2
    assert units_of({"PutItem": 2, "UpdateItem": 1}) > 3 + 1


def test_where_ours_costs_more_it_is_said() -> None:
    """A way without idempotency writes less, and the table does not hide it."""
    found = candidates(RESULTS_OF_BENCH)
    table = {row[0]: row for row in rows(found, circumstances(RESULTS_OF_BENCH))}
    assert table["`create_order`"][-1] == ""
    assert table["`powertools`"][-1].startswith("-")
    assert table["`powertools_idempotent`"][-1].startswith("-")  # units outweigh time
    compute = {name: float(row[5]) for name, row in table.items()}
    assert compute["`powertools_idempotent`"] > 1.5 * compute["`create_order`"]


def test_the_document_gets_the_table(tmp_path: Path) -> None:
    """`make docs` replaces what stands between the marks, and only that."""
    results, document = tmp_path / "latest.json", tmp_path / "cost.md"
    marked = "before\n<!-- baselines: written by make docs -->\nstale\n<!-- end -->\nafter\n"
    document.write_text(marked)
    write(results, document)
    assert document.read_text() == marked
    results.write_text(json.dumps(RESULTS_OF_BENCH))
    write(results, document)
    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("<!-- end -->\nafter\n")
    assert "stale" not in text
    assert "| `powertools` |" in text


def test_the_document_is_of_the_present_results() -> None:
    """docs/performance/cost.md shows what bench's recorded results come to."""
    assert block(json.loads(RESULTS.read_text())) in DOCUMENT.read_text(), "run: make docs"
