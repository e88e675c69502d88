"""Runs one function as Lambda's runtime does, and counts what it takes.

Run as a program by the function's interpreter, which has its asset and the standard library:
`python -s -S -P runner.py ASSET HANDLER STARTED`, with a task as JSON on standard input, which is
read when the function has started, and the monotonic clock's seconds at which the process was. It
prints one JSON object. Nothing is imported here that would be part of the function's start but what
Lambda's own runtime has loaded by then (RUNTIME): whoever imports less of it gains nothing on AWS.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from typing import Any

RUNTIME = (
    *("__future__", "_collections", "_collections_abc", "_colorize", "_decimal", "_functools"),
    *("_json", "_operator", "_sre", "_stat", "_string", "_weakrefset", "atexit", "collections"),
    *("collections.abc", "contextlib", "copyreg", "decimal", "enum", "functools", "genericpath"),
    *("importlib", "itertools", "json", "json.decoder", "json.encoder", "json.scanner"),
    *("keyword", "logging", "math", "numbers", "operator", "os", "os.path", "posixpath", "re"),
    *("re._casefix", "re._compiler", "re._constants", "re._parser", "reprlib", "stat", "string"),
    *("textwrap", "threading", "traceback", "types", "warnings", "weakref"),
)
"""The standard library's modules that AWS's runtime client has loaded before it loads a handler.

Those of awslambdaric 4.2.2 on Python 3.13, which the managed runtime is built from; a test looks at
it. Its own modules and simplejson, which no function imports, are left out.
"""


class Context:
    """What Lambda tells a handler of its invocation."""

    aws_request_id = "6f1e0b5e-0000-4000-8000-000000000000"
    function_name = "bench"
    function_version = "1"
    invoked_function_arn = "arn:aws:lambda:us-east-1:111122223333:function:bench"
    memory_limit_in_mb = 512
    log_group_name = "/aws/lambda/bench"
    log_stream_name = "1"

    def get_remaining_time_in_millis(self) -> int:
        """Give plenty."""
        return 10_000


def _peak_kilobytes() -> int:
    with open("/proc/self/status") as status:  # noqa: PTH123 - pathlib would be counted
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


def run(handler_name: str, started: float) -> dict[str, Any]:
    """Start a function, and hand it the task's events, or trace what it allocates if asked to.

    All events are read. With a task's `most`, so many of them are handed over.

    Returns:
        CPU in milliseconds, of the whole process: `init_cpu` from its start to the handler's
        being ready, the runtime's modules with it, `first_cpu`, `warm_cpu` per request; wall time
        of `init_wall`, `first_wall` and each of `warm_walls`; `memory` at its peak in kilobytes;
        how many `modules`. Without an event the start alone.
    """
    for needed in RUNTIME:
        importlib.import_module(needed)
    module, name = handler_name.rsplit(".", 1)
    handler = getattr(importlib.import_module(module), name)
    found: dict[str, Any] = {
        "init_cpu": time.process_time() * 1000,
        "init_wall": (time.monotonic() - started) * 1000,
    }
    task = json.loads(sys.stdin.read())
    if task.get("allocations"):
        return _allocated(handler, task["events"])
    if not task["events"]:
        return found
    first, *others = task["events"][: task.get("most")]
    cpu, wall = time.process_time(), time.monotonic()
    answer = handler(first, Context())
    found["first_cpu"] = (time.process_time() - cpu) * 1000
    found["first_wall"] = (time.monotonic() - wall) * 1000
    found["modules"] = len(sys.modules)
    for event in others[: task["warm_up"]]:
        handler(event, Context())
    found |= _warm(handler, others[task["warm_up"] :])
    return {**found, "memory": _peak_kilobytes(), "answer": answer}


def _warm(handler: Any, events: list[Any]) -> dict[str, Any]:
    walls = []
    cpu = time.process_time()
    for event in events:
        wall = time.monotonic()
        handler(event, Context())
        walls.append((time.monotonic() - wall) * 1000)
    used = (time.process_time() - cpu) * 1000
    return {"warm_cpu": used / len(events), "warm_walls": walls} if events else {}


def _allocated(handler: Any, events: list[Any]) -> dict[str, Any]:
    """Give the bytes that a warm request allocates at most, in a run of its own: it is slow."""
    import tracemalloc  # noqa: PLC0415 - not part of a timed run

    for event in events[:-1]:
        handler(event, Context())
    tracemalloc.start()
    handler(events[-1], Context())
    return {"allocated": tracemalloc.get_traced_memory()[1]}


if __name__ == "__main__":
    said = os.dup(1)
    os.dup2(2, 1)  # the functions' own lines go where nobody reads them
    sys.path.insert(0, sys.argv[1])
    os.write(said, json.dumps(run(sys.argv[2], float(sys.argv[3]))).encode())
