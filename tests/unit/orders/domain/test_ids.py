"""Order ids carry the time that is the table's sort key."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orders.domain.ids import new_order_id, timestamp_in, timestamp_of

_LAST = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()) * 1000
times = st.integers(0, _LAST)


@given(times)
def test_an_id_is_a_uuid_of_version_7(milliseconds: int) -> None:
    """Any UUID library takes an order's id for a version 7 UUID of the standard's variant."""
    parsed = uuid.UUID(new_order_id(milliseconds))
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert parsed.int >> 80 == milliseconds


@given(times)
def test_the_id_alone_gives_the_rest_of_the_key(milliseconds: int) -> None:
    """From the id that a client holds, the order's full key can be computed without a read."""
    assert timestamp_in(new_order_id(milliseconds)) == timestamp_of(milliseconds)


@given(times)
def test_a_timestamp_is_iso_8601_in_utc_with_milliseconds(milliseconds: int) -> None:
    """A timestamp reads back, by anybody's parser, as exactly the time that it stands for."""
    read = datetime.fromisoformat(timestamp_of(milliseconds))
    since_epoch = read - datetime(1970, 1, 1, tzinfo=UTC)
    assert since_epoch == timedelta(milliseconds=milliseconds)
    assert len(timestamp_of(milliseconds)) == len("2026-11-22T12:30:00.123Z")


@given(times, times)
def test_timestamps_sort_as_the_times_do(one: int, other: int) -> None:
    """Newest first by the sort key is newest first by the clock."""
    assert (timestamp_of(one) < timestamp_of(other)) == (one < other)


def test_ids_of_one_millisecond_differ() -> None:
    """Ten thousand orders in the same millisecond get ten thousand ids."""
    assert len({new_order_id(1_795_000_000_000) for _ in range(10_000)}) == 10_000


@given(st.text(max_size=40) | st.uuids().map(str) | st.uuids(version=4).map(str))
def test_what_is_no_order_id_is_told_without_a_read(text: str) -> None:
    """Any other string than a UUIDv7 is recognized as the id of no order, and never an error."""
    is_version_7 = len(text) == 36 and text[14] == "7" and text[19] in "89ab"
    assert is_version_7 or timestamp_in(text) is None


NEARLY_HEXADECIMAL = st.sampled_from([*"0123456789abcdefgxAF-_ \n\u0660\uff11", ""])


@given(times.map(new_order_id), st.integers(0, 35), NEARLY_HEXADECIMAL)
def test_an_order_id_is_a_uuid_of_version_7_in_lower_case(
    order_id: str, place: int, character: str
) -> None:
    """An id with one wrong character, or a character too few, is of no order; a right one is."""
    text = order_id[:place] + character + order_id[place + 1 :]
    uuid_7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert (timestamp_in(text) is not None) == (
        re.fullmatch(uuid_7, text) is not None and int(text[:8] + text[9:13], 16) <= _LAST + 999
    )


def test_an_id_of_a_time_after_the_year_9999_is_no_order() -> None:
    """The 48 bits reach further than a timestamp can; such an id is one of no order."""
    assert timestamp_in("ffffffff-ffff-7fff-bfff-ffffffffffff") is None
