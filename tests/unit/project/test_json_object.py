"""Whatever stands where a JSON object should be is an object or nothing."""

from __future__ import annotations

import pytest

from project.json_object import json_object


def test_an_object_is_read() -> None:
    """As text and as bytes."""
    assert json_object('{"a": [1]}') == json_object(b'{"a": [1]}') == {"a": [1]}


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "\ud800", b"\xff\xfe", "[" * 100_000])
def test_nothing_else_is(text: str | bytes) -> None:
    """Other values, broken text and text without end are no object, and do no harm."""
    assert json_object(text) is None
