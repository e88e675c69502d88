"""The gate stands between the new versions and all aliases, and may do what it is for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App

from infrastructure.functions import Caller, names, released_names
from infrastructure.service import Service
from infrastructure.settings import STAGES, ReleaseSettings
from infrastructure.settings_validation import SettingError
from infrastructure.work.release import SERVICE_TIMEOUT, ReleaseGate
from orders.release_gate.gate import SECONDS
from project.release import Release

if TYPE_CHECKING:
    from pathlib import Path

    from tests.infrastructure.conftest import Template


def the_gate(template: Template) -> tuple[str, dict[str, Any]]:
    """Give the gate's resource and its id."""
    ((name, resource),) = (
        (name, resource)
        for name, resource in template.document["Resources"].items()
        if resource["Type"] == "Custom::ReleaseGate"
    )
    return name, resource["Properties"]


def test_no_alias_moves_before_the_gate_has_answered(template: Template) -> None:
    """All functions go live together, or none: the heartbeat's with them."""
    name, _ = the_gate(template)
    aliases = [
        resource
        for resource in template.document["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Alias"
    ]
    assert aliases
    assert all(name in resource["DependsOn"] for resource in aliases)
    assert len(aliases) <= len(released_names())


def test_the_gate_is_told_every_version(template: Template) -> None:
    """It is called whenever a version is new, and with that version's number."""
    _, properties = the_gate(template)
    assert set(properties["Functions"]) == set(names(Caller.API, Caller.QUEUE))
    versions = {
        entry["Version"]["Fn::GetAtt"][0]: entry["Name"]["Ref"]
        for entry in properties["Functions"].values()
    }
    for version, function in versions.items():
        resource = template.document["Resources"][version]
        assert resource["Type"] == "AWS::Lambda::Version"
        assert resource["Properties"]["FunctionName"] == {"Ref": function}
    assert properties["Alias"] == "live"
    assert properties["Gate"] == "check"


def test_it_answers_before_cloudformation_gives_up(template: Template) -> None:
    """Its time, a call that is under way and the answer fit into what CloudFormation waits."""
    function = template.one("Lambda::Function", "ReleaseGateFunction")
    waits = float(the_gate(template)[1]["ServiceTimeout"])
    assert waits == SERVICE_TIMEOUT.to_seconds()
    assert SECONDS + 15 <= function["Timeout"] <= waits - 10


def test_it_is_never_called_a_second_time(template: Template) -> None:
    """What Lambda would repeat a minute later would come after the deployment has ended."""
    config = template.one("Lambda::EventInvokeConfig", "ReleaseGate")
    assert config["MaximumRetryAttempts"] == 0


def test_it_enters_its_own_key_and_no_other(template: Template) -> None:
    """No other key of a partner's can be written with its role."""
    policy = template.one("IAM::Policy", "ReleaseGateRole")["PolicyDocument"]["Statement"]
    (put,) = (one for one in policy if one["Action"] == "dynamodb:PutItem")
    keys = {"dynamodb:LeadingKeys": ["release-gate"]}
    assert put["Condition"] == {"ForAllValues:StringEquals": keys}


def properties_with(folder: Path, context: dict[str, str]) -> dict[str, Any]:
    """Compose dev with a context of the CDK CLI's; give what the gate is told."""
    asset = folder / "asset"
    asset.mkdir()
    (asset / "code.py").write_text("")
    app = App(context=context, outdir=str(folder / "out"))
    release = Release("1.0.0", "0" * 40, dirty=False)
    service = Service(app, settings=STAGES["dev"], asset=str(asset), release=release)
    gate = service.node.find_child("Gate")
    assert isinstance(gate, ReleaseGate)
    said: dict[str, Any] = dict(zip(("Gate", "Reason"), gate._says(STAGES["dev"]), strict=True))
    return said


def test_one_deployment_can_go_past_it_for_a_reason(tmp_path: Path) -> None:
    """`cdk deploy -c gate=skip -c reason=…` is for what differs on purpose."""
    said = properties_with(tmp_path, {"gate": "skip", "reason": "Clients take 200 from now on"})
    assert said == {"Gate": "skip", "Reason": "Clients take 200 from now on"}


@pytest.mark.parametrize("context", [{"gate": "skip"}, {"gate": "off", "reason": "why not"}])
def test_nobody_goes_past_it_without_one(tmp_path: Path, context: dict[str, str]) -> None:
    """A release that is not asked has somebody's reason; a misspelt word is none."""
    with pytest.raises((ValueError, RuntimeError), match="gate is check, or skip"):
        properties_with(tmp_path, context)


def test_a_stage_that_is_never_asked_says_why() -> None:
    """The same holds for settings: a waiver where the gate looks is a mistake, too."""
    with pytest.raises(SettingError, match="gate_waiver must say why"):
        ReleaseSettings(gate="skip")
    with pytest.raises(SettingError, match="gate_waiver must say why"):
        ReleaseSettings(gate_waiver="No reason to have one")
    waived = ReleaseSettings(gate="skip", gate_waiver="An example that nobody deploys")
    assert replace(STAGES["dev"], release=waived).release.gate == "skip"
