"""Commands of some checkout, in a Python that has loaded the libraries: a fork for each.

    Warm ─► this file ─► LIBRARIES ─► a line of JSON ─► fork ─► the command, as Python runs it
                                      its exit code ◄───────────┘

What is imported of the checkout, a command imports anew from there. It ends as Python does, but
does not take apart what it has inherited: that takes three times as long as all the rest.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import shlex
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LIBRARIES = """
    boto3 botocore.session cryptography.x509 httpx msgspec multiprocessing.pool
    pydantic.alias_generators pydantic.dataclasses pydantic.fields pydantic.plugin._loader pytest
    rich.console rich.table tomllib typer typer._adapters typer.main
"""


class Ended(NamedTuple):
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


class Warm:
    """The process that is forked."""

    def __init__(self, folder: Path) -> None:
        """Start it.

        Args:
            folder: for what the commands write.
        """
        self._out, self._err = folder / "out", folder / "err"
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-X", "utf8", __file__, *LIBRARIES.split()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, command: str, cwd: Path, environment: Mapping[str, str]) -> Ended:
        """Run `-m module …` or `file.py …` in a checkout, and wait for its end."""
        asked = {"words": shlex.split(command), "cwd": str(cwd), "environment": {**environment}}
        asked |= {"out": str(self._out), "err": str(self._err)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(asked)}\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return Ended(code, self._out.read_text(), self._err.read_text())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def serve() -> dict[str, Any] | None:
    """Fork for each line; gives the line in the child, and None at the end."""
    gc.freeze()  # else a child's first search for garbage would copy all that it has inherited
    for line in sys.stdin:
        child = os.fork()
        if not child:
            asked: dict[str, Any] = json.loads(line)
            return asked
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
    return None


def become(asked: dict[str, Any]) -> NoReturn:
    """Be the Python that was asked for, and end as it does."""
    for number, path in enumerate((os.devnull, asked["out"], asked["err"])):
        opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.path.insert(0, asked["cwd"])
    kind, *rest = asked["words"]
    sys.argv = rest if kind == "-m" else asked["words"]
    code = 0
    try:
        if kind == "-m":
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(kind, run_name="__main__")
    except SystemExit as ended:
        code = code_of(ended)
    except BaseException:  # noqa: BLE001 - as Python itself
        sys.excepthook(*sys.exc_info())
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def code_of(ended: SystemExit) -> int:
    """Give the code of a process that ends so, whose last words are said."""
    if isinstance(ended.code, str):
        sys.stderr.write(f"{ended.code}\n")
        return 1
    return ended.code or 0


if __name__ == "__main__":
    for _name in sys.argv[1:]:
        import_module(_name)
    if _asked := serve():
        become(_asked)
