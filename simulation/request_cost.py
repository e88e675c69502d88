"""What placing an order costs in Lambda and DynamoDB, ours and as others build it.

    docs/performance/figures.json ─► Candidate ─► Cost of a million orders ─► cost.md

A warm call is billed for its CPU time, stretched to the share of a processor that its memory buys,
and for its waits; a cold one for its start and first request besides.
"""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from bench import DOCUMENTS, FIGURES
from bench.candidates import OTHERS, OURS
from bench.jobs import stored_order
from documents.costs import DOCUMENTED
from infrastructure.settings import STAGES
from ops.costs import prices
from ops.costs.prices import MILLION
from ops.costs.report import dollars
from ops.costs.traffic import Traffic
from ops.costs.units import changing_units, item_bytes, placing_units, write_units
from project.markdown import table, with_blocks
from simulation.figures import FULL_PROCESSOR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

RESULTS, DOCUMENT = FIGURES, DOCUMENTS / "cost.md"

_RECORD = {
    "key": "partner:acme#" + 64 * "0",
    "requestHash": 64 * "0",
    "orderId": 36 * "0",
    "expiresAt": 2**31,
}
"""An idempotency record, as large as ours; Powertools' is much the same."""

_COLUMNS = (
    "a million orders by",
    "billed, warm",
    "billed, cold",
    "round trips",
    "write units",
    "Lambda",
    "DynamoDB",
    "dollars",
    "beside ours",
)


class Candidate(NamedTuple):
    """One way to place an order, as bench measured it.

    Args:
        name: bench's.
        init_ms: CPU of a start.
        first_ms: CPU of the first request.
        warm_ms: CPU of any other.
        round_trips: to DynamoDB, in a warm request.
        write_units: that a warm request consumes.
        read_units: likewise.
    """

    name: str
    init_ms: float
    first_ms: float
    warm_ms: float
    round_trips: float
    write_units: float
    read_units: float


class Circumstances(NamedTuple):
    """Where the candidates run.

    Args:
        memory_mb: of the function.
        delay_ms: how long DynamoDB takes to answer.
        cold_share: share of calls that start an environment.
    """

    memory_mb: int
    delay_ms: float
    cold_share: float

    def warm(self, candidate: Candidate) -> int:
        """Give the billed milliseconds of a warm call; AWS rounds up."""
        return math.ceil(self._stretched(candidate.warm_ms) + self._waits(candidate))

    def cold(self, candidate: Candidate) -> int:
        """Give those of a cold one: starting, a function has a whole processor."""
        first = self._stretched(candidate.first_ms) + self._waits(candidate)
        return math.ceil(candidate.init_ms + first)

    def _stretched(self, cpu_ms: float) -> float:
        return cpu_ms / min(self.memory_mb / FULL_PROCESSOR.value, 1)

    def _waits(self, candidate: Candidate) -> float:
        return candidate.round_trips * self.delay_ms


class Cost(NamedTuple):
    """Dollars for a million orders."""

    compute: float
    database: float

    @property
    def total(self) -> float:
        """Both."""
        return self.compute + self.database


def cost_of(candidate: Candidate, where: Circumstances) -> Cost:
    """Compute what a million orders cost: calls, their time, and units of DynamoDB on demand."""
    share = where.cold_share
    billed_ms = (1 - share) * where.warm(candidate) + share * where.cold(candidate)
    time = billed_ms / 1_000 * where.memory_mb / 1_024 * prices.LAMBDA_ARM.dollars
    writes = candidate.write_units * prices.WRITE_UNIT.dollars
    reads = candidate.read_units * prices.READ_UNIT.dollars
    return Cost(MILLION * (prices.LAMBDA_REQUEST.dollars + time), MILLION * (writes + reads))


def candidates(results: Mapping[str, Any]) -> list[Candidate]:
    """Read those that place an order, ours first.

    Args:
        results: bench's document.

    Raises:
        KeyError: when it has another form.
    """
    found = [
        _candidate(name, figures)
        for name, figures in results["functions"].items()
        if name not in OTHERS and figures["calls_per_request"]
    ]
    return sorted(found, key=lambda one: one.name != OURS)


def _candidate(name: str, figures: Mapping[str, Any]) -> Candidate:
    # What is called once, by the first request or the start, is a fraction of each request's.
    calls = {call: round(often) for call, often in figures["calls_per_request"].items()}
    return Candidate(
        name,
        init_ms=figures["init_cpu_ms"]["median"],
        first_ms=figures["first_cpu_ms"]["median"],
        warm_ms=figures["warm_cpu_ms"]["median"],
        round_trips=sum(calls.values()),
        write_units=units_of(calls),
        read_units=0,
    )


def units_of(calls: Mapping[str, int]) -> float:
    """Give the write units of placing the example order by these calls.

    Args:
        calls: how often each operation is called: a transaction of order and record; or a put of
            the order; or before that a put of the record, and after it an update that adds the
            answer to the record, as Powertools' idempotency does.
    """
    order = stored_order()
    if "TransactWriteItems" in calls:
        return placing_units(order, _RECORD)
    units = changing_units(order)
    if "UpdateItem" in calls:
        shown = {name: order[name] for name in order if name != "sums"}  # none of theirs has it
        answered = item_bytes({**_RECORD, "status": "COMPLETED", "data": json.dumps(shown)})
        units += write_units(item_bytes(_RECORD)) + write_units(answered)
    return units


def circumstances(results: Mapping[str, Any]) -> Circumstances:
    """Give the documented stage's memory, bench's delay and the traffic model's cold share."""
    settings = STAGES[DOCUMENTED]
    delay = results["delay_ms"]
    return Circumstances(settings.memory_mb, delay, Traffic(orders_per_day=1).cold_share)


def rows(found: Sequence[Candidate], where: Circumstances) -> list[tuple[str, ...]]:
    """Arrange the candidates as a table; each with how much more it costs than ours."""
    ours = cost_of(next(one for one in found if one.name == OURS), where).total
    return [_row(one, where, ours) for one in found]


def _row(candidate: Candidate, where: Circumstances, ours: float) -> tuple[str, ...]:
    cost = cost_of(candidate, where)
    beside = "" if candidate.name == OURS else f"{round(100 * (cost.total / ours - 1)):+d} %"
    return (
        f"`{candidate.name}`",
        f"{where.warm(candidate)} ms",
        f"{where.cold(candidate):,} ms",
        f"{candidate.round_trips:g}",
        f"{candidate.write_units:g}",
        *(dollars(amount) for amount in (cost.compute, cost.database, cost.total)),
        beside,
    )


def block(results: Mapping[str, Any]) -> str:
    """Write the table of the document, and what it was computed with."""
    where = circumstances(results)
    told = (
        f"{where.memory_mb} MB on arm64, {where.delay_ms:g} ms for each call of DynamoDB, "
        f"{100 * where.cold_share:g} % cold:\n\n"
    )
    return told + table(_COLUMNS, rows(candidates(results), where))


def write(results: Path, document: Path) -> None:
    """Write the table into the document, if there are results."""
    if not results.exists():
        print(f"{results.name} is not there: make bench writes it.", file=sys.stderr)
        return
    made = {"baselines": block(json.loads(results.read_text()))}
    document.write_text(with_blocks(document.read_text(), made))


if __name__ == "__main__":
    write(RESULTS, DOCUMENT)
