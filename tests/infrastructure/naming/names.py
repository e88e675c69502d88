"""Which names a template gives itself, by AWS's own descriptions of each type of resource.

* A name is `AlarmName` of an alarm, `Name` of a parameter, whatever else identifies a type.
* It is fixed when it does not follow another resource: then it is the same at each deployment.
* It is owned when it is within something of the stack, as a model is in the API.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from infrastructure.settings import STAGES
from tests.lazily import Lazily

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infrastructure.conftest import Template

descriptions = Lazily("cfnlint.schema.manager")

_REGION = next(iter(STAGES.values())).region
_OWNERS = {"AWS::IAM::Policy": "Roles", "AWS::Lambda::Alias": "FunctionName"}
"""Types that belong to what a property names, though their identifiers do not say so."""

_ASKS_ONLY = "Custom::ReleaseGate"
"""Our own resource that makes nothing: what it is told names nothing of its own."""

_OF_CLOUDFORMATION = {"ServiceToken", "ServiceTimeout"}
"""Properties of a custom resource that are not for its function."""


class Name(NamedTuple):
    """A name that a template gives a resource."""

    resource: str
    """Its logical id."""
    kind: str
    path: str
    """Of the property, such as `Budget.BudgetName`; several are one name together."""
    value: str
    """In JSON, with what only AWS knows as it stands in the template."""
    owned: bool = False


def names(template: Template) -> Iterator[Name]:
    """Give all fixed names of a template, those of its exports included."""
    resources = template.document["Resources"]
    for resource, item in resources.items():
        properties, kind = item.get("Properties", {}), item["Type"]
        owned = any(refers(at(properties, path), resources) for path in owners(kind))
        for paths in name_paths(kind, properties):
            values = [at(properties, path) for path in paths]
            if not all(refers(value, resources) for value in values):
                yield Name(resource, kind, " ".join(paths), json.dumps(values), owned)
    for output, item in template.document.get("Outputs", {}).items():
        if "Export" in item:
            yield Name(output, "Export", "Name", json.dumps(item["Export"]["Name"]))


def name_paths(kind: str, properties: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Give the properties, one or several together, by which AWS tells a resource from others."""
    if kind == _ASKS_ONLY:
        return
    if kind.startswith("Custom::"):  # nobody describes ours: whatever it is told is a name
        yield from ((key,) for key in properties if key not in _OF_CLOUDFORMATION)
        return
    schema = _schema_of(kind)
    whole = [[_dotted(path) for path in one] for one in _identifier_sets(schema)]
    generated = {_dotted(path) for path in schema.get("readOnlyProperties", [])}
    for paths in whole:
        if not generated & set(paths) and all(at(properties, path) for path in paths):
            yield tuple(paths)
    for path in _called(kind, properties):
        if [path] not in whole:
            yield (path,)


def _schema_of(kind: str) -> dict[str, Any]:
    """Give AWS's description of a type of resource."""
    found: dict[str, Any] = descriptions.PROVIDER_SCHEMA_MANAGER.get_resource_schema(
        _REGION, kind
    ).schema
    return found


def identifying(kind: str) -> set[str]:
    """Give the properties that are part of a type's identity, such as the API of a model."""
    return {_dotted(path) for paths in _identifier_sets(_schema_of(kind)) for path in paths}


def at(properties: Any, path: str) -> Any:
    """Give what a template has at a path; None for nothing."""
    for part in path.split("."):
        properties = properties.get(part) if isinstance(properties, dict) else None
    return properties


def refers(value: Any, resources: dict[str, Any]) -> bool:
    """Tell whether a value follows another resource of the stack."""
    if isinstance(value, list):
        return any(refers(one, resources) for one in value)
    if not isinstance(value, dict):
        return False
    named = value.get("Ref") or (value.get("Fn::GetAtt") or [None])[0]
    return named in resources or any(refers(one, resources) for one in value.values())


def _identifier_sets(schema: dict[str, Any]) -> list[list[str]]:
    return [schema.get("primaryIdentifier", []), *schema.get("additionalIdentifiers", [])]


def owners(kind: str) -> set[str]:
    """Give the properties that name what a resource of a type is within."""
    if kind.startswith("Custom::"):
        return set()
    return {_OWNERS[kind]} if kind in _OWNERS else identifying(kind)


def _dotted(path: str) -> str:
    return path.removeprefix("/properties/").replace("/", ".")


def _called(kind: str, properties: dict[str, Any]) -> Iterator[str]:
    """Give what is called a name: `Name`, or as `RuleName` of a SamplingRule, also one below."""
    what = kind.rpartition("::")[2]
    for key, value in properties.items():
        if key == "Name" or _is_name_of(key, what):
            yield key
        elif isinstance(value, dict):
            yield from (f"{key}.{below}" for below in value if _is_name_of(below, what))


def _is_name_of(key: str, what: str) -> bool:
    thing = key.removesuffix("Name")
    return thing not in ("", key) and what.endswith(thing)
