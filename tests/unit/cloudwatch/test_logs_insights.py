"""Queries of Logs Insights give what CloudWatch would give."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwatch.log_lines import record_of
from cloudwatch.logs_insights import QueryError, run, sources
from infrastructure.watching.queries import QUERIES

REPORT = (
    "REPORT RequestId: 1\tDuration: 12.30 ms\tBilled Duration: 13 ms\tMemory Size: 256 MB\t"
    "Max Memory Used: 61 MB"
)
LINES: list[Any] = [
    {"route": "POST /orders", "status": 201, "milliseconds": 12.5, "coldStart": True},
    {"route": "GET /orders", "status": 200, "milliseconds": 4, "coldStart": False},
    {"route": "POST /orders", "status": 400, "milliseconds": 2, "problem": "invalid-order"},
    {"outcome": "retry", "partnerId": "acme", "detail": {"tries": [3, 4]}},
    REPORT,
    "START RequestId: 1",
]
RECORDS = [
    record_of(
        {
            "timestamp": 60_000 * place,
            "message": line if isinstance(line, str) else json.dumps(line),
            "log": "group",
        }
    )
    for place, line in enumerate(LINES)
]


def rows(query: str) -> list[list[Any]]:
    return run(query, RECORDS).rows


def matched(condition: str) -> set[int]:
    """Tell which lines a filter lets through, by their numbers."""
    return {row[0] // 60_000 for row in rows(f"fields @timestamp | filter {condition}")}


@pytest.mark.parametrize(
    ("condition", "lines"),
    [
        ("status = 201", {0}),
        ('status = "201"', {0}),
        ("status != 201 and ispresent(status)", {1, 2}),
        ("status >= 400 or outcome = 'retry'", {2, 3}),
        ("milliseconds > 3 and milliseconds < 12.6", {0, 1}),
        ("not ispresent(route)", {3, 4, 5}),
        ("route like /^post/i", {0, 2}),
        ("route like 'GET'", {1}),
        ("route not like /POST/", {1}),
        ("@message like /Duration|START/", {4, 5}),
        ("status in [200, 201]", {0, 1}),
        ("status not in [200, 201] and ispresent(status)", {2}),
        ("coldStart = 'true'", {0}),
        ("coldStart = true or coldStart = 0", set()),
        ("(status = 200 or status = 400) and route = 'POST /orders'", {2}),
        ("status = 200 or status = 400 and route = 'POST /orders'", {1, 2}),
        ("milliseconds / 2 = 6.25", {0}),
        ("milliseconds * 2 + 1 = 9", {1}),
        ("detail.tries.1 = 4", {3}),
        ("@duration > 12 and @type = 'REPORT'", {4}),
        ("@maxMemoryUsed = 61 and @billedDuration = 13 and @memorySize = 256", {4}),
        ("strlen(partnerId) = 4", {3}),
        ("@log = 'group' and @timestamp < 60000", {0}),
        ("`route` = 'GET /orders'", {1}),
    ],
)
def test_a_filter_lets_through(condition: str, lines: set[int]) -> None:
    """Comparisons, patterns, lists, presence, "and" before "or", and arithmetic."""
    assert matched(condition) == lines


def test_statistics_by_fields() -> None:
    """Each statistic is computed for each group, and named as the query says."""
    query = (
        "filter ispresent(route) | stats count(*) as requests, sum(milliseconds), "
        "avg(milliseconds), min(milliseconds) as least, max(milliseconds) as most, "
        "pct(milliseconds, 50) as p50, count(problem) as refused, count_distinct(status) "
        "as statuses by route | sort requests desc"
    )
    answer = run(query, RECORDS)
    assert answer.columns[:4] == [
        "route",
        "requests",
        "sum(milliseconds)",
        "avg(milliseconds)",
    ]
    assert answer.rows == [
        ["POST /orders", 2, 14.5, 7.25, 2.0, 12.5, 7.25, 1, 2],
        ["GET /orders", 1, 4.0, 4.0, 4.0, 4.0, 4.0, 0, 1],
    ]


def test_statistics_by_time() -> None:
    """A bin is the time at its beginning."""
    found = rows("stats count() as lines by bin(2m) as at | sort at asc")
    assert found == [[0, 2], [120_000, 2], [240_000, 2]]


def test_statistics_of_nothing() -> None:
    """Without groups there is one row, with groups none."""
    assert rows("filter status = 999 | stats count(*), max(status)") == [[0, None]]
    assert rows("filter status = 999 | stats count(*) by route") == []


def test_a_share_can_be_computed() -> None:
    """Statistics can be divided by one another."""
    found = rows("filter ispresent(status) | stats count(problem) / count(*) * 100 as percent")
    assert found == [[pytest.approx(100 / 3)]]


def test_rows_come_latest_first_unless_sorted() -> None:
    """Without sort the newest line is first; numbers sort as numbers, what is missing last."""
    assert [row[0] for row in rows("fields @timestamp")] == [300_000 - 60_000 * n for n in range(6)]
    assert [row[0] for row in rows("fields milliseconds | sort milliseconds desc | limit 4")] == [
        12.5,
        4,
        2,
        None,
    ]


def test_a_field_can_be_computed_and_named() -> None:
    """A name given by "as" can be used by what follows."""
    query = "fields milliseconds / 1000 as seconds | filter seconds > 0.01 | display seconds"
    assert rows(query) == [[0.0125]]


def test_equal_lines_can_be_left_out() -> None:
    """Dedup keeps the first line of each value."""
    assert len(rows("filter ispresent(route) | dedup route")) == 2


def test_a_dashboards_query_begins_with_its_sources() -> None:
    """The log groups are parted from the query, quoted or not."""
    groups, query = sources("SOURCE '/aws/lambda/a' | SOURCE b\n| fields x\n# not this\n| limit 1")
    assert groups == ["/aws/lambda/a", "b"]
    assert query == "fields x | limit 1"


def test_a_bar_in_a_text_is_no_end() -> None:
    """Only bars between commands part them."""
    assert matched('@message like "a|b" or @message like /START|xyz/ or status = 200') == {1, 5}


@pytest.mark.parametrize(
    "query",
    [
        "parse @message '*' as x",
        "filter status ~ 3",
        "filter unknown(status) = 1",
        "stats mode(status)",
        "stats count(*) by bin(5 minutes)",
        "limit many",
        "filter status = 200 status",
        "filter (status = 200",
        "filter status not 200",
        "filter",
    ],
)
def test_what_is_not_known_is_said(query: str) -> None:
    """A query that is understood in part only would show what is not so."""
    with pytest.raises(QueryError):
        rows(query)


@given(st.text(max_size=40) | st.text(alphabet="fields filtr|(/)'=, like@", max_size=40))
def test_no_query_breaks_anything(text: str) -> None:
    """Whatever is typed is an answer or a sentence that says why not."""
    with contextlib.suppress(QueryError):
        run(text, RECORDS)
    with contextlib.suppress(QueryError):
        run(f"filter @message like /{text}/", RECORDS)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_every_saved_query_is_understood(query: Any) -> None:
    """What is saved in the template for AWS can be asked here too."""
    assert run(query.text, RECORDS).columns
