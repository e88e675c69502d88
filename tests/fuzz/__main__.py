"""`make fuzz`: throws hostile events at every handler, and tells what came of it."""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz.campaign import Campaign, Tally
from tests.fuzz.cases import keep, read
from tests.fuzz.generators import GENERATORS
from tests.fuzz.judge import findings
from tests.fuzz.targets import HANDLERS
from tests.fuzz.world import world

if TYPE_CHECKING:
    from tests.fuzz.world import World

ROOT = Path(__file__).parent.parent.parent
FOUND = ROOT / ".cache" / "fuzz"
_CASES = 104_000
_SCREEN_SHARE = 4  # a screen gets a quarter of a handler's cases


def main() -> None:
    """Run the cases; exit with 1 when something was found."""
    options = _options()
    with world() as ready:
        if options.again:
            sys.exit(_again(ready, options.again))
        started = time.perf_counter()
        tallies = [
            Campaign(ready, target, options.seed).run(cases, _told)
            for target, cases in _shares(options.cases, options.only).items()
        ]
    _report(tallies, time.perf_counter() - started)
    found = sum(len(tally.found) for tally in tallies)
    print(f"{sum(tally.cases for tally in tallies)} cases, {found} findings")
    sys.exit(1 if found else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=_CASES, help="how many in all (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="other seeds make other cases")
    parser.add_argument("--only", choices=GENERATORS, help="only for this handler or screen")
    parser.add_argument("--again", type=Path, metavar="FILE", help="run one case that was found")
    return parser.parse_args()


def _shares(cases: int, only: str | None) -> dict[str, int]:
    if only:
        return {only: cases}
    screens = [name for name in GENERATORS if name not in HANDLERS]
    parts = len(HANDLERS) * _SCREEN_SHARE + len(screens)
    one = -(-cases // parts)
    return {name: one * (_SCREEN_SHARE if name in HANDLERS else 1) for name in GENERATORS}


def _told(tally: Tally) -> None:
    if sys.stderr.isatty():
        found = len(tally.found)
        print(f"\r{tally.target}: {tally.cases} cases, {found} findings ", end="", file=sys.stderr)


def _report(tallies: list[Tally], seconds: float) -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(f"{'':<18}{'cases':>8}{'worst ms':>10}{'MB more':>9}  findings")
    for tally in tallies:
        worst, more = tally.worst_seconds * 1000, tally.worst_megabytes
        print(f"{tally.target:<18}{tally.cases:>8}{worst:>10.1f}{more:>9.1f}  {len(tally.found)}")
    for name, case in ((name, case) for tally in tallies for name, case in tally.found.items()):
        path = FOUND / f"{hashlib.sha256(name.encode()).hexdigest()[:12]}.json"
        keep(case, [name], path)
        print(f"{name}\n    python -m tests.fuzz --again {path.relative_to(ROOT)}")
    cases = sum(tally.cases for tally in tallies)
    print(f"{seconds:.0f} s, {cases / seconds:.0f} cases a second")


def _again(ready: World, path: Path) -> int:
    case = read(path)
    outcome = ready.run(case)
    print(case.text())
    print(outcome.answer, outcome.raised, outcome.log.decode(errors="replace"), sep="\n")
    found = findings(case, outcome)
    print(*found, f"1 cases, {len(found)} findings", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    main()
