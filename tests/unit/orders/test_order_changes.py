"""Stream records: read when they tell of an order, refused without a word of content otherwise."""

from __future__ import annotations

import copy
import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.events import event_of
from orders.domain.lifecycle import Status
from orders.order_changes import Deleted, Malformed, OrderChange, parse
from tests.shared import examples
from tests.shared.examples import ORDER
from tests.shared.stream_records import NOW, body_of, customers_order, item, partners_order, record

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKER = "Meier"
"""Stands in everything that is odd: no refusal may quote it."""

Path = tuple[str | int, ...]

times = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(  # noqa: DTZ001 - Z follows
    lambda moment: f"{moment.isoformat()}Z"
)
scheduled = st.fixed_dictionaries({}, optional={"scheduledFor": times})
bodies = st.builds(lambda body, more: {**body, **more}, examples.orders, scheduled)


def later(item: dict[str, Any], status: Status) -> dict[str, Any]:
    """Give an order as it is one version on."""
    return {**item, "version": item["version"] + 1, "status": status.value}


def refused(body: str) -> str:
    """Parse what must be refused, and give the refusal's text."""
    with pytest.raises(Malformed) as caught:
        parse(body)
    assert MARKER not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


def try_to_parse(body: str) -> OrderChange | None:
    """Parse what may be odd: a worker gets a change that it can work on, or none."""
    try:
        change = parse(body)
    except Malformed as error:
        assert MARKER not in repr(error)  # noqa: PT017 - it may as well be none
        return None
    assert isinstance(change.order_id, str)
    assert 0 <= change.recorded_at < float("inf")
    assert change.placed_at >= 0
    assert change.version > 0
    assert isinstance(change.new["customerId"], str)
    assert isinstance(change.new.get("partnerId"), str | None)
    event_of(change.new, change.old)
    return change


# --- What is read


@given(bodies, st.sampled_from(Status))
def test_every_order_is_read_as_it_was_stored(body: dict[str, Any], status: Status) -> None:
    """Whatever a partner orders, the workers see each field as it was stored, before and after."""
    old = partners_order(body)
    new = later(old, status)
    change = parse(body_of(new, old))
    assert change == OrderChange(old, new, 2, NOW // 1000)
    assert change.order_id == old["orderId"]
    assert change.placed_at == pytest.approx(NOW / 1000)


@given(bodies, examples.identifiers)
def test_a_new_order_has_no_earlier_image(body: dict[str, Any], customer_id: str) -> None:
    """An order that was just placed is told from one that was changed."""
    new = customers_order(body, customer_id)
    assert parse(body_of(new)) == OrderChange(None, new, 1, NOW // 1000)
    nothings: list[dict[str, Any] | None] = [None, {}]
    for nothing in nothings:
        whole = record(new)
        whole["dynamodb"]["OldImage"] = nothing
        assert parse(json.dumps(whole)).old is None


# --- What is refused


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.just(MARKER),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(st.text() | st.text(st.characters(categories=("Cs", "Lu"))) | st.just(MARKER))
def test_text_is_no_order(text: str) -> None:
    """Whatever text somebody sends to a queue, halves of surrogate pairs included, is refused."""
    refused(text)


@given(json_values)
def test_json_is_no_order(value: Any) -> None:
    """JSON of another shape is refused, on each level of a record."""
    for wrapped in (value, {"dynamodb": value}, {"dynamodb": {"NewImage": value}}):
        refused(json.dumps(wrapped))


def paths_in(value: Any, path: Path = ()) -> Iterator[Path]:
    """Name every place within a value."""
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    for step, member in steps:
        yield (*path, step)
        if isinstance(member, dict | list):
            yield from paths_in(member, (*path, step))


def replaced(whole: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Copy a record with another value in one place; `...` takes the place away."""
    changed = copy.deepcopy(whole)
    target: Any = changed
    for step in path[:-1]:
        target = target[step]
    if value is ...:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return changed


PLACED = partners_order(ORDER)
WHOLE = record(later(PLACED, Status.CONFIRMED), PLACED)
PLACES = list(paths_in(WHOLE))

odd_values = st.sampled_from(
    [..., None, True, 0, -1, 1.5, 10**30, -(10**30), "", MARKER, "NaN", "1e999", [], [MARKER], {}]
    + [{kind: value} for kind in ("S", "N", "BOOL", "L", "M", "B", MARKER) for value in (1, [1])]
    + [{"S": MARKER}, {"N": MARKER}, {"N": "1e999"}, {"N": "9" * 5000}, {"S": "a", "N": "1"}]
    + [{"S": None}, {"M": {MARKER: {"S": MARKER}}}, {"NULL": True}, {"BOOL": MARKER}]
)


@given(st.sampled_from(PLACES), odd_values | json_values)
def test_one_odd_place_does_no_harm(path: Path, value: Any) -> None:
    """With anything in any one place, a record is refused, or still tells of a sound order."""
    try_to_parse(json.dumps(replaced(WHOLE, path, value)))


@pytest.mark.parametrize("image", ["NewImage", "OldImage"])
@pytest.mark.parametrize(
    "name", ["orderId", "timestamp", "customerId", "status", "version", "updatedAt"]
)
@pytest.mark.parametrize(
    "value", [..., {"S": ""}, {"NULL": True}, {"L": [{"S": MARKER}]}, {"M": {}}, {"S": 1}]
)
def test_an_order_without_what_workers_need_is_refused(image: str, name: str, value: Any) -> None:
    """Neither image of an order may lack its id, time, customer, status or version."""
    assert refused(json.dumps(replaced(WHOLE, ("dynamodb", image, name), value)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("orderId", {"S": MARKER}),
        ("orderId", {"S": "01a1f0d8-0000-7000-8000-000000000000"}),  # of another time
        ("timestamp", {"S": "2026-11-18T11:06:40.124Z"}),
        ("status", {"S": MARKER}),
        ("status", {"S": "placed"}),
        ("version", {"N": "1.5"}),
        ("version", {"N": "0"}),
        ("version", {"N": "-1"}),
        ("version", {"N": "1e400"}),
        ("version", {"S": "1"}),
        ("version", {"BOOL": True}),
        ("partnerId", {"L": [{"S": MARKER}]}),
        ("partnerId", {"N": "1"}),
        ("partnerId", {"S": ""}),
    ],
)
def test_an_order_that_is_none_of_ours_is_refused(name: str, value: Any) -> None:
    """An id of another kind, a time that is not the id's, and an unknown status are refused."""
    refused(json.dumps(replaced(WHOLE, ("dynamodb", "NewImage", name), value)))


@pytest.mark.parametrize(
    "seconds", [..., None, MARKER, "nan", "inf", -1, 1e308, -1e308, 10**400, [], {"N": "1"}]
)
def test_a_record_needs_a_time(seconds: Any) -> None:
    """A record whose time is none is refused: it would make metrics that nobody can read."""
    if isinstance(seconds, int) and seconds > 1:
        whole = json.dumps(replaced(WHOLE, ("dynamodb", "ApproximateCreationDateTime"), 0.123))
        refused(whole.replace("0.123", "9" * 400))
    else:
        place = ("dynamodb", "ApproximateCreationDateTime")
        refused(json.dumps(replaced(WHOLE, place, seconds)))


@pytest.mark.parametrize("number", ["9" * 400, "9" * 10_000, "1e400", "-1e400", "1e-400", "NaN"])
@pytest.mark.parametrize("path", [("dynamodb",), ("dynamodb", "NewImage", "tip", "N"), ("more",)])
def test_numbers_beyond_all_limits_do_no_harm(path: Path, number: str) -> None:
    """A number of any size, in any place, raises nothing but a refusal."""
    whole = json.dumps(replaced(WHOLE, path, "HERE"))
    try_to_parse(whole.replace('"HERE"', number))
    try_to_parse(whole.replace('"HERE"', f'"{number}"'))


@pytest.mark.parametrize("depth", [100, 900, sys.getrecursionlimit(), 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"M":{"a":', "}}"), ("[", "")])
def test_deep_nesting_does_no_harm(depth: int, opening: str, closing: str) -> None:
    """However deep somebody nests, the worker goes on with the next message."""
    nest = opening * depth + '{"S":"x"}' + closing * depth
    refused(nest)
    whole = json.dumps(replaced(WHOLE, ("dynamodb", "NewImage", "more"), "HERE"))
    try_to_parse(whole.replace('"HERE"', nest))


def test_half_a_surrogate_pair_is_refused() -> None:
    """Text that is no Unicode is refused, raw and escaped."""
    whole = json.dumps(replaced(WHOLE, ("dynamodb", "NewImage", "note"), {"S": "HERE"}))
    for half in ("\ud800", "\\ud800", "\\udc00\\ud800"):
        refused(whole.replace("HERE", half))


def test_a_removed_order_is_no_change() -> None:
    """A record of a deletion is known as one; what merely lacks an order is refused."""
    gone = copy.deepcopy(WHOLE)
    del gone["dynamodb"]["NewImage"]
    with pytest.raises(Deleted):
        parse(json.dumps({**gone, "eventName": "REMOVE"}))
    assert refused(json.dumps(gone)).endswith("KeyError")
    whole = {**WHOLE, "eventName": "REMOVE"}
    assert parse(json.dumps(whole)).order_id == parse(json.dumps(WHOLE)).order_id


def test_the_refusal_names_what_is_missing() -> None:
    """Whoever reads the dead letter's reason learns which field the order lacks."""
    lacking = replaced(WHOLE, ("dynamodb", "NewImage", "customerId"), ...)
    assert refused(json.dumps(lacking)) == "the order has no customerId"


@pytest.mark.parametrize(
    "deadline", ["soon", "", None, 42, ["x"], "2020-01-01T00:00:00", "2020-01-01T00:00:00+02:00"]
)
def test_a_deadline_is_a_time_in_utc(deadline: Any) -> None:
    """An order whose deadline is none is poison, and not one that waits for ever."""
    with pytest.raises(Malformed):
        parse(json.dumps(record(item(acceptBy=deadline))))
    assert parse(json.dumps(record(item(acceptBy="2020-01-01T00:00:00.000Z")))).version == 1
