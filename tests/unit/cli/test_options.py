"""What was probably meant."""

from __future__ import annotations

from cli import options
from ops.dead_letters.letters import QUEUES


def test_unknown_name() -> None:
    """A misspelt name is answered with the nearest, a strange one with all."""
    assert "'pipe'" in str(options.unknown("queue", "PIPES", QUEUES))
    assert "processing, notifications, restaurants, pipe" in str(
        options.unknown("queue", "xyz", QUEUES)
    )
