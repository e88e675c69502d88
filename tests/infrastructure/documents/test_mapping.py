"""docs/api/mapping.md says what others call each of our statuses and reasons, and of no others."""

from __future__ import annotations

import re

import pytest

from documents import mapping
from orders.domain.lifecycle import Status
from orders.domain.reasons import REASONS


def rows_of(block: str) -> list[str]:
    """Give the first cell of each row, without what is said of it."""
    return re.findall(r"^\| `([^`]+)`", mapping.blocks()[block], re.MULTILINE)


def test_the_page_is_current() -> None:
    """The committed tables are what the code says; `make docs` makes them so."""
    assert mapping.DOCUMENT.read_text() == mapping.rendered()


def test_each_status_and_each_reason_has_one_row() -> None:
    """Nothing that an order can say is missing, and nothing stands there that it cannot say."""
    assert rows_of("statuses") == list(mapping.STATUSES) == list(Status)
    assert rows_of("reasons") == list(REASONS)
    assert set(mapping.REASON_NAMES) == set(REASONS)


def test_the_page_has_both_tables() -> None:
    """Were a mark lost, the page would keep an old table: both are found in it."""
    for block in mapping.blocks().values():
        assert block in mapping.DOCUMENT.read_text()


def test_a_new_reason_without_a_row_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make docs` stops: nobody is left to guess what a code is called elsewhere."""
    monkeypatch.setattr(mapping, "REASONS", (*REASONS, "raining"))
    with pytest.raises(KeyError, match="raining"):
        mapping.blocks()
