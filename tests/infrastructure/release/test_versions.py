"""What callers meet: a published version by the alias `live`, and never what is newest."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from infrastructure.functions import LIVE, construct_id, names, released_names
from infrastructure.settings import STAGES
from infrastructure.synth import synthesize
from project.release import COMMIT, TEMPLATE
from tests.infrastructure.conftest import Template
from tests.shared.templates.kept import template_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNRELEASED = {"create_parameters", "check_second_factor", "release_gate"}
"""What a deployment itself or Cognito calls."""

CALLING = ("Lambda::Permission", "Lambda::EventSourceMapping", "Lambda::EventInvokeConfig")


def released(template: Template) -> Iterator[tuple[str, str]]:
    """Give the ids of each released function that the stage has, and of its alias."""
    for name in map(construct_id, released_names()):
        found = [one for one, _ in template.all("Lambda::Function") if one.startswith(name)]
        for function in found:
            (alias,) = (one for one, _ in template.all("Lambda::Alias") if one.startswith(name))
            yield function, alias


def the_version(template: Template, function: str) -> tuple[str, dict[str, Any]]:
    (found,) = (
        (name, resource)
        for name, resource in template.document["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Version"
        and resource["Properties"]["FunctionName"] == {"Ref": function}
    )
    return found


def test_what_is_released() -> None:
    """Requests, messages and the heartbeat meet versions; what a deployment calls has none."""
    assert set(names()) - set(released_names()) == UNRELEASED


def test_an_alias_names_the_published_version(template: Template) -> None:
    """Each function's callers meet what was published of just this function."""
    pairs = list(released(template))
    assert len(pairs) == len(list(template.all("Lambda::Alias")))
    for function, alias in pairs:
        version, _ = the_version(template, function)
        assert dict(template.all("Lambda::Alias"))[alias] == {
            "Name": LIVE,
            "FunctionName": {"Ref": function},
            "FunctionVersion": {"Fn::GetAtt": [version, "Version"]},
        }


def test_a_version_that_ran_is_kept(template: Template) -> None:
    """One can go back to it; one whose deployment failed is gone with that."""
    for function, _ in released(template):
        _, resource = the_version(template, function)
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resource["UpdateReplacePolicy"] == "Retain"


def test_nothing_calls_a_released_function_by_its_name(template: Template) -> None:
    """No request, message, schedule or permission goes past the alias to what is not yet asked."""
    functions = {function for function, _ in released(template)}
    for name, resource in template.document["Resources"].items():
        if name.startswith("ReleaseGateRole"):
            continue  # it asks what is not live yet
        text = json.dumps(_called(resource))
        assert not {one for one in functions if f'"{one}"' in text}, name


def _called(resource: dict[str, Any]) -> Any:
    """Give what a resource says of whom it calls, or who may."""
    kind, properties = resource["Type"].removeprefix("AWS::"), resource.get("Properties", {})
    if kind == "Lambda::EventInvokeConfig":
        return None if properties["Qualifier"] == LIVE else properties
    if kind in CALLING:
        return properties["FunctionName"]
    if kind == "IAM::Policy":
        statements = properties["PolicyDocument"]["Statement"]
        return [one["Resource"] for one in statements if "lambda:InvokeFunction" in one["Action"]]
    if kind == "ApiGateway::Method":
        return properties["Integration"]
    return properties.get("Target") if kind == "Scheduler::Schedule" else None


def versions_of(template: Template) -> dict[str, str]:
    """Give the id of each function's version."""
    return {name: the_version(template, name)[0] for name, _ in released(template)}


def versions(**changed: Any) -> dict[str, str]:
    """Give those of stage dev with some settings changed."""
    return versions_of(Template(template_of(replace(STAGES["dev"], **changed))))


@pytest.fixture
def before(dev: Template) -> dict[str, str]:
    return versions_of(dev)


@pytest.mark.synthesizes
def test_the_same_again_is_no_new_version(before: dict[str, str], dev_again: Template) -> None:
    """Lambda publishes none where nothing has changed, and the deployment would fail."""
    assert versions_of(dev_again) == before


@pytest.mark.synthesizes
def test_a_commit_alone_is_no_new_version(
    dev: Template, before: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only where code or configuration changes callers meet another version."""
    monkeypatch.setenv(COMMIT, "f" * 40)
    asset = tmp_path / "asset"
    asset.mkdir()
    (asset / "code.py").write_text("")
    path = synthesize(STAGES["dev"], asset=asset, out=tmp_path / "out", validates=False)
    template = Template(json.loads(path.read_text()))
    assert "f" * 40 in template.document["Outputs"]["Release"]["Value"]
    assert versions_of(template) == before
    (deployment,) = (name for name, _ in template.all("ApiGateway::Deployment"))
    assert deployment in dev.document["Resources"]


@pytest.mark.synthesizes
def test_another_variable_is_a_new_version(before: dict[str, str]) -> None:
    """Callers meet a changed setting, and not what was set before; others keep their version."""
    after = versions(idempotency_hours=48)
    changed = {name for name in before if after[name] != before[name]}
    assert len(changed) == 4  # the API's
    assert all(name.startswith(("Create", "Get", "List", "Update")) for name in changed)


@pytest.mark.synthesizes
def test_another_memory_is_a_new_version(before: dict[str, str]) -> None:
    """So is every other change of a function, and not of its code alone."""
    after = versions(memory_mb=STAGES["dev"].memory_mb * 2)
    (kept,) = (name for name in before if after[name] == before[name])
    assert kept.startswith("NotifyPartner")  # it has a memory of its own


@pytest.mark.synthesizes
def test_a_reservation_is_of_all_versions(before: dict[str, str]) -> None:
    """It is the function's own: with another one its version is the same, as Lambda sees it."""
    assert versions(reserved_concurrency={"create_order": 310}, concurrency_quota=1_100) == before


def test_the_parameter_names_the_version_of_each_function(template: Template) -> None:
    """The list of releases knows what to go back to, and has none that the gate has refused."""
    (parameter,) = (
        resource
        for resource in template.document["Resources"].values()
        if resource["Type"] == "AWS::SSM::Parameter"
        and str(resource["Properties"]["Name"]).endswith("/release")
    )
    (separator, parts) = parameter["Properties"]["Value"]["Fn::Join"]
    *versions_, template_name = [part for part in parts if isinstance(part, dict)]
    named = [part["Fn::GetAtt"] for part in versions_]
    assert template_name == {"Ref": TEMPLATE}
    released_ = list(released(template))
    assert separator == ""
    assert named == [[the_version(template, one)[0], "Version"] for one, _ in released_]
    assert {alias for _, alias in released_} <= set(parameter["DependsOn"])
