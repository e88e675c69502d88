"""What a function's start costs: CPU of a process that imports its handler, beside an empty one."""

from __future__ import annotations

import os
import statistics
import subprocess
from typing import TYPE_CHECKING, Any

from infrastructure.settings import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_REPEATS = 11
_EMPTY = "pass"


def measure(asset: Path, interpreter: Path) -> dict[str, Any]:
    """Start an empty process and each function in turn, several times.

    Args:
        asset: the functions' code, built for this host.
        interpreter: the Python that the asset was built for.

    Returns:
        For `empty` and each function: the median CPU in milliseconds, the spread (minimum and
        maximum), and how many modules are loaded.
    """
    programs = {"empty": _EMPTY, **{f: f"import orders.handlers.{f}" for f in FUNCTIONS}}
    samples: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(_REPEATS):  # in turn, so that whatever else runs meets all alike
        for name, program in programs.items():
            samples[name].append(_cpu_of(asset, interpreter, program))
    return {
        name: {
            "cpu_ms": round(statistics.median(times), 1),
            "cpu_ms_range": [round(min(times), 1), round(max(times), 1)],
            "modules": _modules(asset, interpreter, programs[name]),
        }
        for name, times in samples.items()
    }


def size_of(asset: Path) -> int:
    """Add up the asset's files, in bytes."""
    return sum(path.stat().st_size for path in asset.rglob("*") if path.is_file())


def _command(asset: Path, interpreter: Path, program: str) -> list[str]:
    # Isolated, and with the asset only: what Lambda's own packages would add is not ours.
    path = f"import sys; sys.path.insert(0, {str(asset)!r})"
    return [str(interpreter), "-I", "-S", "-c", f"{path}\n{program}"]


def _cpu_of(asset: Path, interpreter: Path, program: str) -> float:
    process = subprocess.Popen(_command(asset, interpreter, program), env=dict(_environment()))
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{program} does not run")
    return (usage.ru_utime + usage.ru_stime) * 1000


def _modules(asset: Path, interpreter: Path, program: str) -> int:
    counting = f"{program}\nimport sys; print(len(sys.modules))"
    command = _command(asset, interpreter, counting)
    done = subprocess.run(command, env=dict(_environment()), capture_output=True, check=True)
    return int(done.stdout)


def _environment() -> Iterator[tuple[str, str]]:
    yield from (("AWS_REGION", "us-east-1"), ("PATH", os.environ.get("PATH", "")))
