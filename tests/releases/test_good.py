"""Good releases: nobody who orders notices any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.releases.release import Release, harmless
from tests.releases.stage import DONE

if TYPE_CHECKING:
    from tests.releases.stage import Stage
    from tests.releases.traffic import Traffic

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]

ROUNDS, ENVIRONMENTS = 5, 5
"""How thoroughly a stage's settings have the gate look, and how many it starts at once there."""


def test_twenty_good_releases_in_a_row(stage: Stage, traffic: Traffic) -> None:
    """Twenty good releases under load: each is live at once, and whoever orders notices none.

    No request fails, no order is lost or there twice, and none is processed twice.
    """
    with traffic.unharmed():
        for number in range(20):
            before = stage.live()
            outcome = stage.deploy(harmless(number))
            assert outcome.status == DONE, outcome
            now = stage.live()
            assert all(int(now[name]) > int(before[name]) for name in before), (before, now)
            stage.prune()


def test_a_thorough_gate_lets_a_good_release_pass(stage: Stage, traffic: Traffic) -> None:
    """As often as a stage's settings have the gate try, it finds no fault where there is none."""
    with traffic.unharmed():
        thorough = harmless(20)._replace(rounds=ROUNDS, environments=ENVIRONMENTS)
        for release in (thorough, Release()):
            outcome = stage.deploy(release)
            assert outcome.status == DONE, outcome
