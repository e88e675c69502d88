"""No deployment over the last release loses data that nobody means to lose."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from documents import stateful_changes
from documents.stateful_changes import (
    fixed_properties,
    losses,
    normalised,
    path_of,
    released,
    renew,
    version_of,
)
from infrastructure.settings import STAGES
from infrastructure.stateful import BEFORE, DECLARED, FOLDER, HOLDS, declared
from ops.release.leftovers import ADOPTABLE
from project.release import version
from tests.infrastructure.conftest import VARIANTS
from tests.shared.templates.kept import template_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.infrastructure.conftest import Template

Resources = dict[str, dict[str, Any]]

RELEASED = list(FOLDER.glob("*.template.json"))


@pytest.mark.parametrize("stage", STAGES)
def test_nothing_is_lost_that_is_not_declared(templates: dict[str, Template], stage: str) -> None:
    """Whatever a deployment replaces or removes that holds data is declared, with its reason."""
    found = losses(released(stage), templates[stage].document)
    undeclared = [str(loss) for loss in found if (loss.resource, loss.what) not in declared(stage)]
    assert not undeclared, "\n".join([*undeclared, "Mend it, or declare it in declared.toml."])


@pytest.mark.parametrize("stage", STAGES)
def test_every_declaration_is_of_a_loss(templates: dict[str, Template], stage: str) -> None:
    """No declaration is left over from another release, and each has a reason."""
    found = {
        (loss.resource, loss.what) for loss in losses(released(stage), templates[stage].document)
    }
    assert set(declared(stage)) <= found
    assert all(len(reason.split()) >= 5 for reason in declared(stage).values())


def test_a_new_stage_loses_nothing(prod: Template) -> None:
    """A stage that was never released has nothing to lose, and needs no declaration."""
    assert losses(released("never-released"), prod.document) == []


@pytest.mark.parametrize("stage", sorted(path.name.partition(".")[0] for path in RELEASED))
def test_a_released_template_holds_no_hash_of_an_asset(stage: str) -> None:
    """The released templates change when somebody releases, not with every line of code."""
    assert normalised(released(stage)) == released(stage)
    assert path_of(stage).read_text().count('"asset.zip"') > 0


@pytest.mark.synthesizes
def test_a_release_keeps_the_one_before(
    tmp_path: Path, templates: dict[str, Template], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taking a release moves the last one to `before/`; taken again, that one stays there."""
    today = {stage: templates[stage].document for stage in STAGES}
    monkeypatch.setattr(stateful_changes, "template_of", lambda of, **_: today[of.stage])
    last = {"Resources": {"Old": {"Type": "AWS::SQS::Queue"}}}
    path_of("dev", tmp_path).write_text(json.dumps(last))
    (tmp_path / DECLARED.name).write_text("# meant then")
    for _ in range(2):
        renew(tmp_path)
        assert version_of(released("dev", tmp_path)) == version()
        assert released("dev", tmp_path / BEFORE.name) == last
        assert (tmp_path / BEFORE.name / DECLARED.name).read_text() == "# meant then"
        assert declared("dev", tmp_path / DECLARED.name) == {}


def test_capacity_is_switched_without_losing_anything(templates: dict[str, Template]) -> None:
    """Going from on-demand to provisioned and back keeps every table."""
    on_demand, provisioned = templates["dev"].document, templates["dev-provisioned"].document
    assert losses(on_demand, provisioned) == losses(provisioned, on_demand) == []


def test_a_domain_a_key_and_a_budget_come_without_losing_anything(
    templates: dict[str, Template],
) -> None:
    """All that the settings can add to prod is added in place."""
    assert losses(templates["prod"].document, templates["prod-hardened"].document) == []


def first(resources: Resources, kind: str) -> tuple[str, dict[str, Any]]:
    return next((name, r) for name, r in resources.items() if r["Type"] == kind)


def changed(kind: str, **properties: Any) -> Callable[[Resources], str]:
    def change(resources: Resources) -> str:
        name, resource = first(resources, kind)
        resource["Properties"].update(properties)
        return name

    return change


def removed(kind: str) -> Callable[[Resources], str]:
    def remove(resources: Resources) -> str:
        name, _ = first(resources, kind)
        del resources[name]
        return name

    return remove


def with_another_key_type(resources: Resources) -> str:
    name, table = first(resources, "AWS::DynamoDB::GlobalTable")
    table["Properties"]["AttributeDefinitions"][0]["AttributeType"] = "N"
    return name


def of_another_type(resources: Resources) -> str:
    name, table = first(resources, "AWS::DynamoDB::GlobalTable")
    table["Type"] = "AWS::DynamoDB::Table"
    return name


KEY = [{"AttributeName": "orderId", "KeyType": "HASH"}]
LOSSES = {
    "a table's name": (changed("AWS::DynamoDB::GlobalTable", TableName="orders"), "TableName"),
    "a table's key": (changed("AWS::DynamoDB::GlobalTable", KeySchema=KEY), "KeySchema"),
    "a key's type": (with_another_key_type, "AttributeDefinitions"),
    "a stream": (
        changed("AWS::DynamoDB::GlobalTable", StreamSpecification=None),
        "StreamSpecification",
    ),
    "a table's type": (of_another_type, "Type"),
    "a queue's name": (changed("AWS::SQS::Queue", QueueName="orders"), "QueueName"),
    "a topic's name": (changed("AWS::SNS::Topic", TopicName="orders"), "TopicName"),
    "a client's secret": (
        changed("AWS::Cognito::UserPoolClient", GenerateSecret=True),
        "GenerateSecret",
    ),
    "how people sign in": (
        changed("AWS::Cognito::UserPool", UsernameAttributes=["phone_number"]),
        "UsernameAttributes",
    ),
    "what a key is for": (changed("AWS::KMS::Key", KeyUsage="SIGN_VERIFY"), "KeyUsage"),
    "the stage's name": (changed("AWS::ApiGateway::Stage", StageName="v2"), "StageName"),
    "a parameter's name": (changed("AWS::SSM::Parameter", Name="/orders"), "Name"),
    "the flags' name": (changed("Custom::CreatedParameters", Flags="/flags"), "Flags"),
    **{f"a whole {kind}": (removed(kind), "removed") for kind in HOLDS if "Domain" not in kind},
}


@pytest.mark.parametrize("change", LOSSES)
def test_a_loss_is_found(prod: Template, change: str) -> None:
    """Each property that AWS replaces a thing for, and each removal, is told with what it costs."""
    document = copy.deepcopy(prod.document)
    lose, what = LOSSES[change]
    name = lose(document["Resources"])
    assert (name, what) in {(loss.resource, loss.what) for loss in losses(prod.document, document)}


@pytest.mark.parametrize(
    "change",
    [
        changed("AWS::SQS::Queue", VisibilityTimeout=120),
        changed("AWS::DynamoDB::GlobalTable", BillingMode="PROVISIONED"),
        changed("AWS::Cognito::UserPool", MfaConfiguration="ON"),
        removed("AWS::Lambda::Permission"),
    ],
)
def test_a_change_in_place_loses_nothing(
    prod: Template, change: Callable[[Resources], str]
) -> None:
    """What AWS changes in place, or holds no data, needs no declaration."""
    document = copy.deepcopy(prod.document)
    change(document["Resources"])
    assert losses(prod.document, document) == []


def test_aws_says_what_replaces() -> None:
    """The knowledge of what cannot be changed is that of CloudFormation's own schemas."""
    assert "TableName" in fixed_properties("AWS::DynamoDB::GlobalTable")
    assert "SourceParameters.DynamoDBStreamParameters.StartingPosition" in fixed_properties(
        "AWS::Pipes::Pipe"
    )


LEFT_ALONE = {
    "AWS::ApiGateway::Account": "the account's, and not ours alone",
    "AWS::IAM::Role": "the role that the account's API Gateway logs with",
    "AWS::Lambda::Version": "kept beside the next one; gone with its function",
    "Custom::CreatedParameters": "found by the parameters' names",
}
"""What is kept, but not taken over."""


@pytest.mark.parametrize("variant", ["prod", "prod-hardened"])
def test_what_is_kept_comes_back(templates: dict[str, Template], variant: str) -> None:
    """Whatever outlives a stack, the next stack of the stage takes over, or finds by its name."""
    kept = {
        resource["Type"]
        for resource in templates[variant].document["Resources"].values()
        if resource.get("DeletionPolicy", "").startswith("Retain")
    }
    assert kept == {*ADOPTABLE, *LEFT_ALONE}


def test_what_is_taken_over_needs_nothing_else() -> None:
    """A stack can be made of the kept things alone: none refers to one that is made anew.

    The user pool gets its trigger by the deployment after that (ops/release/leftovers.py).
    """
    taking_over = replace(VARIANTS["prod-hardened"], operators_second_factor=False)
    resources = template_of(taking_over)["Resources"]
    kept = {name: r for name, r in resources.items() if r["Type"] in ADOPTABLE}
    others = set(resources) - set(kept)
    for name, resource in kept.items():
        assert not [other for other in others if f'"{other}"' in json.dumps(resource)], name


def test_only_tables_and_the_like_are_kept_of_a_failure(prod: Template) -> None:
    """What AWS would not let a failed first deployment delete is kept; a key, for what it opens."""
    for kind in (*ADOPTABLE, "Custom::CreatedParameters"):
        for resource in prod.document["Resources"].values():
            if resource["Type"] == kind:
                in_a_pool = kind in ADOPTABLE and ADOPTABLE[kind].in_a_pool
                wanted = "RetainExceptOnCreate" if in_a_pool else "Retain"
                assert resource["DeletionPolicy"] == wanted, kind
