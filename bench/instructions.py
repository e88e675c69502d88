"""Machine instructions by callgrind, where valgrind is installed: they do not depend on the clock.

A warm request's are the difference of two runs, with more and with fewer requests.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.functions import command
from bench.jobs import event_for

if TYPE_CHECKING:
    from bench.candidates import Candidate
    from bench.jobs import Stub

_FEW, _MANY = 4, 14
_COUNTED = re.compile(r"^summary: (\d+)", re.MULTILINE)


def available() -> bool:
    """Tell whether instructions can be counted here."""
    return shutil.which("valgrind") is not None


def count(candidate: Candidate, interpreter: Path, stub: Stub) -> dict[str, float]:
    """Count a candidate's instructions, in millions.

    Returns:
        `start`, with the first request, and `warm`, of one request.
    """
    few, many = (_run(candidate, interpreter, stub, 1 + number) for number in (_FEW, _MANY))
    warm = (many - few) / (_MANY - _FEW)
    return {"start": few - _FEW * warm, "warm": warm}


def _run(candidate: Candidate, interpreter: Path, stub: Stub, requests: int) -> float:
    events = [event_for(candidate.function) for _ in range(requests)]
    task = json.dumps({"events": events, "warm_up": 0})
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
