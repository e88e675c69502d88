"""What two answers may differ in, and how a difference is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.release_gate.comparing import difference, form_of, without_wording

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=3), children, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON)
def test_what_is_equal_has_no_difference(value: Any) -> None:
    """A release that changes nothing is never refused."""
    assert difference(value, value) is None


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=3), JSON)
def test_more_is_no_difference_and_less_is(value: dict[str, Any], more: Any) -> None:
    """A field may come, and none may go."""
    assert difference(value, {**value, "new field": more}) is None
    assert difference({**value, "new field": more}, value, "body") == "body/new field is missing"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"total": 1300}, {"total": 1301}, "body/total is 1301 and not 1300"),
        ({"total": 1300}, {"total": 1300.0}, "body/total is 1300.0 and not 1300"),
        ({"total": 1}, {"total": True}, "body/total is True and not 1"),
        ({"name": "Ann"}, {"name": "Bob"}, "body/name differs"),
        ({"items": [1, 2]}, {"items": [1, 2, 3]}, "body/items has 3 entries and not 2"),
        ({"items": [{"a": 1}]}, {"items": [{"a": 2}]}, "body/items/0/a is 2 and not 1"),
        ({"note": None}, {}, "body/note is missing"),
        ({"items": []}, {"items": {}}, "body/items differs"),
    ],
)
def test_a_difference_is_told_without_texts(before: Any, after: Any, told: str) -> None:
    """Numbers are told, for they help; what people or a broken release wrote never is."""
    assert difference(before, after, "body") == told


def test_times_are_compared_by_their_form() -> None:
    """Two orders are placed at two moments; that both are told in UTC must stay."""
    one, other = ({"createdAt": f"2026-11-2{day}T10:00:00.123Z", "n": day} for day in (1, 2))
    assert form_of(one)["createdAt"] == form_of(other)["createdAt"]
    assert form_of(one) != form_of(other)
    assert form_of({"at": "2026-11-21T10:00:00+00:00"}) != form_of({"at": "2026-11-21T10:00:00Z"})
    assert form_of({"scheduledFor": "2026-11-21T10:00:00Z"})["scheduledFor"][:4] == "2026"


def test_of_a_problem_all_counts_but_its_words() -> None:
    """Which problem it is, and where, is for programs; how it is put is for people."""
    problem = {"type": "t", "detail": "d", "errors": [{"pointer": "#/tip", "detail": "x"}]}
    assert without_wording(problem) == {"type": "t", "errors": [{"pointer": "#/tip"}]}
