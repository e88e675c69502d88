"""What a run must keep to, and how its figures are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FEWEST = 20
"""An operation with fewer requests has no percentile to judge."""

COLUMNS = ("Operation", "Requests", "Errors", "p50 ms", "p95 ms", "p99 ms", "Longest ms")


class Limits(NamedTuple):
    """The thresholds of a run.

    Args:
        p95_ms: milliseconds within which 95 % of an operation's requests must be answered.
        errors_percent: of all requests; an error is an answer that the scenario does not expect.
        name: whose thresholds these are, for people.
    """

    p95_ms: float
    errors_percent: float
    name: str

    def exceeded(self, figures: Mapping[str, Any]) -> list[str]:
        """Say what is above the thresholds, a line each.

        Args:
            figures: what the swarm measured.
        """
        total = figures["total"]
        if not total["requests"]:
            return ["No request was sent."]
        lines = [
            f"{row['operation']}: p95 {row['p95_ms']:,.0f} ms, allowed are {self.p95_ms:,.0f}"
            for row in figures["operations"]
            if row["requests"] >= FEWEST and row["p95_ms"] > self.p95_ms
        ]
        share = 100 * total["errors"] / total["requests"]
        if share > self.errors_percent:
            lines.append(f"{share:.2f} % errors, allowed are {self.errors_percent:g} %")
        return lines

    def line(self) -> str:
        """Say which thresholds hold."""
        return (
            f"Thresholds ({self.name}): p95 {self.p95_ms:,.0f} ms for each operation with "
            f"{FEWEST} requests or more, {self.errors_percent:g} % errors"
        )


AWS = Limits(500, 0.1, "of the service")
"""What is promised: p95 below half a second."""

LOCAL = Limits(2_000, 0.1, "of the local run")
"""An emulator on a laptop starts a process for each cold function: it shows correctness."""


def rows(figures: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    """Arrange the figures as a table with COLUMNS."""
    for row in (*figures["operations"], {**figures["total"], "operation": "all"}):
        times = (round(row[f"{name}_ms"]) for name in ("p50", "p95", "p99", "max"))
        yield (row["operation"], row["requests"], row["errors"], *times)


def error_lines(figures: Mapping[str, Any]) -> list[str]:
    """Say which errors there were, and how often."""
    return [f"{one['count']} × {one['operation']}: {one['what']}" for one in figures["errors"]]
