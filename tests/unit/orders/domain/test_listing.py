"""Which orders a list holds: its half-open range, and the cursors that go with one query."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orders.domain.changes import Owner
from orders.domain.ids import new_order_id, timestamp_of
from orders.domain.lifecycle import Status
from orders.domain.listing import EVER, Filters, milliseconds_of
from orders.settings import ORDERS_TABLE
from orders.store import Store
from tests.fuzz.tables import ORDERS, Tables

NOW = 1_795_000_000_123
ME = Owner("partnerId", "acme")
NEAR = st.integers(NOW - 5, NOW + 5)
"""Milliseconds, of which some have several orders."""


def moment(milliseconds: int, zone: int) -> str:
    """Write a moment as RFC 3339, with an offset in minutes."""
    utc = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return utc.astimezone(timezone(timedelta(minutes=zone))).isoformat(timespec="milliseconds")


@given(st.integers(0, 4_000_000_000_000), st.integers(-1439, 1439))
def test_a_moment_is_the_same_in_every_offset(milliseconds: int, zone: int) -> None:
    """Whoever writes local time with its offset means the same orders."""
    assert milliseconds_of(moment(milliseconds, zone)) == milliseconds


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:01z", 1000),
        ("1970-01-01T00:00:00.1Z", 100),
        ("1970-01-01T00:00:00.0001Z", 1),
        ("1970-01-01T00:00:00.9990000000000000000001Z", 1000),
        ("1970-01-01T00:00:00.001000Z", 1),
        ("0001-01-01T00:00:00+23:59", 0),
        ("9999-12-31T23:59:59.9999-23:59", EVER),
    ],
)
def test_a_moment_is_rounded_up_to_what_the_key_counts(text: str, milliseconds: int) -> None:
    """Between two milliseconds a bound parts the orders as the moment itself would."""
    assert milliseconds_of(text) == milliseconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "2026-11-22", "2026-11-22T12:00Z", "2026-11-22T12:00:00", "1795000000"),
        *("2026-11-22T12:00:00 01:00", "2026-11-22 12:00:00Z", "2026-11-22T12:00:00.Z"),
        *("2026-02-30T12:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T12:00:60Z"),
        *("2026-11-22T12:00:00+24:00", "2026-11-22T12:00:00+01:60", "٢٠٢٦-11-22T12:00:00Z"),
        *("2026-11-22T12:00:00Z\n", "20261122T120000Z", "2026-11-22T12:00:00,5Z"),
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    """Only RFC 3339, with its offset: a guess would list other orders than were meant."""
    with pytest.raises(ValueError, match=r"\S"):
        milliseconds_of(text)


def store_of(milliseconds: list[int], monkeypatch: pytest.MonkeyPatch) -> tuple[Store, list[Any]]:
    """Make a store with an order of mine at each of these moments, and one of somebody else."""
    monkeypatch.setenv(ORDERS_TABLE, ORDERS)
    tables, mine = Tables(), []
    for number, at in enumerate(milliseconds):
        order_id = new_order_id(at)
        status = [*Status][number % 3].value
        item = {"orderId": order_id, "timestamp": timestamp_of(at), "status": status}
        item |= {"reference": f"n{number % 2}", "restaurantId": f"r{number % 3}"}
        tables.put(ORDERS, {**item, "partnerId": "acme"})
        mine.append(item)
        other = {**item, "orderId": str(uuid.UUID(int=uuid.UUID(order_id).int ^ 1))}
        tables.put(ORDERS, {**other, "partnerId": "bella"})
    return Store(tables), mine


def pages(store: Store, filters: Filters, limit: int) -> list[list[str]]:
    """Follow the cursors, each of them as a caller would; gives the pages' orders."""
    found: list[list[str]] = []
    cursor: str | None = None
    while True:
        after = None if cursor is None else filters.after(cursor, {})
        assert (cursor is None) == (after is None)
        assert after is None or filters.holds(after)
        page = store.page(ME, filters=filters, limit=limit, cursor=after)
        found.append([item["orderId"] for item in page.items])
        if page.cursor is None:
            return found
        cursor = filters.cursor(page.cursor, {})


@given(
    st.lists(NEAR, max_size=25),
    NEAR,
    NEAR,
    st.integers(1, 6),
    st.sets(st.sampled_from([*Status][:4])),
    st.sampled_from([(None, None), ("n0", None), (None, "r1"), ("n0", "r0")]),
)
def test_pages_of_a_range_give_each_of_its_orders_once(
    milliseconds: list[int],
    start: int,
    end: int,
    limit: int,
    statuses: set[Status],
    which: tuple[str | None, str | None],
) -> None:
    """Whatever the page's size and the filters, and also where orders share a millisecond."""
    assume(start <= end)
    reference, restaurant = which
    filters = Filters(tuple(sorted(statuses)), reference, start, end, restaurant)
    with pytest.MonkeyPatch.context() as monkeypatch:
        store, mine = store_of(milliseconds, monkeypatch)
        found = [one for page in pages(store, filters, limit) for one in page]
    wanted = [
        item["orderId"]
        for item in mine
        if timestamp_of(start) <= item["timestamp"] < timestamp_of(end)
        and (not statuses or item["status"] in statuses)
        and reference in {None, item["reference"]}
        and restaurant in {None, item["restaurantId"]}
    ]
    assert sorted(found) == sorted(wanted)


@given(st.lists(NEAR, max_size=12), st.lists(NEAR, min_size=3, max_size=3), st.integers(1, 4))
def test_ranges_that_touch_share_no_order(
    milliseconds: list[int], bounds: list[int], limit: int
) -> None:
    """A day from midnight to midnight, and the next: each order is in one of them."""
    start, middle, end = sorted(bounds)
    with pytest.MonkeyPatch.context() as monkeypatch:
        store, _ = store_of(milliseconds, monkeypatch)

        def within(first: int, after: int) -> list[str]:
            filters = Filters(start=first, end=after)
            return [one for page in pages(store, filters, limit) for one in page]

        assert within(middle, end) + within(start, middle) == within(start, end)


def test_a_range_is_a_condition_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of a range reads what it shows, and one order more; nothing newer is looked at."""
    store, _ = store_of([NOW + number for number in range(50)], monkeypatch)
    asked: list[dict[str, Any]] = []
    query = store._client.query_page

    def spy(table: str, key: str, **options: Any) -> Any:
        asked.append(options)
        return query(table, key, **options)

    monkeypatch.setattr(store._client, "query_page", spy)
    page = store.page(ME, filters=Filters(start=NOW, end=NOW + 10), limit=3, cursor=None)
    assert [item["timestamp"] for item in page.items] == [
        timestamp_of(NOW + number) for number in (9, 8, 7)
    ]
    assert [(one["limit"], one["filter_expression"]) for one in asked] == [(4, None)]


def test_an_empty_range_asks_nobody() -> None:
    """From a moment to the same moment there is nothing, and no read tells so."""
    nobody: Any = None
    filters = Filters(start=NOW, end=NOW)
    assert Store(nobody).page(ME, filters=filters, limit=5, cursor=None) == ([], None)


QUERIES = [
    (Filters(), {}),
    (Filters(), {"customerId": "c"}),
    (Filters(), {"partnerId": "c"}),
    (Filters(statuses=("PLACED",)), {}),
    (Filters(statuses=("CONFIRMED", "PLACED")), {}),
    (Filters(reference="c"), {}),
    (Filters(restaurant="c"), {}),
    (Filters(start=NOW), {}),
    (Filters(end=NOW), {}),
]


@pytest.mark.parametrize("here", QUERIES)
def test_a_cursor_goes_with_its_own_query_alone(here: tuple[Filters, dict[str, str]]) -> None:
    """With other filters, or for somebody else's orders, it would skip or repeat some."""
    order_id = new_order_id(NOW)
    filters, whose = here
    cursor = filters.cursor(order_id, whose)
    for others, somebody in QUERIES:
        same = (others, somebody) == here
        assert others.after(cursor, somebody) == (order_id if same else None)


@given(st.text(max_size=60))
def test_what_is_no_cursor_leads_nowhere(cursor: str) -> None:
    """Nobody finds an order by guessing."""
    assert Filters().after(cursor, {}) is None
