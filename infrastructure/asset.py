"""Builds what the functions run, dependencies and bytecode included, without Docker.

    runtime.txt ──uv──► dependencies, compiled (kept in .cache/asset) ─┐
    orders/*.py ───────────────────────────────────────────────────────┴─► compiled ──► asset

Equal inputs give equal bytes wherever the checkout stands, so the asset's hash on AWS changes
only when the code does.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from uv import find_uv_bin

RUNTIME_PYTHON = "3.13"
"""The minor version of Python that the functions run on in AWS."""

_ROOT = Path(__file__).resolve().parent.parent
_LOCK = _ROOT / "requirements" / "runtime.txt"
_SOURCES = _ROOT / "orders"
_KEPT_DEPENDENCIES = _ROOT / ".cache" / "asset"
_LAMBDA_FOLDER = "/var/task"
_DIRECTORY_MODE, _FILE_MODE = 0o755, 0o644

# Nothing at run time reads these, and some carry the path of the checkout or the time.
_UNWANTED = (
    ".lock",
    "bin",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/direct_url.json",
    "*.dist-info/uv_*",
    "*.dist-info/sboms",
    "**/tests",
    "**/*.pyi",
)

_PROBE = """
import platform, sys
if sys.implementation.name == "cpython" and sys.version_info.releaselevel == "final":
    print(platform.python_version(), sys.executable)
"""


class AssetError(RuntimeError):
    """The asset could not be built; the message says why, in a sentence for people."""


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """A CPython that was seen to run."""

    path: Path
    version: str
    """In full, `3.13.1`."""

    @classmethod
    def at(cls, path: Path) -> Self | None:
        """The interpreter at `path`, or None if it does not run (a pyenv shim may not)."""
        command = [str(path), "-I", "-S", "-c", _PROBE]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
            version, executable = answer.stdout.strip().split(" ", 1)
        except (OSError, ValueError, subprocess.SubprocessError):
            return None
        return cls(path=Path(executable), version=version)

    @property
    def minor(self) -> str:
        """The version that decides which bytecode it reads, `3.13`."""
        return ".".join(self.version.split(".")[:2])


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where an asset is going to run."""

    name: str
    python: str
    """The minor version of Python that runs it there."""
    platform: str | None
    """As uv names it; None is this machine."""
    compiler: Interpreter | None
    """Makes the bytecode; None leaves the asset without any."""

    @classmethod
    def aws(cls) -> Self:
        """Lambda on arm64, the cheaper of its two processors."""
        return cls(
            name="aws",
            python=RUNTIME_PYTHON,
            platform="aarch64-manylinux_2_28",
            compiler=_find(RUNTIME_PYTHON),
        )

    @classmethod
    def host(cls, interpreter: Path) -> Self:
        """This machine, run by `interpreter`."""
        compiler = Interpreter.at(interpreter)
        if compiler is None:
            raise AssetError(f"{interpreter} is not a Python interpreter that runs.")
        return cls(name="host", python=compiler.minor, platform=None, compiler=compiler)


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A built asset."""

    path: Path
    python: str
    """The minor version of Python it is for."""
    bytecode: bool
    """Whether it carries compiled bytecode."""
    fingerprint: str
    """SHA-256 of its file names and contents."""
    size: int
    """Of all files, in bytes, not zipped."""

    def warning(self) -> str | None:
        """What is the matter with the asset and how to mend it, or None if all is well."""
        if self.bytecode:
            return None
        return (
            f"No Python {self.python} was found here, so the functions go out without compiled "
            "bytecode and each cold start takes 2.3 to 2.6 times as long. To mend it, get a "
            f"Python {self.python}: `.venv/bin/uv python install {self.python}`, "
            f"`pyenv install {self.python}`, or your system's package python{self.python}; "
            "then build again."
        )


def find_interpreter(minor: str) -> Path | None:
    """Find a CPython of the minor version, such as `3.13`, that really runs."""
    found = _find(minor)
    return found.path if found else None


def build_for_aws(destination: Path) -> Asset:
    """Build the asset that AWS runs; without a Python of its version, without bytecode.

    Raises:
        AssetError: the dependencies could not be installed.
    """
    return _build(Target.aws(), destination)


def build_for_host(destination: Path, interpreter: Path) -> Asset:
    """Build the asset that `interpreter` runs on this machine.

    Raises:
        AssetError: the dependencies could not be installed, or the interpreter does not run.
    """
    return _build(Target.host(interpreter), destination)


def _find(minor: str) -> Interpreter | None:
    for candidate in _candidates(minor):
        interpreter = Interpreter.at(candidate)
        if interpreter and interpreter.minor == minor:
            return interpreter
    return None


def _candidates(minor: str) -> Iterator[Path]:
    """Places to look, the quickest to try first; what is there may not run."""
    if minor == "{}.{}".format(*sys.version_info):
        yield Path(sys.executable)
    for pyenv in {os.environ.get("PYENV_ROOT"), os.path.expanduser("~/.pyenv")} - {None, ""}:
        yield from sorted(Path(str(pyenv)).glob(f"versions/{minor}*/bin/python"), reverse=True)
    for folder in os.get_exec_path():
        yield Path(folder) / f"python{minor}"
    found = _uv(["python", "find", minor])
    if found.returncode == 0:
        yield Path(found.stdout.strip())


def _build(target: Target, destination: Path) -> Asset:
    """Build unless what stands at `destination` was built from the same inputs."""
    stamp = destination.with_name(f"{destination.name}.stamp")
    inputs = _fingerprint_of_inputs(target)
    built = _read_stamp(stamp, inputs) if destination.is_dir() else None
    if built is None:
        stamp.unlink(missing_ok=True)
        dependencies = _dependencies(target)
        _replace(destination, lambda staging: _assemble(target, dependencies, staging))
        built = {"inputs": inputs, "fingerprint": _fingerprint(destination)}
        built["size"] = sum(path.stat().st_size for path in _files(destination))
        stamp.write_text(json.dumps(built))
    return Asset(
        path=destination,
        python=target.python,
        bytecode=target.compiler is not None,
        fingerprint=str(built["fingerprint"]),
        size=int(built["size"]),
    )
