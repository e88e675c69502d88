"""The messages that the service sends: their JSON Schemas (2020-12), and examples of each.

    OrderEvent     a webhook's body, and the event of a status     orders.domain.events
    ReadyTimeEvent another one, of a new time to be ready
    OrderChange    what the topic carries: one record of the       orders.domain.changes
                   table's stream, with the order before and after

References are those of an OpenAPI or AsyncAPI document (`#/components/schemas/…`); `standalone`
makes a schema of its own.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from documents.events.stored import image, record
from documents.openapi import examples
from documents.openapi.schemas import REF, Schema, ref
from ops.customers.placeholders import overwritten
from orders.domain.events import READY_TIME_CHANGED, SCHEMA_VERSION, event_of, type_of
from orders.domain.ids import timestamp_of
from orders.domain.lifecycle import Role, Status
from orders.domain.reasons import OTHER, REASONED
from orders.domain.serving.server_events import event_for_server
from orders.domain.serving.servers import server_of
from orders.order_changes import typed_as_plain
from orders.webhooks import signature_headers

if TYPE_CHECKING:
    from orders.domain.order import Item

EVENT, DELAY, CHANGE = "OrderEvent", "ReadyTimeEvent", "OrderChange"
"""The names of the messages' schemas."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"

EXAMPLE_SECRET = "whsec_YW4gZXhhbXBsZSwgYW5kIGluIHVzZSBub3doZXJl"  # noqa: S105 - used nowhere
"""With which the example is signed."""

_SENT_AT = 1_795_000_000
_ACCEPT_BY = "2026-11-18T11:16:40.123Z"


def event_schema() -> Schema:
    """Describe a webhook's body."""
    properties: Schema = {
        "eventId": {
            "type": "string",
            "pattern": r"^[0-9a-f-]{36}\.[1-9][0-9]*$",
            "description": "The same at each attempt, and in `webhook-id`: drop what you know.",
        },
        "schemaVersion": {"type": "string", "enum": [SCHEMA_VERSION]},
        "type": {"type": "string", "enum": [type_of(status) for status in Status]},
        "orderId": {"type": "string", "format": "uuid"},
        "status": ref("Status"),
        "version": {
            "type": "integer",
            "minimum": 1,
            "description": "The order's version with this event: a lower one is old news.",
        },
        "occurredAt": {
            "type": "string",
            "format": "date-time",
            "description": "When it happened, RFC 3339 in UTC.",
        },
    }
    always = _object(EVENT, "An order has a new status. Fields may be added.", properties)
    return {**always, "properties": {**properties, **copy.deepcopy(_SOMETIMES)}}


def delay_schema() -> Schema:
    """Describe the webhook's body that tells of a new time to be ready, and of no new status."""
    properties: Schema = dict(event_schema()["properties"])
    for name in ("reason", "restaurantId", "acceptBy", "test"):
        del properties[name]
    properties["type"] = {"type": "string", "enum": [READY_TIME_CHANGED]}
    told = "An order will be ready at another time than was said. Fields may be added."
    return _object(DELAY, told, properties)


_SOMETIMES: Schema = {
    "reason": ref("Reason"),
    "restaurantId": {
        "type": "string",
        "description": "To who serves the order and has not placed it: the restaurant's id.",
    },
    "acceptBy": {
        "type": "string",
        "format": "date-time",
        "description": "To who serves the order: until when it can be accepted, RFC 3339 in UTC.",
    },
    "readyAt": {
        "type": "string",
        "format": "date-time",
        "description": "When the order will be ready, RFC 3339 in UTC; if its restaurant says so.",
    },
    "test": {
        "type": "boolean",
        "description": "True in a test event, whose order there is not; else missing.",
    },
}


def change_schema() -> Schema:
    """Describe a message of the topic, in the words of DynamoDB's stream."""
    properties: Schema = {
        "eventID": {"type": "string", "description": "The record's id in the stream."},
        "eventName": {"type": "string", "enum": ["INSERT", "MODIFY", "REMOVE"]},
        "eventVersion": {"type": "string"},
        "eventSource": {"type": "string", "enum": ["aws:dynamodb"]},
        "awsRegion": {"type": "string"},
        "dynamodb": _images(),
        "eventSourceARN": {"type": "string"},
    }
    described = (
        "One write to an order: placed, or changed. Nobody is told of a deletion; releases before "
        "December 2026 sent one, as REMOVE. With `erasedAt` in the new image, erase what you keep."
    )
    return {**_object(CHANGE, described, properties), "allOf": _IMAGES_OF_EVENTS}


def _images() -> Schema:
    keys = {"orderId": ref("StoredText"), "timestamp": ref("StoredText")}
    properties: Schema = {
        "ApproximateCreationDateTime": {
            "type": "number",
            "description": "When it was written, in seconds since the Unix epoch.",
        },
        "Keys": _object("OrderKeys", "The order's key.", keys),
        "NewImage": ref("StoredOrder"),
        "OldImage": ref("StoredOrder"),
        "SequenceNumber": {
            "type": "string",
            "pattern": "^[0-9]+$",
            "description": "Grows with each write to one order.",
        },
        "SizeBytes": {"type": "integer"},
        "StreamViewType": {"type": "string", "enum": ["NEW_AND_OLD_IMAGES"]},
    }
    always = [name for name in properties if not name.endswith("Image")]
    return {"type": "object", "properties": properties, "required": always}


def _has(name: str, *images: str) -> Schema:
    return {
        "if": {"properties": {"eventName": {"enum": [name]}}},
        "then": {"properties": {"dynamodb": {"required": list(images)}}},
    }


_IMAGES_OF_EVENTS = [
    _has("INSERT", "NewImage"),
    _has("MODIFY", "NewImage", "OldImage"),
    _has("REMOVE", "OldImage"),
]


def _object(title: str, description: str, properties: Schema) -> Schema:
    return {
        "title": title,
        "description": description,
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


def standalone(schema: Schema, parts: Schema) -> Schema:
    """Make a schema that stands alone: whatever it refers to is among its own definitions.

    Args:
        schema: which to make so.
        parts: what it may refer to, by name.
    """
    needed: Schema = {}
    waiting = [schema]
    while waiting:
        for name in _referred(waiting.pop()) - set(needed):
            needed[name] = parts[name]
            waiting.append(parts[name])
    definitions = {name: _own(needed[name]) for name in sorted(needed)}
    made: Schema = {"$schema": DIALECT, **_own(schema), "$defs": definitions}
    return made


def _referred(node: Any) -> set[str]:
    text = json.dumps(node)
    return {part.partition('"')[0] for part in text.split(f'"{REF}')[1:]}


def _own(schema: Schema) -> Schema:
    moved: Schema = json.loads(json.dumps(schema).replace(f'"{REF}', '"#/$defs/'))
    return moved


# --- Examples, made as the service makes them


def events() -> dict[str, Schema]:
    """Give the event of each status by its type, and one to who serves: of the example order."""
    made = {}
    for version, status in enumerate(Status, 1):
        item = {
            **examples.order_as_stored(Role.PARTNER),
            "status": status.value,
            "version": version,
            "history": [{"reason": OTHER}] if status in REASONED else [],
        }
        event = event_of(item, None)
        assert event is not None, status
        made[type_of(status)] = json.loads(event.body)
    return {**made, "to who serves it": _to_server()}


def _to_server() -> Schema:
    """Give the event of the example order's placing as the partner gets it that serves it."""
    placed = examples.order_as_stored(Role.PARTNER)
    served = {"servedBy": server_of("another", placed["restaurantId"]), "acceptBy": _ACCEPT_BY}
    event = event_for_server({**placed, **served}, None)
    assert event is not None
    told: Schema = json.loads(event.body)
    return told


def delays() -> dict[str, Schema]:
    """Give the event of an order that will be ready later than was said, by its type."""
    confirmed = {
        **examples.order_as_stored(Role.PARTNER),
        "status": Status.CONFIRMED.value,
        "version": 2,
        "readyAt": "2026-11-22T12:50:00Z",
    }
    later = {**confirmed, "version": 3, "readyAt": "2026-11-22T13:05:00Z"}
    event = event_of(later, confirmed)
    assert event is not None
    return {READY_TIME_CHANGED: json.loads(event.body)}


def changes() -> dict[str, Schema]:
    """Give a message of the topic for each kind of write: two by their names, and an erasure."""
    placed = examples.order_as_stored(Role.PARTNER)
    history = [*placed["history"], {**placed["history"][0], "status": Status.CONFIRMED.value}]
    confirmed = {**placed, "status": Status.CONFIRMED.value, "version": 2, "history": history}
    ended = {**confirmed, "status": Status.DELIVERED.value, "version": 6}
    return {
        "INSERT": record("INSERT", new=placed),
        "MODIFY": record("MODIFY", new=confirmed, old=placed),
        "ERASED": record("MODIFY", new=_erased(ended), old=ended),
    }


def _erased(order: Item) -> Item:
    """Give an order as it is once its person was erased."""
    at = timestamp_of(examples.PLACED_AT + 60_000)
    return {**typed_as_plain(overwritten(image(order), at)), "changedBy": order["changedBy"]}


def signed_headers() -> Schema:
    """Describe a webhook's headers, with those of an example that verifies."""
    (event, *_) = events().values()
    body = json.dumps(event, separators=(",", ":")).encode()
    signed = signature_headers(event["eventId"], _SENT_AT, body, (EXAMPLE_SECRET,))
    described = {
        "webhook-id": ("The event's id.", r"^[0-9a-f-]{36}\.[1-9][0-9]*$"),
        "webhook-timestamp": ("When this attempt was made, Unix seconds.", "^[0-9]+$"),
        "webhook-signature": (
            f"One or two, by Standard Webhooks 1.0; the example's secret is `{EXAMPLE_SECRET}`.",
            "^v1,[A-Za-z0-9+/=]+( v1,[A-Za-z0-9+/=]+)?$",
        ),
    }
    return {
        name: {
            "description": text,
            "schema": {"type": "string", "pattern": pattern},
            "example": signed[name],
        }
        for name, (text, pattern) in described.items()
    }
