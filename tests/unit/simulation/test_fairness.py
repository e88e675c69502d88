"""Simulated: whatever one caller does at its own limit, all others are served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.settings import STAGES, Settings
from infrastructure.shares import uses
from project.markdown import with_blocks
from simulation import fairness
from simulation.fairness import ATTACKS, OTHERS_SHARE, Contest, contests, outcome, passes, spoilt
from tests.unit.infrastructure.test_shares import PLANTED, unchecked

if TYPE_CHECKING:
    from simulation.fairness import Attack

PROD = STAGES["prod"]


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_everybody_else_is_served(stage: Settings) -> None:
    """With one hostile caller of any kind, four fifths of each shared thing serve the others."""
    assert spoilt(stage) == []


@pytest.mark.parametrize(("changes", "_told"), PLANTED.values(), ids=PLANTED)
def test_planted_unfair_settings_are_found(changes: dict[str, Any], _told: str) -> None:
    """Settings that the check refuses do harm others: the simulation finds each of them, too."""
    found = spoilt(unchecked(**changes))
    assert found
    assert all(one.served < one.asked for one in found)


def test_a_contest_is_won_by_arithmetic() -> None:
    """A caller that takes a quarter leaves the others too little by a twentieth."""
    fair = Contest("me", "it", (100, 100), (20, 20))
    assert not outcome(fair).spoilt
    greedy = outcome(fair._replace(own=(25, 25)))
    assert greedy.spoilt
    assert greedy.served / greedy.asked == pytest.approx(0.75 / OTHERS_SHARE, abs=0.02)


def test_nobody_is_refused_where_nobody_is_hostile() -> None:
    """Four fifths of anything are there for the others alone: refusals are the caller's doing."""
    for contest in contests(PROD):
        assert not outcome(contest._replace(own=(0, 0), cost=1.0)).spoilt


def test_whatever_is_checked_is_simulated() -> None:
    """Each kind of thing of which settings check the shares is contested in the simulation."""
    simulated = {contest.thing for contest in contests(PROD)}
    for use in uses(PROD):
        for prefix in ("the rate of ", "the burst of ", "the messages"):
            if use.thing.startswith(prefix):
                name = use.thing.removeprefix(prefix)
                assert any(name.split()[0] in thing or "messages" in thing for thing in simulated)
                break
        else:
            assert use.thing.partition(", ")[0] in simulated


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_each_process_lets_a_person_through_at_its_rate(attack: Attack) -> None:
    """Whoever sends without end passes, in the long run, at the rate of each process it reaches."""
    one = passes(PROD, attack, firewall=False, seconds=200)
    rate, burst = PROD.person_throttle.rate, PROD.person_throttle.burst
    assert one.after <= one.processes * rate * 1.05
    assert one.worst <= min(one.processes * (burst + rate), 2 * PROD.placing_throttle.burst)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_firewall_ends_it(attack: Attack) -> None:
    """With the firewall nobody stays above their rate for longer than it is late."""
    one = passes(PROD, attack, firewall=True, seconds=200)
    assert one.after <= PROD.person_throttle.rate


def test_the_document_is_up_to_date() -> None:
    """The decision's tables are those that the simulation gives for stage prod."""
    text = fairness.DOCUMENT.read_text()
    assert with_blocks(text, fairness.blocks()) == text, "run: make docs"
