"""Bad releases, each deployed to a stage where people order: nobody meets one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.releases.planted import BAD
from tests.releases.release import Release, Source
from tests.releases.stage import BACK, DONE

if TYPE_CHECKING:
    from tests.releases.planted import Bad
    from tests.releases.stage import Stage
    from tests.releases.traffic import Traffic

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


@pytest.mark.parametrize("bad", [pytest.param(bad, id=bad.name) for bad in BAD])
def test_a_bad_release_is_met_by_nobody(stage: Stage, traffic: Traffic, bad: Bad) -> None:
    """A release with this fault goes back by itself, I am told what was wrong, and all goes on.

    Whoever orders meanwhile is answered as promised: nothing is lost, doubled or done twice.
    """
    live, latest, template = stage.live(), stage.latest(), stage.deployed()
    with traffic.unharmed():
        outcome = stage.deploy(bad.release)
        assert outcome.status == BACK, outcome
        assert [word for word in bad.words if word not in outcome.reason] == [], outcome.reason
        assert (stage.live(), stage.latest()) == (live, latest)
        assert stage.deployed() == template


def test_the_gate_alone_holds_them_back(stage: Stage, traffic: Traffic) -> None:
    """A bad release whose gate is skipped does reach people: it is the gate that refuses."""
    (bad,) = (one for one in BAD if one.name == "the total is off by one with a tip")
    before = stage.live()
    assert stage.deploy(bad.release._replace(gate="skip")).status == DONE
    try:
        assert stage.live() != before
        with pytest.raises(AssertionError, match="total"), traffic.unharmed():
            pass
    finally:
        back = stage.deploy(Release(gate="skip"))
    assert back.status == DONE
    traffic.go_on()
    with traffic.unharmed():
        pass


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (Source("orders/store.py", "no such text", ""), "0 times"),
        (Source("orders/store.py", "import ", ""), "times"),
    ],
)
def test_a_planting_follows_the_code(source: Source, told: str) -> None:
    """Whoever changes what a planting replaces hears of it, instead of a fault that is none."""
    with pytest.raises(AssertionError, match=told):
        source.planted("import a\nimport b\n")
