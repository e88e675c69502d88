"""Clients of a released version are not broken by a later document of the same major version."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from documents.openapi.compatibility import breaks
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
    old = document()
    new = copy.deepcopy(old)
    change(new)
    assert new != old, "the change changes nothing"
    return breaks(old, new)


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
