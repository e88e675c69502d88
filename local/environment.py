"""The emulator's own Python environment, apart from the project's.

Its functions see everything that is installed in it, so a package that the asset forgets must not
be found there by accident.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from uv import find_uv_bin

from infrastructure.asset import RUNTIME_PYTHON, find_interpreter
from local.layout import ROOT, SHARED, LocalError

_LOCK = ROOT / "requirements" / "emulator.txt"
_ENVIRONMENT = SHARED / "emulator-venv"
_STAMP = _ENVIRONMENT / ".made-from"
_PYTHON = _ENVIRONMENT / "bin" / "python"


def ready() -> Path | None:
    """Give the environment's interpreter if it is up to date and runs, else None."""
    try:
        stamp = _STAMP.read_text()
        subprocess.run(
            [str(_PYTHON), "-I", "-c", "import ministack"], check=True, capture_output=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return _PYTHON if stamp == _wanted() else None


def make() -> Path:
    """Make the environment anew, and give its interpreter.

    Raises:
        LocalError: when the packages cannot be installed.
    """
    base = find_interpreter(RUNTIME_PYTHON) or Path(sys.executable).resolve()
    _uv("venv", "--quiet", "--clear", "--no-project", "--python", str(base), str(_ENVIRONMENT))
    _uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(_PYTHON), str(_LOCK))
    _compile()
    _STAMP.write_text(_wanted())
    return _PYTHON


def _wanted() -> str:
    """What the environment is made from; where it stands matters, for it cannot be moved."""
    return f"{_ENVIRONMENT}\n{_LOCK.read_text()}"


def _compile() -> None:
    """Compile ahead what each start would otherwise compile on the way."""
    subprocess.run(
        [str(_PYTHON), "-m", "compileall", "-q", "-j", "0", str(_ENVIRONMENT / "lib")],
        check=False,
        capture_output=True,
        env=without_bytecode_ban(),
    )


def without_bytecode_ban() -> dict[str, str]:
    """Give this process's environment, but let Python keep its bytecode, which saves seconds."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def _uv(*arguments: str) -> None:
    environment = {"UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "1", **os.environ}
    if not os.access(os.environ.get("HOME", ""), os.W_OK):
        environment.setdefault("UV_CACHE_DIR", str(ROOT / ".cache" / "uv"))
    try:
        subprocess.run(
            [find_uv_bin(), *arguments], check=True, capture_output=True, text=True, env=environment
        )
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip().splitlines()
        raise LocalError(
            "The emulator's environment could not be made: "
            f"{reason[-1].strip() if reason else f'uv {arguments[0]} failed'}. "
            "Is the package index reachable?"
        ) from None
