"""A function that is killed at each of its steps in turn: run by test_exactly_once.

For each line of the request's way through the handler, a process runs the request and kills itself
before that line. The driver prints one JSON line for each: the customer, the idempotency key, and
where the process died (null when the request went through).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orders.handlers import create_order
from tests.shared.events import event
from tests.shared.examples import order

if TYPE_CHECKING:
    from types import FrameType

STEPS = ("http.py", "create_order.py", "store.py", "partners.py")
KILLED = 9


def run_until(step: int, sent: dict[str, Any], report: int) -> None:
    """Run the request, and die before its line number `step`."""
    seen = 0

    def trace(frame: FrameType, kind: str, _: Any) -> Any:
        nonlocal seen
        name = Path(frame.f_code.co_filename).name
        if "/orders/" not in frame.f_code.co_filename or name not in STEPS:
            return None
        if kind == "line":
            seen += 1
            if seen == step:
                os.write(report, f"{name}:{frame.f_lineno}".encode())
                os._exit(KILLED)
        return trace

    sys.settrace(trace)
    create_order.handler(sent, None)
    sys.settrace(None)


def attempt(step: int, api_key_id: str) -> dict[str, Any]:
    """Run the request in a process of its own that dies at a step."""
    customer, key = f"killed-{os.getpid()}-{step}", f"key-{os.getpid()}-{step}"
    headers = {"Idempotency-Key": key}
    sent = event("POST", body=order(customerId=customer), headers=headers, api_key_id=api_key_id)
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        run_until(step, sent, write_end)
        os._exit(0)
    os.close(write_end)
    place = os.read(read_end, 100).decode()
    os.close(read_end)
    os.waitpid(child, 0)
    return {"customer": customer, "key": key, "died": place or None}


def main() -> None:
    """Kill at every step until the request goes through."""
    step = 0
    while True:
        step += 1
        outcome = attempt(step, sys.argv[1])
        print(json.dumps(outcome), flush=True)
        if outcome["died"] is None:
            return


if __name__ == "__main__":
    main()
