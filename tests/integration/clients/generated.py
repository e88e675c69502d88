"""Clients as partners make them: generated from the OpenAPI document, each with its program.

python/partner.py        openapi-python-client     types by mypy
typescript/partner.ts    openapi-typescript        types by tsc
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from documents.events.webhooks import DOCUMENT_31
from local.copy.environment import Environment, runtime_interpreter
from project.checkout import ROOT
from tests.shared import node

_HERE = Path(__file__).parent
_PYTHON, _TYPESCRIPT = _HERE / "python", _HERE / "typescript"

CLIENTS = Environment(
    owner="The generated clients'",
    lock=ROOT / "requirements" / "clients.txt",
    directory=ROOT / ".cache" / "clients-venv",
    module="openapi_python_client",
)

_TYPES = ROOT / ".cache" / "clients-mypy"
"""What mypy has found in the libraries, by their contents."""


@dataclass(frozen=True)
class Client:
    """A generated client with its program.

    Args:
        folder: where both are.
        program: the command that runs the program.
        checker: the command that checks the types of both.
    """

    folder: Path
    program: tuple[str, ...]
    checker: tuple[str, ...]

    def run(self, work: str, sent: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the program."""
        return _run([*self.program, work], self.folder, sent, **variables)

    def answer(self, work: str, sent: str = "", **variables: str) -> dict[str, Any]:
        """Run the program, which must succeed, and give what it says."""
        done = self.run(work, sent, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def complaints(self) -> str:
        """Check the types; gives what is wrong with them."""
        done = _run(self.checker, self.folder)
        return "" if done.returncode == 0 else done.stdout + done.stderr


def in_python(folder: Path) -> Client:
    """Generate the client in Python."""
    python = CLIENTS.ready() or CLIENTS.make(runtime_interpreter())
    shutil.copy(_PYTHON / "partner.py", folder)
    generator = str(python.with_name("openapi-python-client"))
    place = str(folder / "orders_client")
    _done([generator, "generate", "--path", str(DOCUMENT_31), "--output-path", place, *_AS_FOLDER])
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull]
    mypy += ["--python-executable", str(python), "--cache-dir", str(_TYPES)]
    return Client(folder, (str(python), "partner.py"), (*mypy, "partner.py", "orders_client"))


_AS_FOLDER = ("--meta", "none", "--overwrite")


def in_typescript(folder: Path) -> Client:
    """Generate the client's types in TypeScript."""
    modules = node.packages(_TYPESCRIPT)
    for name in ("partner.ts", "tsconfig.json", "package.json"):
        shutil.copy(_TYPESCRIPT / name, folder)
    (folder / "node_modules").symlink_to(modules)
    program = str(node.PROGRAM)
    generator = [program, str(modules / "openapi-typescript/bin/cli.js"), str(DOCUMENT_31)]
    # Else what has a default would have to be sent.
    _done([*generator, "--output", str(folder / "schema.d.ts"), "--default-non-nullable", "false"])
    checker = (program, str(modules / "typescript/bin/tsc"), "--project", ".", "--incremental")
    return Client(folder, (program, "partner.ts"), checker)


def _done(command: list[str]) -> None:
    done = _run(command, ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def _run(
    command: list[str] | tuple[str, ...], folder: Path, sent: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {**node.variables(), "PYTHONWARNINGS": "error", **variables}
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        input=sent,
        capture_output=True,
        text=True,
        check=False,
    )
