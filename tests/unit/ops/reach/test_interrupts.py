"""^C stops a command between two steps, never in one."""

from __future__ import annotations

import signal

import pytest

from ops.reach.interrupts import finish_first


def test_finish_first() -> None:
    """^C within a step takes effect after it."""
    done = []

    def step() -> None:
        with finish_first():
            signal.raise_signal(signal.SIGINT)
            done.append(1)

    with pytest.raises(KeyboardInterrupt):
        step()
    assert done == [1]
    with finish_first():
        pass  # and is not remembered
