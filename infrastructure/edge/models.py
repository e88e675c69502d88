"""API Gateway's models: the shape of each request body, taken from its struct.

The gateway is the first filter and the function checks everything. Which faults the gateway catches
is chosen by what it can tell the caller: for a missing or an unknown field its message names the
field, for a wrong type, length or range it names none (docs/decisions/0006). So the model holds the
former, and the function answers the latter with a pointer to the field.
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
        Its properties, which of them are required, and that there are no others, at every depth.
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
        shape: dict[str, Any] = {
            "properties": {
                name: _shape(member, definitions) for name, member in schema["properties"].items()
            },
            "additionalProperties": False,
        }
        if schema.get("required"):
            shape["required"] = schema["required"]
        return shape
    if schema.get("type") == "array":
        return {"items": _shape(schema["items"], definitions)}
    return {}


def _to_cdk(shape: dict[str, Any], *, root: str | None = None) -> apigateway.JsonSchema:
    members = shape.get("properties")
    return apigateway.JsonSchema(
        schema=None if root is None else apigateway.JsonSchemaVersion.DRAFT4,
        title=root,
        type=None if root is None else apigateway.JsonSchemaType.OBJECT,
        properties=members and {name: _to_cdk(member) for name, member in members.items()},
        required=shape.get("required"),
        additional_properties=shape.get("additionalProperties"),
        items=_to_cdk(shape["items"]) if "items" in shape else None,
    )
