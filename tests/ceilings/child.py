"""Counts what one function does, in an interpreter that has its asset and nothing else.

Run as a program: `python -I -S child.py ASSET FUNCTION`, with a `Task` as JSON on standard input.
It prints a `Counted` as JSON. Instructions are those of Python's bytecode: they depend on Python's
minor version, not on the machine. What runs in compiled code is not seen.
"""

from __future__ import annotations

import builtins
import importlib
import json
import os
import sys
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120 - pathlib would hide that a function loads it
BYTES = "bytes"
"""How JSON names bytes, in hex."""

_TOOL = 4  # of sys.monitoring: free for whoever comes


class Instructions:
    """Counts the instructions that are executed, by the file that they are of."""

    def __init__(self) -> None:
        self._monitoring: Any = vars(sys)["monitoring"]  # from Python 3.12 on
        self._seen: Counter[CodeType] = Counter()
        self._monitoring.use_tool_id(_TOOL, "ceilings")
        self._monitoring.register_callback(_TOOL, self._monitoring.events.INSTRUCTION, self._one)

    def _one(self, code: CodeType, _offset: int) -> None:
        self._seen[code] += 1

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """Count what is executed meanwhile; the counter is filled at the end."""
        found: Counter[str] = Counter()
        self._seen.clear()
        self._monitoring.set_events(_TOOL, self._monitoring.events.INSTRUCTION)
        try:
            yield found
        finally:
            self._monitoring.set_events(_TOOL, 0)
            for code, number in self._seen.items():
                found[code.co_filename] += number


def imported_by() -> dict[str, str]:
    """Note from now on which module is the first to import each."""
    importers: dict[str, str] = {}
    original = builtins.__import__

    def noting(name: str, given: Any = None, *args: Any, **options: Any) -> Any:
        before = set(sys.modules)
        try:
            return original(name, given, *args, **options)
        finally:
            importer = (given or {}).get("__name__", "")
            for module in set(sys.modules) - before:
                importers.setdefault(module, importer)

    vars(builtins)["__import__"] = noting
    return importers


def compiled() -> list[str]:
    """Note from now on which texts are compiled, and for which module; sources of files are not."""
    texts: list[str] = []
    original = builtins.compile

    def noting(source: Any, *args: Any, **options: Any) -> Any:
        if not isinstance(source, str):
            return original(source, *args, **options)
        frame: Any = sys._getframe(1)
        while frame and not frame.f_globals["__name__"].startswith("orders."):
            frame = frame.f_back
        texts.append(f"{source} for {frame.f_globals['__name__'] if frame else 'a library'}")
        return original(source, *args, **options)

    vars(builtins)["compile"] = noting
    return texts


def _client(task: dict[str, Any]) -> Any:
    """Be DynamoDB in memory, and note what is asked of it."""
    from tests.fuzz.tables import Tables  # noqa: PLC0415 - after the start has been counted

    tables = Tables()
    for table, items in task["items"].items():
        for item in items:
            tables.put(table, item)
    return Noting(tables)


class Noting:
    """Passes calls on to a client, and notes them with what they carry."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._client, name)

        def noting(*args: Any, **options: Any) -> Any:
            answer = call(*args, **options)
            self.calls.append({"call": name, "sent": args, "got": answer})
            return answer

        return noting


def count(function: str, task: dict[str, Any]) -> dict[str, Any]:
    """Count a function's start, and its first and its third request if the task has any."""
    before = set(sys.modules)
    importers, texts = imported_by(), compiled()
    module = importlib.import_module(f"orders.handlers.{function}")
    loaded = sorted(set(sys.modules) - before)
    counted: dict[str, Any] = {"modules": {name: importers.get(name, "") for name in loaded}}
    counted["compiled"] = [*texts]
    if task["events"]:
        counted["requests"] = _requests(module.handler, task, texts)
    return counted


def count_start(function: str) -> dict[str, int]:
    """Count the instructions of a function's start."""
    with Instructions().counted() as start:
        importlib.import_module(f"orders.handlers.{function}")
    return start


def _requests(
    handler: Callable[..., Any], task: dict[str, Any], texts: list[str]
) -> dict[str, Any]:
    from orders import store  # noqa: PLC0415 - loaded by the handler, if at all
    from orders.partners import directory  # noqa: PLC0415 - the same

    client = _client(task)
    vars(store)["connect"] = lambda: client
    directory().preload()
    instructions, found, answers = Instructions(), [], []
    for event in task["events"]:
        client.calls.clear()
        texts.clear()
        with instructions.counted() as executed:
            answers.append(handler(event, None))
        found.append({"instructions": executed, "calls": [*client.calls], "compiled": [*texts]})
    return {"answers": answers, "first": found[0], "warm": found[-1]}


def _value(read: dict[str, Any]) -> Any:
    """Give bytes as what they are, and all else as it was read."""
    return bytes.fromhex(read[BYTES]) if read.keys() == {BYTES} else read


def main() -> None:
    """Do one task and print what was counted."""
    asset, function, what = sys.argv[1:]
    task = json.loads(sys.stdin.read(), object_hook=_value)
    sys.path[:0] = [asset]
    sys.path.append(ROOT)
    os.environ.update(task["environment"])
    said = os.dup(1)
    os.dup2(2, 1)  # the functions' own lines go elsewhere
    result = count_start(function) if what == "start" else count(function, task)
    os.write(said, json.dumps(result, default=str).encode())


if __name__ == "__main__":
    main()
