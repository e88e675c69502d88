"""EventBridge Pipes: the metrics of pipes."""
# ruff: noqa: SLF001 - what a patch replaces is private to ministack

from __future__ import annotations

import functools
import time
from typing import Any

from local.inside import ministack
from local.inside.metric_store import (
    milliseconds,
    record,
)


def pipe_figures() -> None:
    """Tell of what pipes carry.

    AWS: AWS/EventBridge/Pipes by PipeName (EventBridge user guide, "Logging and monitoring …
    Pipes").
    """
    pipes = ministack.module("services.pipes")
    carry = pipes._deliver_batch

    @functools.wraps(carry)
    def telling(pipe: dict[str, Any], batch: list[Any]) -> bool:
        begun = time.perf_counter()
        delivered: bool = carry(pipe, batch)
        spent = milliseconds(time.perf_counter() - begun)
        dimensions = {"PipeName": pipe.get("Name", "")}
        failed = int(not delivered)
        counts = {"Invocations": 1, "EventCount": len(batch)}
        counts |= {"ExecutionFailed": failed, "TargetStageFailed": failed}
        counts |= dict.fromkeys(("ExecutionThrottled", "ExecutionTimeout"), 0)
        counts |= {"ExecutionPartiallyFailed": 0}
        record("AWS/EventBridge/Pipes", dimensions, counts, "None")
        times = {"Duration": spent, "TargetStageDuration": spent}
        record("AWS/EventBridge/Pipes", dimensions, times, "Milliseconds")
        return delivered

    ministack.replace(pipes, _deliver_batch=telling)
