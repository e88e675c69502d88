"""What a deployment over the last release would lose: things that hold data, replaced or removed.

    losses(released, template)
    ├── removed       its logical id is gone: CloudFormation deletes it, or leaves it and forgets it
    ├── Type          another type under the same id
    └── a property    one that cannot be changed in place: CloudFormation makes a new, empty one

`infrastructure/released/` holds each stage's template as it was last released, and the changes
that somebody means: declared.toml. `python -m documents.stateful_changes` renews the templates
on a release, and clears what was declared.
"""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from infrastructure.settings import STAGES
from infrastructure.synth import template_of
from ops.costs.report import expected
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = ROOT / "infrastructure/released"
"""The last release's templates."""

DECLARED = FOLDER / "declared.toml"
"""What somebody means to lose."""

HOLDS = {
    "AWS::ApiGateway::DomainName": "the name that the domain's DNS record points to",
    "AWS::ApiGateway::RestApi": "the API's id, which is in every client's address",
    "AWS::ApiGateway::Stage": "the stage's name, which is in every client's address",
    "AWS::ApiGateway::UsagePlan": "the partners' keys on the plan, and what they used of it today",
    "AWS::Cognito::UserPool": "all customers and operators",
    "AWS::Cognito::UserPoolClient": "the client's id, which every page has",
    "AWS::Cognito::UserPoolGroup": "who is an operator",
    "AWS::DynamoDB::GlobalTable": "the table's items, and those of its stream that nobody read yet",
    "AWS::IAM::ManagedPolicy": "the policy's ARN, which other services attached",
    "AWS::KMS::Key": "the key, and with it whatever it encrypts",
    "AWS::Logs::LogGroup": "a week of logs",
    "AWS::Pipes::Pipe": "where in the stream the pipe was",
    "AWS::SNS::Topic": "the subscriptions of other teams",
    "AWS::SQS::Queue": "the messages that wait, and the dead letters",
    "AWS::SSM::Parameter": "the value's history, and its value if somebody changed it",
    "Custom::CreatedParameters": "the flags, and the key that signs webhooks",
}
"""What is lost with a resource of each type."""

FIXED_BESIDES = {
    # Cognito: "Updates are not allowed for property"; no schema says so.
    "AWS::Cognito::UserPool": ("AliasAttributes", "UsernameAttributes", "UsernameConfiguration"),
    # A stream that is switched off takes what is in it along, and its pipe never reads again.
    "AWS::DynamoDB::GlobalTable": ("StreamSpecification",),
    # KMS refuses to change what a key is.
    "AWS::KMS::Key": ("KeySpec", "KeyUsage", "MultiRegion", "Origin"),
    # Ours: the function deletes what has another name, and makes it anew.
    "Custom::CreatedParameters": ("Flags", "SigningKey", "ServiceToken"),
}
"""Properties that cannot be changed in place, beside those that AWS's schemas name."""

REMOVED = "removed"


class Loss(NamedTuple):
    """One thing that a deployment would lose."""

    resource: str
    """Its logical id."""
    what: str
    """The property that changed, `Type`, or `removed`."""
    holds: str
    """What is lost with it."""

    def __str__(self) -> str:
        """Say it to a person."""
        return f"{self.resource} ({self.what}): this loses {self.holds}"


def losses(released: dict[str, Any], template: dict[str, Any]) -> list[Loss]:
    """List what a template's deployment over the released one would lose."""
    after = template["Resources"]
    return [
        Loss(name, what, HOLDS[before["Type"]])
        for name, before in released["Resources"].items()
        if before["Type"] in HOLDS
        for what in _changes(before, after.get(name))
    ]


def _changes(before: dict[str, Any], after: dict[str, Any] | None) -> Iterator[str]:
    if after is None:
        yield REMOVED
    elif before["Type"] != after["Type"]:
        yield "Type"
    else:
        old, new = before.get("Properties", {}), after.get("Properties", {})
        for path in fixed_properties(before["Type"]):
            if _at(old, path) != _at(new, path):
                yield path
        if _key_types(old) != _key_types(new):
            yield "AttributeDefinitions"


def fixed_properties(kind: str) -> list[str]:
    """List the properties of a type that cannot be changed in place, such as `KeySchema`."""
    own = list(FIXED_BESIDES.get(kind, ()))
    if kind.startswith("Custom::"):
        return own
    region = next(iter(STAGES.values())).region
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind).schema
    named = (
        path.removeprefix("/properties/").partition("/*")[0].replace("/", ".")
        for group in ("createOnlyProperties", "conditionalCreateOnlyProperties")
        for path in schema.get(group, [])
    )
    return [*named, *own]


def _at(properties: Any, path: str) -> Any:
    for part in path.split("."):
        properties = properties.get(part) if isinstance(properties, dict) else None
    return properties


def _key_types(properties: dict[str, Any]) -> dict[str, str]:
    """Give the types of a table's own key; those of other things are no table's."""
    types = {
        item["AttributeName"]: item["AttributeType"]
        for item in properties.get("AttributeDefinitions", [])
    }
    keys = (item["AttributeName"] for item in properties.get("KeySchema", []))
    return {key: types.get(key, "") for key in keys}


def normalised(template: dict[str, Any]) -> dict[str, Any]:
    """Take out of a template what differs without meaning: the assets' hashes."""
    text = json.dumps(template)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            text = text.replace(resource["Properties"]["Code"]["S3Key"], "asset.zip")
    found: dict[str, Any] = json.loads(text)
    return found


def released(stage: str) -> dict[str, Any]:
    """Read a stage's template as it was last released; that of a new stage holds nothing yet."""
    path = path_of(stage)
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"Resources": {}}
    return found


def path_of(stage: str) -> Path:
    """Say where a stage's last released template is."""
    return FOLDER / f"{stage}.template.json"


def declared(stage: str) -> dict[tuple[str, str], str]:
    """Read what somebody means to lose in a stage: (logical id, what), with the reason."""
    changes = tomllib.loads(DECLARED.read_text()).get("change", [])
    return {(c["resource"], c["what"]): c["reason"] for c in changes if c["stage"] == stage}


NOTHING_DECLARED = """\
# What the next release means to replace or remove, though it holds data. An entry for each:
#
#   [[change]]
#   stage = "prod"
#   resource = "DataOrders20A4E13F"  # the logical id
#   what = "KeySchema"               # the property, "Type" or "removed"
#   reason = "why, and how the data gets across"
#
# On the release `python -m documents.stateful_changes` empties this list.
"""


def renew() -> None:
    """Take today's templates for the released ones."""
    for stage, settings in STAGES.items():
        template = normalised(template_of(settings, model=expected))
        path_of(stage).write_text(json.dumps(template, indent=1, sort_keys=True) + "\n")
    DECLARED.write_text(NOTHING_DECLARED)


if __name__ == "__main__":
    renew()
