"""`make simulate`: what bursts, growth, capacity and memory do to the service on AWS.

Writes docs/performance/simulation.json, the tables of docs/performance/scale.md, and its charts.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import DOCUMENTS
from local.stack import start
from ops.reach.layout import Layout, free_port
from project.checkout import ROOT
from project.markdown import with_blocks
from simulation import report, scenarios, validation

FOUND, PAGE = DOCUMENTS / "simulation.json", DOCUMENTS / "scale.md"


def main() -> None:
    """Simulate, compare with the local stack, print and write."""
    parser = argparse.ArgumentParser(allow_abbrev=False, prog="make simulate", description=__doc__)
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument(
        "--quick", action="store_true", help="only simulate: no comparison, nothing is written"
    )
    kinds.add_argument(
        "--model", action="store_true", help="write, and compare with what was measured last"
    )
    asked = parser.parse_args()
    results: dict[str, Any] = {}
    for scenario in report.SCENARIOS:
        began = time.monotonic()
        results[scenario.__name__] = scenarios.answered(scenario().items())
        _tell(f"{scenario.__name__.replace('_', ' ')}: {time.monotonic() - began:.1f} s")
    results["cheapest_memory"] = scenarios.cheapest()
    results["memory"] = scenarios.base().memory
    if not asked.quick:
        results["validation"] = _kept() if asked.model else _validation()
        FOUND.write_text(json.dumps(results, indent=1) + "\n")
        results = json.loads(FOUND.read_text())
        PAGE.write_text(with_blocks(PAGE.read_text(), report.blocks(results)))
        report.draw(results, PAGE.parent)
        _tell(f"Written to {FOUND.relative_to(ROOT)} and {PAGE.relative_to(ROOT)}.")
    print(report.as_text(results))
    for missed in report.missed(results):
        _tell(missed)


def _kept() -> Any:
    """Compare with what was measured last: on a busy machine a new measurement says nothing."""
    return validation.again(json.loads(FOUND.read_text())["validation"])


def _validation() -> dict[str, Any]:
    _tell("Comparing with the local stack …")
    port = free_port()
    with tempfile.TemporaryDirectory() as directory, start(port, Path(directory)) as stack:
        emulator = int(Layout(Path(directory), port).emulator_pid.read_text())
        return validation.as_json(*validation.compare(stack, emulator))


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
