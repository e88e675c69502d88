"""What machines read besides OpenAPI 3.0: current, valid, and true of what the service sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks import webhooks as library

from documents import contract as written
from documents.contract import SCHEMAS, contract, rendered
from documents.events import messages
from documents.events.asyncapi import DOCUMENT as ASYNCAPI
from documents.events.asyncapi import asyncapi
from documents.events.webhooks import DOCUMENT_31, document_31
from documents.openapi.document import document
from documents.openapi.schemas import REF
from documents.openapi.version_31 import as_31
from ops.partners.events import trial_event
from orders.body import decode, take_quote
from orders.domain.changes import InvalidField, place_for_partner, revise
from orders.domain.checks import normalize
from orders.domain.events import event_of
from orders.domain.lifecycle import Role, Status
from orders.domain.order import (
    ContentsPatch,
    NewOrder,
    NewPartnerOrder,
    OrderPatch,
    PartnerOrderPatch,
)
from orders.order_changes import parse
from orders.problems import Problem
from tests.lazily import Lazily
from tests.shared import examples
from tests.shared.stream_records import NOW, customers_order, item, partners_order, record

if TYPE_CHECKING:
    from pathlib import Path

jsonschema = Lazily("jsonschema")
schemas = Lazily("openapi_schema_validator")
specifications = Lazily("openapi_spec_validator")

EVENT, DELAY, CHANGE = "order-event", "ready-time-event", "order-change"
FILES = [SCHEMAS / f"{name}.json" for name in (EVENT, DELAY, CHANGE)]

built = cache(contract)
"""All documents, made when a test first asks: every process of a run loads this module."""


@cache
def validator(name: str) -> Any:
    """Give that of one schema."""
    return jsonschema.Draft202012Validator(
        built()[SCHEMAS / f"{name}.json"], format_checker=jsonschema.FormatChecker()
    )


def faults(name: str, message: Any) -> list[str]:
    """Say where a message does not fit its schema."""
    return [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(message)]


# --- The files


@pytest.mark.parametrize("path", [DOCUMENT_31, ASYNCAPI, *FILES], ids=lambda path: path.name)
def test_each_document_is_current(path: Path) -> None:
    """The committed documents are what the code says; `make docs` makes them so."""
    assert path.read_text() == rendered(built()[path])


def test_make_docs_writes_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that has none of them has them afterwards."""
    moved = {tmp_path / path.name: one for path, one in built().items()}
    monkeypatch.setattr(written, "contract", lambda: moved)
    written.main()
    assert set(built()) == {DOCUMENT_31, ASYNCAPI, *FILES}
    assert {path: json.loads(path.read_text()) for path in moved} == moved


@pytest.mark.parametrize("make", [asyncapi, document_31])
def test_whoever_changes_a_document_changes_no_other(make: Any) -> None:
    """A document is made anew each time: nothing of it is shared with the next."""
    first, before = make(), make()
    pending = [first]
    while pending:
        node = pending.pop()
        pending += [part for part in _parts(node) if isinstance(part, dict | list)]
        node.clear()
    assert make() == before


def _parts(node: dict[str, Any] | list[Any]) -> list[Any]:
    return list(node.values()) if isinstance(node, dict) else list(node)


# --- OpenAPI 3.1


def test_the_newer_document_is_valid_openapi() -> None:
    """Every tool that reads OpenAPI 3.1 reads the document, webhooks included."""
    specifications.OpenAPIV31SpecValidator(document_31()).validate()


def test_both_openapi_documents_say_the_same() -> None:
    """Apart from null, webhooks and rules between fields, 3.1 has nothing more and nothing less."""
    newer, older = document_31(), document()
    events = {messages.EVENT, messages.DELAY}
    assert set(newer["components"]["schemas"]) == {*older["components"]["schemas"], *events}
    assert newer["paths"] == as_31(older["paths"])
    assert newer["servers"] == older["servers"]
    assert newer["components"]["responses"] == as_31(older["components"]["responses"])
    assert '"nullable"' not in json.dumps(newer)


@pytest.mark.parametrize("value", [None, "a text", 7, [], {}])
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "string", "nullable": True},
        {"type": "string", "enum": ["a text"]},
        {"type": "string", "enum": ["a text", None], "nullable": True},
        {"type": "object", "properties": {}, "nullable": True},
        {"type": "array", "items": {"type": "string", "nullable": True}},
    ],
)
def test_null_is_taken_by_both_versions_or_by_neither(schema: dict[str, Any], value: Any) -> None:
    """A value fits a schema in 3.1 exactly when it fits it in 3.0."""
    older = schemas.OAS30ReadValidator(schema).is_valid(value)
    assert schemas.OAS31Validator(as_31(schema)).is_valid(value) == older


def test_a_reference_may_be_null_in_the_newer_version() -> None:
    """Null beside a reference, which 3.0 has no sound way to say, is one of two in 3.1."""
    made = as_31({"$ref": f"{REF}Status", "nullable": True})
    assert made == {"anyOf": [{"$ref": f"{REF}Status"}, {"type": "null"}]}


ADDRESS = {"line1": "1 Market St", "city": "San Francisco"}
NEW: dict[str, dict[str, Any]]
NEW = {"US without": {"country": "US"}, "US empty": {"country": "US", "postalCode": ""}}
NEW |= {"US with": {"country": "US", "postalCode": "94105"}, "HK without": {"country": "HK"}}
NEW |= {"half": {"country": "HK", "latitude": 1}, "other half": {"country": "HK", "longitude": 1}}
NEW |= {"point": {"country": "HK", "latitude": 1, "longitude": -1.5}}
CHANGED: list[dict[str, Any]] = [
    *({"postalCode": code} for code in (None, "", "1")),
    *({"postalCode": code, "country": "US"} for code in (None, "", "1")),
    *({"postalCode": code, "country": "HK"} for code in (None, "", "1")),
    *({"latitude": one, "longitude": two} for one in (None, 1) for two in (None, 1)),
    *({name: point} for name in ("latitude", "longitude") for point in (None, 1)),
    {},
]
WITH_A_QUOTE: list[dict[str, Any]] = [
    *({}, {"tip": 1}, {"deliveryAddress": {}}, {"deliveryAddress": {"line1": "x"}}),
    *({"deliveryAddress": {}, "tip": 1}, {"items": examples.order()["items"]}, {"items": []}),
]
BODIES: list[tuple[Any, dict[str, Any]]] = [
    *((NewOrder, examples.order(deliveryAddress={**ADDRESS, **part})) for part in NEW.values()),
    *((OrderPatch, {"deliveryAddress": part}) for part in CHANGED),
    *((OrderPatch, {"deliveryAddress": part, "note": None}) for part in CHANGED),
    *((OrderPatch, {"reason": {"code": "other"}, "status": status}) for status in Status),
    *((OrderPatch, {"quote": "x", **part}) for part in WITH_A_QUOTE),
    (NewOrder, examples.order(quote="x")),
    (NewOrder, examples.order(quote="")),
    (NewPartnerOrder, examples.order(quote="x")),
    (PartnerOrderPatch, {"quote": "x", "note": None, "deliveryAddress": {"line1": "x"}}),
    (PartnerOrderPatch, {"reason": {"code": "other"}}),
    (PartnerOrderPatch, {"reason": {"code": "other"}, "note": "x"}),
]


@pytest.mark.parametrize(("struct", "body"), BODIES)
def test_the_newer_version_says_the_rules_between_fields(struct: Any, body: dict[str, Any]) -> None:
    """A body fits OpenAPI 3.1 exactly when the service takes it; 3.0 says less of fields together.

    Neither takes what only the other does: postal codes, points, and reasons without an end.
    """
    own = {name: value for name, value in body.items() if name != "customerId"}
    text = json.dumps(body if struct is NewPartnerOrder else own)
    try:
        read = decode(msgspec.json.Decoder(struct), text)
        take_quote(read)
        if isinstance(read, ContentsPatch):
            revise(read, Role.OPERATOR, 0, None)
        taken = True
    except (Problem, InvalidField):
        taken = False
    whole = {"$ref": f"{REF}{struct.__name__}", "components": document_31()["components"]}
    assert jsonschema.Draft202012Validator(whole).is_valid(json.loads(text)) == taken


# --- Webhooks


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_schema_is_one_and_its_examples_fit(path: Path) -> None:
    """Each file is JSON Schema 2020-12, stands alone, and shows messages that it describes."""
    schema = built()[path]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert REF not in json.dumps(schema)
    assert schema["examples"]
    for example in schema["examples"]:
        assert faults(path.stem, example) == []


@pytest.mark.parametrize("status", Status)
def test_a_webhook_s_body_is_what_its_schema_says(status: Status) -> None:
    """For each status, the event has the described fields, each of them, and no others."""
    event = event_of(item(status=status.value, version=3), None)
    assert event is not None
    body = json.loads(event.body)
    assert faults(EVENT, body) == []
    assert set(body) == set(messages.event_schema()["required"])


def test_a_test_event_is_what_its_schema_says() -> None:
    """A partner's validator takes the event that operators send to try its endpoint."""
    body = json.loads(trial_event("2026-11-18T11:06:40.000Z").body)
    assert faults(EVENT, body) == []
    sometimes = {"reason", "readyAt", "restaurantId", "acceptBy"}
    assert set(body) | sometimes == set(messages.event_schema()["properties"])


def test_a_delay_is_what_its_schema_says() -> None:
    """A new time to be ready is a message of its own, which no listener takes for a status's."""
    old = item(status="CONFIRMED", version=2)
    event = event_of({**old, "version": 3, "readyAt": "2026-11-22T13:05:00Z"}, old)
    assert event is not None
    body = json.loads(event.body)
    assert faults(DELAY, body) == []
    assert faults(EVENT, body)
    assert set(body) == set(messages.delay_schema()["required"])


@pytest.mark.parametrize("field", messages.event_schema()["required"])
def test_a_webhook_that_lacks_a_field_does_not_fit(field: str) -> None:
    """The schema lets no field be missing, and no field be null."""
    (event, *_) = messages.events().values()
    without = {name: value for name, value in event.items() if name != field}
    assert faults(EVENT, without)
    assert faults(EVENT, {**event, field: None})
    assert faults(EVENT, {**event, "more": "to come"}) == []


def test_the_signature_in_the_documents_verifies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries a verifier on the example finds it genuine; changed, it is not."""
    headers = {name: part["example"] for name, part in messages.signed_headers().items()}
    sent = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    monkeypatch.setattr(library.Webhook, "_Webhook__verify_timestamp", lambda *_: sent)
    (event, *_) = messages.events().values()
    body = json.dumps(event, separators=(",", ":"))
    assert Webhook(messages.EXAMPLE_SECRET).verify(body, headers) == event
    with pytest.raises(WebhookVerificationError):
        Webhook(messages.EXAMPLE_SECRET).verify(body.replace("PLACED", "FAILED"), headers)


def test_no_address_is_an_international_one() -> None:
    """Each format that a document names is checked: tests/conftest.py leaves out these two."""
    assert not [path for path, made in built().items() if '"iri' in rendered(made)]


# --- The topic


@given(examples.orders)
def test_the_topic_s_schema_describes_every_order(sent: dict[str, Any]) -> None:
    """Whatever order is placed, by whomever: its message fits."""
    normal = msgspec.convert(sent, NewPartnerOrder)
    normalize(normal)
    placed = place_for_partner(normal, "acme", NOW, "1-trace")
    assert faults(CHANGE, record(placed)) == []
    of_a_customer = customers_order(sent, "cust-1")
    assert faults(CHANGE, record({**of_a_customer, "version": 2}, of_a_customer)) == []


def test_a_heartbeat_s_order_is_described() -> None:
    """Those that listen read in the schema how to know orders that are nobody's."""
    beat = place_for_partner(msgspec.convert(examples.order(), NewPartnerOrder), "heartbeat", NOW)
    assert faults(CHANGE, record(beat)) == []
    described = built()[SCHEMAS / "order-change.json"]["$defs"]["StoredOrder"]["properties"]
    assert set(beat) <= set(described)


def test_every_stored_attribute_is_described() -> None:
    """An attribute that is stored and not described would be a field that nobody promised."""
    described = built()[SCHEMAS / "order-change.json"]["$defs"]["StoredOrder"]
    stored = place_for_partner(
        msgspec.convert(examples.order(), NewPartnerOrder), "acme", NOW, "1-trace"
    )
    assert set(stored) <= set(described["properties"])
    assert set(described["required"]) <= set(stored)


@pytest.mark.parametrize("name", ["orderId", "status", "total", "items", "version", "timestamp"])
def test_a_change_that_lacks_an_attribute_does_not_fit(name: str) -> None:
    """The schema holds for the order before and after; a plain value is no stored one."""
    before = partners_order(examples.order())
    change = record({**before, "version": 2}, before)
    for image in ("NewImage", "OldImage"):
        whole = change["dynamodb"][image]
        less = {key: value for key, value in whole.items() if key != name}
        plain = {**whole, name: before[name]}
        for broken in (less, plain):
            assert faults(CHANGE, {**change, "dynamodb": {**change["dynamodb"], image: broken}})


def test_each_kind_of_write_has_its_images() -> None:
    """A new order has no order before it, a changed one both; deletions are not shown."""
    assert {change["eventName"] for change in messages.changes().values()} == {"INSERT", "MODIFY"}
    for name, change in messages.changes().items():
        for image in ("NewImage", "OldImage"):
            if image not in change["dynamodb"]:
                continue
            images = {key: part for key, part in change["dynamodb"].items() if key != image}
            assert faults(CHANGE, {**change, "dynamodb": images}), (name, image)


def test_the_workers_read_the_documented_messages() -> None:
    """What the document shows of the topic is what our own workers take."""
    shown = messages.changes()
    for name in ("INSERT", "MODIFY"):
        assert (
            parse(json.dumps(shown[name])).order_id
            == shown[name]["dynamodb"]["Keys"]["orderId"]["S"]
        )


# --- AsyncAPI


def test_asyncapi_shows_the_messages_of_the_schemas() -> None:
    """The document's messages are those of the two schemas, and their examples fit them."""
    made = asyncapi()
    shown = {}
    validators = {messages.EVENT: EVENT, messages.DELAY: DELAY, messages.CHANGE: CHANGE}
    for name, schema in validators.items():
        message = made["components"]["messages"][name]
        assert message["payload"] == {"$ref": f"{REF}{name}"}
        for example in message["examples"]:
            assert faults(schema, example["payload"]) == []
        shown[name] = len(message["examples"])
    of_statuses = len(Status) + 1  # and one to who serves
    assert shown == {messages.EVENT: of_statuses, messages.DELAY: 1, messages.CHANGE: 3}


def test_the_documented_headers_are_those_of_a_delivery() -> None:
    """The three headers of a webhook are described, required, and fit their own examples."""
    headers = asyncapi()["components"]["messages"][messages.EVENT]["headers"]
    (example, *_) = asyncapi()["components"]["messages"][messages.EVENT]["examples"]
    assert set(headers["required"]) == set(example["headers"])
    assert jsonschema.Draft202012Validator(headers).is_valid(example["headers"])
    forged = {**example["headers"], "webhook-signature": "v2,abc"}
    assert not jsonschema.Draft202012Validator(headers).is_valid(forged)
