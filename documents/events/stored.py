"""The order as it is stored, in DynamoDB's typed JSON: its schemas, and the records of its writes.

They are made from the schema of the order as it is read, so that a new field is in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from documents.openapi import examples
from documents.openapi.schemas import REF, Schema, ref
from orders.domain.money import PARTS, sums_of

if TYPE_CHECKING:
    from orders.domain.order import Item

_ONLY_READ = {"createdAt"}
"""Fields of the order as it is read that stand in the stored one by another name."""

_ALSO_STORED: dict[str, Schema] = {
    "timestamp": {"type": "string", "format": "date-time", "description": "When it was placed."},
    "charges": {"type": "integer", "description": "Delivery fee plus tip."},
    "changedBy": {"type": "string", "description": "The id of the last change."},
}
_SUMS: Schema = {"type": "integer", "description": "Of some parts of the total."}
_SOMETIMES_STORED: dict[str, Schema] = {
    "sums": {
        "type": "object",
        "properties": dict.fromkeys(sums_of(dict.fromkeys(PARTS, 0))["sums"], _SUMS),
        "description": "The service's own.",
    },
    "changeKeys": {
        "type": "array",
        "items": {"type": "string"},
        "description": "The service's own: which changes it knows again.",
    },
    "traceId": {"type": "string", "description": "The trace of the last change."},
    "servedBy": {
        "type": "string",
        "description": "Who serves it: a partner's id, `#` and the restaurant's; its staff: `#` "
        "and the restaurant's. Missing: nobody does, or who placed it.",
    },
    "synthetic": {"type": "boolean", "description": "A heartbeat's: no business of yours."},
    "expiresAt": {"type": "integer", "description": "When it is deleted, Unix seconds."},
    "expiryOnHold": {"type": "integer", "description": "`expiresAt`, while a hold keeps it."},
}
_NOT_ALWAYS = {"postalCode"}
"""What is read as an empty text where it is not stored."""

_KINDS = {
    "string": "S",
    "integer": "N",
    "number": "N",
    "boolean": "BOOL",
    "array": "L",
    "object": "M",
}
_NUMBERS = {"integer": "^-?[0-9]+$", "number": r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"}
_WORDS = ("description", "title")


def stored_schemas(schemas: Schema) -> Schema:
    """Give the schemas of the stored order, by their names.

    Args:
        schemas: those of the orders that are read.
    """
    order = schemas["Order"]
    kept = {name: part for name, part in order["properties"].items() if name not in _ONLY_READ}
    required = [name for name in order["required"] if name not in _ONLY_READ]
    whole: Schema = {
        "title": "StoredOrder",
        "description": "An order as it is stored, in DynamoDB's JSON. Attributes may be added. "
        "A partner's `customerId` begins with its id and `#`.",
        **_attributes({**kept, **_ALSO_STORED, **_SOMETIMES_STORED}),
        "required": [*required, *_ALSO_STORED],
    }
    made: Schema = {"StoredOrder": whole, "StoredText": _typed({"type": "string"})}
    waiting = [kept]
    while waiting:
        for name in _referred(waiting.pop()):
            if f"Stored{name}" not in made:
                made[f"Stored{name}"] = _typed(schemas[name])
                waiting.append(schemas[name])
    return made


def _referred(schema: Schema) -> list[str]:
    found = [str(schema["$ref"]).removeprefix(REF)] if "$ref" in schema else []
    parts = [part for part in schema.values() if isinstance(part, dict)]
    return found + [name for part in parts for name in _referred(part)]


def _typed(schema: Schema) -> Schema:
    """Say of a value in JSON how DynamoDB writes it."""
    if "$ref" in schema:
        return ref(f"Stored{schema['$ref'].removeprefix(REF)}")
    kind = schema["type"]
    value = {name: part for name, part in schema.items() if name not in _WORDS}
    if kind in _NUMBERS:
        value = {"type": "string", "pattern": _NUMBERS[kind]}
    elif kind == "array":
        value["items"] = _typed(schema["items"])
    elif kind == "object":
        value |= _attributes(schema["properties"])
        if "required" in value:
            value["required"] = [part for part in value["required"] if part not in _NOT_ALWAYS]
    words = {name: schema[name] for name in _WORDS[:1] if name in schema}
    name = _KINDS[kind]
    return {**words, "type": "object", "properties": {name: value}, "required": [name]}


def _attributes(properties: Schema) -> Schema:
    typed = {name: _typed(part) for name, part in properties.items()}
    return {"type": "object", "properties": typed}


# --- Examples


def record(name: str, *, new: Item | None = None, old: Item | None = None) -> Schema:
    """Write the stream's record of a write, as the topic carries it.

    Args:
        name: what kind of write it is.
        new: the order after it, if it is still there.
        old: the order before it, if it was there.
    """
    order = new or old or {}
    images = {"NewImage": new, "OldImage": old}
    return {
        "eventID": "0123456789abcdef0123456789abcdef",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": {
            "ApproximateCreationDateTime": examples.PLACED_AT // 1000,
            "Keys": image({key: order[key] for key in ("orderId", "timestamp")}),
            **{key: image(one) for key, one in images.items() if one is not None},
            "SequenceNumber": "111100000000000000000001",
            "SizeBytes": 1024,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": "arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/"
        "2026-11-18T11:06:40.123",
    }


def image(item: Item) -> Schema:
    """Write an order in DynamoDB's typed JSON."""
    return {name: _value(value) for name, value in item.items()}


def _value(value: object) -> Schema:
    match value:
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": format(value, "g") if isinstance(value, float) else str(value)}
        case list():
            return {"L": [_value(part) for part in value]}
        case dict():
            return {"M": image(value)}
        case _:
            return {"S": str(value)}
