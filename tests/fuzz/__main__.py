"""`make fuzz`: throws hostile events at every handler, and tells what came of it."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from project.checkout import ROOT
from tests.fuzz.campaign import Campaign, Tally
from tests.fuzz.cases import keep, read
from tests.fuzz.judge import findings
from tests.fuzz.making.generators import GENERATORS
from tests.fuzz.targets import HANDLERS
from tests.fuzz.world import world

if TYPE_CHECKING:
    from collections.abc import Iterator

FOUND = ROOT / ".cache" / "fuzz"

_CASES = 105_000
_SHARE = 8  # a handler gets eight times the cases of a screen
_AT_ONCE = 2_000


class Part(NamedTuple):
    """Some cases for one target; the same ones come of the same seed."""

    target: str
    cases: int
    seed: str


def main() -> None:
    """Run the cases; exit with 1 when something was found."""
    options = _options()
    if options.again:
        sys.exit(_again(options.again))
    started = time.perf_counter()
    tallies = _run(list(_parts(options)), options.jobs)
    _report(tallies, time.perf_counter() - started)
    found = sum(len(tally.found) for tally in tallies)
    print(f"{sum(tally.cases for tally in tallies)} cases, {found} findings")
    sys.exit(1 if found else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m tests.fuzz", description=__doc__
    )
    parser.add_argument("--cases", type=int, default=_CASES, help="how many in all (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="other seeds make other cases")
    parser.add_argument("--only", choices=GENERATORS, help="only for this handler or screen")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (%(default)s)")
    parser.add_argument("--again", type=Path, metavar="FILE", help="run one case that was found")
    return parser.parse_args()


def _parts(options: argparse.Namespace) -> Iterator[Part]:
    """Share the cases out."""
    shares = {name: _SHARE if name in HANDLERS else 1 for name in GENERATORS}
    if options.only:
        shares = {options.only: 1}
    for target, share in shares.items():
        left = -(-options.cases * share // sum(shares.values()))
        while left:
            cases = min(left, _AT_ONCE)
            yield Part(target, cases, f"{options.seed} {target} {left}")
            left -= cases


def _run(parts: list[Part], jobs: int) -> list[Tally]:
    tallies: dict[str, Tally] = {}
    with ProcessPoolExecutor(jobs) as pool:
        for done in as_completed([pool.submit(_run_part, part) for part in parts]):
            tally = done.result()
            tallies.setdefault(tally.target, Tally(tally.target)).add(tally)
            _told(tallies)
    return [tallies[name] for name in GENERATORS if name in tallies]


def _run_part(part: Part) -> Tally:
    with world() as ready:
        return Campaign(ready, part.target, part.seed).run(part.cases)


def _told(tallies: dict[str, Tally]) -> None:
    cases = sum(tally.cases for tally in tallies.values())
    found = sum(len(tally.found) for tally in tallies.values())
    end = "\r" if sys.stderr.isatty() else "\n"
    print(f"{cases} cases, {found} findings so far", end=end, file=sys.stderr, flush=True)


def _report(tallies: list[Tally], seconds: float) -> None:
    print(f"{'':<18}{'cases':>8}{'worst ms':>10}{'MB more':>9}  findings")
    for tally in tallies:
        worst, more = tally.worst_seconds * 1000, tally.worst_megabytes
        print(f"{tally.target:<18}{tally.cases:>8}{worst:>10.1f}{more:>9.1f}  {len(tally.found)}")
    for name, case in ((name, case) for tally in tallies for name, case in tally.found.items()):
        path = FOUND / f"{hashlib.sha256(name.encode()).hexdigest()[:12]}.json"
        keep(case, [name], path)
        print(f"{name}\n    .venv/bin/python -m tests.fuzz --again {path.relative_to(ROOT)}")
    cases = sum(tally.cases for tally in tallies)
    print(f"{seconds:.0f} s, {cases / seconds:.0f} cases a second")


def _again(path: Path) -> int:
    case = read(path)
    with world() as ready:
        outcome = ready.run(case)
    print(case.text())
    print(outcome.answer, repr(outcome.raised), outcome.log.decode(errors="replace"), sep="\n")
    found = findings(case, outcome)
    print(*found, f"1 case, {len(found)} findings", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    main()
