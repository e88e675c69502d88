"""The template of the local run: AWS's, but for the asset and what the emulator refuses."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from documents.stateful_changes import normalised
from infrastructure.settings import settings_of
from infrastructure.synth import synthesize
from local.inside.refused_resources import REFUSED_TYPES, without_refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.infrastructure.conftest import Template


@pytest.mark.synthesizes
def test_only_the_asset_differs(dev: Template, tmp_path: Path) -> None:
    """What runs here is the template of stage dev, with code that was built for this machine."""
    asset = tmp_path / "asset"
    asset.mkdir()
    (asset / "other.py").write_text("# built for another machine\n")
    path = synthesize(settings_of("dev"), asset=asset, out=tmp_path / "out", validates=False)
    local = json.loads(path.read_text())
    assert local != dev.document
    assert normalised(local) == normalised(dev.document)


def test_little_is_left_out_of_dev(dev: Template) -> None:
    """Stage dev goes to the emulator as it is, but for what only watches or asks AWS itself."""
    _, left_out = without_refused(dev.document)
    types = {name.partition(" ")[2] for name in left_out}
    assert types == {
        "(AWS::CloudWatch::Alarm)",
        "(AWS::CloudWatch::InsightRule)",
        "(AWS::Logs::QueryDefinition)",
        "(AWS::XRay::ResourcePolicy)",
    }


def test_without_refused_types(dev: Template) -> None:
    """A resource that the emulator refuses is left out and named, and all others stay."""
    document = copy.deepcopy(dev.document)
    document["Resources"]["Fuse"] = {"Type": "AWS::Budgets::Budget", "Properties": {}}
    kept, left_out = without_refused(dev.document)
    assert without_refused(document) == (kept, sorted([*left_out, "Fuse (AWS::Budgets::Budget)"]))


def test_metric_math() -> None:
    """Alarms whose metric is computed are left out; those of one metric are deployed."""
    computed = {"Metrics": [{"Id": "e", "Expression": "1"}]}
    template = {
        "Resources": {
            "Math": {"Type": "AWS::CloudWatch::Alarm", "Properties": computed},
            "Plain": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Errors"}},
        }
    }
    kept, left_out = without_refused(template)
    assert list(kept["Resources"]) == ["Plain"]
    assert left_out == ["Math (AWS::CloudWatch::Alarm)"]


@pytest.mark.parametrize("refused", REFUSED_TYPES)
def test_each_refused_type(refused: str) -> None:
    """Each type of the list is left out."""
    template = {"Resources": {"Bad": {"Type": refused}, "Good": {"Type": "AWS::SQS::Queue"}}}
    filtered, names = without_refused(template)
    assert list(filtered["Resources"]) == ["Good"]
    assert names == [f"Bad ({refused})"]


GOOD = {"Ref": "Good"}


@pytest.mark.parametrize(
    ("properties", "left"),
    [
        ({"A": {"Ref": "Bad"}, "B": GOOD}, {"B": GOOD}),
        ({"A": {"Fn::GetAtt": ["Bad", "Arn"]}}, {}),
        ({"A": {"Fn::GetAtt": "Bad.Arn"}}, {}),
        (
            {"A": {"Fn::Sub": "x-${Bad}"}, "B": {"Fn::Sub": "x-${Badly}"}},
            {"B": {"Fn::Sub": "x-${Badly}"}},
        ),
        ({"A": {"Fn::Sub": ["x-${Bad.Arn}-${y}", {"y": 1}]}}, {}),
        ({"A": {"Fn::Join": ["", ["x", {"Ref": "Bad"}]]}, "B": 1}, {"B": 1}),
        ({"A": {"Fn::Join": ["", ["x", {"Fn::Join": ["", [{"Ref": "Bad"}]]}]]}}, {}),
        ({"A": {"Fn::If": ["Condition", {"Ref": "Bad"}, "x"]}}, {}),
        ({"A": {"Fn::Select": [0, {"Fn::Split": [":", {"Ref": "Bad"}]}]}}, {}),
        ({"List": [{"Ref": "Bad"}, GOOD]}, {"List": [GOOD]}),
        ({"Deep": {"er": {"A": {"Ref": "Bad"}, "B": [1]}}}, {"Deep": {"er": {"B": [1]}}}),
        ({"Text": "${Bad}"}, {"Text": "${Bad}"}),
        ({"Empty": {}, "None": []}, {"Empty": {}, "None": []}),
    ],
)
def test_references(properties: dict[str, Any], left: dict[str, Any]) -> None:
    """What refers to a resource that is left out goes with it, and nothing else does."""
    template = {
        "Resources": {
            "Bad": {"Type": "AWS::Budgets::Budget"},
            "Good": {"Type": "AWS::SQS::Queue", "Properties": properties},
        }
    }
    filtered, _ = without_refused(template)
    assert filtered["Resources"]["Good"]["Properties"] == left


@pytest.mark.parametrize(
    ("wanted", "left"), [("Bad", []), ("Good", ["Good"]), (["Bad", "Good"], ["Good"])]
)
def test_dependencies_and_outputs(wanted: Any, left: list[str]) -> None:
    """Nothing waits for a resource that is left out, and no output tells of it."""
    template = {
        "Resources": {
            "Bad": {"Type": "AWS::Budgets::Budget"},
            "Good": {"Type": "AWS::SQS::Queue"},
            "Other": {"Type": "AWS::SQS::Queue", "DependsOn": wanted},
        },
        "Outputs": {"A": {"Value": {"Ref": "Bad"}}, "B": {"Value": {"Ref": "Good"}}},
    }
    filtered, _ = without_refused(template)
    assert filtered["Resources"]["Other"]["DependsOn"] == left
    assert list(filtered["Outputs"]) == ["B"]
