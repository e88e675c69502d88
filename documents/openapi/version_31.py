"""OpenAPI 3.1's way to say what 3.0 says: its schemas are JSON Schema 2020-12."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from documents.openapi.schemas import Schema


def as_31(node: Any) -> Any:
    """Say in version 3.1 what a part of a document says in 3.0: null is a type of its own."""
    if isinstance(node, list):
        return [as_31(part) for part in node]
    if not isinstance(node, dict):
        return node
    made = {name: as_31(part) for name, part in node.items() if name != "nullable"}
    return _or_null(made) if node.get("nullable") is True else made


def _or_null(schema: Schema) -> Schema:
    if "type" not in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    made = {**schema, "type": [schema["type"], "null"]}
    return {**made, "enum": [*schema["enum"], None]} if "enum" in schema else made
