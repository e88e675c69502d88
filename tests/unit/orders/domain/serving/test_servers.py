"""Who serves an order, as it is placed."""

from __future__ import annotations

import re

import pytest

from orders.domain.serving.servers import BINDABLE, Bound

BY_ACME = Bound("acme", ("acme", "bella"))
BY_STAFF = Bound("", ("bella",))


@pytest.mark.parametrize(
    ("bound", "placer", "server"),
    [
        (BY_ACME, None, "acme#rest-1"),
        (BY_ACME, "bella", "acme#rest-1"),
        (BY_ACME, "acme", None),
        (BY_ACME, "stranger", None),
        (BY_STAFF, None, "#rest-1"),
        (BY_STAFF, "bella", "#rest-1"),
        (BY_STAFF, "acme", None),
    ],
)
def test_one_server_for_each_order(bound: Bound, placer: str | None, server: str | None) -> None:
    """People reach every restaurant that is served; a partner those that it is let place at.

    Who serves the restaurant itself keeps every move on its own orders, and a partner that calls
    something else by the same id reaches nobody.
    """
    assert bound.serves("rest-1", placer) == server


@pytest.mark.parametrize(
    ("restaurant", "bindable"),
    [
        ("rest-1", True),
        ("A.b_c~d-9", True),
        ("r" * 64, True),
        ("", False),
        ("r" * 65, False),
        ("a b", False),
        ("a/b", False),
        ("a#b", False),
        ("a%20b", False),
        ("rést", False),
        ("rest-1\n", False),
    ],
)
def test_an_id_that_can_be_bound_stands_in_an_address_as_it_is(
    restaurant: str,
    bindable: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Such ids need no encoding, whoever sends them, and hold nothing that parts ids."""
    assert bool(re.fullmatch(BINDABLE, restaurant)) is bindable
