"""The faults of a request body in API Gateway's own words.

Runs inside the emulator. API Gateway checks models with fge/json-schema-validator and passes its
messages on; that validator looks at an object's members only when the object itself is sound. Only
the keywords that our models use are told apart (infrastructure/edge/models.py).
"""

from __future__ import annotations

import json
from typing import Any

_TYPES = {
    dict: "object",
    list: "array",
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


def validation_message(schema: dict[str, Any], body: bytes) -> str:
    """Describe the faults of a body that does not fit a JSON Schema (draft 4)."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        return f"Could not parse request body into json: {error}"
    return f"[{', '.join(_faults(schema, document)) or 'Invalid request body'}]"


def _faults(schema: dict[str, Any], value: Any) -> list[str]:
    if wrong := _wrong_type(schema.get("type"), value):
        return [wrong]
    if isinstance(value, list):
        return [fault for item in value for fault in _faults(schema.get("items", {}), item)]
    if isinstance(value, dict):
        return _faults_of_object(schema, value) or _faults_of_members(schema, value)
    return []


def _faults_of_object(schema: dict[str, Any], value: dict[str, Any]) -> list[str]:
    unknown = sorted(set(value) - set(schema.get("properties", {})))
    missing = sorted(set(schema.get("required", ())) - set(value))
    faults = []
    if unknown and schema.get("additionalProperties") is False:
        what = "object instance has properties which are not allowed by the schema"
        faults.append(f"{what}: {_quoted(unknown)}")
    if missing:
        faults.append(f"object has missing required properties ({_quoted(missing)})")
    return faults


def _faults_of_members(schema: dict[str, Any], value: dict[str, Any]) -> list[str]:
    properties = schema.get("properties", {})
    names = sorted(set(properties) & set(value))
    return [fault for name in names for fault in _faults(properties[name], value[name])]


def _wrong_type(wanted: str | None, value: Any) -> str | None:
    found = _TYPES[type(value)]
    allowed = ["integer", "number"] if wanted == "number" else [wanted]
    if wanted is None or found in allowed:
        return None
    what = "does not match any allowed primitive type"
    return f"instance type ({found}) {what} (allowed: {_quoted(allowed)})"


def _quoted(names: list[Any]) -> str:
    return json.dumps(names, separators=(",", ":"), ensure_ascii=False)
