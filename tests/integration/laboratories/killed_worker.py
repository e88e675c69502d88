"""A worker that is killed at each of its steps over a deadline: run by test_answering.

For each line of the message's way through the worker, a process takes the deadline of an order that
waits, and kills itself before that line. The driver prints one JSON line for each: the order, and
where the process died (null when the message was worked on). What died before the write has left
its order waiting, for the next one.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orders.consumer import Message
from orders.deadlines import message_of
from orders.handlers import process_order
from orders.store import store
from tests.integration.laboratories.killed import KILLED
from tests.shared.stream_records import message

if TYPE_CHECKING:
    from types import FrameType

STEPS = ("process_order.py", "store.py")
AN_HOUR = 3_600_000
"""The worker's clock is ahead by so many milliseconds: by then each deadline has come."""


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

    process_order._now = lambda: time.time_ns() // 1_000_000 + AN_HOUR
    sys.settrace(trace)
    process_order.process_order(Message(message(message_of(order_id))))
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


def waits(order_id: str) -> bool:
    """Tell whether an order still waits for its restaurant.

    A process of its own looks: this one must have no client whose threads a fork would lose.
    """
    child = os.fork()
    if child == 0:
        order = store().get(order_id)
        os._exit(int(order is None or order["status"] != "PLACED"))
    return os.waitpid(child, 0)[1] == 0


def main() -> None:
    """Kill at every step until the message is worked on, each time over an order that waits."""
    left, step = sys.argv[1:], 0
    while True:
        step += 1
        outcome = attempt(step, left[0])
        print(json.dumps(outcome), flush=True)
        if outcome["died"] is None:
            return
        if not waits(left[0]):
            left.pop(0)


if __name__ == "__main__":
    main()
