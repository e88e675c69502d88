"""A release leaves what it takes to come back to it: its versions, and its template's name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infrastructure.functions import construct_id, released_names
from project.release import TEMPLATE, parsed

if TYPE_CHECKING:
    from tests.infrastructure.conftest import Template


def noted(template: Template) -> tuple[dict[str, Any], str]:
    """Give the resource of the parameter `release`, and its text with each reference's id in it."""
    (found,) = (
        one
        for name, one in template.document["Resources"].items()
        if one["Type"] == "AWS::SSM::Parameter" and name.startswith("ParametersRelease")
    )
    parts = found["Properties"]["Value"]["Fn::Join"][1]
    return found, "".join(part if isinstance(part, str) else _id(part) for part in parts)


def _id(part: dict[str, Any]) -> str:
    if "Ref" in part:
        return str(part["Ref"])
    name, attribute = part["Fn::GetAtt"]
    assert attribute == "Version"
    return str(name)


def test_what_a_release_leaves(template: Template) -> None:
    """The stage's parameter says of each function which version it is, and of which template."""
    _, text = noted(template)
    known = json.loads(text)
    assert parsed(text) == parsed(template.document["Outputs"]["Release"]["Value"])
    assert known["template"] == TEMPLATE
    versions = {name for name, _ in template.all("Lambda::Version")}
    assert set(known["functions"].values()) == versions
    for name, version in known["functions"].items():
        assert version.startswith(construct_id(name))
    there = {construct_id(name) for name in known["functions"]}
    every = {construct_id(name) for name in released_names()}
    missing = every - there
    assert all(not any(v.startswith(name) for v in versions) for name in missing)


def test_it_is_noted_once_callers_meet_it(template: Template) -> None:
    """A release that the gate refuses is not in the list of releases: the aliases come first."""
    found, _ = noted(template)
    assert {name for name, _ in template.all("Lambda::Alias")} <= set(found["DependsOn"])


def test_a_template_deployed_otherwise(template: Template) -> None:
    """Whoever deploys by other means need not tell the template's name."""
    assert template.document["Parameters"][TEMPLATE]["Default"] == ""
