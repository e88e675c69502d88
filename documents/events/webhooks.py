"""The same contract in OpenAPI 3.1, whose schemas are JSON Schema 2020-12, with the webhooks.

It is made from the document of version 3.0, which API Gateway imports and some generators need.
"""

from __future__ import annotations

from documents.events import messages
from documents.openapi.document import document
from documents.openapi.rules_31 import with_rules
from documents.openapi.schemas import Schema, ref
from documents.openapi.version_31 import as_31
from orders.routes import JSON
from project.checkout import ROOT

DOCUMENT_31 = ROOT / "docs/api/openapi-3.1.json"
"""Where the document in version 3.1 is kept."""

_TAG = "Webhooks"


def document_31() -> Schema:
    """Make the document."""
    made: Schema = as_31(document())
    made["openapi"] = "3.1.0"
    made["tags"].append({"name": _TAG, "description": "What we send to your endpoint."})
    made["webhooks"] = {
        "order-event": {"post": as_31(_webhook())},
        "ready-time-event": {"post": as_31(_delay())},
    }
    made["components"]["schemas"] = with_rules(made["components"]["schemas"])
    made["components"]["schemas"][messages.EVENT] = messages.event_schema()
    made["components"]["schemas"][messages.DELAY] = messages.delay_schema()
    return made


def _webhook() -> Schema:
    return {
        "operationId": "order_event",
        "summary": "Take the event of an order's new status",
        "description": _DESCRIPTION,
        **_taking(messages.EVENT, messages.events()),
    }


def _delay() -> Schema:
    return {
        "operationId": "ready_time_event",
        "summary": "Take the event of an order's new time to be ready",
        "description": _OF_A_DELAY,
        **_taking(messages.DELAY, messages.delays()),
    }


def _taking(schema: str, events: Schema) -> Schema:
    shown = {name: {"summary": name, "value": event} for name, event in events.items()}
    return {
        "tags": [_TAG],
        "security": [],
        "parameters": [_header(name, text) for name, text in messages.signed_headers().items()],
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": ref(schema), "examples": shown}},
        },
        "responses": _ANSWERS,
    }


def _header(name: str, header: Schema) -> Schema:
    return {"name": name, "in": "header", "required": True, **header}


_DESCRIPTION = """\
One event for each status of an order that was placed with your API key, and those that others give
an order that you serve. Verify the signature over the bytes of the body, drop every `eventId` that
you have seen, and mind `version`: events come at least once and in any order. docs/webhooks.md says
more.
"""

_OF_A_DELAY = """\
The restaurant says anew when an order will be ready; its status stays. It comes to the same address
as the events of statuses, and is taken in the same way: pass over types that you do not know.
"""

_ANSWERS: Schema = {
    "2XX": {"description": "Taken: it is not sent again."},
    "default": {
        "description": "408, 421, 423, 425, 429, 5XX or none in time: tried again for more than a "
        "day, 8 attempts in all. Any other: set aside at once.",
        "headers": {
            "Retry-After": {
                "description": "Seconds, or a date, before which it is not tried again.",
                "schema": {"type": "string"},
            }
        },
    },
}
