"""The AsyncAPI document: the topic that other teams subscribe to, and the partners' webhooks."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from documents.events import messages
from documents.events.messages import CHANGE, DELAY, EVENT
from documents.events.stored import stored_schemas
from documents.openapi.document import document
from documents.openapi.schemas import Schema, ref
from documents.openapi.version_31 import as_31
from orders.routes import JSON, STAGE
from project.checkout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

DOCUMENT = ROOT / "docs/api/asyncapi.json"
"""Where the document of the code as it stands is kept."""

BASELINE = ROOT / f"docs/api/asyncapi-{STAGE}.json"
"""Where the document that this major version's listeners were promised is kept."""


def asyncapi() -> Schema:
    """Make the document."""
    info = document()["info"]
    made: Schema = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Food-delivery orders: events",
            "version": info["version"],
            "description": _OVERVIEW,
            "contact": info["contact"],
            "license": info["license"],
        },
        "defaultContentType": JSON,
        "servers": _SERVERS,
        "channels": _channels(),
        "operations": {
            "sendEvent": _sends(
                "webhook", "Tells a partner of an order that it has placed, or serves.", http=True
            ),
            "publishChange": _sends("orderChanges", "Tells whoever subscribed of each write."),
        },
        "components": {
            "messages": {
                EVENT: _event(EVENT, "An order's new status", messages.events()),
                DELAY: _event(DELAY, "An order's new time to be ready", messages.delays()),
                CHANGE: _change(),
            },
            "schemas": schemas(),
        },
    }
    return copy.deepcopy(made)  # whoever changes it changes no other


def schemas() -> Schema:
    """Give the schemas of all messages, and all that they refer to, by name."""
    read: Schema = as_31(document()["components"]["schemas"])
    return {
        "Reason": read["Reason"],
        "Status": read["Status"],
        EVENT: messages.event_schema(),
        DELAY: messages.delay_schema(),
        CHANGE: messages.change_schema(),
        **stored_schemas(read),
    }


_OVERVIEW = f"""\
What the service tells of orders: partners by signed webhooks, other teams by a topic.

* Each message comes at least once, and may come out of order.
* Within `{STAGE}` messages may gain fields: pass over what you do not know.
"""

_SERVERS: Schema = {
    "partner": {
        "host": "partner.example",
        "protocol": "https",
        "description": "The host of the partner's own endpoint.",
    },
    "topic": {
        "host": "sns.{region}.amazonaws.com",
        "protocol": "sns",
        "variables": {"region": {"default": "us-east-1", "description": "The stage's Region."}},
    },
}


def _channels() -> Schema:
    return {
        "webhook": {
            "address": "{path}",
            "title": "A partner's endpoint",
            "description": "Signed HTTPS requests; docs/webhooks.md.",
            "parameters": {"path": {"description": "The path of the partner's own URL."}},
            "servers": [{"$ref": "#/servers/partner"}],
            "messages": {
                name: {"$ref": f"#/components/messages/{name}"} for name in (EVENT, DELAY)
            },
        },
        "orderChanges": {
            "address": "{stack}-order-changes",
            "title": "The topic of all changes",
            "description": "An SNS topic. It has personal data: subscribe queues of yours with "
            "raw delivery, encrypted, and filter on the message's body.",
            "parameters": {"stack": {"description": "The stage's stack, such as orders-prod."}},
            "servers": [{"$ref": "#/servers/topic"}],
            "messages": {CHANGE: {"$ref": f"#/components/messages/{CHANGE}"}},
        },
    }


def _sends(channel: str, summary: str, *, http: bool = False) -> Schema:
    bindings = {"bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}}}
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        **(bindings if http else {}),
    }


def _event(name: str, title: str, shown: Schema) -> Schema:
    headers = messages.signed_headers()
    example = {header: part["example"] for header, part in headers.items()}
    return {
        "title": title,
        "contentType": JSON,
        "headers": {
            "type": "object",
            "properties": {header: _described(part) for header, part in headers.items()},
            "required": list(headers),
        },
        "payload": ref(name),
        "examples": [
            {"name": kind, "payload": event, **({} if number else {"headers": example})}
            for number, (kind, event) in enumerate(shown.items())
        ],
    }


def _described(header: Schema) -> Schema:
    return {"description": header["description"], **header["schema"]}


def _change() -> Schema:
    return {
        "title": "A write to an order",
        "contentType": JSON,
        "payload": ref(CHANGE),
        "examples": _named(messages.changes().items()),
    }


def _named(found: Iterable[tuple[str, Schema]]) -> list[Schema]:
    return [{"name": name, "payload": payload} for name, payload in found]
