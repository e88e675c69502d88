"""A function's log on a machine that is busy, run in the emulator's own environment.

Arguments: for how many seconds the first run's lines are waited for at most, and the patches to
apply, by name. Prints, as JSON, what ministack tells of each of three runs.
"""

from __future__ import annotations

import io
import json
import sys
import time
import zipfile
from importlib import import_module
from typing import Any
from unittest import mock

from local.inside import patches

_FUNCTION = """
def handler(event, context):
    print(f"{context.aws_request_id} begins")
    print(f"{context.aws_request_id} is nearly over", end="")
"""
_LATE_SECONDS = 0.15  # longer than ministack waits for a line


def main() -> None:
    """Run the function, while the thread that reads its lines seldom has its turn."""
    patience, names = float(sys.argv[1]), sys.argv[2:]
    patches.apply(names)
    worker: Any = import_module("ministack.core.lambda_runtime").Worker
    worker._read_stderr = _read_slowly
    arn = "arn:aws:lambda:us-east-1:000000000000:function:late"
    config = {"FunctionName": "late", "FunctionArn": arn, "Handler": "function.handler"}
    late = worker("late", {**config, "Runtime": "python3.13"}, _code())
    try:
        with mock.patch.object(patches.lambda_, "_END_SECONDS", patience):
            first = late.invoke({}, "one")["log"].splitlines()
        told = [first, *(late.invoke({}, run)["log"].splitlines() for run in ("two", "three"))]
    finally:
        late.kill()
    print(json.dumps(told))


def _read_slowly(self: Any) -> None:
    for line in self._proc.stderr:
        time.sleep(_LATE_SECONDS)
        self._stderr_queue.put(line.rstrip("\n"))


def _code() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writing:
        writing.writestr("function.py", _FUNCTION)
    return archive.getvalue()


if __name__ == "__main__":
    main()
