"""Machine instructions by callgrind, where valgrind is installed: they do not depend on the clock.

A warm request's are the difference of two runs, with more and with fewer requests. Both read the
same events, so that no part of a count is the reading of events: on AWS the runtime reads them. An
init's are those above the init of an empty function, whose interpreter has loaded the same modules
of AWS's.

They see what counts of bytecode do not: compiled code, ours and others'. They do not see waits, the
kernel's own work, nor what the same code costs on another processor: callgrind is told of none of
Intel's instructions that valgrind lacks, and runs one thread at a time.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.candidates import EMPTY
from bench.functions import command
from bench.jobs import event_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.candidates import Candidate
    from bench.jobs import Stub

_FEW, _MANY = 5, 15
_COUNTED = re.compile(r"^summary: (\d+)", re.MULTILINE)


def available() -> bool:
    """Tell whether instructions can be counted here."""
    return shutil.which("valgrind") is not None


def count(candidate: Candidate, interpreter: Path, stub: Stub) -> dict[str, float]:
    """Count a candidate's instructions, in millions.

    Returns:
        `init` until the handler is ready, the interpreter's and the runtime's with it; `start`,
        with the first request, and `warm`, of one request.
    """
    none, one = (_run(candidate, interpreter, stub, number, number) for number in (0, 1))
    few, many = (_run(candidate, interpreter, stub, number, _MANY) for number in (_FEW, _MANY))
    return {"init": none, "start": one, "warm": (many - few) / (_MANY - _FEW)}


def above_empty(counted: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Give the init of each function without that of an empty one: what its own code costs."""
    floor = counted[EMPTY]["init"]
    return {name: one["init"] - floor for name, one in counted.items() if name != EMPTY}


def libraries(asset: Path) -> dict[str, str]:
    """Name the compiled libraries of an asset, each with the beginning of its SHA-256.

    Args:
        asset: for AWS, which is the same on every machine.
    """
    return {
        str(path.relative_to(asset)): hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for path in sorted(asset.rglob("*.so*"))
    }


def _run(candidate: Candidate, interpreter: Path, stub: Stub, requests: int, read: int) -> float:
    """Count a start and so many requests, of events of which more may be read."""
    events = [event_for(candidate.function) for _ in range(read)]
    task = json.dumps({"events": events, "warm_up": 0, "most": requests})
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder) / "counted"
        counting = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counted}"]
        subprocess.run(
            [*counting, *command(candidate, interpreter)],
            input=task,
            capture_output=True,
            text=True,
            env={**stub.environment, "PYTHONMALLOC": "malloc"},
            check=True,
        )
        found = _COUNTED.search(counted.read_text())
    if found is None:
        raise RuntimeError("callgrind counted nothing")
    return int(found[1]) / 1e6
