"""What fails at the gate itself, or after it: the stage is as it was, whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.releases.release import GATE, Release, Source, harmless, of_type
from tests.releases.stage import BACK

if TYPE_CHECKING:
    from tests.releases.release import Template
    from tests.releases.stage import Stage
    from tests.releases.traffic import Traffic

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

_HANDLER = "orders/handlers/release_gate.py"
_IN_THE_WAY = "/food-delivery/dev/in-the-way"


def in_no_time(template: Template) -> None:
    """Let CloudFormation wait some seconds for a gate that does not answer, not three minutes."""
    for gate in of_type(template, GATE).values():
        gate["Properties"]["ServiceTimeout"] = 5


def fails_last(template: Template) -> None:
    """Let something fail once all aliases have been moved."""
    aliases = list(of_type(template, "AWS::Lambda::Alias"))
    template["Resources"]["InTheWay"] = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "String", "Name": _IN_THE_WAY, "Value": "mine"},
        "DependsOn": aliases,
    }


CRASHES = {
    "it cannot be loaded": Release(
        (Source(_HANDLER, "from __future__ import annotations\n", "import orders.nothing\n"),),
        (in_no_time,),
    ),
    "it raises": Release(
        (
            Source(
                "orders/release_gate/shapes.py",
                '    return int(subtotal_of(order) + order["deliveryFee"] + order["tip"])\n',
                '    raise RuntimeError("planted")\n',
            ),
        ),
    ),
}


@pytest.mark.parametrize("crash", CRASHES)
def test_a_gate_that_crashes_lets_nothing_pass(stage: Stage, traffic: Traffic, crash: str) -> None:
    """A gate that breaks refuses, and the stage goes back to what it was: it fails closed."""
    live, latest = stage.live(), stage.latest()
    with traffic.unharmed():
        outcome = stage.deploy(CRASHES[crash])
        assert outcome.status == BACK, outcome
        assert "Custom::ReleaseGate" in outcome.reason
        assert (stage.live(), stage.latest()) == (live, latest)


def test_what_fails_after_the_gate_takes_all_back(stage: Stage, traffic: Traffic) -> None:
    """Where something else fails once all is live, all functions go back, and the gate lets them.

    The gate is asked again on the way back. It must not hold up what was good before, or the stack
    would rest half-way, which only AWS's own console can mend.
    """
    live, latest = stage.live(), stage.latest()
    parameters = stage.client("ssm")
    parameters.put_parameter(Name=_IN_THE_WAY, Value="theirs", Type="String", Overwrite=True)
    with traffic.unharmed():
        outcome = stage.deploy(Release(harmless(100).sources, (fails_last,)))
        assert outcome.status == BACK, outcome
        assert "InTheWay" in outcome.reason
        assert (stage.live(), stage.latest()) == (live, latest)
    assert parameters.get_parameter(Name=_IN_THE_WAY)["Parameter"]["Value"] == "theirs"
