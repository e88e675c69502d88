"""The emulator's figures stay few and exact, whatever comes."""

from __future__ import annotations

import copy
import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.inside.metric_store import MOST_RECORDS, Series, milliseconds

BASE = {"Unit": "Count", "Dimensions": {"service": "orders"}}


def point(at: float, value: float, **more: Any) -> dict[str, Any]:
    return {"Timestamp": at, "Value": value, **BASE, **more}


@given(st.lists(st.tuples(st.integers(0, 600), st.sampled_from([0.0, 1.0, 2.5])), max_size=200))
def test_nothing_is_lost_and_little_is_kept(values: list[tuple[int, float]]) -> None:
    """Each minute's sum and count are those of its values, in one record for each that differs."""
    series = Series()
    for at, value in values:
        series.append(point(at, value))
    for minute in range(0, 660, 60):
        came = [value for at, value in values if at // 60 * 60 == minute]
        kept = [one for one in series if one["Timestamp"] == minute]
        assert sum(one["Count"] for one in kept) == len(came)
        assert sum(one["Value"] * one["Count"] for one in kept) == pytest.approx(sum(came))
        assert len(kept) == len(set(came))


def test_a_series_has_an_end() -> None:
    """Ever new values drop the oldest ones."""
    series = Series()
    for number in range(MOST_RECORDS + 10):
        series.append(point(60 * number, float(number)))
    assert len(series) <= MOST_RECORDS
    assert list(series)[-1]["Value"] == MOST_RECORDS + 9


def test_what_is_too_old_goes() -> None:
    """Values and statistics before a time are forgotten."""
    series = Series()
    series.append(point(60, 1.0))
    series.append(point(60, 1.0, _stat={"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}))
    series.append(point(120, 1.0))
    series.forget(120)
    assert [one["Timestamp"] for one in series] == [120]


def test_a_saved_series_is_the_same() -> None:
    """What is saved as JSON and loaded gives the same points, and so does ministack's own form."""
    series = Series()
    for at, value in ((5, 1.0), (50, 1.0), (70, 2.0)):
        series.append(point(at, value))
    series.append(point(5, 2.0, _stat={"SampleCount": 2, "Sum": 4, "Minimum": 1, "Maximum": 3}))
    saved = json.loads(json.dumps(copy.deepcopy(series)))
    assert list(Series.saved(saved)) == list(series)
    assert list(Series.saved(list(series))) == list(series)
    assert series[0] == point(0, 1.0, Count=2.0)


def test_threads_lose_no_count() -> None:
    """Functions run beside one another, and each of their values counts."""
    series = Series()

    def count() -> None:
        for _ in range(2_000):
            series.append(point(0, 1.0))

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one["Count"] for one in series] == [16_000]


@given(st.floats(1e-6, 1e4))
def test_durations_have_three_digits(seconds: float) -> None:
    """Rounding is by half a percent at most."""
    assert milliseconds(seconds) == pytest.approx(seconds * 1_000, rel=0.005)
