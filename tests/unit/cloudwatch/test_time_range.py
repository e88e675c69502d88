"""Times are those that CloudWatch can count."""

from __future__ import annotations

from cloudwatch.time_range import latest


def test_a_span_is_of_whole_minutes() -> None:
    """CloudWatch counts minutes: the one that is not over is in."""
    window = latest(5)
    assert window.start % 60 == window.end % 60 == 0
    assert window.seconds == window.end - window.start == 300
