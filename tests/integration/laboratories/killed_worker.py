"""A worker that is killed at each of its steps over a deadline: run by test_answering.

For each line of the message's way through the worker, a process takes a deadline of an order of its
own, and kills itself before that line. The driver prints one JSON line for each: the order, and
where the process died (null when the message was worked on).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orders.consumer import Message
from orders.deadlines import message_of
from orders.handlers.process_order import process_order
from tests.integration.laboratories.killed import KILLED
from tests.shared.stream_records import message

if TYPE_CHECKING:
    from types import FrameType

STEPS = ("process_order.py", "store.py")


def work_until(step: int, order_id: str, report: int) -> None:
    """Work on the deadline, and die before its line number `step`."""
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
    process_order(Message(message(message_of(order_id))))
    sys.settrace(None)


def attempt(step: int, order_id: str) -> dict[str, Any]:
    """Work in a process of its own that dies at a step."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        work_until(step, order_id, write_end)
        os._exit(0)
    os.close(write_end)
    place = os.read(read_end, 100).decode()
    os.close(read_end)
    os.waitpid(child, 0)
    return {"order": order_id, "died": place or None}


def main() -> None:
    """Kill at every step until the message is worked on, each time over another order."""
    for step, order_id in enumerate(sys.argv[1:], 1):
        outcome = attempt(step, order_id)
        print(json.dumps(outcome), flush=True)
        if outcome["died"] is None:
            return


if __name__ == "__main__":
    main()
