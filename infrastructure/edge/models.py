"""API Gateway's models: the fields of each request body, taken from its struct.

They tell whoever exports the API which fields there are, and refuse only what is no JSON at all:
whatever else is wrong the function names, field by field (docs/decisions/0024).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from aws_cdk import aws_apigateway as apigateway

if TYPE_CHECKING:
    from msgspec import Struct


def shape_of(struct: type[Struct]) -> dict[str, Any]:
    """Give the shape of a struct's JSON as a JSON Schema without references.

    Returns:
        Its properties at every depth: none is required, and others may be there.
    """
    document = msgspec.json.schema(struct)
    return _shape(document, document["$defs"])


def model_schema(struct: type[Struct]) -> apigateway.JsonSchema:
    """Make the JSON Schema (draft 4) of a struct's model."""
    return _to_cdk(shape_of(struct), root=struct.__name__)


def _shape(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _shape(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    if "properties" in schema:
        members = schema["properties"].items()
        return {"properties": {name: _shape(member, definitions) for name, member in members}}
    if schema.get("type") == "array":
        return {"items": _shape(schema["items"], definitions)}
    return {}


def _to_cdk(shape: dict[str, Any], *, root: str | None = None) -> apigateway.JsonSchema:
    members = shape.get("properties")
    return apigateway.JsonSchema(
        schema=None if root is None else apigateway.JsonSchemaVersion.DRAFT4,
        title=root,
        properties=members and {name: _to_cdk(member) for name, member in members.items()},
        items=_to_cdk(shape["items"]) if "items" in shape else None,
    )
