"""`make contract`: schemathesis against a running copy, for as many cases as you like.

As partner, customer and operator, with hooks (what the document cannot say is mended) and without
(what it cannot say is refused for a rule of docs/api/beyond-openapi.md, and for no other). Each
begins with all that can be enumerated, and goes on at random until it has its share of the cases.
Exits with 1 when something was found.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from local.stack import start
from ops.reach.layout import free_port
from tests.contract.campaign import CALLERS, Run, contract, run_schemathesis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.reach.endpoints import Endpoints

_CASES = 15_000
_WHO = ("partner", "customer", "operator", "restaurant")
_EXAMPLES, _MORE_EXAMPLES = 40, 200
"""Random requests for each operation, the first time and then."""

_AT_RANDOM = ("--phases", "fuzzing,stateful")


class Part(NamedTuple):
    """One caller's share, with hooks or without."""

    caller: str
    hooked: bool

    def __str__(self) -> str:
        return f"{self.caller}, {'with' if self.hooked else 'without'} hooks"


class Result(NamedTuple):
    """What came of a part."""

    cases: int
    failures: int
    seconds: float


def main() -> None:
    """Run the cases; exit with 1 when something was found."""
    options = _options()
    parts = [Part(who, hooked) for hooked in (True, False) for who in options.only or _WHO]
    share = -(-options.cases // len(parts))
    results: dict[Part, Result] = {}
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        with start(free_port(), directory / "copy") as stack:
            for part in parts:
                results[part] = _run(part, stack, directory, options.seed, share)
    _report(results, options.seed)
    sys.exit(1 if any(result.failures for result in results.values()) else 0)


def _options() -> argparse.Namespace:
    today = int(f"{datetime.now(UTC):%Y%m%d}")
    parser = argparse.ArgumentParser(allow_abbrev=False, prog="make contract", description=__doc__)
    parser.add_argument("--cases", type=int, default=_CASES, help="how many in all (%(default)s)")
    parser.add_argument("--seed", type=int, default=today, help="the day's, unless you say another")
    parser.add_argument("--only", action="append", choices=_WHO, help="as this caller; repeatable")
    return parser.parse_args()


def _run(part: Part, stack: Endpoints, directory: Path, seed: int, share: int) -> Result:
    """Run all phases once, and then those at random until the share is reached."""
    started, cases, failures = time.monotonic(), 0, 0
    for report in _reports(part, stack, directory, seed):
        cases += report["test_cases"]["generated"]
        found = report["failures"] + report["errors"]
        failures += sum(one["count"] for one in found)
        if found or report["exit_code"]:
            failures = max(failures, 1)
            print(report["output"])
        _tell(f"{part}: {cases} of {share} cases, {failures} failures")
        if failures or cases >= share:
            break
    return Result(cases, failures, time.monotonic() - started)


def _reports(part: Part, stack: Endpoints, directory: Path, seed: int) -> Iterator[dict[str, Any]]:
    """Run schemathesis time after time, each with the next seed."""
    more: tuple[str, ...] = ()
    examples = _EXAMPLES
    while True:
        folder = directory / f"{part.caller}-{part.hooked}-{seed}"
        folder.mkdir()
        yield run_schemathesis(
            CALLERS[part.caller],
            stack,
            folder,
            contract(),
            *more,
            run=Run(seed=seed, examples=examples, hooked=part.hooked),
        )
        seed, more, examples = seed + 1, _AT_RANDOM, _MORE_EXAMPLES


def _report(results: dict[Part, Result], seed: int) -> None:
    print(f"{'':<26}{'cases':>8}{'seconds':>9}  failures")
    for part, result in results.items():
        print(f"{part!s:<26}{result.cases:>8}{result.seconds:>9.0f}  {result.failures}")
    cases, seconds = (sum(result[at] for result in results.values()) for at in (0, 2))
    failures = sum(result.failures for result in results.values())
    print(f"{cases} cases in {seconds:.0f} s, --seed {seed}: {failures} failures")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
