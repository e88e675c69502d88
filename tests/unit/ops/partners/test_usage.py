"""What partners asked for, added up over their keys."""

from __future__ import annotations

import datetime as dt

import pytest

from ops.partners.usage import Day, Usage, per_day


def test_usage_of_two_keys() -> None:
    """Days add up over keys; what counts against the quota is the key that asked most."""
    first = dt.date(2026, 11, 1)
    records = [[[5, 95], [7, 93]], [[10, 90]]]
    assert [(day.day.day, *day[1:]) for day in per_day(first, 3, records)] == [
        (1, 15, 10),
        (2, 7, 7),
        (3, 0, 0),
    ]
    assert per_day(first, 3, []) == []


@pytest.mark.parametrize(
    ("quota", "asked", "most"), [(100, [7], 100), (None, [7, 9], 9), (None, [0], 1), (None, [], 1)]
)
def test_measure_of_the_chart(quota: int | None, asked: list[int], most: int) -> None:
    """Days are measured by the quota, or else by the busiest; never by nothing."""
    days = [Day(dt.date(2026, 11, 1), count, count) for count in asked]
    assert Usage(days, quota).most == most
