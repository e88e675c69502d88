"""What endpoints that hang do to others, computed: deterministic, and of no clock."""

from __future__ import annotations

import pytest

from project.markdown import with_blocks
from simulation import webhooks
from simulation.webhooks import BEFORE, NOW, Delivery, found, ratio

HANGING = (1, 10)


@pytest.mark.parametrize("hanging", HANGING)
def test_others_hardly_notice_partners_that_hang(hanging: int) -> None:
    """With one endpoint that hangs, and with ten, all others' p95 stays within twice the usual."""
    assert ratio(NOW, hanging) <= 2


@pytest.mark.parametrize("hanging", HANGING)
def test_it_was_not_so_before(hanging: int) -> None:
    """One queue, five seconds for each attempt: the simulation sees what was wrong with it."""
    assert ratio(BEFORE, hanging) > 2


def test_nobody_else_pays_for_it() -> None:
    """While nobody hangs, webhooks are as quick as they were."""
    assert found(NOW, 0) == found(BEFORE, 0)


@pytest.mark.parametrize("way", [BEFORE, NOW])
def test_no_more_is_in_hand_than_may_be(way: webhooks.Way) -> None:
    """Lambda keeps to the bound of each queue; retries take nothing of the first attempts'."""
    most = Delivery(way, 10, 1).run().most_in_hand
    assert most["first"] <= way.most
    assert most["retries"] <= (way.retries or 0)


def test_the_same_seed_gives_the_same_run() -> None:
    """Whoever simulates again reads the same table."""
    assert Delivery(NOW, 1, 7).run().taken == Delivery(NOW, 1, 7).run().taken


def test_the_decision_has_these_figures() -> None:
    """The table of the decision is that of this code."""
    text = webhooks.DOCUMENT.read_text()
    assert "<!-- webhooks: written by make docs -->" in text
    assert with_blocks(text, {"webhooks": webhooks.block()}) == text, "make docs"
