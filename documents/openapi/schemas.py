"""The schemas of the OpenAPI document: the structs' JSON Schema, in the words of OpenAPI 3.0.

What a request may hold is closed: an unknown field is refused. What an answer holds is open: new
fields may come, so clients must pass over what they do not know. The two therefore have schemas of
their own, even where both are made from one struct: `LineItem` is sent, `OrderLineItem` is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from documents.openapi.patterns import PUBLISHED
from orders.domain.changes import WHERE, WHOSE
from orders.domain.iso import COUNTRIES, CURRENCIES
from orders.domain.order import PATTERNS, Order
from orders.domain.reasons import REASONS
from orders.problems import GATEWAY_PROBLEMS, METHOD_NOT_ALLOWED, MOST_FAULTS, PROBLEMS
from orders.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orders.problems import Kind

Schema = dict[str, Any]

REF = "#/components/schemas/"

EXTENSIBLE = "x-extensible"
"""Marks a set of values that may grow within a major version: clients must expect others."""

_MAY_GROW = ("Country", "Currency", "Reason", "Role")

_CODES = {
    tuple(sorted(COUNTRIES)): "Country",
    tuple(sorted(CURRENCIES)): "Currency",
    tuple(sorted(REASONS)): "Reason",
}


def ref(name: str) -> Schema:
    """Refer to a schema by its name."""
    return {"$ref": REF + name}


def schemas() -> Schema:
    """Give all schemas by name."""
    requests = _schemas_of(route.body for route in ROUTES if route.body)
    answers = _schemas_of([Order])
    closed = {name for name in requests if "additionalProperties" in requests[name]}
    renamed = {name: f"Order{name}" for name in closed & set(answers)}
    opened = {renamed.get(name, name): _open(answers[name], renamed) for name in answers}
    made = {**requests, **opened, **_codes(), **_own()}
    for name in _MAY_GROW:
        made[name][EXTENSIBLE] = True
    for name in {route.body.__name__ for route in ROUTES if route.body and route.method == "PATCH"}:
        made[name]["minProperties"] = 1
    made["ServedOrder"] = _served(made["Order"])
    # Clients of v1 were promised it: it is an empty text where the country has none.
    made["OrderAddress"]["required"].append("postalCode")
    return dict(sorted(made.items()))


def _served(order: Schema) -> Schema:
    """Leave out of an order what who serves it is not shown, at all or once it has ended."""
    left = {name: part for name, part in order["properties"].items() if name not in WHOSE}
    hidden = {*WHOSE, *WHERE}
    return {
        **order,
        "title": "ServedOrder",
        "description": "An order as who serves it reads it: not whose it is, and once it has "
        "ended not where it went.",
        "properties": left,
        "required": [name for name in order["required"] if name not in hidden],
    }


def problem_schema(kinds: Iterable[Kind]) -> Schema:
    """Narrow the schema of problems to some kinds, all of one HTTP status."""
    listed = sorted(kinds)
    type_ = {"type": "string", "enum": [kind.type for kind in listed], EXTENSIBLE: True}
    status = {"type": "integer", "enum": [listed[0].status]}
    return {"allOf": [ref("Problem"), {"properties": {"type": type_, "status": status}}]}


def _schemas_of(structs: Iterable[Any]) -> Schema:
    _, components = msgspec.json.schema_components(structs, ref_template=REF + "{name}")
    return {name: _convert(schema) for name, schema in components.items()}


def _convert(schema: Schema) -> Schema:
    """Say in OpenAPI 3.0 what JSON Schema says."""
    if "anyOf" in schema:
        (member,) = (member for member in schema["anyOf"] if member != {"type": "null"})
        return {**_convert(member), "nullable": True}
    if name := _CODES.get(tuple(schema.get("enum", ()))):
        return ref(name)
    made = {key: value for key, value in schema.items() if key != "required" or value}
    if "enum" in made:
        made["type"] = "string"
    if "pattern" in made:
        made.setdefault("description", f"{PATTERNS[made['pattern']].capitalize()}.")
        made["pattern"] = PUBLISHED[made["pattern"]]
    if "items" in made:
        made["items"] = _convert(made["items"])
    if "properties" in made:
        made["properties"] = {name: _convert(part) for name, part in made["properties"].items()}
    return made


_LIMITS_OF_REQUESTS = {"additionalProperties", "pattern", "minLength", "maxLength"}
"""What no answer promises: an order may be older than a rule of today."""


def _open(schema: Any, renamed: dict[str, str]) -> Any:
    """Let answers have fields that are not named, and refer to the schemas of answers."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(REF)
            return ref(renamed.get(name, name))
        kept = {key: part for key, part in schema.items() if key not in _LIMITS_OF_REQUESTS}
        return {key: _open(part, renamed) for key, part in kept.items()} | _title(kept, renamed)
    return schema


def _title(schema: Schema, renamed: dict[str, str]) -> Schema:
    title = schema.get("title")
    return {"title": renamed[title]} if isinstance(title, str) and title in renamed else {}


def _codes() -> Schema:
    described = {
        "Country": (COUNTRIES, "An ISO 3166-1 alpha-2 code."),
        "Currency": (CURRENCIES, "An ISO 4217 code of a currency that people pay with."),
        "Reason": (REASONS, "Why an order was rejected or cancelled, or failed."),
    }
    return {
        name: {"type": "string", "description": text, "enum": sorted(codes)}
        for name, (codes, text) in described.items()
    }


def _own() -> Schema:
    """Give the schemas of answers that no struct describes."""
    return {
        "Health": _object({"status": {"type": "string", "enum": ["ok"]}}, "Whether it answers."),
        "OrderPage": _page("Order", "A page of orders, newest first."),
        "ServedOrderPage": _page("ServedOrder", "A page of a restaurant's orders, newest first."),
        "Problem": _problem(),
        "FieldProblem": _object(
            {
                "pointer": {
                    "type": "string",
                    "description": "The field as a JSON Pointer (`#/items/0/quantity`), or the "
                    "parameter or header by its name.",
                },
                "detail": {"type": "string"},
            },
            "What is wrong with one field or parameter.",
        ),
    }


def _page(of: str, description: str) -> Schema:
    cursor = {
        "type": "string",
        "nullable": True,
        "description": "Where the next page begins; null at the end.",
    }
    return _object({"orders": {"type": "array", "items": ref(of)}, "cursor": cursor}, description)


def _problem() -> Schema:
    kinds = {*PROBLEMS, *GATEWAY_PROBLEMS.values(), METHOD_NOT_ALLOWED}
    properties = {
        "type": {
            "type": "string",
            "format": "uri",
            "description": "Which problem it is: stable, so branch on it.",
            "enum": sorted(kind.type for kind in kinds),
            EXTENSIBLE: True,
        },
        "title": {"type": "string", "description": "What the type means."},
        "status": {
            "type": "integer",
            "minimum": 400,
            "maximum": 599,
            "description": "The HTTP status; missing where API Gateway has no type for a fault.",
        },
        "detail": {
            "type": "string",
            "description": "What is wrong with this request: for people, and may change.",
        },
        "requestId": {
            "type": "string",
            "description": "The id under which the service's logs know the request.",
        },
        "errors": {
            "type": "array",
            "items": ref("FieldProblem"),
            "description": "All that is wrong with a body, or with the query's parameters; "
            f"up to {MOST_FAULTS} faults.",
        },
    }
    made = _object(properties, "An error (RFC 9457); docs/api/problems.md explains every type.")
    return {**made, "required": ["type", "title", "requestId"]}


def _object(properties: Schema, description: str) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
    }
