"""How long a partner waits for a change, computed: deterministic, and of no clock."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from bench import FIGURES
from infrastructure.functions import NOTIFYING
from infrastructure.settings import settings_of
from infrastructure.watching.budget import EXPECTED_COSTS
from project.markdown import with_blocks
from simulation import deliveries
from simulation.deliveries import (
    BEFORE,
    CASES,
    FAILED,
    LULL,
    NOTIFIER_WORK,
    NOW,
    POLLED,
    RETRIED,
    SLOW,
    STREAMED,
    USUAL,
    WAITS,
    Case,
    Way,
    delivery,
    of_wait,
    total,
)
from simulation.figures import CARRIED

if TYPE_CHECKING:
    from simulation.deliveries import Wait

SIZES = (128, 256, 512, 1_024, 1_769, 3_008)
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@each_case
def test_the_whole_way_is_the_sum_of_its_waits(case: Case) -> None:
    """No time is lost between two waits: who adds up the parts has the whole."""
    found = deliveries.deliveries(case)
    assert all(set(one) <= set(WAITS) for one in found)
    assert all(seconds > 0 for one in found for seconds in one.values())
    middle = sum(of_wait(wait, case)[0] for wait in WAITS)
    assert middle == pytest.approx(total(case)[0], rel=0.15)
    means = sum(1000 * sum(one.get(wait, 0) for one in found) / len(found) for wait in WAITS)
    assert means == pytest.approx(1000 * sum(sum(one.values()) for one in found) / len(found))


@each_case
def test_more_memory_makes_no_delivery_slower(case: Case) -> None:
    """Each delivery by itself is as quick or quicker; nothing but the function's work changes."""
    for less, more in pairwise(SIZES):
        for seed in range(50):
            before, after = (delivery(case, Way(size), seed) for size in (less, more))
            assert after.pop(NOTIFIER_WORK) <= before.pop(NOTIFIER_WORK)
            assert before == after


def test_above_a_whole_processor_more_memory_buys_nothing() -> None:
    """Who reads the table sees where it ends."""
    assert total(LULL, Way(1_769)) == total(LULL, Way(3_008))


def test_what_goes_wrong_only_adds() -> None:
    """A start, a partner that was slow and one that fails take longer than the usual way."""
    usual = total(USUAL)
    for case in (LULL, SLOW, FAILED):
        assert all(other > one for one, other in zip(usual, total(case), strict=True))


def test_each_further_attempt_waits_as_long_as_the_setting_says() -> None:
    """With two attempts that fail, both waits are on the way, and a fifth more at most."""
    waits = settings_of("prod").webhooks.waits
    for failed in (1, 2, 3):
        least = sum(waits[:failed])
        one = delivery(Case("fails", failed=failed), NOW, 7)
        assert least <= one[RETRIED] <= 1.2 * least


def test_the_work_after_a_lull_is_less_than_half_of_what_it_was() -> None:
    """Memory, and authorities loaded early, cut the largest wait that is ours."""
    assert of_wait(NOTIFIER_WORK, LULL, NOW)[0] < of_wait(NOTIFIER_WORK, LULL, BEFORE)[0] / 2


def test_half_the_wait_for_a_processor_costs_less_than_a_dollar_a_month() -> None:
    """The cost model says so, with the very figures that `orders cost` shows."""
    assert of_wait(NOTIFIER_WORK, USUAL, NOW)[0] == of_wait(NOTIFIER_WORK, USUAL, Way(256))[0] / 2
    assert 0 < deliveries.dollars(NOW) - deliveries.dollars(BEFORE) < 1
    lines = json.loads(EXPECTED_COSTS.read_text())["prod"]["lines"]
    assert deliveries.dollars(NOW) == pytest.approx(lines[f"Lambda, {NOTIFYING}, time"], abs=0.005)


@pytest.mark.parametrize("wait", [STREAMED, POLLED], ids=lambda wait: wait.name)
def test_no_setting_of_ours_touches_the_largest_wait(wait: Wait) -> None:
    """In usual times a partner waits for stream and pipe most, as long with any memory."""
    assert deliveries.largest(USUAL) is STREAMED
    assert of_wait(wait, USUAL, Way(256)) == of_wait(wait, USUAL, Way(3_008))
    assert CARRIED.source == "assumption"


def test_the_page_has_these_figures() -> None:
    """The tables are those of this code and of the last `make bench`."""
    text = deliveries.DOCUMENT.read_text()
    made = deliveries.blocks(json.loads(FIGURES.read_text()))
    for name in made:
        assert f"<!-- {name}: written by make docs -->" in text
    assert with_blocks(text, made) == text, "make docs"
