"""What the store sends is what the domain says a change is about."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from orders import store
from orders.domain.changes import Change, attributes_of, confirm, revise
from orders.domain.lifecycle import Role
from orders.domain.order import OrderPatch
from tests.shared import examples

TRACES = st.sampled_from([None, "Root=1-5759e988-bd862e3fe1be46a994272793"])


def named(change: Change) -> list[str]:
    """Name the top-level attributes in the expressions of a change."""
    expressions = store._Expressions()
    words = f"{expressions.update(change)} {expressions.condition(change, None, (1,))}".split()
    paths = (word.strip("(),") for word in words if "#" in word)
    tops = {path.rpartition("(")[2].partition(".")[0] for path in paths}
    return sorted({"orderId", "timestamp", *(expressions.names[top] for top in tops)})


def changes_something(patch: dict[str, Any]) -> bool:
    return bool({**patch, **patch.get("deliveryAddress", {})}.keys() - {"deliveryAddress"})


@given(examples.patches.filter(changes_something), TRACES)
def test_a_change_is_about_the_attributes_that_the_domain_names(
    patch: dict[str, Any], trace: str | None
) -> None:
    """Permissions by attribute hold for what is really sent: no name is missing or too many."""
    change = revise(msgspec.convert(patch, OrderPatch), Role.CUSTOMER, 0, trace)
    assert named(change) == attributes_of(change)


@given(TRACES)
def test_a_confirmation_is_about_the_attributes_that_the_domain_names(trace: str | None) -> None:
    """The one change that a permission is held against."""
    assert named(confirm(0, trace)) == attributes_of(confirm(0, trace))
