"""An overwritten order is an order still, and says nothing of its person."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from documents.events import stored
from documents.openapi.schemas import schemas
from ops.customers.placeholders import (
    DROPPED,
    ERASED,
    KEPT,
    OVERWRITTEN,
    PHONE,
    is_overwritten,
    overwritten,
)
from orders.domain.changes import view
from orders.domain.checks import normalize
from orders.domain.events import event_of
from orders.domain.ids import timestamp_of
from orders.domain.lifecycle import Role, Status
from orders.domain.order import NewOrder, Order
from orders.order_changes import parse, typed_as_plain
from tests.shared import examples
from tests.shared.stream_records import NOW, customers_order, partners_order, record, typed

MARK = "persons-own"
AT = timestamp_of(NOW + 60_000)
PLACE = {"latitude": 12.345678, "longitude": 98.765432}
TOLD = (MARK, "+14155550123", "12.345678", "98.765432")
"""What may be found nowhere."""


def marked(body: dict[str, Any]) -> dict[str, Any]:
    """Put marks wherever an order tells of a person."""
    address = {**body["deliveryAddress"], **PLACE}
    texts = {"line1", "line2", "city", "region"}
    address = {n: f"{MARK} {v}"[:200] if n in texts else v for n, v in address.items()}
    items = [{**line, "note": f"{MARK} {line.get('note', '')}"} for line in body["items"]]
    told = {"deliveryAddress": address, "items": items, "contactPhone": "+14155550123"}
    return {**body, **told, "note": f"{MARK} ring"}


orders = st.builds(
    lambda body, partners, status, more: {
        **(partners_order(marked(body)) if partners else customers_order(marked(body), "me")),
        "status": status,
        **more,
    },
    examples.orders,
    st.booleans(),
    st.sampled_from([status.value for status in Status]),
    st.fixed_dictionaries(
        {},
        optional={
            "traceId": st.just(f"1-{MARK}"),
            "changeKeys": st.just([MARK, MARK]),
            "aFieldOfLater": st.just({"of": [MARK]}),
            "expiresAt": st.integers(1, 2**31),
            "servedBy": st.just("acme#rest-1"),
            "acceptBy": st.just(AT),
            "history": st.just(
                [
                    {"status": "PLACED", "at": AT, "by": "customer"},
                    {"status": "CANCELLED", "at": AT, "by": "customer"}
                    | {"reason": "other", "reasonText": MARK, "more": MARK},
                ]
            ),
        },
    ),
)
"""Orders as they are stored, with marks, and with fields that nobody knows."""


@given(orders)
def test_an_overwritten_order_is_an_order_without_its_person(item: dict[str, Any]) -> None:
    """Whatever was ordered: it reads by its schema, could be placed, and no mark is left in it."""
    made = overwritten(typed(item), AT)
    text = json.dumps(made)
    assert [mark for mark in TOLD if mark in text] == []
    shown = view(typed_as_plain(made), Role.OPERATOR)
    read = msgspec.convert(shown, Order)
    assert (read.contact_phone, read.delivery_address.line1) == (PHONE, ERASED)
    names = NewOrder.__struct_encode_fields__
    sent = msgspec.convert({n: v for n, v in shown.items() if n in names}, NewOrder)
    normalize(sent)
    assert shown["erasedAt"] == AT


@given(orders)
def test_what_is_no_person_s_stays(item: dict[str, Any]) -> None:
    """Ids, dishes, money, times and the statuses of the history are what they were."""
    made = typed_as_plain(overwritten(typed(item), AT))
    assert {name: made.get(name) for name in KEPT} == {name: item.get(name) for name in KEPT}
    bare = [{n: v for n, v in line.items() if n != "note"} for line in item["items"]]
    assert made["items"] == bare
    statuses = [(entry["status"], entry["at"], entry["by"]) for entry in item["history"]]
    assert [(e["status"], e["at"], e["by"]) for e in made["history"]] == statuses
    assert made["deliveryAddress"]["country"] == item["deliveryAddress"]["country"]
    assert not set(made) - KEPT - OVERWRITTEN


@given(orders)
def test_overwriting_is_a_change_that_no_partner_hears_of(item: dict[str, Any]) -> None:
    """It is a version of its own with the status of before; other teams see `erasedAt`."""
    made = typed_as_plain(overwritten(typed(item), AT))
    assert made["version"] == item["version"] + 1
    assert event_of(made, item) is None
    assert parse(json.dumps(record(made, item))).new["erasedAt"] == AT


@given(orders)
def test_an_order_is_overwritten_once(item: dict[str, Any]) -> None:
    """Who repeats the erasure finds nothing to do, unless somebody has written anew."""
    before = typed(item)
    made = overwritten(before, AT)
    assert is_overwritten(made)
    assert not is_overwritten(before)
    assert not is_overwritten({**made, "note": {"S": MARK}})
    again = overwritten({**made, "note": {"S": MARK}}, timestamp_of(NOW + 99_000))
    assert again["erasedAt"] == made["erasedAt"]


def test_each_field_of_an_order_is_decided_on() -> None:
    """A new field stays, is overwritten, or goes: somebody has said which of them."""
    known = stored.stored_schemas(schemas())["StoredOrder"]["properties"]
    assert set(known) - KEPT - OVERWRITTEN == DROPPED
    assert len(KEPT | OVERWRITTEN | DROPPED) == len(KEPT) + len(OVERWRITTEN) + len(DROPPED)
