"""Records what `make bench` counted of compiled code as its ceiling: `-m tests.ceilings.compiled`.

Machine instructions take valgrind and minutes, so that no test counts them. What a test can do on
any machine is to hold the last counts to their ceilings, and to say when they are of something else
than the asset's libraries.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import FIGURES
from bench.candidates import OTHERS, OURS
from bench.instructions import above_empty

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COMPILED = Path(__file__).with_name("compiled.json")
FUNCTIONS = (OURS, *OTHERS)
ROOM = 1.02
"""How far a count may be above the recorded one, as in `tests.ceilings.measuring`."""

AGAIN = "make bench counts anew; then: .venv/bin/python -m tests.ceilings.compiled"
"""What to do, as who reads a failure needs it."""


def counts(figures: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Give the millions of instructions of each function: `init` of its own, and `warm`.

    Args:
        figures: bench's document.
    """
    counted = figures["instructions"]
    init = above_empty(counted)
    return {
        name: {"init": round(init[name], 2), "warm": round(counted[name]["warm"], 3)}
        for name in FUNCTIONS
    }


def exceeded(
    ceilings: Mapping[str, Mapping[str, float]], counted: Mapping[str, Mapping[str, float]]
) -> Iterator[str]:
    """Say which count is above its ceiling, a sentence for each."""
    for name, kinds in counted.items():
        for kind, found in kinds.items():
            ceiling = ceilings[name][kind]
            if found > ceiling * ROOM:
                yield f"{kind} of {name}: {found} million instructions, {ceiling} recorded"


def changed(recorded: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    """Say which compiled library is not the one that was counted, a sentence for each."""
    for name in sorted({*recorded, *found}):
        if name not in recorded:
            yield f"{name} is new: nobody has counted its instructions"
        elif name not in found:
            yield f"{name} is gone: the ceilings may be lower"
        elif recorded[name] != found[name]:
            yield f"{name} is another one than was counted"


def main() -> None:
    """Record the last counts."""
    argparse.ArgumentParser(
        allow_abbrev=False, prog="python -m tests.ceilings.compiled", description=__doc__
    ).parse_args()
    figures = json.loads(FIGURES.read_text())
    kept = {"libraries": figures["libraries"], "functions": counts(figures)}
    COMPILED.write_text(json.dumps(kept, indent=1) + "\n")
    for name, kinds in kept["functions"].items():
        print(f"{name:18}", *(f"{kind} {value}" for kind, value in kinds.items()))


if __name__ == "__main__":
    main()
