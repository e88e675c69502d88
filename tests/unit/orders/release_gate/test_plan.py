"""When the gate asks, and when it must not: on the way back above all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.release_gate.plan import goes_back, skipped

NAMES = ("create_order", "get_order", "process_order")


def of(*versions: int | str, names: tuple[str, ...] = NAMES) -> dict[str, Any]:
    """Make properties with these versions."""
    functions = {
        name: {"Name": name, "Version": str(version)}
        for name, version in zip(names, versions, strict=False)
    }
    return {"Functions": functions}


@pytest.mark.parametrize(
    ("now", "before", "back"),
    [
        pytest.param(of(7, 7, 7), of(8, 8, 8), True, id="all go back"),
        pytest.param(of(7, 8, 8), of(8, 8, 8), True, id="one goes back"),
        pytest.param(of(8, 8, 8), of(8, 8, 8), True, id="nothing new"),
        pytest.param(of(9, 8, 8), of(8, 8, 8), False, id="one is new"),
        pytest.param(of(9, 7, 8), of(8, 8, 8), False, id="one is new and one goes back"),
        pytest.param(of(9, 9, 9), of(10, 10, 10), True, id="numbers, not texts"),
        pytest.param(of(10, 10, 10), of(9, 9, 9), False, id="ten is above nine"),
        pytest.param(of(8, 8, 1), of(8, 8), False, id="a new function"),
        pytest.param(of(7, 7, 1), of(8, 8), True, id="back, to a function that was taken away"),
        pytest.param(of(7, 7), of(8, 8, 1), True, id="back, from a function that was new"),
        pytest.param(of(8, 8, 8), {}, False, id="nothing is known of before"),
        pytest.param({}, of(8, 8, 8), False, id="nothing is known of now"),
        pytest.param(of("x", 7, 7), of(8, 8, 8), True, id="what is no number does not count"),
    ],
)
def test_a_stack_that_goes_back_is_known_by_its_versions(
    now: dict[str, Any], before: dict[str, Any], *, back: bool
) -> None:
    """A rollback is never refused, and a new version never goes by unasked."""
    assert goes_back(now, before) is back


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda children: (
        st.lists(children, max_size=2)
        | st.dictionaries(st.sampled_from(["Functions", "Version", "get_order"]), children)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.just("Functions"), _JUNK), st.dictionaries(st.just("Functions"), _JUNK))
def test_no_property_stops_a_rollback(now: dict[str, Any], before: dict[str, Any]) -> None:
    """Whatever stands in a template of long ago, telling the direction does not fail."""
    assert goes_back(now, before) in (True, False)


def test_it_is_skipped_only_where_it_says_so() -> None:
    """A property that is missing or misspelt has the gate look."""
    assert skipped({"Gate": "skip"})
    others: list[dict[str, Any]] = [{}, {"Gate": "check"}, {"Gate": "Skip"}, {"Gate": None}]
    assert not any(map(skipped, others))
