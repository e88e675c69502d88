"""`make mutate`: plants each fault in a synthesized template, and counts what the checks find.

python -m tests.mutation [FAULT ...] [--checks FILE ...]     plants these, asks these, only
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mutation.judge import CHECKS, Verdict, judge
from tests.mutation.planted import FAULTS, NotPlantedError
from tests.mutation.survivors import SURVIVORS

if TYPE_CHECKING:
    from collections.abc import Iterable

SHARE = 0.95
"""How many of the faults the checks have to find, at least."""


def main(names: list[str], checks: Iterable[str]) -> str | None:
    """Plant the faults of these names, or all, and say what became of each.

    Args:
        names: of faults; none for all.
        checks: files and folders of checks.

    Returns:
        what is wrong with the checks, or None.
    """
    faults = [FAULTS[name] for name in names] or list(FAULTS.values())
    with tempfile.TemporaryDirectory() as folder:
        verdicts, asked = judge(Path(folder), faults, tell, checks)
    found = sum(verdict.found_by is not None for verdict in verdicts)
    print(f"{asked} checks of templates were asked; cdk-nag was not, for it reads constructs.")
    wrong = fault_of(verdicts, found)
    print(*filter(None, [wrong]), f"planted {len(verdicts)}, found {found}", sep="\n")
    return wrong


def tell(verdict: Verdict) -> None:
    """Print what became of a fault."""
    fault, found_by = verdict
    outcome = f"found by {found_by}" if found_by else f"SURVIVED: {fault.breaks}"
    print(f"{fault.area:12} {fault.name:44} {outcome}", flush=True)


def fault_of(verdicts: list[Verdict], found: int) -> str | None:
    """Say what is wrong: too few were found, or the list of survivors is not this run's."""
    survived = {verdict.fault.name for verdict in verdicts if verdict.found_by is None}
    known = {verdict.fault.name for verdict in verdicts if verdict.fault.name in SURVIVORS}
    if found < SHARE * len(verdicts):
        return f"fewer than {SHARE:.0%} were found: {', '.join(sorted(survived))}"
    if survived != known:
        differ = ", ".join(sorted(survived ^ known))
        return f"tests/mutation/survivors.py is not what this run says of: {differ}"
    return None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(allow_abbrev=False, prog="python -m tests.mutation")
    parser.add_argument("fault", nargs="*", help="plant these only")
    parser.add_argument("--checks", nargs="+", default=CHECKS, help="ask these only")
    arguments = parser.parse_args()
    wanted = arguments.fault
    if unknown := set(wanted) - set(FAULTS):
        parser.error(f"there is no fault {', '.join(sorted(unknown))}")
    try:
        sys.exit(1 if main(wanted, arguments.checks) else 0)
    except NotPlantedError as error:
        sys.exit(f"The mutation is wrong: {error}")
