"""Two minutes in which nobody answers an order are not waited for: others have their turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_BEGINS = "test_an_order_that_nobody_answers_has_a_one_shot"
_ENDS = "test_an_order_that_nobody_answers_is_rejected_in_time"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Place the order first, and look at it last."""
    items.sort(key=lambda item: (item.name != _BEGINS) + (item.name == _ENDS))
