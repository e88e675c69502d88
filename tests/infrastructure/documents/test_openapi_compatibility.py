"""Whoever calls or listens is not broken by a later document of the same major version."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from documents.events.asyncapi import BASELINE as EVENTS_BASELINE
from documents.events.asyncapi import asyncapi
from documents.openapi.compatibility import breaks, event_breaks
from documents.openapi.document import BASELINE, document

if TYPE_CHECKING:
    from collections.abc import Callable

    Change = Callable[[dict[str, Any]], Any]

POST, ONE = "/partner/orders", "/partner/orders/{orderId}"


def schema(contract: dict[str, Any], name: str) -> dict[str, Any]:
    """Give a named schema of a document."""
    found: dict[str, Any] = contract["components"]["schemas"][name]
    return found


def member(contract: dict[str, Any], name: str, field: str) -> dict[str, Any]:
    """Give a field of a named schema."""
    found: dict[str, Any] = schema(contract, name)["properties"][field]
    return found


def parameter(contract: dict[str, Any], name: str) -> dict[str, Any]:
    """Give a parameter of the partners' list."""
    listed = contract["paths"][POST]["get"]["parameters"]
    found: dict[str, Any] = next(entry for entry in listed if entry["name"] == name)
    return found


def changed(change: Change) -> list[str]:
    """Change today's document and list what that breaks."""
    old, new = json.loads(written()), json.loads(written())
    change(new)
    assert new != old, "the change changes nothing"
    return breaks(old, new)


@cache
def written() -> str:
    """Write today's document, which a reader has as JSON."""
    return json.dumps(document())


def new_parameter(*, required: bool) -> dict[str, Any]:
    """Make a parameter that no client knows."""
    return {"name": "x", "in": "query", "required": required, "schema": {"type": "string"}}


def repeated(document: Any, name: str, *, explode: bool = True, items: Any = None) -> None:
    """Let a query parameter be given more than once, or as one list."""
    found = parameter(document, name)
    schema = {"type": "array", "items": items or found["schema"]}
    found.update(style="form", explode=explode, schema=schema)


BREAKS: dict[str, Change] = {
    "a path is removed": lambda d: d["paths"].pop(ONE),
    "a method is removed": lambda d: d["paths"][ONE].pop("patch"),
    "an operation is renamed": lambda d: d["paths"][ONE]["get"].update(operationId="x"),
    "other credentials": lambda d: d["paths"][ONE]["get"].update(security=[{"other": []}]),
    "credentials where none were": lambda d: d["paths"]["/health"]["get"].update(
        security=[{"partnerKey": []}]
    ),
    "a parameter is removed": lambda d: d["paths"][POST]["get"]["parameters"].remove(
        parameter(d, "status")
    ),
    "a new required parameter": lambda d: d["paths"][POST]["get"]["parameters"].append(
        new_parameter(required=True)
    ),
    "a parameter becomes required": lambda d: parameter(d, "limit").update(required=True),
    "a parameter's limit falls": lambda d: parameter(d, "limit")["schema"].update(maximum=50),
    "a parameter's type": lambda d: parameter(d, "cursor")["schema"].update(type="integer"),
    "a parameter becomes a list in one value": lambda d: repeated(d, "cursor", explode=False),
    "a repeated parameter's values shrink": lambda d: repeated(
        d, "limit", items={"type": "integer", "minimum": 1, "maximum": 50}
    ),
    "a content type is removed": lambda d: d["paths"][ONE]["patch"]["requestBody"]["content"].pop(
        "application/json"
    ),
    "a body becomes required": lambda d: d["paths"][POST]["get"].update(
        requestBody={"required": True, "content": {}}
    ),
    "a request's field is removed": lambda d: schema(d, "NewOrder")["properties"].pop("note"),
    "a new required field": lambda d: (
        schema(d, "NewOrder")["properties"].update(new={"type": "string"}),
        schema(d, "NewOrder")["required"].append("new"),
    ),
    "a field becomes required": lambda d: schema(d, "NewOrder")["required"].append("note"),
    "a request's type is narrowed": lambda d: member(d, "Address", "latitude").update(
        type="integer"
    ),
    "a request's null is refused": lambda d: member(d, "OrderPatch", "note").pop("nullable"),
    "a request's enum shrinks": lambda d: schema(d, "Currency")["enum"].remove("EUR"),
    "a maximum falls": lambda d: member(d, "LineItem", "quantity").update(maximum=50),
    "a minimum rises": lambda d: member(d, "LineItem", "quantity").update(minimum=2),
    "a length falls": lambda d: member(d, "LineItem", "name").update(maxLength=100),
    "a length appears": lambda d: member(d, "NewOrder", "contactPhone").update(maxLength=10),
    "fewer items": lambda d: member(d, "NewOrder", "items").update(maxItems=10),
    "a pattern changes": lambda d: member(d, "NewOrder", "contactPhone").update(pattern="^1"),
    "a format appears": lambda d: member(d, "NewOrder", "restaurantId").update(format="uuid"),
    "a response status is removed": lambda d: d["paths"][ONE]["get"]["responses"].pop("304"),
    "a problem's status is removed": lambda d: d["paths"][ONE]["patch"]["responses"].pop("409"),
    "a response's content type is removed": lambda d: d["paths"][ONE]["get"]["responses"]["200"][
        "content"
    ].clear(),
    "a response's header is removed": lambda d: d["paths"][ONE]["get"]["responses"]["200"][
        "headers"
    ].pop("ETag"),
    "a response's header may be missing": lambda d: d["paths"][ONE]["get"]["responses"]["200"][
        "headers"
    ]["ETag"].pop("required"),
    "a response's field is removed": lambda d: schema(d, "Order")["properties"].pop("total"),
    "a response's nested field is removed": lambda d: schema(d, "OrderLineItem")["properties"].pop(
        "name"
    ),
    "a response's field may be missing": lambda d: schema(d, "Order")["required"].remove("total"),
    "a response's type": lambda d: member(d, "Order", "total").update(type="number"),
    "a response may be null": lambda d: member(d, "Order", "total").update(nullable=True),
    "a response's format": lambda d: member(d, "Order", "createdAt").pop("format"),
    "a response's enum grows unmarked": lambda d: schema(d, "Status")["enum"].append("EATEN"),
    "a problem's field is removed": lambda d: schema(d, "Problem")["properties"].pop("detail"),
}
"""Changes that some client cannot live with."""

COMPATIBLE: dict[str, Change] = {
    "a new path": lambda d: d["paths"].update({"/new": {}}),
    "a new method": lambda d: d["paths"][POST].update(put=d["paths"][ONE]["patch"]),
    "a new optional parameter": lambda d: d["paths"][POST]["get"]["parameters"].append(
        new_parameter(required=False)
    ),
    "a required parameter becomes optional": lambda d: d["paths"][POST]["post"]["parameters"][
        0
    ].pop("required"),
    "a parameter may be repeated": lambda d: repeated(d, "limit"),
    "a parameter's limit rises": lambda d: parameter(d, "limit")["schema"].update(maximum=500),
    "a new content type": lambda d: d["paths"][POST]["post"]["requestBody"]["content"].update(
        {"application/cbor": {"schema": {}}}
    ),
    "a new optional field in requests": lambda d: schema(d, "NewPartnerOrder")["properties"].update(
        new={"type": "string"}
    ),
    "a required field becomes optional": lambda d: schema(d, "NewOrder")["required"].remove("tip"),
    "a maximum rises": lambda d: member(d, "LineItem", "quantity").update(maximum=500),
    "a pattern is given up": lambda d: member(d, "LineItem", "name").pop("pattern"),
    "integers become numbers in requests": lambda d: member(d, "LineItem", "quantity").update(
        type="number"
    ),
    "null is taken": lambda d: member(d, "NewOrder", "note").update(nullable=True),
    "a new field in responses": lambda d: schema(d, "Order")["properties"].update(
        new={"type": "string"}
    ),
    "a response's optional field is always there": lambda d: schema(d, "Order")["required"].append(
        "note"
    ),
    "a new response": lambda d: d["paths"][ONE]["get"]["responses"].update(
        {"410": {"description": "Gone"}}
    ),
    "a new header in responses": lambda d: d["paths"][ONE]["get"]["responses"]["200"][
        "headers"
    ].update(Age={"schema": {"type": "integer"}}),
    "an enum that was marked grows": lambda d: schema(d, "Role")["enum"].append("courier"),
    "a code that was marked is added": lambda d: schema(d, "Currency")["enum"].append("XYZ"),
    "other credentials besides": lambda d: d["paths"][ONE]["get"]["security"].append({"x": []}),
    "other words": lambda d: d["paths"][ONE]["get"].update(summary="x", description="y"),
}
"""Changes that every client can live with."""


def test_the_document_breaks_no_client_of_its_major_version() -> None:
    """What clients of this major version were promised still holds.

    What breaks them needs a new stage in `orders.routes`, with a baseline of its own.
    """
    assert breaks(json.loads(BASELINE.read_text()), document()) == []


@pytest.mark.parametrize("name", BREAKS)
def test_a_breaking_change_is_found(name: str) -> None:
    """Each kind of change that breaks clients is told, once planted."""
    assert changed(BREAKS[name])


@pytest.mark.parametrize("name", COMPATIBLE)
def test_a_compatible_change_passes(name: str) -> None:
    """What clients can live with is never held up."""
    assert changed(COMPATIBLE[name]) == []


def test_a_break_is_told_where_it_is() -> None:
    """Whoever breaks a client reads which operation and field it was, and how."""
    told = changed(BREAKS["a maximum falls"])
    place = "request body #/items/*/quantity: maximum fell from 99 to 50"
    assert f"POST /partner/orders: {place}" in told
    assert f"PATCH /orders/{{orderId}}: {place}" in told


# --- Events


def told(change: Change) -> list[str]:
    """Change today's AsyncAPI document and list what that breaks."""
    old = asyncapi()
    new = json.loads(json.dumps(old))
    change(new)
    assert new != old, "the change changes nothing"
    return event_breaks(old, new)


def stored(contract: dict[str, Any], name: str) -> dict[str, Any]:
    """Give an attribute of the stored order."""
    return member(contract, "StoredOrder", name)


def message(contract: dict[str, Any], name: str) -> dict[str, Any]:
    """Give a message."""
    found: dict[str, Any] = contract["components"]["messages"][name]
    return found


EVENT_BREAKS: dict[str, Change] = {
    "a channel is removed": lambda d: d["channels"].pop("orderChanges"),
    "a channel moves": lambda d: d["channels"]["orderChanges"].update(address="elsewhere"),
    "a message is removed": lambda d: d["channels"]["webhook"]["messages"].clear(),
    "another content type": lambda d: message(d, "OrderEvent").update(contentType="text/xml"),
    "a header is removed": lambda d: message(d, "OrderEvent")["headers"]["properties"].pop(
        "webhook-id"
    ),
    "a header may be missing": lambda d: message(d, "OrderEvent")["headers"]["required"].remove(
        "webhook-signature"
    ),
    "headers are gone": lambda d: message(d, "OrderEvent").pop("headers"),
    "an event's field is removed": lambda d: schema(d, "OrderEvent")["properties"].pop("version"),
    "an event's field is renamed": lambda d: schema(d, "OrderEvent")["properties"].update(
        id=schema(d, "OrderEvent")["properties"].pop("eventId")
    ),
    "an event's field may be missing": lambda d: schema(d, "OrderEvent")["required"].remove(
        "occurredAt"
    ),
    "an event's type": lambda d: member(d, "OrderEvent", "version").update(type="string"),
    "an event's field may be null": lambda d: member(d, "OrderEvent", "occurredAt").update(
        type=["string", "null"]
    ),
    "an event's format": lambda d: member(d, "OrderEvent", "occurredAt").pop("format"),
    "another version of the fields": lambda d: member(d, "OrderEvent", "schemaVersion").update(
        enum=["2"]
    ),
    "a new type of event": lambda d: member(d, "OrderEvent", "type")["enum"].append("order.eaten"),
    "a new status in events": lambda d: schema(d, "Status")["enum"].append("EATEN"),
    "a stored attribute is removed": lambda d: schema(d, "StoredOrder")["properties"].pop("total"),
    "a stored attribute may be missing": lambda d: schema(d, "StoredOrder")["required"].remove(
        "total"
    ),
    "a stored number becomes a text": lambda d: stored(d, "total").update(
        properties={"S": {"type": "string"}}, required=["S"]
    ),
    "a line item's attribute is removed": lambda d: schema(d, "StoredOrderLineItem")["properties"][
        "M"
    ]["properties"].pop("name"),
    "the order before is not told": lambda d: member(d, "OrderChange", "dynamodb")[
        "properties"
    ].pop("OldImage"),
    "a change may lack its images": lambda d: schema(d, "OrderChange")["allOf"].pop(),
    "a new kind of write": lambda d: member(d, "OrderChange", "eventName")["enum"].append("MERGE"),
}
"""Changes that some listener cannot live with."""

EVENT_COMPATIBLE: dict[str, Change] = {
    "a new channel": lambda d: d["channels"].update(new={"address": "new", "messages": {}}),
    "a new message": lambda d: d["channels"]["webhook"]["messages"].update(
        Other={"payload": {"type": "object"}}
    ),
    "a new header": lambda d: message(d, "OrderEvent")["headers"]["properties"].update(
        {"webhook-attempt": {"type": "string"}}
    ),
    "a new field in events": lambda d: schema(d, "OrderEvent")["properties"].update(
        reason={"type": "string"}
    ),
    "a new attribute that is always there": lambda d: (
        schema(d, "StoredOrder")["properties"].update(new={"type": "object"}),
        schema(d, "StoredOrder")["required"].append("new"),
    ),
    "a new country": lambda d: schema(d, "StoredCountry")["properties"]["S"]["enum"].append("XX"),
    "a field is an integer, not any number": lambda d: member(d, "OrderChange", "dynamodb")[
        "properties"
    ]["ApproximateCreationDateTime"].update(type="integer"),
    "other words": lambda d: schema(d, "OrderEvent").update(description="x"),
    "other examples": lambda d: message(d, "OrderEvent").update(examples=[]),
}
"""Changes that every listener can live with."""


def test_the_messages_break_no_listener_of_their_major_version() -> None:
    """What partners and other teams were promised of events still holds."""
    assert event_breaks(json.loads(EVENTS_BASELINE.read_text()), asyncapi()) == []


@pytest.mark.parametrize("name", EVENT_BREAKS)
def test_a_breaking_change_of_events_is_found(name: str) -> None:
    """Each kind of change that breaks listeners is told, once planted."""
    assert told(EVENT_BREAKS[name])


@pytest.mark.parametrize("name", EVENT_COMPATIBLE)
def test_a_compatible_change_of_events_passes(name: str) -> None:
    """What listeners can live with is never held up."""
    assert told(EVENT_COMPATIBLE[name]) == []


def test_a_break_of_events_is_told_where_it_is() -> None:
    """Whoever breaks a listener reads which message and field it was, and how."""
    assert told(EVENT_BREAKS["a stored attribute is removed"]) == [
        f"orderChanges OrderChange payload #/dynamodb/{image}/total removed"
        for image in ("NewImage", "OldImage")
    ]
