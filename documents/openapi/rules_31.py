"""Rules between fields, which OpenAPI 3.1 can say and 3.0 cannot.

They stand beside a schema's properties, in keywords that makers of clients pass over. What no
schema can say: docs/api/beyond-openapi.md.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from orders.domain.iso import WITHOUT_POSTAL_CODES
from orders.domain.lifecycle import Status
from orders.domain.order import ServedOrderPatch
from orders.domain.reasons import REASONED

if TYPE_CHECKING:
    from documents.openapi.schemas import Schema


def with_rules(schemas: Schema) -> Schema:
    """Give the schemas of version 3.1 with the rules between their fields."""
    return {name: {**schema, **deepcopy(_rules(name, schema))} for name, schema in schemas.items()}


def _rules(name: str, schema: Schema) -> Schema:
    if name in _ADDRESSES:
        return _ADDRESSES[name]
    fields = schema.get("properties", {})
    if "minProperties" not in schema:  # a patch wants something to change
        return {}
    rules: Schema = {}
    together = {
        "reason": _WITH_AN_END,
        "quote": _WITH_WHAT_COSTS,
        "readyAt": _ACCEPTED_OR_ALONE,
    }
    if found := {field: rule for field, rule in together.items() if field in fields}:
        rules["dependentSchemas"] = found
    if name == ServedOrderPatch.__name__:
        rules |= {"if": _WITH_AN_END, "then": _WITH_A_REASON}
    if "deliveryAddress" in fields:
        rules["not"] = _NOTHING_BUT_AN_EMPTY_ADDRESS
    if "quote" in fields:
        rules["not"] = {"anyOf": [_NOTHING_BUT_AN_EMPTY_ADDRESS, _NOR_WITH_A_QUOTE]}
    return rules


_NO_POSTAL_CODES = {
    "required": ["country"],
    "properties": {"country": {"enum": sorted(WITHOUT_POSTAL_CODES)}},
}
_BOTH_OR_NEITHER = {"latitude": ["longitude"], "longitude": ["latitude"]}

_ADDRESSES: dict[str, Schema] = {
    "Address": {
        "dependentRequired": _BOTH_OR_NEITHER,
        "if": _NO_POSTAL_CODES,
        "else": {"required": ["postalCode"], "properties": {"postalCode": {"minLength": 1}}},
    },
    "AddressPatch": {
        "dependentRequired": _BOTH_OR_NEITHER,
        "dependentSchemas": {
            "latitude": {
                "anyOf": [
                    {"properties": {key: {"type": kind} for key in _BOTH_OR_NEITHER}}
                    for kind in ("number", "null")
                ]
            }
        },
        "if": {"required": ["postalCode"], "properties": {"postalCode": {"enum": [None, ""]}}},
        "then": _NO_POSTAL_CODES,
    },
}

_WITH_AN_END = {
    "required": ["status"],
    "properties": {"status": {"enum": sorted(REASONED)}},
}
_WITH_A_REASON: Schema = {"required": ["reason"], "properties": {"reason": {"type": "object"}}}
_ACCEPTED_OR_ALONE = {"properties": {"status": {"enum": [Status.CONFIRMED.value]}}}
_WITH_WHAT_COSTS = {
    "anyOf": [
        {"required": [name], "properties": {name: {"type": kind}}}
        for name, kind in {"items": "array", "deliveryAddress": "object"}.items()
    ]
}
_NOTHING_BUT_AN_EMPTY_ADDRESS = {
    "required": ["deliveryAddress"],
    "maxProperties": 1,
    "properties": {"deliveryAddress": {"type": "object", "maxProperties": 0}},
}
_NOR_WITH_A_QUOTE = {
    "required": ["deliveryAddress", "quote"],
    "maxProperties": 2,
    "properties": {
        "deliveryAddress": {"type": "object", "maxProperties": 0},
        "quote": {"type": "string"},
    },
}
