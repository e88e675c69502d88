"""Preconditions by RFC 9110, section 13: which headers count, and what an order makes of them."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.ids import timestamp_of
from orders.http import Request, validators
from orders.preconditions import Conditions, conditions_of, is_known, is_known_collection
from orders.problems import INVALID_PARAMETER, PRECONDITION_FAILED, STALE_VERSION, Problem
from tests.shared.events import event

ITEM: dict[str, Any] = {"version": 3, "updatedAt": "2026-11-22T12:30:00.123Z"}
SAME, BEFORE, AFTER = (f"Sun, 22 Nov 2026 12:{when} GMT" for when in ("30:00", "29:59", "30:01"))


def read(method: str = "GET", **headers: str) -> Conditions:
    """Read the preconditions of a request to one order."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return conditions_of(Request(event(method, order_id="x", headers=named)))


def judged(method: str, headers: dict[str, str]) -> str:
    """Say what becomes of a request."""
    try:
        known = is_known(read(method, **headers), ITEM, reading=method == "GET")
    except Problem as problem:
        return {STALE_VERSION: "stale", PRECONDITION_FAILED: "failed", INVALID_PARAMETER: "400"}[
            problem.kind
        ]
    return "304" if known else "goes on"


def test_an_order_s_validators_are_its_version_and_its_second() -> None:
    """The headers of an answer are those that the next request can send."""
    assert validators({**ITEM, "version": 3}) == {"ETag": '"3"', "Last-Modified": SAME}


@given(st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(9999, 12, 31)))  # noqa: DTZ001 - its own
def test_a_last_change_is_told_as_http_writes_dates(moment: dt.datetime) -> None:
    """Whenever an order changed, proxies and browsers can read when that was."""
    moment = moment.replace(microsecond=0, tzinfo=dt.UTC)  # a float holds no more of a far year
    told = validators({"version": 1, "updatedAt": timestamp_of(int(moment.timestamp()) * 1000)})
    assert told["Last-Modified"] == format_datetime(moment, usegmt=True)


CASES: list[tuple[dict[str, str], str, str]] = [
    ({}, "goes on", "goes on"),
    ({"If_Match": '"3"'}, "goes on", "goes on"),
    ({"If_Match": '"2"'}, "stale", "stale"),
    ({"If_Match": '"2", "3"'}, "goes on", "goes on"),
    ({"If_Match": '"a,b","3"'}, "goes on", "goes on"),
    ({"If_Match": ' , "3" ,, '}, "goes on", "goes on"),
    ({"If_Match": "*"}, "goes on", "goes on"),
    ({"If_Match": '"a,b"'}, "stale", "stale"),
    ({"If_Match": '"é"'}, "stale", "stale"),
    ({"If_Match": 'W/"3"'}, "failed", "failed"),
    ({"If_Match": 'W/"2"'}, "stale", "stale"),
    ({"If_Match": 'W/"3", "3"'}, "goes on", "goes on"),
    ({"If_Match": "3"}, "400", "400"),
    ({"If_Match": '*, "3"'}, "400", "400"),
    ({"If_Match": '"1""3"'}, "400", "400"),
    ({"If_Match": ""}, "400", "400"),
    ({"If_None_Match": '"3"'}, "304", "failed"),
    ({"If_None_Match": 'W/"3"'}, "304", "failed"),
    ({"If_None_Match": '"2"'}, "goes on", "goes on"),
    ({"If_None_Match": "*"}, "304", "failed"),
    ({"If_None_Match": '"x,3", "3"'}, "304", "failed"),
    ({"If_None_Match": "3"}, "goes on", "400"),
    ({"If_Match": '"2"', "If_None_Match": '"3"'}, "stale", "stale"),
    ({"If_Match": '"3"', "If_None_Match": '"3"'}, "304", "failed"),
    ({"If_Modified_Since": SAME}, "304", "goes on"),
    ({"If_Modified_Since": AFTER}, "304", "goes on"),
    ({"If_Modified_Since": BEFORE}, "goes on", "goes on"),
    ({"If_Modified_Since": SAME, "If_None_Match": '"2"'}, "goes on", "goes on"),
    ({"If_Modified_Since": "yesterday"}, "goes on", "goes on"),
    ({"If_Modified_Since": f"{SAME}, {SAME}"}, "goes on", "goes on"),
    ({"If_Unmodified_Since": SAME}, "goes on", "goes on"),
    ({"If_Unmodified_Since": AFTER}, "goes on", "goes on"),
    ({"If_Unmodified_Since": BEFORE}, "stale", "stale"),
    ({"If_Unmodified_Since": BEFORE, "If_Match": '"3"'}, "goes on", "goes on"),
    ({"If_Unmodified_Since": "yesterday"}, "goes on", "goes on"),
    ({"If_Unmodified_Since": "Sunday, 22-Nov-26 12:29:59 GMT"}, "stale", "stale"),
    ({"If_Unmodified_Since": "Sunday, 22-Nov-94 12:29:59 GMT"}, "stale", "stale"),
    ({"If_Unmodified_Since": "Sun Nov 22 12:30:00 2026"}, "goes on", "goes on"),
    ({"If_Unmodified_Since": "Tue Nov  3 12:30:00 2026"}, "stale", "stale"),
    ({"If_Unmodified_Since": "Sun, 22 Nov 2026 12:29:60 GMT"}, "goes on", "goes on"),
    ({"If_Unmodified_Since": "Sun, 31 Feb 2026 12:29:59 GMT"}, "goes on", "goes on"),
    ({"If_Unmodified_Since": "Sun, 22 Nix 2026 12:29:59 GMT"}, "goes on", "goes on"),
]


@pytest.mark.parametrize(("headers", "reading", "changing"), CASES)
def test_conditions_are_those_of_rfc_9110(
    headers: dict[str, str], reading: str, changing: str
) -> None:
    """Which header counts, and what it means for who reads and for who changes."""
    assert judged("GET", headers) == reading
    assert judged("PATCH", headers) == changing


@pytest.mark.parametrize(("headers", "_reading", "changing"), CASES)
def test_what_the_store_is_asked_is_the_same(
    headers: dict[str, str], _reading: str, changing: str
) -> None:
    """An order changes exactly when its conditions hold, though nobody has read it before."""
    if changing == "400":
        return
    conditions = read("PATCH", **headers)
    versions, last_change = conditions.versions, conditions.last_change
    met = (
        (versions is None or 3 in versions)
        and 3 not in conditions.others
        and (last_change is None or ITEM["updatedAt"] <= last_change)
    )
    assert met == (changing == "goes on")


def test_a_weak_tag_sends_nobody_round_in_circles() -> None:
    """Who stands behind a proxy that weakens tags is told what to send, and not to read again."""
    with pytest.raises(Problem, match='send "3", without W/') as caught:
        is_known(read("PATCH", If_Match='W/"3"'), ITEM, reading=False)
    assert (caught.value.pointer, caught.value.headers) == ("If-Match", {"ETag": '"3"'})


@pytest.mark.parametrize(
    ("headers", "reading", "placing"),
    [
        ({}, False, False),
        ({"If-Match": "*"}, False, False),
        ({"If-Match": '"1"'}, None, None),
        ({"If-None-Match": "*"}, True, None),
        ({"If-None-Match": '"1"'}, False, False),
        ({"If-Modified-Since": SAME, "If-Unmodified-Since": BEFORE}, False, False),
    ],
)
def test_what_has_no_validators_meets_what_is_asked_of_anything(
    headers: dict[str, str], reading: Any, placing: Any
) -> None:
    """A list is there and has no tag: `*` holds of it, and nothing else."""
    for method, expected in (("GET", reading), ("HEAD", reading), ("POST", placing)):
        request = Request(event(method, headers=headers))
        if expected is None:
            with pytest.raises(Problem) as caught:
                is_known_collection(request)
            assert caught.value.kind == PRECONDITION_FAILED
        else:
            assert is_known_collection(request) is expected


@given(st.lists(st.from_regex(r'(W/)?"[!#-~]{0,9}"', fullmatch=True), min_size=1, max_size=20))
def test_tags_on_several_lines_are_one_list(tags: list[str]) -> None:
    """Whether a proxy joins the lines of a header or keeps them, the list is the same."""
    sent = event("PATCH", order_id="x")
    lines = Request({**sent, "multiValueHeaders": {"If-Match": tags[:1], "IF-MATCH": tags[1:]}})
    joined = Request({**sent, "multiValueHeaders": {"If-Match": [" ,".join(tags)]}})
    assert conditions_of(lines) == conditions_of(joined)


def test_a_key_on_two_lines_is_one_key_only_when_it_is_the_same() -> None:
    """Equal lines are one; two different keys are no key."""
    sent = event("POST")
    for lines, key in ((["k", "k"], "k"), (["k", "l"], "k, l"), (["k", "l", "k"], "k, l")):
        request = Request({**sent, "multiValueHeaders": {"Idempotency-Key": lines}})
        assert request.headers["idempotency-key"] == key
