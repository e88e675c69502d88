"""`make bench`: measure starts, requests and bursts beside the usual ways of building this.

Writes bench/results/latest.json and summary.json, and docs/performance: tables, charts and figures.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import DOCUMENTS, FIGURES, charts, functions, instructions, report, stack, webhooks
from bench.candidates import BARE, EMPTY, OTHERS, OURS, REFERENCE, Candidate, candidates
from bench.jobs import Stub, stub
from bench.stub import DELAY
from infrastructure.asset import build_for_aws
from local.copy import environment
from local.stack import start
from ops.reach.layout import free_port
from project.checkout import ROOT
from project.markdown import with_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints

RESULTS = ROOT / "bench" / "results"
_ROUNDS, _FEW_ROUNDS, _FEW_ORDERS = 9, 3, 5
_COUNTED = (EMPTY, BARE, OURS, REFERENCE, *OTHERS)
_PARTS = ("functions", "stack", "all")


def main() -> None:
    """Measure, print and write."""
    asked = _arguments()
    before, started = os.getloadavg()[0], time.monotonic()
    interpreter = environment.ready() or environment.make()
    results: dict[str, Any] = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    if asked.only in {"functions", "all"}:
        results |= _functions(interpreter, quick=asked.quick)
        _keep(results)  # these took minutes, and what follows may fail
    if asked.only in {"stack", "all"}:
        results |= _stack(quick=asked.quick)
    results["load"] = [before, os.getloadavg()[0]]
    results["machine"] = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    results["time"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    _write(results, documents=asked.only == "all" and not asked.quick)
    _tell(f"{time.monotonic() - started:.0f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False, prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer of all, nothing in docs/")
    parser.add_argument("--only", choices=_PARTS, default="all", help="a part, nothing in docs/")
    return parser.parse_args()


def _functions(interpreter: Path, *, quick: bool) -> dict[str, Any]:
    rounds = _FEW_ROUNDS if quick else _ROUNDS
    _tell("Building our functions and the baselines …")
    built = candidates(ROOT / ".cache" / "bench", interpreter)
    with tempfile.TemporaryDirectory() as folder, stub(Path(folder)) as behind:
        _tell(f"Measuring {len(built)} functions in {rounds} rounds …")
        samples = functions.measure(built, interpreter, behind, rounds, _tell)
        few = [one for one in built if one.name in _COUNTED]
        return {
            "python": interpreter.resolve().name.removeprefix("python"),
            "rounds": rounds,
            "delay_ms": DELAY * 1000,
            "functions": functions.figures(samples),
            "summary": functions.ratios(samples),
            "zipped_bytes": {
                one.name: one.zipped(Path(folder) / "asset.zip")
                for one in built
                if one.name not in OTHERS
            },
            "allocated": _allocated(built, interpreter, behind),
            "authorities": functions.authorities(interpreter),
            **({} if quick else _counted(few, interpreter, behind)),
        }


def _allocated(built: list[Candidate], interpreter: Path, behind: Stub) -> dict[str, int]:
    return {
        one.name: functions.run(one, interpreter, behind, allocations=True)["allocated"]
        for one in built
    }


def _counted(few: list[Candidate], interpreter: Path, behind: Stub) -> dict[str, Any]:
    """Count instructions, and name the libraries that they are of; without valgrind nothing."""
    if not instructions.available():
        _tell("No instructions are counted, those of the last run stay: apt-get install valgrind.")
        return {}
    found = {}
    for one in few:
        _tell(f"Counting the instructions of {one.name} …")
        found[one.name] = instructions.count(one, interpreter, behind)
    with tempfile.TemporaryDirectory() as folder:
        compiled = instructions.libraries(build_for_aws(Path(folder) / "asset").path)
    return {"instructions": found, "libraries": compiled}


def _stack(*, quick: bool) -> dict[str, Any]:
    few = {"orders": _FEW_ORDERS} if quick else {}
    _tell("Sending requests through a local stack …")
    with _fresh() as found:  # of its own: the first burst is to find no function running
        measured = stack.measure(found, **few)
    _tell("Placing orders, and waiting for their webhooks …")
    with _fresh() as found:
        told = webhooks.measure(found, **few)
    for row in webhooks.as_rows(told):
        _tell("  ".join(cell.rjust(width) for cell, width in zip(row, (33, 6, 6), strict=True)))
    return {"webhooks": told, "stack": measured}


@contextlib.contextmanager
def _fresh() -> Iterator[Endpoints]:
    with tempfile.TemporaryDirectory() as directory, start(free_port(), Path(directory)) as found:
        yield found


def _write(results: dict[str, Any], *, documents: bool) -> None:
    written = _keep(results)
    if "summary" in results:
        ratios = {name: round(one["median"], 4) for name, one in results["summary"].items()}
        (RESULTS / "summary.json").write_text(json.dumps(ratios, indent=1) + "\n")
        for row in report.goal_rows(results):
            print("  ".join(cell.ljust(width) for cell, width in zip(row, _WIDTHS, strict=True)))
    if documents:
        FIGURES.write_text(written)
        page = DOCUMENTS / "README.md"
        page.write_text(with_blocks(page.read_text(), report.blocks(results)))
        charts.draw(results["functions"], DOCUMENTS)
        _tell(f"Written to {DOCUMENTS.relative_to(ROOT)}.")
    _tell(f"Written to {RESULTS / 'latest.json'} and summary.json.")
    for name in report.missed(results) if "summary" in results else ():
        _tell(f"{name} is above its goal.")


def _keep(results: dict[str, Any]) -> str:
    RESULTS.mkdir(parents=True, exist_ok=True)
    written = json.dumps(results, indent=1) + "\n"
    (RESULTS / "latest.json").write_text(written)
    return written


_WIDTHS = (26, 6, 15, 5, 0)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
