"""Time spans, as operators write them."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ops.dead_letters.purge import duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45s", 45), ("30m", 1800), ("12h", 43_200), ("7d", 604_800), ("2w", 1_209_600)],
)
def test_duration(text: str, seconds: int) -> None:
    """Time spans are written as people write them."""
    assert duration(text) == seconds


@given(st.text())
@example("7")
@example("-7d")
@example("7 d")
@example("\u0667d")
@example("99999999999d")
def test_no_duration(text: str) -> None:
    """What is no time span is refused, and never taken for another."""
    if re.fullmatch("[0-9]{1,9}[smhdw]", text.strip()):
        assert 0 <= duration(text) <= 999_999_999 * 604_800
        return
    with pytest.raises(ValueError, match="is no time span"):
        duration(text)
