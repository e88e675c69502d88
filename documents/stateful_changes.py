"""What a deployment over the last release would lose: things that hold data, replaced or removed.

    losses(released, template)
    ├── removed       its logical id is gone: CloudFormation deletes it, or leaves it and forgets it
    ├── Type          another type under the same id
    └── a property    one that cannot be changed in place: CloudFormation makes a new, empty one

`infrastructure/released/` holds each stage's template as it was last released, and the changes
that somebody means: declared.toml. `before/` has those of the release before that one. On a release
`python -m documents.stateful_changes` takes today's templates, and clears what was declared.
`infrastructure/stateful.py` knows what holds data; the same is looked at once more at each
deployment (ops/release/change_set.py).
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.settings import STAGES, VERSION_TAG
from infrastructure.stateful import BEFORE, DECLARED, FIXED_BESIDES, FOLDER, HOLDS, REMOVED
from infrastructure.synth import template_of
from ops.costs.report import expected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
    # Its package takes a second to import.
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # noqa: PLC0415

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


_VERSION_HASH = re.compile(r"[0-9a-f]{32}$")
"""With it the id of a version ends: a hash of the function's code and configuration."""


def normalised(template: dict[str, Any]) -> dict[str, Any]:
    """Take out of a template what differs without meaning: the hashes of assets and versions."""
    text = json.dumps(template)
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function":
            text = text.replace(resource["Properties"]["Code"]["S3Key"], "asset.zip")
        if resource["Type"] == "AWS::Lambda::Version":
            text = text.replace(name, _VERSION_HASH.sub("", name))
    found: dict[str, Any] = json.loads(text)
    return found


def released(stage: str, folder: Path = FOLDER) -> dict[str, Any]:
    """Read a stage's template as it was released; that of a new stage holds nothing yet.

    Args:
        stage: its name.
        folder: the last release's, or BEFORE.
    """
    path = path_of(stage, folder)
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"Resources": {}}
    return found


def path_of(stage: str, folder: Path = FOLDER) -> Path:
    """Say where a stage's released template is."""
    return folder / f"{stage}.template.json"


def version_of(template: dict[str, Any]) -> str | None:
    """Give the version that made a template, as its tags say; None where none does."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            given = {tag["Key"]: tag["Value"] for tag in resource["Properties"]["Tags"]}
            found: str | None = given.get(VERSION_TAG)
            return found
    return None


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


def renew(folder: Path = FOLDER) -> None:
    """Take today's templates for the released ones; those of another version become `before/`.

    Taken twice for one version, it keeps those of the version before.
    """
    taken = {
        stage: normalised(template_of(settings, model=expected))
        for stage, settings in STAGES.items()
    }
    if any(version_of(released(name, folder)) != version_of(new) for name, new in taken.items()):
        before = folder / BEFORE.name
        before.mkdir(exist_ok=True)
        for path in (*folder.glob("*.json"), folder / DECLARED.name):
            shutil.copy(path, before)
    for stage, template in taken.items():
        text = json.dumps(template, indent=1, sort_keys=True)
        path_of(stage, folder).write_text(f"{text}\n")
    (folder / DECLARED.name).write_text(NOTHING_DECLARED)


if __name__ == "__main__":
    renew()
