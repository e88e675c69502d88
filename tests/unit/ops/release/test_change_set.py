"""What would be lost is named before anything is changed."""

from __future__ import annotations

from typing import Any

import pytest

from infrastructure.stateful import HOLDS
from ops.release.change_set import Loss, losses

TABLE, PIPE = "AWS::DynamoDB::GlobalTable", "AWS::Pipes::Pipe"
CREATED = "Custom::CreatedParameters"


def change(action: str, kind: str = TABLE, name: str = "T", **more: Any) -> dict[str, Any]:
    return {"Action": action, "LogicalResourceId": name, "ResourceType": kind, **more}


def detail(name: str, recreation: str = "Never", cause: str = "") -> dict[str, Any]:
    """Say how CloudFormation comes to change a property: directly, or by another's attribute."""
    source = "ResourceAttribute" if cause else "DirectModification"
    target = {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation}
    return {"Target": target, "ChangeSource": source, "CausingEntity": cause}


@pytest.mark.parametrize("kind", HOLDS)
@pytest.mark.parametrize(
    ("action", "more", "fate"),
    [
        ("Remove", {}, "would be deleted"),
        ("Remove", {"PolicyAction": "Retain"}, "would leave the stack"),
        ("Modify", {"Replacement": "True"}, "would be replaced by an empty one"),
        ("Modify", {"Replacement": "Conditional"}, "may be replaced by an empty one"),
    ],
)
def test_losses(kind: str, action: str, more: dict[str, str], fate: str) -> None:
    """Every way to lose whatever holds data is named, with what is lost by it."""
    if kind == CREATED and action == "Modify":
        return  # test_a_custom_resource
    sentence = f"T ({kind}) {fate}: this loses {HOLDS[kind]}"
    assert list(losses([change(action, kind, **more)], {})) == [Loss(sentence)]


@pytest.mark.parametrize(
    "harmless",
    [
        change("Add"),
        change("Import"),
        change("Modify", Replacement="False"),
        change("Modify", Replacement="False", Details=[detail("BillingMode")]),
        change("Remove", "AWS::Lambda::Function"),
    ],
)
def test_no_losses(harmless: dict[str, Any]) -> None:
    """What loses nothing is not complained of."""
    assert list(losses([harmless], {})) == []


def test_a_stream_that_is_switched_off() -> None:
    """CloudFormation changes it in place; what nobody has read of it yet is lost all the same."""
    off = change("Modify", Replacement="False", Details=[detail("StreamSpecification")])
    (loss,) = losses([off], {})
    assert "T (AWS::DynamoDB::GlobalTable) would begin anew" in loss.sentence


@pytest.mark.parametrize(
    ("table", "lost"),
    [
        (change("Modify", Replacement="False", Details=[detail("BillingMode")]), False),
        (change("Modify", Replacement="False", Details=[detail("StreamSpecification")]), True),
        (change("Modify", Replacement="True", Details=[detail("KeySchema", "Always")]), True),
    ],
)
def test_what_reads_an_attribute(table: dict[str, Any], *, lost: bool) -> None:
    """A table in another mode does not keep prod from being deployed for fear of its pipe."""
    reads = [detail("Source", "Always", cause="T.StreamArn")]
    pipe = change("Modify", PIPE, "P", Replacement="Conditional", Details=reads)
    named = [loss.sentence for loss in losses([table, pipe], {})]
    assert any(sentence.startswith("P (AWS::Pipes::Pipe) may be") for sentence in named) is lost


@pytest.mark.parametrize(
    ("property_", "cause", "lost"),
    [
        ("ServiceTimeout", "", False),
        ("Flags", "", True),
        ("ServiceToken", "F.Arn", False),
        ("ServiceToken", "G.Arn", True),
    ],
)
def test_a_custom_resource(property_: str, cause: str, *, lost: bool) -> None:
    """The flags and the signing key are lost with their names, or with a function that is new."""
    functions = [
        change("Modify", "AWS::Lambda::Function", "F", Replacement="False"),
        change("Modify", "AWS::Lambda::Function", "G", Replacement="True"),
    ]
    details = [detail(property_, "Always", cause)]
    made = change("Modify", CREATED, Replacement="Conditional", Details=details)
    assert bool(list(losses([*functions, made], {}))) is lost


@pytest.mark.parametrize(
    ("declared", "reason"),
    [(("T", "Name"), "why"), (("T", "removed"), None), (("U", "Name"), None)],
)
def test_what_the_release_means(declared: tuple[str, str], reason: str | None) -> None:
    """A loss that is declared has its reason; what is declared of something else does not count."""
    (loss,) = losses([change("Modify", PIPE, Replacement="True")], {declared: "why"})
    assert loss.reason == reason
    (loss,) = losses([change("Remove", PIPE)], {declared: "why"})
    assert (loss.reason == "why") is (declared == ("T", "removed"))
