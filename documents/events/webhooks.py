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
    made["webhooks"] = {"order-event": {"post": as_31(_webhook())}}
    made["components"]["schemas"] = with_rules(made["components"]["schemas"])
    made["components"]["schemas"][messages.EVENT] = messages.event_schema()
    return made


def _webhook() -> Schema:
    shown = {name: {"summary": name, "value": event} for name, event in messages.events().items()}
    return {
        "operationId": "order_event",
        "tags": [_TAG],
        "summary": "Take the event of an order's new status, or new time to be ready",
        "description": _DESCRIPTION,
        "security": [],
        "parameters": [_header(name, text) for name, text in messages.signed_headers().items()],
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": ref(messages.EVENT), "examples": shown}},
        },
        "responses": _ANSWERS,
    }


def _header(name: str, header: Schema) -> Schema:
    return {"name": name, "in": "header", "required": True, **header}


_DESCRIPTION = """\
One event for each status of an order that was placed with your API key, one for each new time to
be ready, and those that others give an order that you serve. Verify the signature over the bytes
of the body, drop every `eventId` that you have seen, and mind `version`: events come at least once
and in any order. docs/webhooks.md says more.
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
